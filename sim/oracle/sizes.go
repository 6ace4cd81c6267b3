package oracle

import (
	"math"
	"math/bits"

	"reconsim/fake_om/namespace"
)

const (
	// histogramBins is the number of slots of a size histogram; the last slot
	// holds everything above 2^49 (spec: Recon processing side 1.3).
	histogramBins = 41
	// boundKinds is the number of upper bounds of file counts: slot 40 of the
	// histogram is two of them, 2^50 and unbounded.
	boundKinds = 42
)

// bin is the histogram slot of a size in bytes.
func bin(size int64) int {
	if size >= 1<<50 {
		return histogramBins - 1
	}
	if size <= 1024 {
		return 0
	}
	return bits.Len64(uint64(size-1)) - 10
}

// boundKind numbers the upper bounds of file counts from the smallest on.
func boundKind(size int64) int {
	if size >= 1<<50 {
		return boundKinds - 1
	}
	return bin(size)
}

// upperBound is the bound in bytes of a kind.
func upperBound(kind int) int64 {
	if kind == boundKinds-1 {
		return math.MaxInt64
	}
	return 1 << (10 + kind)
}

// replicatedBytes is what size bytes take up under a replication (spec: OM 2.4;
// with the stripe in 64 bits, DEF-T17). Stand-alone keys count once whatever
// their factor says.
func replicatedBytes(size int64, r *namespace.Replication) int64 {
	switch r.Kind {
	case namespace.Ratis:
		return size * int64(r.Factor)
	case namespace.ErasureCoded:
		stripe := int64(r.DataUnits) * int64(r.ChunkBytes)
		if stripe <= 0 {
			return size
		}
		chunk := int64(r.ChunkBytes)
		return size + int64(r.ParityUnits)*(size/stripe*chunk+min(chunk, size%stripe))
	default:
		return size
	}
}
