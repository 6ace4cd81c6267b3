package namespace

// What a key contains, as a function of (seed, number): committed keys have the
// numbers 0 to Keys−1, all other things that hold blocks have larger ones.

// mix is the finaliser of splitmix64: a cheap hash of (seed, purpose, number).
func mix(seed, purpose, number uint64) uint64 {
	x := seed + purpose*0x9e3779b97f4a7c15 + number*0xd1342543de82ef95
	x ^= x >> 30
	x *= 0xbf58476d1ce4e5b9
	x ^= x >> 27
	x *= 0x94d049bb133111eb
	return x ^ x>>31
}

// Purposes of mix.
const (
	forSize = iota + 1
	forReplication
	forBlocks
	forContainer
	forNames
	forSession
	forPending
	forTimes
	forWorkload
	forSample
)

// edgeSizes reach all 41 file-size bins (ReconUtils: upper bounds 2^10 to 2^50)
// from both sides. Only a bounded number of keys gets one, because a few of
// 2^50 bytes each would otherwise overflow the sums of a large namespace.
var edgeSizes = func() []int64 {
	sizes := []int64{0, 1, 2, 1000, 512}
	for bit := 10; bit < 50; bit++ {
		sizes = append(sizes, 1<<bit-1, 1<<bit, 1<<bit+1)
	}
	return append(sizes, 3<<48, 1<<50-1, 1<<50, 1<<50+1, 1<<51+7)
}()

// edgeKeys bounds the keys with an edge size to twice this number.
const edgeKeys = 1000

func edgeStride(keys int64) int64 { return max(4, keys/edgeKeys) }

// sizeBytes of a key; the ordinary ones are spread evenly over the binary
// logarithms up to 2^31.
func (b *Base) sizeBytes(number int64) int64 {
	if number < b.config.Keys && number%b.stride == 0 {
		return edgeSizes[number/b.stride%int64(len(edgeSizes))]
	}
	h := mix(b.config.Seed, forSize, uint64(number))
	if h%32 == 0 {
		return 0
	}
	top := int64(1) << (h >> 8 % 31)
	return top + int64(h>>16)&(top-1)
}

// The replications that keys have.
var (
	ratisThree = Replication{Kind: Ratis, Factor: 3}
	ratisOne   = Replication{Kind: Ratis, Factor: 1}
	rs3x2      = Replication{Kind: ErasureCoded, DataUnits: 3, ParityUnits: 2, Codec: "rs", ChunkBytes: 1 << 20}
	rs6x3      = Replication{Kind: ErasureCoded, DataUnits: 6, ParityUnits: 3, Codec: "rs", ChunkBytes: 1 << 20}
	rs10x4     = Replication{Kind: ErasureCoded, DataUnits: 10, ParityUnits: 4, Codec: "rs", ChunkBytes: 1 << 20}
	xor2x1     = Replication{Kind: ErasureCoded, DataUnits: 2, ParityUnits: 1, Codec: "xor", ChunkBytes: 1 << 20}
	standAlone = Replication{Kind: StandAlone, Factor: 1}
	// threeAlone shows that the factor does not count for stand-alone keys.
	threeAlone = Replication{Kind: StandAlone, Factor: 3}
)

var replicationMix = [20]*Replication{
	&ratisThree, &ratisThree, &ratisThree, &ratisThree, &ratisThree, &ratisThree,
	&ratisThree, &ratisThree, &ratisThree, &ratisOne, &ratisOne, &ratisOne,
	&rs3x2, &rs3x2, &rs6x3, &rs6x3, &rs10x4, &xor2x1, &standAlone, &threeAlone,
}

func (b *Base) replication(number int64) *Replication {
	return replicationMix[mix(b.config.Seed, forReplication, uint64(number))%20]
}

// replicatedBytes is what the key takes up with its copies or parity.
func replicatedBytes(size int64, r *Replication) int64 {
	switch r.Kind {
	case Ratis:
		return size * int64(r.Factor)
	case ErasureCoded:
		chunk := int64(r.ChunkBytes)
		stripe := int64(r.DataUnits) * chunk
		return size + int64(r.ParityUnits)*(size/stripe*chunk+min(chunk, size%stripe))
	}
	return size
}

const (
	maxVersions         = 3
	maxBlocks           = 8
	blockBytes          = 256 << 20
	firstLocalID        = int64(115816896921600000)
	localIDsOfANumber   = 64
	keysOfSmallWorld    = 1_000_000
	keysPerContainer    = 50
	keysPerBigContainer = 200
)

func containersFor(keys int64) int64 {
	if keys >= keysOfSmallWorld {
		return keys / keysPerBigContainer
	}
	return max(4, keys/keysPerContainer)
}

// keyScratch is a key with room for its versions and blocks, filled again and
// again.
type keyScratch struct {
	key      Key
	versions [maxVersions]BlockVersion
	blocks   [maxVersions * maxBlocks]Block
}

// fill sets what a key contains and everything that follows from its number and
// the index of the transaction that made it.
func (b *Base) fill(s *keyScratch, number, index int64) {
	k := &s.key
	k.SizeBytes = b.sizeBytes(number)
	k.Replication = *b.replication(number)
	k.Owner = owners[mix(b.config.Seed, forTimes, uint64(number))%uint64(len(owners))]
	k.ObjectID = ObjectID(index)
	k.UpdateID = index
	k.CreatedMillis = b.millis(index)
	k.ModifiedMillis = k.CreatedMillis + int64(number%7)*40
	b.fillVersions(s, number)
}

func (b *Base) fillVersions(s *keyScratch, number int64) {
	k := &s.key
	count := 1
	switch {
	case k.SizeBytes == 0:
	case number%97 == 0:
		count = 3
	case number%23 == 0:
		count = 2
	}
	used := 0
	for v := range count {
		blocks := b.fillBlocks(s.blocks[used:], number, v, k.SizeBytes)
		s.versions[v] = BlockVersion{Number: uint64(v), Blocks: blocks}
		used += len(blocks)
	}
	k.Versions = s.versions[:count:count]
}

// fillBlocks cuts size into blocks. Huge keys have few, long blocks. Keys whose
// number is a multiple of 61 look as if uploaded in parts.
func (b *Base) fillBlocks(room []Block, number int64, version int, size int64) []Block {
	if size == 0 {
		return nil
	}
	h := mix(b.config.Seed, forBlocks, uint64(number)*4+uint64(version))
	count := min(maxBlocks-1, (size-1)/blockBytes) + 1
	if h%8 == 0 && size > 1 {
		count = max(count, 2)
	}
	blocks := room[:count:count]
	for n := range blocks {
		length := size / count
		if int64(n) == count-1 {
			length = size - length*(count-1)
		}
		block := Block{
			ContainerID: b.container(number, h, int64(n)),
			LocalID:     firstLocalID + number*localIDsOfANumber + int64(version*maxBlocks+n),
			LengthBytes: length,
		}
		if number%61 == 0 {
			block.PartNumber = int32(n + 1)
		}
		blocks[n] = block
	}
	return blocks
}

// container of a block: mostly one that neighbouring keys use as well, for
// one key in eight any.
func (b *Base) container(number int64, h uint64, block int64) int64 {
	if h>>8%8 == 0 {
		return 1 + int64(mix(h, forContainer, uint64(block))%uint64(b.containers))
	}
	near := number*b.containers/(b.config.Keys+1) + int64(h>>16%3) + block/2
	return 1 + near%b.containers
}
