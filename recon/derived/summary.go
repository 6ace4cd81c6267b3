package derived

import (
	"encoding/binary"
	"fmt"
	"slices"
)

// Unknown is what an older row's parent or replicated size is read as when the
// row was written before the field existed.
const Unknown int64 = -1

// NSSummary holds the totals below one bucket or directory (spec/recon.md 1.4).
type NSSummary struct {
	// NumOfFiles, SizeOfFiles and ReplicatedSizeOfFiles are those of the whole
	// subtree; sizes in bytes. ReplicatedSizeOfFiles may be Unknown.
	NumOfFiles            int32
	SizeOfFiles           int64
	ReplicatedSizeOfFiles int64
	// FileSizeBucket is the histogram of the files that lie directly here.
	FileSizeBucket [BinCount]int32
	// ChildDirs are the object ids of the direct child directories, ascending.
	ChildDirs []int64
	// DirName is the last component of the path, in LEGACY buckets the whole
	// path; empty for a bucket. It is borrowed from the decoded value.
	DirName []byte
	// ParentID is 0 for a bucket and for a directory that was deleted but not
	// yet purged; it may be Unknown.
	ParentID int64
}

// Fixed parts of an encoded summary, in bytes.
const (
	summaryHeadBytes = 4 + 8 + 2 + 4*BinCount
	summaryTailBytes = 8 + 8
	summaryMinBytes  = summaryHeadBytes + 4 + 4
)

// AppendNSSummary appends the encoded summary, which needs its child ids in
// ascending order, to dst.
func AppendNSSummary(dst []byte, s *NSSummary) []byte {
	order := binary.BigEndian
	dst = order.AppendUint32(dst, uint32(s.NumOfFiles))
	dst = order.AppendUint64(dst, uint64(s.SizeOfFiles))
	dst = order.AppendUint16(dst, BinCount)
	for _, n := range &s.FileSizeBucket {
		dst = order.AppendUint32(dst, uint32(n))
	}
	dst = order.AppendUint32(dst, uint32(len(s.ChildDirs)))
	for _, id := range s.ChildDirs {
		dst = order.AppendUint64(dst, uint64(id))
	}
	dst = order.AppendUint32(dst, uint32(len(s.DirName)))
	dst = append(dst, s.DirName...)
	dst = order.AppendUint64(dst, uint64(s.ParentID))
	return order.AppendUint64(dst, uint64(s.ReplicatedSizeOfFiles))
}

// DecodeNSSummary reads an encoded summary into s, whose ChildDirs are reused.
// Child ids in another order are sorted. A missing replicated size, and a
// missing parent before it, become Unknown (spec/recon.md 2.2).
func DecodeNSSummary(value []byte, s *NSSummary) error {
	order := binary.BigEndian
	if len(value) < summaryMinBytes {
		return fmt.Errorf("namespace summary: %d bytes, the shortest has %d", len(value), summaryMinBytes)
	}
	s.NumOfFiles = int32(order.Uint32(value))
	s.SizeOfFiles = int64(order.Uint64(value[4:]))
	if bins := order.Uint16(value[12:]); bins != BinCount {
		return fmt.Errorf("namespace summary: %d bins, not %d", bins, BinCount)
	}
	for i := range s.FileSizeBucket {
		s.FileSizeBucket[i] = int32(order.Uint32(value[14+4*i:]))
	}
	rest := value[summaryHeadBytes:]
	children := int64(order.Uint32(rest))
	rest = rest[4:]
	if 8*children+4 > int64(len(rest)) {
		return fmt.Errorf("namespace summary: %d children do not fit into %d bytes", children, len(value))
	}
	s.ChildDirs = s.ChildDirs[:0]
	for ; children > 0; children-- {
		s.ChildDirs = append(s.ChildDirs, int64(order.Uint64(rest)))
		rest = rest[8:]
	}
	if !slices.IsSorted(s.ChildDirs) {
		slices.Sort(s.ChildDirs)
	}
	name := int64(order.Uint32(rest))
	rest = rest[4:]
	if name > int64(len(rest)) {
		return fmt.Errorf("namespace summary: a name of %d bytes does not fit into %d", name, len(value))
	}
	s.DirName, rest = rest[:name:name], rest[name:]
	s.ParentID, s.ReplicatedSizeOfFiles = Unknown, Unknown
	switch len(rest) {
	case 0:
	case summaryTailBytes:
		s.ReplicatedSizeOfFiles = int64(order.Uint64(rest[8:]))
		fallthrough
	case 8:
		s.ParentID = int64(order.Uint64(rest))
	default:
		return fmt.Errorf("namespace summary: %d bytes after the name, not 0, 8 or %d", len(rest), summaryTailBytes)
	}
	return nil
}
