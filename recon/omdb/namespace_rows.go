package omdb

// BucketLayout is how a bucket keeps its keys (spec/om.md 2.3).
type BucketLayout int32

// Ozone's layouts. A bucket that names none is LEGACY.
const (
	LayoutLegacy              BucketLayout = 1
	LayoutFileSystemOptimized BucketLayout = 2
	LayoutObjectStore         BucketLayout = 3
)

// VolumeInfo is the view of a volumeTable row. All slices are borrowed.
type VolumeInfo struct {
	Admin, Owner, Volume []byte
	// QuotaInBytes is -1 without a limit.
	QuotaInBytes, QuotaInNamespace int64
	UsedNamespace                  int64
	// CreationTime and ModificationTime are milliseconds since 1970.
	CreationTime, ModificationTime int64
	ObjectID, UpdateID             int64
}

const volumeRequired = 1<<1 | 1<<2 | 1<<3

func (v *VolumeInfo) parse(s scanner) failure {
	*v = VolumeInfo{QuotaInNamespace: quotaDefault}
	var seen uint32
	for s.next() {
		switch s.tag {
		case 1<<3 | wireBytes:
			v.Admin = s.bytes()
		case 2<<3 | wireBytes:
			v.Owner = s.bytes()
		case 3<<3 | wireBytes:
			v.Volume = s.bytes()
		case 4<<3 | wireVarint:
			v.QuotaInBytes = s.long()
		case 7<<3 | wireVarint:
			v.CreationTime = s.long()
		case 8<<3 | wireVarint:
			v.ObjectID = s.long()
		case 9<<3 | wireVarint:
			v.UpdateID = s.long()
		case 10<<3 | wireVarint:
			v.ModificationTime = s.long()
		case 11<<3 | wireVarint:
			v.QuotaInNamespace = s.long()
		case 12<<3 | wireVarint:
			v.UsedNamespace = s.long()
		default:
			continue
		}
		seen |= 1 << (s.tag >> 3)
	}
	return s.finish(seen, volumeRequired)
}

// quotaDefault is what an absent quota means in the messages.
const quotaDefault = -2

// BucketInfo is the view of a bucketTable row. All slices are borrowed.
type BucketInfo struct {
	VolumeName, BucketName []byte
	Layout                 BucketLayout
	ObjectID, UpdateID     int64
	// SourceVolume and SourceBucket are set for a link, which owns no keys.
	SourceVolume, SourceBucket []byte
	Owner                      []byte
	UsedBytes, UsedNamespace   int64
	// QuotaInBytes and QuotaInNamespace are -1 without a limit.
	QuotaInBytes, QuotaInNamespace int64
	// CreationTime and ModificationTime are milliseconds since 1970.
	CreationTime, ModificationTime int64
	IsVersionEnabled               bool
	StorageType                    int32
}

const bucketRequired = 1<<1 | 1<<2 | 1<<4 | 1<<5

func (b *BucketInfo) parse(s scanner) failure {
	*b = BucketInfo{Layout: LayoutLegacy, QuotaInBytes: quotaDefault, QuotaInNamespace: quotaDefault}
	var seen uint32
	for s.next() {
		switch s.tag {
		case 1<<3 | wireBytes:
			b.VolumeName = s.bytes()
		case 2<<3 | wireBytes:
			b.BucketName = s.bytes()
		case 4<<3 | wireVarint:
			b.IsVersionEnabled = s.number != 0
		case 5<<3 | wireVarint:
			b.StorageType = s.int()
		case 18<<3 | wireVarint:
			b.Layout = LayoutLegacy
			if l := BucketLayout(s.int()); l == LayoutFileSystemOptimized || l == LayoutObjectStore {
				b.Layout = l
			}
		default:
			b.parseRest(&s)
			continue
		}
		seen |= 1 << (s.tag >> 3)
	}
	return s.finish(seen, bucketRequired)
}

// parseRest reads the optional fields.
func (b *BucketInfo) parseRest(s *scanner) {
	switch s.tag {
	case 6<<3 | wireVarint:
		b.CreationTime = s.long()
	case 9<<3 | wireVarint:
		b.ObjectID = s.long()
	case 10<<3 | wireVarint:
		b.UpdateID = s.long()
	case 11<<3 | wireVarint:
		b.ModificationTime = s.long()
	case 12<<3 | wireBytes:
		b.SourceVolume = s.bytes()
	case 13<<3 | wireBytes:
		b.SourceBucket = s.bytes()
	case 14<<3 | wireVarint:
		b.UsedBytes = s.long()
	case 15<<3 | wireVarint:
		b.QuotaInBytes = s.long()
	case 16<<3 | wireVarint:
		b.QuotaInNamespace = s.long()
	case 17<<3 | wireVarint:
		b.UsedNamespace = s.long()
	case 19<<3 | wireBytes:
		b.Owner = s.bytes()
	}
}

// DirectoryInfo is the view of a directoryTable row. All slices are borrowed.
type DirectoryInfo struct {
	Name []byte
	// CreationTime and ModificationTime are milliseconds since 1970.
	CreationTime, ModificationTime int64
	ObjectID, UpdateID, ParentID   int64
	Owner                          []byte
}

const directoryRequired = 1<<1 | 1<<2 | 1<<3 | 1<<8

func (d *DirectoryInfo) parse(s scanner) failure {
	*d = DirectoryInfo{}
	var seen uint32
	for s.next() {
		switch s.tag {
		case 1<<3 | wireBytes:
			d.Name = s.bytes()
		case 2<<3 | wireVarint:
			d.CreationTime = s.long()
		case 3<<3 | wireVarint:
			d.ModificationTime = s.long()
		case 6<<3 | wireVarint:
			d.ObjectID = s.long()
		case 7<<3 | wireVarint:
			d.UpdateID = s.long()
		case 8<<3 | wireVarint:
			d.ParentID = s.long()
		case 9<<3 | wireBytes:
			d.Owner = s.bytes()
		default:
			continue
		}
		seen |= 1 << (s.tag >> 3)
	}
	return s.finish(seen, directoryRequired)
}
