package rocksdb

import "encoding/binary"

// Names of the meta blocks and of the properties this package needs.
const (
	metaProperties       = "rocksdb.properties"
	metaLegacyProperties = "rocksdb.stats"
	metaRangeDeletes     = "rocksdb.range_del"
	metaDictionary       = "rocksdb.compression_dict"
	metaPartitionedStart = "partitionedfilter."

	propertyComparator     = "rocksdb.comparator"
	propertyEntries        = "rocksdb.num.entries"
	propertyRangeDeletes   = "rocksdb.num.range-deletions"
	propertyMerger         = "rocksdb.merge.operator"
	propertyIndexType      = "rocksdb.block.based.table.index.type"
	propertyIndexDelta     = "rocksdb.index.value.is.delta.encoded"
	propertyIndexUserKeys  = "rocksdb.index.key.is.user.key"
	propertyExternalFormat = "rocksdb.external_sst_file.version"
	propertyGlobalSequence = "rocksdb.external_sst_file.global_seqno"
)

// tableProperties are the global properties of a table that change how it is
// read, or that must agree with what is found in it.
type tableProperties struct {
	comparator    string
	merger        string
	entries       uint64 // points and range deletes
	rangeDeletes  uint64
	hasEntries    bool
	indexType     uint32
	indexDelta    bool
	indexUserKeys bool
	// external: the table was ingested into RocksDB; all entries have one
	// sequence number, of the manifest or, if not 0, globalSequence.
	external       bool
	globalSequence uint64
}

// parseProperties decodes a properties block. Unknown properties are ignored, as
// RocksDB does.
func parseProperties(block []byte) (tableProperties, error) {
	var p tableProperties
	var e entryReader
	if err := e.reset(block); err != nil {
		return p, err
	}
	for {
		ok, err := e.next()
		if err != nil {
			return p, err
		}
		if !ok {
			return p, nil
		}
		if !p.set(string(e.key), e.value) {
			return p, corruptf("table property %s has the malformed value %x", e.key, e.value)
		}
	}
}

func (p *tableProperties) set(name string, value []byte) (ok bool) {
	ok = true
	switch name {
	case propertyComparator:
		p.comparator = string(value)
	case propertyMerger:
		p.merger = string(value)
	case propertyEntries:
		p.entries, ok = uvarintValue(value)
		p.hasEntries = ok
	case propertyRangeDeletes:
		p.rangeDeletes, ok = uvarintValue(value)
	case propertyIndexType:
		if ok = len(value) == 4; ok {
			p.indexType = binary.LittleEndian.Uint32(value)
		}
	case propertyIndexDelta:
		var n uint64
		n, ok = uvarintValue(value)
		p.indexDelta = n != 0
	case propertyIndexUserKeys:
		var n uint64
		n, ok = uvarintValue(value)
		p.indexUserKeys = n != 0
	case propertyExternalFormat:
		if ok = len(value) == 4; ok {
			p.external = binary.LittleEndian.Uint32(value) >= 2
		}
	case propertyGlobalSequence:
		if ok = len(value) == 8; ok {
			p.globalSequence = binary.LittleEndian.Uint64(value)
		}
	}
	return ok
}

func uvarintValue(b []byte) (uint64, bool) {
	c := cursor{data: b}
	n, ok := c.uvarint64()
	return n, ok && c.done()
}
