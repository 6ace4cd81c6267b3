package namespace

import (
	"fmt"
	"math"
	"strconv"
)

// ObjectID is the object id that the transaction at index gives out first:
// epoch 2 in the top two bits, then the index, then eight bits for further ids
// of the same transaction. As a signed number it is negative with 19 digits, so
// ids in decimal sort in descending order of the index.
func ObjectID(index int64) int64 {
	return math.MinInt64 + index<<8
}

// indexOfID is the index of the transaction that gave out an object id.
func indexOfID(id int64) int64 { return int64(uint64(id) << 2 >> 10) }

// ID identifies a row: two facts have equal ids exactly if they are the same
// row of the same OM table at different times.
func ID(row Row) string {
	switch r := row.(type) {
	case *Volume:
		return "volume/" + r.Name
	case *Bucket:
		return "bucket/" + r.Volume + "/" + r.Name
	case *Directory:
		return "directory/" + childID(r.VolumeID, r.BucketID, r.ParentID, r.Name)
	case *Key:
		if r.Layout == FileSystemOptimized {
			return "file/" + childID(r.VolumeID, r.BucketID, r.ParentID, r.Name)
		}
		return "key/" + r.Volume + "/" + r.Bucket + "/" + r.Name
	case *OpenKey:
		if r.Layout == FileSystemOptimized {
			return "open-file/" + childID(r.VolumeID, r.BucketID, r.ParentID, r.Name) + "/" + r.Session
		}
		return "open-key/" + r.Volume + "/" + r.Bucket + "/" + r.Name + "/" + r.Session
	case *DeletedKeys:
		return "deleted-keys/" + r.Volume + "/" + r.Bucket + "/" + r.Path + "/" + decimal(r.RowID)
	case *DeletedDirectory:
		return "deleted-directory/" + childID(r.VolumeID, r.BucketID, r.ParentID, r.Name) + "/" + decimal(r.ObjectID)
	case *Upload:
		return "upload/" + r.Volume + "/" + r.Bucket + "/" + r.Path + "/" + r.UploadID
	}
	return fmt.Sprintf("unknown/%T", row)
}

func childID(volume, bucket, parent int64, name string) string {
	return decimal(volume) + "/" + decimal(bucket) + "/" + decimal(parent) + "/" + name
}

func decimal(id int64) string { return strconv.FormatInt(id, 10) }
