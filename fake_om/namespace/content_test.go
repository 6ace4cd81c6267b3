package namespace

import (
	"math/bits"
	"strings"
	"testing"
	"unicode/utf8"
)

// bin is the file-size bin (ReconUtils, recon.md 1.3).
func bin(size int64) int {
	if size >= 1<<50 {
		return 40
	}
	if size <= 1024 {
		return 0
	}
	return bits.Len64(uint64(size-1)) - 10
}

func TestAllBinsAndReplicationsFromAThousandKeys(t *testing.T) {
	for _, keys := range []int64{1000, 5000, 40_000} {
		for seed := range uint64(3) {
			b := New(Config{Seed: seed, Keys: keys})
			bins, sizes, replications := map[int]int{}, map[int64]bool{}, map[Replication]int{}
			var versions, parts, shared int
			containers := map[int64]int{}
			for i := range keys {
				k := b.Key(i)
				bins[bin(k.SizeBytes)]++
				sizes[k.SizeBytes] = true
				replications[k.Replication]++
				versions = max(versions, len(k.Versions))
				total := int64(0)
				for _, block := range k.Versions[len(k.Versions)-1].Blocks {
					total += block.LengthBytes
					parts += int(block.PartNumber)
					containers[block.ContainerID]++
				}
				equal(t, k.SizeBytes, total, "bytes of the blocks")
			}
			equal(t, 41, len(bins), "bins")
			for _, edge := range edgeSizes {
				check(t, sizes[edge], "no key of %d bytes", edge)
			}
			for _, kind := range replicationMix {
				check(t, replications[*kind] > 0, "no key with %+v", *kind)
			}
			equal(t, 3, versions, "most versions")
			check(t, parts > 0, "no blocks of parts")
			for _, uses := range containers {
				if uses > 1 {
					shared++
				}
			}
			check(t, shared > len(containers)/2, "only %d of %d containers are shared", shared, len(containers))
		}
	}
}

func TestUsedBytesAreTheReplicatedSizes(t *testing.T) {
	b := New(Config{Seed: 4, Keys: 3000})
	used := map[string]int64{}
	add := func(k *Key) bool {
		copies := map[ReplicationKind]int64{Ratis: int64(k.Replication.Factor), StandAlone: 1}[k.Replication.Kind]
		if k.Replication.Kind != ErasureCoded {
			used[k.Volume+"/"+k.Bucket] += copies * k.SizeBytes
			return true
		}
		chunk, stripe := int64(1<<20), int64(k.Replication.DataUnits)<<20
		parity := k.SizeBytes/stripe*chunk + min(chunk, k.SizeBytes%stripe)
		used[k.Volume+"/"+k.Bucket] += k.SizeBytes + int64(k.Replication.ParityUnits)*parity
		return true
	}
	b.Keys(add)
	b.Files(add)
	for _, u := range b.Buckets() {
		equal(t, used[u.Volume+"/"+u.Name], u.UsedBytes, "used bytes of "+u.Name)
	}
}

func TestLargestSumsFitInt64(t *testing.T) {
	sum := 0.0
	for _, size := range edgeSizes {
		sum += float64(size) * (2*edgeKeys/float64(len(edgeSizes)) + 1)
	}
	// The mean of the ordinary sizes is below 2^27.
	check(t, 3*(sum+MaxKeys*float64(1<<27)) < 1<<62, "sum is %g", sum)
}

func TestNamesAreOddAsOzoneAllows(t *testing.T) {
	b := New(Config{Seed: 3, Keys: 5000})
	var nonBMP, underscore, doubled, trailing, prefixes, below int
	previous := ""
	for k := range b.Keys {
		check(t, utf8.ValidString(k.Name), "%q is not UTF-8", k.Name)
		if strings.ContainsFunc(k.Name, func(r rune) bool { return r > 0xffff }) {
			nonBMP++
		}
		if strings.Contains(k.Name, "_") {
			underscore++
		}
		if k.Layout == ObjectStore && strings.Contains(k.Name, "//") {
			doubled++
		}
		if k.Layout == ObjectStore && strings.HasSuffix(k.Name, "/") {
			trailing++
		}
		if previous != "" && strings.HasPrefix(k.Name, previous) {
			prefixes++
			if k.Name[len(previous)] < '_' {
				below++
			}
		}
		previous = k.Name
	}
	for n, count := range []int{nonBMP, underscore, doubled, trailing, prefixes, below} {
		check(t, count > 10, "kind %d of names: only %d", n, count)
	}
}
