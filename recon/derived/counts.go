package derived

import (
	"errors"
	"fmt"

	"google.golang.org/protobuf/encoding/protowire"

	"reconsim/recon/omdb"
)

// ContainerCountName is the row of SQLStats that counts the containers with
// keys, which is the number of rows of ContainerKeyCount (DEF-T4).
const ContainerCountName = "containerCount"

// CountName is the row of GlobalStats that counts an OM table's rows; for
// deletedTable, the keys in its rows.
func CountName(t omdb.Table) string { return t.String() + "Count" }

// UnreplicatedSizeName is the row of GlobalStats with the sum of the data sizes
// in an OM table, in bytes. Only the tables of SizedTables have it.
func UnreplicatedSizeName(t omdb.Table) string { return t.String() + "UnReplicatedDataSize" }

// ReplicatedSizeName is the row of GlobalStats with the bytes that the keys in
// an OM table take on disks. Only the tables of SizedTables have it.
func ReplicatedSizeName(t omdb.Table) string { return t.String() + "ReplicatedDataSize" }

// SizedTables lists the OM tables that have sizes in GlobalStats.
func SizedTables() []omdb.Table {
	return []omdb.Table{omdb.OpenKeyTable, omdb.OpenFileTable, omdb.DeletedTable, omdb.MultipartInfoTable}
}

// The fields of the two messages below.
const (
	statsValueField  = 1
	countVolumeField = 1
	countBucketField = 2
	countBoundField  = 3
)

// AppendStatsValue appends a GlobalStats value: a message with one int64.
func AppendStatsValue(dst []byte, n int64) []byte {
	dst = protowire.AppendTag(dst, statsValueField, protowire.VarintType)
	return protowire.AppendVarint(dst, uint64(n))
}

// ParseStatsValue reads a GlobalStats value.
func ParseStatsValue(value []byte) (n int64, err error) {
	found := false
	err = eachField(value, func(field protowire.Number, bytes []byte, number uint64) {
		if field == statsValueField && bytes == nil {
			n, found = int64(number), true
		}
	})
	if err == nil && !found {
		err = errMissing
	}
	if err != nil {
		return 0, fmt.Errorf("global stats value: %w", err)
	}
	return n, nil
}

// AppendFileSizeCountKey appends fileCountBySizeTable's key: a message of
// volume, bucket and upper bound in bytes.
func AppendFileSizeCountKey[V, B omdb.Name](dst []byte, volume V, bucket B, boundBytes int64) []byte {
	dst = append(dst, countVolumeField<<3|2)
	dst = append(protowire.AppendVarint(dst, uint64(len(volume))), volume...)
	dst = append(dst, countBucketField<<3|2)
	dst = append(protowire.AppendVarint(dst, uint64(len(bucket))), bucket...)
	dst = append(dst, countBoundField<<3)
	return protowire.AppendVarint(dst, uint64(boundBytes))
}

// ParseFileSizeCountKey reads such a key; volume and bucket are borrowed.
func ParseFileSizeCountKey(key []byte) (volume, bucket []byte, boundBytes int64, err error) {
	found := false
	err = eachField(key, func(field protowire.Number, bytes []byte, number uint64) {
		switch {
		case field == countVolumeField && bytes != nil:
			volume = bytes
		case field == countBucketField && bytes != nil:
			bucket = bytes
		case field == countBoundField && bytes == nil:
			boundBytes, found = int64(number), true
		}
	})
	if err == nil && (!found || volume == nil || bucket == nil) {
		err = errMissing
	}
	if err != nil {
		return nil, nil, 0, fmt.Errorf("file size count key: %w", err)
	}
	return volume, bucket, boundBytes, nil
}

var errMissing = errors.New("a required field is missing")

// eachField calls fn for the varint fields (bytes is nil) and length-delimited
// fields (bytes is not nil) of a message.
func eachField(message []byte, fn func(field protowire.Number, bytes []byte, number uint64)) error {
	for len(message) > 0 {
		field, kind, n := protowire.ConsumeTag(message)
		if n < 0 {
			return protowire.ParseError(n)
		}
		message = message[n:]
		switch kind {
		case protowire.VarintType:
			number, n := protowire.ConsumeVarint(message)
			if n < 0 {
				return protowire.ParseError(n)
			}
			message = message[n:]
			fn(field, nil, number)
		case protowire.BytesType:
			bytes, n := protowire.ConsumeBytes(message)
			if n < 0 {
				return protowire.ParseError(n)
			}
			message = message[n:]
			fn(field, bytes[:len(bytes):len(bytes)], 0)
		default:
			n := protowire.ConsumeFieldValue(field, kind, message)
			if n < 0 {
				return protowire.ParseError(n)
			}
			message = message[n:]
		}
	}
	return nil
}
