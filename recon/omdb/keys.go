package omdb

import (
	"encoding/binary"
	"strconv"
)

// Name is what a part of a key may be given as.
type Name interface{ ~string | ~[]byte }

// The builders below append one row's key to dst and return the longer slice,
// as append does. Their forms are those of spec/om.md 1.2 and 1.3.

// AppendVolumeKey appends volumeTable's "/volume".
func AppendVolumeKey[V Name](dst []byte, volume V) []byte {
	return append(append(dst, '/'), volume...)
}

// AppendBucketKey appends bucketTable's "/volume/bucket".
func AppendBucketKey[V, B Name](dst []byte, volume V, bucket B) []byte {
	dst = append(append(dst, '/'), volume...)
	return append(append(dst, '/'), bucket...)
}

// AppendKey appends keyTable's "/volume/bucket/key", for OBJECT_STORE and
// LEGACY buckets. A key that is exactly "/" adds one slash only.
func AppendKey[V, B, K Name](dst []byte, volume V, bucket B, key K) []byte {
	dst = AppendBucketKey(dst, volume, bucket)
	dst = append(dst, '/')
	if len(key) == 1 && key[0] == '/' {
		return dst
	}
	return append(dst, key...)
}

// AppendOpenKey appends openKeyTable's "/volume/bucket/key/clientId".
func AppendOpenKey[V, B, K Name](dst []byte, volume V, bucket B, key K, clientID int64) []byte {
	return appendID(AppendKey(dst, volume, bucket, key), clientID)
}

// AppendMultipartKey appends "/volume/bucket/key/uploadId", which multipartInfoTable
// uses for all layouts and openKeyTable for uploads that are not FSO.
func AppendMultipartKey[V, B, K, U Name](dst []byte, volume V, bucket B, key K, uploadID U) []byte {
	dst = AppendKey(dst, volume, bucket, key)
	return append(append(dst, '/'), uploadID...)
}

// AppendDeletedKey appends deletedTable's "/volume/bucket/key/id". The id is
// the key's object id, or one made from the transaction for an overwrite.
func AppendDeletedKey[V, B, K Name](dst []byte, volume V, bucket B, key K, id int64) []byte {
	return appendID(AppendKey(dst, volume, bucket, key), id)
}

// AppendFileKey appends "/volumeId/bucketId/parentId/name", the form of
// fileTable and directoryTable.
func AppendFileKey[N Name](dst []byte, volumeID, bucketID, parentID int64, name N) []byte {
	dst = appendID(appendID(appendID(dst, volumeID), bucketID), parentID)
	return append(append(dst, '/'), name...)
}

// AppendOpenFileKey appends openFileTable's "/volumeId/bucketId/parentId/name/clientId".
func AppendOpenFileKey[N Name](dst []byte, volumeID, bucketID, parentID int64, name N, clientID int64) []byte {
	return appendID(AppendFileKey(dst, volumeID, bucketID, parentID, name), clientID)
}

// AppendMultipartFileKey appends openFileTable's key of an FSO upload.
func AppendMultipartFileKey[N, U Name](dst []byte, volumeID, bucketID, parentID int64, name N, uploadID U) []byte {
	dst = AppendFileKey(dst, volumeID, bucketID, parentID, name)
	return append(append(dst, '/'), uploadID...)
}

// AppendDeletedDirectoryKey appends deletedDirectoryTable's
// "/volumeId/bucketId/parentId/name/objectId".
func AppendDeletedDirectoryKey[N Name](dst []byte, volumeID, bucketID, parentID int64, name N, objectID int64) []byte {
	return appendID(AppendFileKey(dst, volumeID, bucketID, parentID, name), objectID)
}

// AppendMultipartPartKey appends multipartPartsTable's upload id, a slash and
// the part number as four big-endian bytes.
func AppendMultipartPartKey[U Name](dst []byte, uploadID U, part int32) []byte {
	dst = append(append(dst, uploadID...), '/')
	return binary.BigEndian.AppendUint32(dst, uint32(part))
}

// AppendPrefixKey appends prefixTable's "/volume/bucket/prefix".
func AppendPrefixKey[V, B, P Name](dst []byte, volume V, bucket B, prefix P) []byte {
	dst = AppendBucketKey(dst, volume, bucket)
	return append(append(dst, '/'), prefix...)
}

// AppendSnapshotKey appends snapshotInfoTable's "/volume/bucket/snapshot".
func AppendSnapshotKey[V, B, S Name](dst []byte, volume V, bucket B, snapshot S) []byte {
	dst = AppendBucketKey(dst, volume, bucket)
	return append(append(dst, '/'), snapshot...)
}

// AppendSnapshotRenamedKey appends snapshotRenamedTable's "/volume/bucket/objectId".
func AppendSnapshotRenamedKey[V, B Name](dst []byte, volume V, bucket B, objectID int64) []byte {
	return appendID(AppendBucketKey(dst, volume, bucket), objectID)
}

// AppendCompactionLogKey appends compactionLogTable's sequence, padded with
// zeros to 19 digits, a dash and the time in milliseconds since 1970.
func AppendCompactionLogKey(dst []byte, sequence uint64, timeMillis int64) []byte {
	const digits = 19
	start := len(dst)
	dst = strconv.AppendUint(dst, sequence, 10)
	for n := len(dst) - start; n < digits; n++ {
		dst = append(dst, '0')
		copy(dst[start+1:], dst[start:len(dst)-1])
		dst[start] = '0'
	}
	return strconv.AppendInt(append(dst, '-'), timeMillis, 10)
}

func appendID(dst []byte, id int64) []byte {
	return strconv.AppendInt(append(dst, '/'), id, 10)
}
