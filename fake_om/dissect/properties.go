package dissect

import (
	"fmt"
	"maps"
	"slices"
)

// properties compares a table's own account of itself with its rows.
func (t *tableFile) properties(rows []version) error {
	meta, err := t.pairs(t.meta)
	if err != nil {
		return fmt.Errorf("meta-index: %w", err)
	}
	if len(meta) != 1 || string(meta[0].key) != "rocksdb.properties" {
		return fmt.Errorf("meta-index has %d entries, want rocksdb.properties alone", len(meta))
	}
	r := reader{rest: meta[0].value}
	s := r.span()
	if r.err != nil {
		return r.err
	}
	pairs, err := t.pairs(s)
	if err != nil {
		return err
	}
	got := map[string][]byte{}
	for _, p := range pairs {
		got[string(p.key)] = p.value
	}
	var deletes, rawKeys, rawValues uint64
	for _, row := range rows {
		if row.kind == 0 {
			deletes++
		}
		rawKeys += uint64(len(row.key)) + 8
		rawValues += uint64(len(row.value))
	}
	numbers := map[string]uint64{
		"rocksdb.num.entries":          uint64(len(rows)),
		"rocksdb.deleted.keys":         deletes,
		"rocksdb.raw.key.size":         rawKeys,
		"rocksdb.raw.value.size":       rawValues,
		"rocksdb.num.range-deletions":  0,
		"rocksdb.merge.operands":       0,
		"rocksdb.num.data.blocks":      uint64(len(t.used) - 3), // all but index, meta-index and properties
		"rocksdb.index.partitions":     0,
		"rocksdb.top-level.index.size": 0,
	}
	for _, name := range slices.Sorted(maps.Keys(numbers)) {
		want := numbers[name]
		value, ok := got[name]
		if !ok {
			if want == 0 {
				continue
			}
			return fmt.Errorf("%s is missing", name)
		}
		v := reader{rest: value}
		if n := v.varint(); v.err != nil || n != want {
			return fmt.Errorf("%s is %x, want %d", name, value, want)
		}
	}
	words := map[string]string{
		"rocksdb.comparator":                   "leveldb.BytewiseComparator",
		"rocksdb.merge.operator":               "nullptr",
		"rocksdb.block.based.table.index.type": "\x00\x00\x00\x00",
	}
	for _, name := range slices.Sorted(maps.Keys(words)) {
		want := words[name]
		if string(got[name]) != want {
			return fmt.Errorf("%s is %q, want %q", name, got[name], want)
		}
	}
	return nil
}
