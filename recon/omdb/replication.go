package omdb

// ReplicationType is how a key's blocks are kept (spec/om.md 2.4).
type ReplicationType int32

// Ozone's replication types.
const (
	ReplicationRatis      ReplicationType = 1
	ReplicationStandAlone ReplicationType = 2
	ReplicationChained    ReplicationType = 3
	ReplicationEC         ReplicationType = 4
)

// Replication is a key's replication: a factor for RATIS, a geometry for EC.
type Replication struct {
	Type   ReplicationType
	Factor int32
	// Data and Parity are the numbers of EC blocks of a stripe.
	Data, Parity int32
	// ECChunkBytes is the size of one EC block of a stripe.
	ECChunkBytes int32
}

// ReplicatedSize is the number of bytes that sizeBytes of data take on disks.
// RATIS multiplies by the factor. EC adds, for each stripe, the parity blocks;
// the last stripe's parity is as long as its first data block. All is computed
// in 64 bits: upstream's 32-bit stripe makes large geometries too small
// (DEF-T17). Everything else, and a factor or geometry that makes no sense, is
// the plain size, as upstream has it for STAND_ALONE.
func (r Replication) ReplicatedSize(sizeBytes int64) int64 {
	switch r.Type {
	case ReplicationRatis:
		if r.Factor > 0 {
			return sizeBytes * int64(r.Factor)
		}
	case ReplicationEC:
		chunk := int64(r.ECChunkBytes)
		stripe := int64(r.Data) * chunk
		if stripe <= 0 || chunk <= 0 || r.Parity < 0 {
			return sizeBytes
		}
		parity := sizeBytes/stripe*chunk + min(chunk, sizeBytes%stripe)
		return sizeBytes + int64(r.Parity)*parity
	}
	return sizeBytes
}

const ecRequired = 1<<1 | 1<<2 | 1<<3 | 1<<4

// parseEC reads an ECReplicationConfig into r.
func (r *Replication) parseEC(s scanner) failure {
	var seen uint32
	for s.next() {
		switch s.tag {
		case 1<<3 | wireVarint:
			r.Data = s.int()
		case 2<<3 | wireVarint:
			r.Parity = s.int()
		case 3<<3 | wireBytes: // codec: every codec has the same overhead
		case 4<<3 | wireVarint:
			r.ECChunkBytes = s.int()
		default:
			continue
		}
		seen |= 1 << (s.tag >> 3)
	}
	return s.finish(seen, ecRequired)
}
