package disk

import (
	"encoding/binary"
	"path"
	"strings"

	"github.com/cespare/xxhash/v2"
)

// Pebble's log is in blocks, these in chunks, each with a header: checksum (4
// bytes), length (2), kind (1), number of the log (4) and, in the newest kinds,
// up to where the log was known to be synced (8). How soon Pebble knows that
// depends on time and not on the seed.
const (
	walBlockBytes   = 32 << 10
	walHeaderBytes  = 19
	walKindAt       = 6
	walSyncedAt     = 11
	walPlainBytes   = 11 // A header without a synced offset, as of the end.
	walPlainKind    = 5
	walFirstKind    = 9 // The first of the kinds with a synced offset.
	walLastKind     = 12
	walLengthAt     = 4
	walChecksumSize = 4
)

// hashLog hashes a write to one of Pebble's logs without the synced offsets and
// the checksums over them. It reports false for anything that is not made of
// whole chunks.
func hashLog(name string, p []byte, offset int64) (sum uint64, ok bool) {
	if !strings.HasSuffix(name, ".log") || !strings.Contains(path.Dir(name), "/gen-") {
		return 0, false
	}
	var d xxhash.Digest
	d.Reset()
	for len(p) > 0 {
		left := walBlockBytes - offset%walBlockBytes
		size := int64(0)
		switch {
		case left < walPlainBytes || left < walHeaderBytes && p[walKindOr(p)] == 0:
			// The rest of a block that has no room for a header is filled.
			size = min(left, int64(len(p)))
			_, _ = d.Write(p[:size])
		case len(p) < walPlainBytes || p[walKindAt] < walPlainKind || p[walKindAt] > walLastKind:
			return 0, false
		default:
			header := int64(walHeaderBytes)
			if p[walKindAt] < walFirstKind {
				header = walPlainBytes
			}
			size = header + int64(binary.LittleEndian.Uint16(p[walLengthAt:]))
			if size > left || size > int64(len(p)) {
				return 0, false
			}
			_, _ = d.Write(p[walChecksumSize:walSyncedAt])
			_, _ = d.Write(p[header:size])
		}
		p = p[size:]
		offset += size
	}
	return d.Sum64(), true
}

// walKindOr is where a chunk's kind would be, or the last byte of less.
func walKindOr(p []byte) int { return min(walKindAt, len(p)-1) }
