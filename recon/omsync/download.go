package omsync

import (
	"archive/tar"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"path"
	"regexp"
	"strings"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"reconsim/faults/point"
	"reconsim/recon/env"
	"reconsim/recon/generation"
	"reconsim/recon/rocksdb"
)

// maxEntries bounds the files of one snapshot.
const maxEntries = 1 << 20

// Download takes a full snapshot of the leader into the candidate folder and
// verifies it. The leader is asked again at the end: a snapshot of a node that
// leads no more is refused. A failed download leaves nothing that a later one
// would trust.
func (s *Source) Download(ctx context.Context, progress func(bytes int64)) (generation.Snapshot, error) {
	from, err := s.findLeader(ctx)
	if err != nil {
		return generation.Snapshot{}, err
	}
	leader := from.id
	if err := s.o.Env.Point(ctx, point.TransferStart, leader, 0); err != nil {
		return generation.Snapshot{}, fmt.Errorf("download snapshot: %w", err)
	}
	if err := s.transfer(ctx, from.node, progress); err != nil {
		return generation.Snapshot{}, fmt.Errorf("download snapshot from OM %s: %w", leader, err)
	}
	if err := s.o.Env.Point(ctx, point.TransferDone, leader, 0); err != nil {
		return generation.Snapshot{}, fmt.Errorf("download snapshot: %w", err)
	}
	snapshot, err := s.verify(ctx)
	if err != nil {
		return generation.Snapshot{}, fmt.Errorf("the snapshot of OM %s is refused: %w", leader, err)
	}
	after, err := s.Leader(ctx)
	if err != nil {
		return generation.Snapshot{}, err
	}
	if after != leader {
		return generation.Snapshot{}, &BootstrapError{LeaderChanged: true, Reason: fmt.Sprintf("OM %s took over while OM %s gave its snapshot", after, leader)}
	}
	snapshot.Lineage = generation.Lineage{Service: s.o.Service, Node: leader}
	return snapshot, nil
}

// Discard removes the candidate folder.
func (s *Source) Discard() error {
	if err := s.o.Env.FS().RemoveAll(s.o.CandidateDir); err != nil {
		return fmt.Errorf("remove candidate folder: %w", err)
	}
	return nil
}

func (s *Source) transfer(ctx context.Context, node string, progress func(int64)) error {
	if err := s.Discard(); err != nil {
		return err
	}
	if err := s.o.Env.FS().MkdirAll(s.o.CandidateDir, 0o755); err != nil {
		return fmt.Errorf("make candidate folder: %w", err)
	}
	ctx, stop := s.o.Env.WithTimeout(ctx, s.o.TransferTimeout, "snapshot transfer")
	defer stop()
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(context.Canceled)
	w := &watchedBody{ctx: ctx, cancel: cancel, s: s, progress: progress, windowStart: s.o.Env.Now()}
	disarm := s.o.Env.After(s.o.RequestTimeout, func() {
		cancel(fmt.Errorf("the OM did not answer: %w after %v", env.ErrTimeout, s.o.RequestTimeout))
	})
	body, err := s.o.Client.Checkpoint(ctx, node)
	disarm()
	if err != nil {
		return w.explain(err)
	}
	w.body = body
	err = Extract(s.o.Env.FS(), s.o.CandidateDir, w, s.o.MaxBytes)
	if err = errors.Join(err, body.Close()); err != nil {
		return w.explain(err)
	}
	return env.SyncDir(s.o.Env.FS(), s.o.CandidateDir)
}

// watchedBody is the body of a transfer with its limits on stalls and speed.
type watchedBody struct {
	ctx         context.Context
	cancel      context.CancelCauseFunc
	s           *Source
	body        io.Reader
	progress    func(int64)
	total       int64
	windowBytes int64
	windowStart time.Time
}

func (w *watchedBody) Read(p []byte) (int, error) {
	o := w.s.o
	if err := o.Env.Point(w.ctx, point.TransferRead, "", w.total); err != nil {
		return 0, err
	}
	disarm := o.Env.After(o.RequestTimeout, func() {
		w.cancel(fmt.Errorf("the transfer stalled: %w after %v without a byte", env.ErrTimeout, o.RequestTimeout))
	})
	n, err := w.body.Read(p)
	disarm()
	w.total += int64(n)
	w.windowBytes += int64(n)
	if w.progress != nil {
		w.progress(w.total)
	}
	if passed := o.Env.Now().Sub(w.windowStart); err == nil && passed >= o.RequestTimeout {
		if float64(w.windowBytes) < passed.Seconds()*float64(o.MinBytesPerSecond) {
			return n, fmt.Errorf("the transfer is too slow: %d bytes in %v, at least %d a second are wanted", w.windowBytes, passed, o.MinBytesPerSecond)
		}
		w.windowStart, w.windowBytes = o.Env.Now(), 0
	}
	return n, err
}

// explain prefers the reason for which the transfer was ended over the error
// that the end made somewhere else.
func (w *watchedBody) explain(err error) error {
	if cause := context.Cause(w.ctx); cause != nil && !errors.Is(err, cause) {
		return fmt.Errorf("%w (%w)", cause, err)
	}
	return err
}

// entryNames are the files of a RocksDB checkpoint as an OM sends them.
var entryNames = regexp.MustCompile(`^(CURRENT|IDENTITY|MANIFEST-\d+|OPTIONS-\d+|\d+\.(sst|log)|OZONE_RATIS_SNAPSHOT_COMPLETE)$`)

// Extract writes the files of a checkpoint archive below dir, each synced. It
// refuses whatever is not a flat, bounded archive of a checkpoint's files:
// other names, folders, links, paths that leave dir, more than maxBytes.
func Extract(fs vfs.FS, dir string, archive io.Reader, maxBytes int64) error {
	head := make([]byte, 512)
	n, err := io.ReadFull(archive, head)
	if err != nil {
		return fmt.Errorf("this is no tar archive but %d bytes%s: %w", n, excerpt(head[:n]), err)
	}
	in := tar.NewReader(io.MultiReader(bytes.NewReader(head), archive))
	total := int64(0)
	buffer := make([]byte, 256<<10) // One for all files: an archive may have very many.
	for entries := 0; ; entries++ {
		header, err := in.Next()
		if errors.Is(err, io.EOF) {
			return drain(archive)
		}
		switch {
		case err != nil && entries == 0:
			return fmt.Errorf("this is no tar archive%s: %w", excerpt(head), err)
		case err != nil:
			return fmt.Errorf("the archive is damaged after %d files and %d bytes: %w", entries, total, err)
		case entries >= maxEntries:
			return fmt.Errorf("the archive has more than %d files", maxEntries)
		}
		name, err := entryName(header)
		if err != nil {
			return err
		}
		if total += header.Size; header.Size < 0 || total > maxBytes {
			return fmt.Errorf("the snapshot is larger than the limit of %d bytes: raise reconsim.snapshot.transfer.max.bytes if it may be", maxBytes)
		}
		if err := extractFile(fs, fs.PathJoin(dir, name), in, header.Size, buffer); err != nil {
			return err
		}
	}
}

func entryName(header *tar.Header) (string, error) {
	name := path.Clean(header.Name)
	switch {
	case header.Typeflag != tar.TypeReg:
		return "", fmt.Errorf("archive entry %q is no plain file (type %q): links and folders are refused", header.Name, header.Typeflag)
	case strings.Contains(name, "/") || name == "..":
		return "", fmt.Errorf("archive entry %q leaves the candidate folder or makes a new one: refused", header.Name)
	case !entryNames.MatchString(name):
		return "", fmt.Errorf("archive entry %q is no file of a RocksDB checkpoint: refused", header.Name)
	}
	return name, nil
}

func extractFile(fs vfs.FS, path string, in io.Reader, sizeBytes int64, buffer []byte) error {
	if _, err := fs.Stat(path); err == nil {
		return fmt.Errorf("the archive has %s twice", fs.PathBase(path))
	}
	f, err := fs.Create(path, vfs.WriteCategoryUnspecified)
	if err != nil {
		return fmt.Errorf("create %s: %w", path, err)
	}
	n, err := io.CopyBuffer(struct{ io.Writer }{f}, in, buffer)
	if err == nil && n != sizeBytes {
		err = fmt.Errorf("%d of %d bytes came", n, sizeBytes)
	}
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return fmt.Errorf("extract %s: %w", path, err)
	}
	return nil
}

// drain reads the padding after the end mark, within reason, so that a
// connection can be used again.
func drain(archive io.Reader) error {
	_, err := io.Copy(io.Discard, io.LimitReader(archive, 1<<20))
	return err
}

// excerpt shows the start of text that came instead of an archive.
func excerpt(head []byte) string {
	text := strings.TrimSpace(string(head[:min(len(head), 40)]))
	if text == "" || strings.ContainsFunc(text, func(r rune) bool { return r < ' ' || r > '~' }) {
		return ""
	}
	return fmt.Sprintf(" (it begins with %q)", text)
}

// verify makes sure that the candidate folder holds a whole checkpoint.
func (s *Source) verify(ctx context.Context) (generation.Snapshot, error) {
	fs := s.o.Env.FS()
	version, err := rocksdb.ReadCheckpoint(fs, s.o.CandidateDir)
	if err != nil {
		return generation.Snapshot{}, err
	}
	if err := checkShapes(version); err != nil {
		return generation.Snapshot{}, err
	}
	report, err := rocksdb.VerifyTables(ctx, fs, s.o.CandidateDir, version, rocksdb.VerifyOptions{})
	if err != nil {
		return generation.Snapshot{}, err
	}
	plan, err := rocksdb.PlanIngest(version, report)
	if err != nil {
		return generation.Snapshot{}, err
	}
	if plan.NeedsRewrite() {
		return s.rewrite(ctx)
	}
	return generation.Snapshot{Dir: s.o.CandidateDir, Version: version, Report: report}, nil
}

// rewrite makes a checkpoint of tables that Pebble reads out of one that a real
// OM wrote, whose tables are of a newer format (D14). Both lie in the candidate
// folder, which is removed after the rebuild.
func (s *Source) rewrite(ctx context.Context) (generation.Snapshot, error) {
	fs := s.o.Env.FS()
	rewritten := fs.PathJoin(s.o.CandidateDir, "rewritten")
	if err := fs.MkdirAll(rewritten, 0o755); err != nil {
		return generation.Snapshot{}, fmt.Errorf("make folder for rewritten tables: %w", err)
	}
	version, err := rocksdb.RewriteCheckpoint(ctx, fs, s.o.CandidateDir, rewritten, rocksdb.RewriteOptions{})
	if err != nil {
		return generation.Snapshot{}, err
	}
	report, err := rocksdb.VerifyTables(ctx, fs, rewritten, version, rocksdb.VerifyOptions{})
	if err != nil {
		return generation.Snapshot{}, err
	}
	return generation.Snapshot{Dir: rewritten, Version: version, Report: report}, nil
}
