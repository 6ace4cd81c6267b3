package disk

import (
	"fmt"
	"path"
	"strings"

	"github.com/cespare/xxhash/v2"
)

// Kind says what an operation does to the disk.
type Kind uint8

// The kinds of operations. RemoveAll is one [Remove] for each entry, Create over
// an existing file a [Remove] and a [Create], as on a real system, so that a
// crash can fall in between.
const (
	// Create makes an empty file and its directory entry.
	Create Kind = iota + 1
	// Mkdir makes a directory and its entry.
	Mkdir
	// Link adds a second entry, To, for the file at Path.
	Link
	// Rename moves the entry Path to To, replacing what is there.
	Rename
	// Remove removes the entry Path.
	Remove
	// Write changes Length bytes at Offset.
	Write
	// Truncate sets a file's size to Offset.
	Truncate
	// Sync makes a file's bytes and size durable.
	Sync
	// SyncDir makes a directory's entries durable.
	SyncDir
	// Drop loses a file's unsynced bytes, as a failed fsync may.
	Drop
)

var kindNames = [...]string{"nothing", "create", "mkdir", "link", "rename", "remove", "write", "truncate", "sync", "sync-dir", "drop"}

// String is the name that traces use.
func (k Kind) String() string {
	if int(k) < len(kindNames) {
		return kindNames[k]
	}
	return "unknown"
}

// changesEntries reports whether the operation is one of metadata.
func (k Kind) changesEntries() bool { return k >= Create && k <= Remove }

// changesBytes reports whether the operation changes a file's bytes or size.
func (k Kind) changesBytes() bool { return k == Write || k == Truncate }

// Op describes one operation that changed the disk.
type Op struct {
	// Number counts from 1 over all files of the disk.
	Number int
	Kind   Kind
	Path   string
	// To is the new name of a [Link] or [Rename].
	To string
	// Offset and Length are in bytes.
	Offset, Length int64
	// Hash is that of the written bytes: 0 for a MANIFEST, into which Pebble
	// writes the wall clock, and without the synced offsets of its logs.
	Hash uint64
}

// String prints the operation without its number, equal in every run of a seed.
func (o Op) String() string {
	switch o.Kind {
	case Link, Rename:
		return fmt.Sprintf("%s %s to %s", o.Kind, o.Path, o.To)
	case Write:
		return fmt.Sprintf("%s %s at %d, %d bytes, %016x", o.Kind, o.Path, o.Offset, o.Length, o.Hash)
	case Truncate:
		return fmt.Sprintf("%s %s to %d bytes", o.Kind, o.Path, o.Offset)
	default:
		return fmt.Sprintf("%s %s", o.Kind, o.Path)
	}
}

// Observer is told every operation in order, before it is done and under the
// disk's lock: it must not call the disk.
type Observer func(Op)

// hashOf is the hash of written bytes for traces.
func hashOf(name string, p []byte, offset int64) uint64 {
	if isManifest(name) {
		return 0
	}
	if sum, ok := hashLog(name, p, offset); ok {
		return sum
	}
	return xxhash.Sum64(p)
}

func isManifest(name string) bool { return strings.HasPrefix(path.Base(name), "MANIFEST-") }
