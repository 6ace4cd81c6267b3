package omsync

import (
	"bytes"
	"context"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"reconsim/recon/env"
)

// brokenBody gives its bytes, then what then says.
type brokenBody struct {
	io.Reader
	then func() (int, error)
}

func (b brokenBody) Read(p []byte) (int, error) {
	if n, err := b.Reader.Read(p); err == nil {
		return n, nil
	}
	return b.then()
}

func (brokenBody) Close() error { return nil }

func whole(archive []byte) func(context.Context) (io.ReadCloser, error) {
	return func(context.Context) (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(archive)), nil }
}

// stalled gives some bytes and then none until the request ends, as a
// connection does.
func stalled(archive []byte) func(context.Context) (io.ReadCloser, error) {
	return func(ctx context.Context) (io.ReadCloser, error) {
		return brokenBody{bytes.NewReader(archive), func() (int, error) {
			<-ctx.Done()
			return 0, ctx.Err()
		}}, nil
	}
}

func TestDownload(t *testing.T) {
	s, fs := newScriptedSource(&scriptedOM{leaders: []string{"om1"}, body: whole(archiveOf(t, checkpointEntries(t)...))}, nil)
	bytesSeen := int64(0)
	snapshot, err := s.Download(t.Context(), func(n int64) { bytesSeen = n })
	if err != nil {
		t.Fatal(err)
	}
	if snapshot.Version.LastSequence != 10 || snapshot.Lineage.Node != "om1" || snapshot.Lineage.Service != "omservice" || bytesSeen == 0 {
		t.Errorf("sequence %d of %+v after %d bytes", snapshot.Version.LastSequence, snapshot.Lineage, bytesSeen)
	}
	if err := s.Discard(); err != nil {
		t.Fatal(err)
	}
	if _, err := fs.Stat("candidate"); err == nil {
		t.Error("the candidate folder is still there")
	}
}

func TestDownloadRefuses(t *testing.T) {
	entries := checkpointEntries(t)
	archive := archiveOf(t, entries...)
	damaged := checkpointEntries(t)
	damaged[0].content[len(damaged[0].content)/3] ^= 1
	reset := errors.New("connection reset by peer")
	short := func(o *Options) { o.RequestTimeout = 50 * time.Millisecond }
	for _, tc := range []struct {
		id, name string
		leaders  []string
		body     func(context.Context) (io.ReadCloser, error)
		change   func(*Options)
		want     string
		is       error
	}{
		{"OM-H10", "leader changes during the transfer", []string{"om1", "om2"}, whole(archive), nil, "OM om2 took over while OM om1 gave its snapshot", nil},
		{"OM-H10", "leader lost during the transfer", []string{"om1", ""}, whole(archive), nil, "no OM leader found", ErrNoLeader},
		{"OM-H30", "no leader", []string{""}, whole(archive), nil, "no OM leader found", ErrNoLeader},
		{"OM-H6", "503", []string{"om1"}, func(context.Context) (io.ReadCloser, error) { return nil, ErrNotLeader }, nil, "download snapshot from OM om1", ErrNotLeader},
		{"OM-H1", "server error in the middle", []string{"om1"}, func(context.Context) (io.ReadCloser, error) {
			return brokenBody{bytes.NewReader(archive[:600]), func() (int, error) { return 0, reset }}, nil
		}, nil, "connection reset by peer", reset},
		{"OM-H7", "no first byte", []string{"om1"}, func(ctx context.Context) (io.ReadCloser, error) {
			<-ctx.Done()
			return nil, ctx.Err()
		}, short, "the OM did not answer", env.ErrTimeout},
		{"OM-H8", "stalled body", []string{"om1"}, stalled(archive[:600]), short, "the transfer stalled: time limit reached after 50ms without a byte", env.ErrTimeout},
		{"OM-H8", "whole transfer too long", []string{"om1"}, stalled(archive[:600]), func(o *Options) { o.TransferTimeout = 50 * time.Millisecond },
			"snapshot transfer: time limit reached", env.ErrTimeout},
		{"OM-H32", "HTML", []string{"om1"}, whole([]byte("<html>sign in</html>")), nil, `it begins with "<html>sign in</html>"`, nil},
		{"OM-H1", "cut between entries", []string{"om1"}, whole(archiveOf(t, entries[:2]...)), nil, "the snapshot of OM om1 is refused", nil},
		{"OM-H5", "corrupt table", []string{"om1"}, whole(archiveOf(t, damaged...)), nil, "the snapshot of OM om1 is refused", nil},
	} {
		t.Run(tc.id+" "+tc.name, func(t *testing.T) {
			om := &scriptedOM{leaders: tc.leaders, body: tc.body}
			s, _ := newScriptedSource(om, tc.change)
			snapshot, err := s.Download(t.Context(), nil)
			if err == nil || !strings.Contains(err.Error(), tc.want) || tc.is != nil && !errors.Is(err, tc.is) {
				t.Fatalf("error %v, want one that mentions %q", err, tc.want)
			}
			if snapshot.Version != nil || snapshot.Dir != "" {
				t.Errorf("a refused download gave %s", snapshot.Dir)
			}
			// What a failed download left is not trusted by the next (OM-H4).
			om.leaders, om.body, om.lists = []string{"om1"}, whole(archive), 0
			if _, err := s.Download(t.Context(), nil); err != nil {
				t.Errorf("the next download: %v", err)
			}
		})
	}
}

// trickle is a clock that moves a second with each byte read from it.
type trickle struct {
	env.Runtime
	now     time.Time
	content io.Reader
}

func (t *trickle) Now() time.Time { return t.now }

func (t *trickle) Read(p []byte) (int, error) {
	t.now = t.now.Add(time.Second)
	return t.content.Read(p[:1])
}

func (t *trickle) Close() error { return nil }

// TestDownloadTrickle: bytes that come just often enough not to stall are too
// slow all the same (OM-H8).
func TestDownloadTrickle(t *testing.T) {
	clock := &trickle{Runtime: env.NewGoroutines(), now: time.Unix(1e9, 0), content: bytes.NewReader(archiveOf(t, checkpointEntries(t)...))}
	om := &scriptedOM{leaders: []string{"om1"}, body: func(context.Context) (io.ReadCloser, error) { return clock, nil }}
	s, fs := newScriptedSource(om, func(o *Options) { o.MinBytesPerSecond = 2 })
	s.o.Env = env.New(env.Options{FS: fs, Runtime: clock})
	_, err := s.Download(t.Context(), nil)
	if want := "the transfer is too slow: 10 bytes in 10s, at least 2 a second"; err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("error %v does not mention %q", err, want)
	}
}
