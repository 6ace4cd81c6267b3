package fakeom

import (
	"archive/tar"
	"bytes"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"reconsim/recon/env"
)

// tarEntry is a file of a tar: content, or the file at path if path is set.
type tarEntry struct {
	name    string
	path    string
	content []byte
}

// tarStream is a ustar archive that is made while it is read, without a
// goroutine and with memory for one header.
type tarStream struct {
	fs       env.FS
	modified time.Time
	entries  []tarEntry
	// pending are bytes to hand out before anything else; file follows them,
	// with leftBytes to go and then padding.
	pending   []byte
	file      vfs.File
	leftBytes int64
	padding   int
	ended     bool
}

const tarBlockBytes = 512

var tarZeros [2 * tarBlockBytes]byte

// Read hands out the archive's next bytes.
func (t *tarStream) Read(p []byte) (int, error) {
	for len(p) > 0 {
		switch {
		case len(t.pending) > 0:
			n := copy(p, t.pending)
			t.pending = t.pending[n:]
			return n, nil
		case t.file != nil:
			return t.readFile(p)
		case len(t.entries) > 0:
			if err := t.begin(t.entries[0]); err != nil {
				return 0, fmt.Errorf("tar entry %s: %w", t.entries[0].name, err)
			}
			t.entries = t.entries[1:]
		case !t.ended:
			t.ended, t.pending = true, tarZeros[:]
		default:
			return 0, io.EOF
		}
	}
	return 0, nil
}

// begin puts the entry's header, and its content if that is in memory, before
// everything else.
func (t *tarStream) begin(e tarEntry) error {
	size := int64(len(e.content))
	if e.path != "" {
		f, err := t.fs.Open(e.path)
		if err != nil {
			return err
		}
		info, err := f.Stat()
		if err != nil {
			return errors.Join(err, f.Close())
		}
		size, t.file, t.leftBytes = info.Size(), f, info.Size()
	}
	t.padding = int(-size & (tarBlockBytes - 1))
	var header bytes.Buffer
	err := tar.NewWriter(&header).WriteHeader(&tar.Header{
		Typeflag: tar.TypeReg, Name: e.name, Size: size, Mode: 0o100644,
		ModTime: t.modified, Format: tar.FormatUSTAR,
	})
	if err != nil {
		return err
	}
	t.pending = header.Bytes()
	if t.file == nil {
		t.pending = append(append(t.pending, e.content...), tarZeros[:t.padding]...)
	} else if size == 0 {
		return t.endFile()
	}
	return nil
}

func (t *tarStream) readFile(p []byte) (int, error) {
	p = p[:min(int64(len(p)), t.leftBytes)]
	n, err := t.file.Read(p)
	t.leftBytes -= int64(n)
	switch {
	case t.leftBytes == 0:
		return n, t.endFile()
	case err == io.EOF:
		return n, io.ErrUnexpectedEOF
	}
	return n, err
}

func (t *tarStream) endFile() error {
	t.pending = append(t.pending, tarZeros[:t.padding]...)
	err := t.file.Close()
	t.file = nil
	return err
}

// Close closes the file that is being read.
func (t *tarStream) Close() error {
	t.entries, t.pending, t.ended = nil, nil, true
	if t.file == nil {
		return nil
	}
	err := t.file.Close()
	t.file = nil
	return err
}
