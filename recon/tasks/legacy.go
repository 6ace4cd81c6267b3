package tasks

import (
	"bytes"
	"fmt"

	"reconsim/recon/omdb"
)

// In a LEGACY bucket with file-system paths, the keyTable row of a key that
// ends in "/" is a marker: the directory of that name. A key's parent is the
// marker named by all of its key before its own last component. Where the OM
// has no such marker, the parent is the bucket, so that the bucket's totals are
// right whatever the OM did (upstream fails, DEF-T7).

// isMarker reports whether a keyTable key is a marker; nameAt is where the
// key's name begins.
func isMarker(key []byte, nameAt int) bool {
	return len(key) > nameAt && key[len(key)-1] == '/'
}

// parentMarker is the keyTable key of the marker that a key lies in, or nil if
// it lies in the bucket.
func parentMarker(key []byte, nameAt int) []byte {
	name := key[nameAt:]
	if len(name) > 0 {
		name = name[:len(name)-1] // a marker's own slash is no separator
	}
	at := bytes.LastIndexByte(name, '/')
	if at < 0 {
		return nil
	}
	return key[:nameAt+at+1]
}

// markerName is the directory name of a marker: all of the key's name but the
// last slash.
func markerName(key []byte, nameAt int) []byte { return key[nameAt : len(key)-1] }

// splitKey finds the bucket's key and the place of the name in a keyTable key.
func splitKey(row *omdb.Row) (bucketKey []byte, nameAt int, err error) {
	volume, bucket, _, ok := omdb.ParseKey(row.Key)
	if !ok {
		return nil, 0, corruptRow(row, "the key is not /volume/bucket/name")
	}
	end := 2 + len(volume) + len(bucket)
	return row.Key[:end], end + 1, nil
}

// bucketFacts is what the namespace must know of the bucket of a key.
type bucketFacts struct {
	id     int64
	layout omdb.BucketLayout
	exists bool
}

// getFunc reads a row of some state of the OM.
type getFunc func(t omdb.Table, key []byte) (value []byte, found bool, err error)

// readBucket reads a bucket's row. A bucket that is not there is not a failure:
// its keys then belong nowhere.
func readBucket(get getFunc, decoder *omdb.Decoder, bucketKey []byte) (bucketFacts, error) {
	value, found, err := get(omdb.BucketTable, bucketKey)
	if err != nil {
		return bucketFacts{}, fmt.Errorf("read bucket %s: %w", bucketKey, err)
	}
	if !found {
		return bucketFacts{}, nil
	}
	row, err := decoder.Decode(omdb.BucketTable, bucketKey, value)
	if err != nil {
		return bucketFacts{}, err
	}
	return bucketFacts{id: row.Bucket.ObjectID, layout: row.Bucket.Layout, exists: true}, nil
}

// readMarker reads a marker's object id.
func readMarker(get getFunc, decoder *omdb.Decoder, key []byte) (id int64, exists bool, err error) {
	value, found, err := get(omdb.KeyTable, key)
	if err != nil {
		return 0, false, fmt.Errorf("read directory %s: %w", key, err)
	}
	if !found {
		return 0, false, nil
	}
	row, err := decoder.Decode(omdb.KeyTable, key, value)
	if err != nil {
		return 0, false, err
	}
	return row.KeyInfo.ObjectID, true, nil
}
