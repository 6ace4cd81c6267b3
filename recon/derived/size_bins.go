package derived

import (
	"math"
	"math/bits"
)

const (
	// BinCount is the number of bins of a summary's histogram.
	BinCount = 41
	// BoundCount is the number of different upper bounds: bin 40 holds the
	// sizes of two of them.
	BoundCount = 42

	smallestBoundLog = 10 // the smallest bound is 2^10 bytes
	largestBoundLog  = 50 // sizes from 2^50 on share one bound
)

// SizeBin is the bin of a size in bytes, 0 to 40 (spec/recon.md 1.3). A
// negative size has none; ok is then false.
func SizeBin(sizeBytes int64) (bin int, ok bool) {
	if sizeBytes < 0 {
		return 0, false
	}
	if sizeBytes >= 1<<largestBoundLog {
		return BinCount - 1, true
	}
	return max(0, ceilLog2(sizeBytes)-smallestBoundLog), true
}

// SizeBoundIndex is the number of a size's upper bound, 0 to 41. A negative
// size has none; ok is then false.
func SizeBoundIndex(sizeBytes int64) (index int, ok bool) {
	if sizeBytes >= 1<<largestBoundLog {
		return BoundCount - 1, true
	}
	return SizeBin(sizeBytes)
}

// SizeBound is the upper bound in bytes with the given number, inclusive: 2^10,
// 2^11, … 2^50, and the largest int64.
func SizeBound(index int) int64 {
	if index >= BoundCount-1 {
		return math.MaxInt64
	}
	return 1 << (smallestBoundLog + index)
}

func ceilLog2(n int64) int {
	if n <= 1 {
		return 0
	}
	return bits.Len64(uint64(n - 1))
}
