package omdb

import (
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"testing"

	"reconsim/recon/rocksdb"
)

// rows is a Reader over a few rows of keyTable and transactionInfoTable.
type rows map[string]string

func (r rows) Get(t Table, key []byte) ([]byte, bool, error) {
	if string(key) == "unreadable" {
		return nil, false, errUnreadable
	}
	value, found := r[t.String()+" "+string(key)]
	return []byte(value), found, nil
}

func (rows) Scan(Table, []byte, []byte, func(key, value []byte) (bool, error)) error { return nil }

var errUnreadable = errors.New("disk error")

var families = map[uint32]Table{1: KeyTable, 2: FileTable, 6: TransactionInfoTable}

// op is one operation of a test batch: a tag of RocksDB's and its operands.
type op struct {
	tag        byte
	family     uint32
	key, value string
}

const (
	tagFamilyDelete = 0x4
	tagFamilyPut    = 0x5
	tagFamilyMerge  = 0x6
	tagLog          = 0x3
	tagSingle       = 0x8
	tagRange        = 0xE
	tagDefaultPut   = 0x1
)

// batch writes operations down as RocksDB does.
func batch(sequence uint64, ops ...op) rocksdb.Batch {
	b := binary.LittleEndian.AppendUint64(nil, sequence)
	count := uint32(0)
	var body []byte
	text := func(s string) { body = append(binary.AppendUvarint(body, uint64(len(s))), s...) }
	for _, o := range ops {
		body = append(body, o.tag)
		if o.tag != tagLog && o.tag != tagDefaultPut {
			body = binary.AppendUvarint(body, uint64(o.family))
		}
		if o.tag != tagLog {
			text(o.key)
			count++
		}
		if o.tag != tagFamilyDelete && o.tag != tagSingle {
			text(o.value)
		}
	}
	return append(binary.LittleEndian.AppendUint32(b, count), body...)
}

func put(key, value string) op { return op{tagFamilyPut, 1, key, value} }
func del(key string) op        { return op{tagFamilyDelete, 1, key, ""} }

// TestEvents is the table of spec/recon.md 1.2, with DEF-T11 put right.
func TestEvents(t *testing.T) {
	before := rows{"keyTable old": "0"}
	for _, c := range []struct {
		name    string
		ops     []op
		want    string
		changes string
	}{
		{"put, nothing before", []op{put("k", "1")}, "PUT k=1", "k=1"},
		{"put over a row", []op{put("old", "1")}, "UPDATE old=1 (0)", "old=1"},
		{"put, put", []op{put("k", "1"), put("k", "2")}, "PUT k=1, UPDATE k=2 (1)", "k=2"},
		{"put after update", []op{put("old", "1"), put("old", "2")}, "UPDATE old=1 (0), UPDATE old=2 (1)", "old=2"},
		{"put after delete has the old value", []op{del("old"), put("old", "1")}, "DELETE old=0, PUT old=1 (0)", "old=1"},
		{"delete of nothing", []op{del("k")}, "", "k gone"},
		{"delete of a row", []op{del("old")}, "DELETE old=0", "old gone"},
		{"delete of what was put", []op{put("k", "1"), del("k")}, "PUT k=1, DELETE k=1", "k gone"},
		{"DEF-T11: two deletes", []op{del("old"), del("old")}, "DELETE old=0", "old gone"},
		{"DEF-T11: put, delete, delete, put", []op{put("old", "1"), del("old"), del("old"), put("old", "2")},
			"UPDATE old=1 (0), DELETE old=1, PUT old=2 (1)", "old=2"},
		{"an empty value is a value", []op{put("k", ""), put("k", "1")}, "PUT k=, UPDATE k=1 ()", "k=1"},
		{"one key, two tables", []op{put("k", "1"), {tagFamilyPut, 2, "k", "2"}, del("k")},
			"PUT k=1, PUT fileTable k=2, DELETE k=1", "k gone, fileTable k=2"},
		{"log data is no operation", []op{{tagLog, 0, "", "note"}, put("k", "1")}, "PUT k=1", "k=1"},
	} {
		// Whether the operations come in one batch or in one each, one fetch
		// is one fetch.
		single := NewFetch(families, before)
		for i, o := range c.ops {
			if o.tag == tagLog {
				continue
			}
			if err := single.Add(batch(uint64(100+i), o)); err != nil && !errors.Is(err, ErrGap) {
				t.Fatalf("%s: %v", c.name, err)
			}
		}
		whole := NewFetch(families, before)
		if err := whole.Add(batch(100, c.ops...)); err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		if got := describeEvents(whole); got != c.want {
			t.Errorf("%s: events %q, want %q", c.name, got, c.want)
		}
		if got := describeChanges(t, whole); got != c.changes {
			t.Errorf("%s: changes %q, want %q", c.name, got, c.changes)
		}
		if c.ops[0].tag != tagLog && describeEvents(single) != c.want {
			t.Errorf("%s, in single batches: events %q", c.name, describeEvents(single))
		}
	}
}

func describeEvents(f *Fetch) string {
	var all []string
	for _, e := range f.Events() {
		text := e.Action.String() + " "
		if e.Table != KeyTable {
			text += e.Table.String() + " "
		}
		text += fmt.Sprintf("%s=%s", e.Key, e.Value)
		if e.Old != nil {
			text += fmt.Sprintf(" (%s)", e.Old)
		}
		all = append(all, text)
	}
	return strings.Join(all, ", ")
}

func describeChanges(t *testing.T, f *Fetch) string {
	var all []string
	err := f.Changes(func(table Table, key, value []byte, exists bool) error {
		text := string(key)
		if table != KeyTable {
			text = table.String() + " " + text
		}
		if exists {
			text += "=" + string(value)
		} else {
			text += " gone"
		}
		all = append(all, text)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return strings.Join(all, ", ")
}

// TestFetchRefuses lists what a fetch cannot follow (OM-F12, spec/om.md 5.3).
func TestFetchRefuses(t *testing.T) {
	for _, c := range []struct {
		name string
		op   op
		want error
	}{
		{"merge", op{tagFamilyMerge, 1, "k", "v"}, ErrUnsupportedOperation},
		{"range delete", op{tagRange, 1, "a", "z"}, ErrUnsupportedOperation},
		{"single delete", op{tagSingle, 1, "k", ""}, ErrUnsupportedOperation},
		{"unknown family", op{tagFamilyPut, 99, "k", "v"}, ErrUnknownFamily},
		{"default family", op{tagDefaultPut, 0, "k", "v"}, ErrUnknownFamily},
		{"unreadable old value", put("unreadable", "v"), errUnreadable},
	} {
		if err := NewFetch(families, rows{}).Add(batch(5, c.op)); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", c.name, err, c.want)
		}
	}
	var corrupt *CorruptRowError
	err := NewFetch(families, rows{}).Add(batch(5, op{tagFamilyPut, 6, TransactionInfoKey, "nonsense"}))
	if !errors.As(err, &corrupt) {
		t.Errorf("a transaction row of nonsense: %v", err)
	}
	if err := NewFetch(families, rows{}).Add(rocksdb.Batch("short")); !errors.Is(err, rocksdb.ErrCorrupt) {
		t.Errorf("a batch cut short: %v", err)
	}
}

// TestFetchContinuity: each batch begins where the one before ended (OM-5.3).
func TestFetchContinuity(t *testing.T) {
	f := NewFetch(families, rows{})
	if _, _, ok := f.Sequences(); ok {
		t.Error("an empty fetch has sequences")
	}
	for _, b := range []rocksdb.Batch{
		batch(10, put("a", "1"), op{tagFamilyPut, 6, TransactionInfoKey, "1#7"}),
		batch(12, put("b", "1"), op{tagFamilyPut, 6, TransactionInfoKey, "2#3"}),
	} {
		if err := f.Add(b); err != nil {
			t.Fatal(err)
		}
	}
	if first, last, ok := f.Sequences(); !ok || first != 10 || last != 13 {
		t.Errorf("sequences %d to %d, %v", first, last, ok)
	}
	if info, ok := f.TransactionInfo(); !ok || info != (TransactionInfo{Term: 2, Index: 3}) {
		t.Errorf("transaction %v %v", info, ok)
	}
	for _, start := range []uint64{13, 15, 10} {
		if err := f.Add(batch(start, put("c", "1"))); !errors.Is(err, ErrGap) {
			t.Errorf("a batch at %d after 13: %v", start, err)
		}
	}
}

// TestFetchApply writes what Changes tells.
func TestFetchApply(t *testing.T) {
	f := NewFetch(families, rows{"keyTable old": "0"})
	if err := f.Add(batch(1, put("k", "1"), del("old"))); err != nil {
		t.Fatal(err)
	}
	w := &recordingWriter{}
	if err := f.Apply(w); err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(w.calls, ", "); got != "put keyTable k=1, delete keyTable old" {
		t.Error(got)
	}
	w.fail = errUnreadable
	if err := f.Apply(w); !errors.Is(err, errUnreadable) {
		t.Errorf("a failed write: %v", err)
	}
}

type recordingWriter struct {
	calls []string
	fail  error
}

func (w *recordingWriter) Put(t Table, key, value []byte) error {
	w.calls = append(w.calls, fmt.Sprintf("put %s %s=%s", t, key, value))
	return w.fail
}

func (w *recordingWriter) Delete(t Table, key []byte) error {
	w.calls = append(w.calls, fmt.Sprintf("delete %s %s", t, key))
	return w.fail
}

func TestTables(t *testing.T) {
	all := Tables()
	if len(all) != 25 {
		t.Errorf("%d tables, want 25", len(all))
	}
	for _, table := range all {
		if back, ok := TableByName(table.String()); !ok || back != table {
			t.Errorf("%d %s: %v %v", table, table, back, ok)
		}
	}
	if _, ok := TableByName("default"); ok || Table(0).String() != "unknownTable" || Table(200).Kind() != KindBytes {
		t.Error("there is a table that is none")
	}
}
