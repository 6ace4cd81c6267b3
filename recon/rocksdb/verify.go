package rocksdb

import (
	"bytes"
	"context"
	"fmt"
	"slices"
)

// checkEvery is after how many rows a long loop looks at its context.
const checkEvery = 4096

// TableReport is what a verified table holds.
type TableReport struct {
	File          File
	FormatVersion uint32
	Checksum      ChecksumType
	// Entries counts point entries: Puts, Deletes, SingleDeletes, Merges and
	// Others together.
	Entries, Puts, Deletes, SingleDeletes, Merges, Others uint64
	// RangeDeletes counts range delete records.
	RangeDeletes uint64
	// RepeatedKeys counts entries whose user key is that of the entry before.
	RepeatedKeys uint64
	// KeyBytes and ValueBytes add up user keys and values.
	KeyBytes, ValueBytes uint64
	// Codecs are the compressions of its data blocks, ascending.
	Codecs []Compression
	// External says that RocksDB had ingested the table: its entries share one
	// sequence number that is not stored with them.
	External bool
}

// FamilyReport sums up the verified tables of a family.
type FamilyReport struct {
	ID   uint32
	Name string
	// Entries counts point entries over all tables; a family with tables above a
	// base has fewer live rows than entries.
	Entries, Puts, Deletes uint64
	Tables                 []TableReport // in the order of Family.Files
}

// Report is what VerifyTables found, families in the version's order.
type Report struct{ Families []FamilyReport }

// Family returns the report of the family with that name, or nil.
func (r *Report) Family(name string) *FamilyReport {
	i := slices.IndexFunc(r.Families, func(f FamilyReport) bool { return f.Name == name })
	if i < 0 {
		return nil
	}
	return &r.Families[i]
}

// VerifyOptions tune VerifyTables. The zero value verifies everything quietly.
type VerifyOptions struct {
	// OnTable, if set, is called after each table.
	OnTable func(family string, r TableReport)
}

// VerifyTables verifies every table of v, one after the other (VerifyTable is
// there for whoever wants to do several at once). Sealing and recovery need it:
// Pebble looks at nothing in an external file before the first read fails.
func VerifyTables(ctx context.Context, fs FS, dir string, v *Version, o VerifyOptions) (*Report, error) {
	report := &Report{}
	for i := range v.Families {
		f := &v.Families[i]
		fr := FamilyReport{ID: f.ID, Name: f.Name}
		for j := range f.Files {
			tr, err := VerifyTable(ctx, fs, dir, f.Files[j])
			if err != nil {
				return nil, fmt.Errorf("verify family %q: %w", f.Name, err)
			}
			fr.Entries += tr.Entries
			fr.Puts += tr.Puts
			fr.Deletes += tr.Deletes
			fr.Tables = append(fr.Tables, tr)
			if o.OnTable != nil {
				o.OnTable(f.Name, tr)
			}
		}
		report.Families = append(report.Families, fr)
	}
	return report, nil
}

// VerifyTable reads the table f of dir whole: size, footer, the checksum of
// every block (data, index, filters, properties, range deletes), keys strictly
// ascending, first and last key as the manifest says, sequence numbers within
// the manifest's, index entries that bound their blocks, and the row count of
// the table's properties. The first thing wrong is an error that wraps
// ErrCorrupt or ErrUnsupported and names table and offset.
func VerifyTable(ctx context.Context, fs FS, dir string, f File) (TableReport, error) {
	t, err := openTable(fs, dir, f)
	if err != nil {
		return TableReport{}, err
	}
	v := tableVerifier{table: t, report: TableReport{
		File: f, FormatVersion: t.footer.version, Checksum: t.footer.checksum, External: t.properties.external,
	}}
	if err := v.run(ctx); err != nil {
		return TableReport{}, closeAfter(t, fmt.Errorf("%s: %w", dir, err))
	}
	return v.report, t.Close()
}

// tableVerifier is one pass over one table.
type tableVerifier struct {
	table  *table
	report TableReport

	previous  []byte // internal key of the entry before
	separator []byte // user key of the index entry before
	bounded   bool   // separator is set
	newBlock  bool   // the next entry is its block's first
}

func (v *tableVerifier) run(ctx context.Context) error {
	if err := v.metaBlocks(); err != nil {
		return err
	}
	it, err := v.table.newIterator()
	if err != nil {
		return err
	}
	it.blockDone = v.blockDone
	v.newBlock = true
	for {
		ok, err := it.next()
		if err != nil {
			return err
		}
		if !ok {
			break
		}
		if err := v.entry(&it.entry); err != nil {
			return it.wrap(fmt.Sprintf("data block at offset %d", it.index.handle.offset), err)
		}
		if v.report.Entries%checkEvery == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
	}
	for codec := range Compression(16) {
		if it.codecs&(1<<codec) != 0 {
			v.report.Codecs = append(v.report.Codecs, codec)
		}
	}
	if err := v.totals(); err != nil {
		return fmt.Errorf("table %s: %w", v.table.name, err)
	}
	return nil
}

// metaBlocks checks the blocks that are not reached by reading rows.
func (v *tableVerifier) metaBlocks() error {
	for _, m := range v.table.meta {
		block, _, err := v.table.blocks.read(m.handle)
		if err != nil {
			return fmt.Errorf("table %s: %s: %w", v.table.name, m.name, err)
		}
		if m.partitioned() {
			if err := v.partitions(bytes.Clone(block)); err != nil {
				return fmt.Errorf("table %s: %s: %w", v.table.name, m.name, err)
			}
		}
	}
	deletes, err := v.table.rangeDeletes()
	if err != nil {
		return err
	}
	v.report.RangeDeletes = uint64(len(deletes))
	for _, d := range deletes {
		if d.sequence < v.report.File.SmallestSeq || d.sequence > v.report.File.LargestSeq {
			return fmt.Errorf("table %s: %w", v.table.name,
				corruptf("range delete at %x has sequence %d, outside the manifest's", d.start.key, d.sequence))
		}
	}
	return nil
}

// partitions checks the blocks that an index of filter partitions names. Its
// entries hold plain handles, even where the data index has first keys.
func (v *tableVerifier) partitions(block []byte) error {
	x := v.table.newIndexReader()
	x.firstKeys = false
	if err := x.reset(block); err != nil {
		return err
	}
	for {
		ok, err := x.next()
		if err != nil || !ok {
			return err
		}
		if _, _, err := v.table.blocks.read(x.handle); err != nil {
			return err
		}
	}
}

// entry checks one row against the one before and the manifest.
func (v *tableVerifier) entry(e *entry) error {
	r := &v.report
	if userKey, trailer, ok := splitInternalKey(v.previous); ok {
		if compareInternal(userKey, trailer, e.key, e.trailer) >= 0 {
			return corruptf("key %x does not lie behind %x", e.key, userKey)
		}
		if bytes.Equal(userKey, e.key) {
			r.RepeatedKeys++
		}
	} else if r.RangeDeletes == 0 && !bytes.Equal(e.key, r.File.SmallestKey) {
		return corruptf("its first key is %x, the manifest says %x", e.key, r.File.SmallestKey)
	}
	if v.newBlock && v.bounded && bytes.Compare(v.separator, e.key) > 0 {
		return corruptf("its first key %x lies before the index entry %x of the block before", e.key, v.separator)
	}
	v.newBlock = false
	sequence, kind := SplitTrailer(e.trailer)
	if sequence < r.File.SmallestSeq || sequence > r.File.LargestSeq {
		return corruptf("key %x has sequence %d, the manifest says %d to %d", e.key, sequence, r.File.SmallestSeq, r.File.LargestSeq)
	}
	switch kind {
	case KindPut:
		r.Puts++
	case KindDelete:
		r.Deletes++
	case KindSingleDelete:
		r.SingleDeletes++
	case KindMerge:
		r.Merges++
	default:
		r.Others++
	}
	r.Entries++
	r.KeyBytes += uint64(len(e.key))
	r.ValueBytes += uint64(len(e.value))
	v.previous = appendInternalKey(v.previous[:0], e.key, e.trailer)
	return nil
}

// blockDone checks that a block's index entry bounds its last key.
func (v *tableVerifier) blockDone(indexKey, lastKey []byte) error {
	separator := indexKey
	if !v.table.properties.indexUserKeys {
		var ok bool
		if separator, _, ok = splitInternalKey(indexKey); !ok {
			return corruptf("entry %x is too short for an internal key", indexKey)
		}
	}
	last, _, ok := splitInternalKey(lastKey)
	if ok && bytes.Compare(last, separator) > 0 {
		return corruptf("entry %x lies before its block's last key %x", separator, last)
	}
	v.separator, v.bounded, v.newBlock = append(v.separator[:0], separator...), true, true
	return nil
}

// totals checks what only the end shows.
func (v *tableVerifier) totals() error {
	r, p := &v.report, &v.table.properties
	if p.hasEntries && p.entries != r.Entries+r.RangeDeletes {
		return corruptf("%d entries, its properties say %d", r.Entries+r.RangeDeletes, p.entries)
	}
	if p.rangeDeletes != r.RangeDeletes {
		return corruptf("%d range deletes, its properties say %d", r.RangeDeletes, p.rangeDeletes)
	}
	if r.Entries == 0 && r.RangeDeletes == 0 {
		return corruptf("it holds nothing")
	}
	if r.RangeDeletes == 0 {
		if last, _, _ := splitInternalKey(v.previous); !bytes.Equal(last, r.File.LargestKey) {
			return corruptf("its last key is %x, the manifest says %x", last, r.File.LargestKey)
		}
	}
	return nil
}
