package omdb

import (
	"bytes"
	"encoding/binary"
	"math"
)

// The parsers below borrow from the key they are given, and report ok = false
// for a key that does not have the form they expect.

// ParseVolumeKey takes a volumeTable key apart.
func ParseVolumeKey(key []byte) (volume []byte, ok bool) {
	if len(key) < 2 || key[0] != '/' || bytes.IndexByte(key[1:], '/') >= 0 {
		return nil, false
	}
	return key[1:], true
}

// ParseBucketKey takes a bucketTable key apart.
func ParseBucketKey(key []byte) (volume, bucket []byte, ok bool) {
	volume, rest, ok := firstComponent(key)
	if !ok || len(rest) < 2 || bytes.IndexByte(rest[1:], '/') >= 0 {
		return nil, nil, false
	}
	return volume, rest[1:], true
}

// ParseKey takes a keyTable key apart. Only the first two components end at a
// slash: all the rest is the key's name, which may hold slashes anywhere. The
// name is empty for the key that is named "/".
func ParseKey(key []byte) (volume, bucket, name []byte, ok bool) {
	volume, rest, ok := firstComponent(key)
	if !ok {
		return nil, nil, nil, false
	}
	bucket, rest, ok = firstComponent(rest)
	if !ok || len(rest) == 0 {
		return nil, nil, nil, false
	}
	return volume, bucket, rest[1:], true
}

// ParseSuffixedKey takes apart a key of openKeyTable, multipartInfoTable or
// deletedTable: a keyTable key, a slash and a suffix (client id, upload id or
// object id) without a slash.
func ParseSuffixedKey(key []byte) (volume, bucket, name, suffix []byte, ok bool) {
	volume, bucket, rest, ok := ParseKey(key)
	if !ok {
		return nil, nil, nil, nil, false
	}
	at := bytes.LastIndexByte(rest, '/')
	if at < 0 {
		return nil, nil, nil, nil, false
	}
	return volume, bucket, rest[:at], rest[at+1:], true
}

// FileKey is a key of fileTable or directoryTable taken apart.
type FileKey struct {
	VolumeID, BucketID, ParentID int64
	Name                         []byte
}

// ParseFileKey takes a key of fileTable or directoryTable apart.
func ParseFileKey(key []byte) (k FileKey, ok bool) {
	rest := key
	for _, id := range [...]*int64{&k.VolumeID, &k.BucketID, &k.ParentID} {
		var part []byte
		if part, rest, ok = firstComponent(rest); !ok {
			return FileKey{}, false
		}
		if *id, ok = ParseID(part); !ok {
			return FileKey{}, false
		}
	}
	if len(rest) == 0 {
		return FileKey{}, false
	}
	k.Name = rest[1:]
	return k, true
}

// ParseSuffixedFileKey takes apart a key of openFileTable or
// deletedDirectoryTable: a fileTable key, a slash and a suffix (client id,
// upload id or object id). It fails on the names-style keys that an OM writes
// into openFileTable when a file under hsync is deleted; they are no mistake,
// ParseSuffixedKey reads them.
func ParseSuffixedFileKey(key []byte) (k FileKey, suffix []byte, ok bool) {
	if k, ok = ParseFileKey(key); !ok {
		return FileKey{}, nil, false
	}
	at := bytes.LastIndexByte(k.Name, '/')
	if at < 0 {
		return FileKey{}, nil, false
	}
	k.Name, suffix = k.Name[:at], k.Name[at+1:]
	return k, suffix, true
}

// ParseMultipartPartKey takes a multipartPartsTable key apart. The part number
// is four raw bytes, any of which may be a slash.
func ParseMultipartPartKey(key []byte) (uploadID []byte, part int32, ok bool) {
	at := len(key) - 5
	if at < 1 || key[at] != '/' {
		return nil, 0, false
	}
	return key[:at], int32(binary.BigEndian.Uint32(key[at+1:])), true
}

// ParseID reads a signed decimal object id. Only the form that AppendInt writes
// is taken, so that one id has one key.
func ParseID(text []byte) (id int64, ok bool) {
	digits := text
	negative := len(digits) > 0 && digits[0] == '-'
	if negative {
		digits = digits[1:]
	}
	const longest = 19
	if len(digits) == 0 || len(digits) > longest || digits[0] == '0' && (negative || len(digits) > 1) {
		return 0, false
	}
	var n uint64
	for _, c := range digits {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = n*10 + uint64(c-'0')
	}
	if negative {
		return -int64(n), n <= math.MaxInt64+1
	}
	return int64(n), n <= math.MaxInt64
}

// firstComponent splits "/name/rest" into name and "/rest"; the name must not
// be empty.
func firstComponent(key []byte) (name, rest []byte, ok bool) {
	if len(key) < 2 || key[0] != '/' {
		return nil, nil, false
	}
	at := bytes.IndexByte(key[1:], '/')
	switch {
	case at < 0:
		return key[1:], nil, true
	case at == 0:
		return nil, nil, false
	}
	return key[1 : 1+at], key[1+at:], true
}
