package tier

import (
	"encoding/binary"
	"time"

	"github.com/cespare/xxhash/v2"

	"reconsim/faults/point"
)

// pace gives the engine's work a length in virtual time, which does not pass by
// itself: without it a rebuild would be over in no time, and nothing could
// happen in the middle of it but what is ready at the same instant. Times are
// drawn by (seed, point, passage), so that a passage more somewhere else changes
// nothing here.
type pace struct {
	seed   uint64
	passed map[point.Point]uint64
}

func newPace(seed uint64) *pace { return &pace{seed: seed, passed: map[point.Point]uint64{}} }

// at is how long the next passage of a point takes: mostly nothing, now and then
// a few milliseconds, rarely so long that a delta or two fall into it.
func (s *pace) at(p point.Point) time.Duration {
	s.passed[p]++
	var b [18]byte
	binary.LittleEndian.PutUint64(b[:], s.seed)
	binary.LittleEndian.PutUint64(b[8:], s.passed[p])
	binary.LittleEndian.PutUint16(b[16:], uint16(p))
	drawn := xxhash.Sum64(b[:])
	switch {
	case p == point.Acquire, p == point.TransferRead, drawn%4 != 0:
		return 0
	case drawn>>8%16 != 0:
		return time.Duration(drawn >> 16 % uint64(3*time.Millisecond))
	default:
		return time.Duration(drawn >> 16 % uint64(60*time.Millisecond))
	}
}
