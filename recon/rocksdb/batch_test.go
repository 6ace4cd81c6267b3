package rocksdb

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"testing"

	"pgregory.net/rapid"
)

// walkLines renders a batch's records, one line each.
func walkLines(t failer, b Batch) []string {
	var lines []string
	err := b.Walk(func(index int, sequence uint64, r Record) error {
		lines = append(lines, fmt.Sprintf("%d @%d %s cf%d %q %q", index, sequence, r.Kind, r.Family, r.Key, r.Value))
		return nil
	})
	requireNoError(t, err)
	return lines
}

// TestBatchTags walks every tag of spec/om.md 5.3 written out by hand.
func TestBatchTags(t *testing.T) {
	body := "" +
		"00" + "01" + "61" + // delete a
		"01" + "01" + "62" + "02" + "7676" + // put b=vv
		"02" + "01" + "63" + "01" + "6d" + // merge c+m
		"03" + "02" + "6e6f" + // log data "no"
		"04" + "05" + "01" + "64" + // family 5 delete d
		"05" + "8001" + "01" + "65" + "00" + // family 128 put e=""
		"06" + "06" + "01" + "66" + "01" + "6d" + // family 6 merge f+m
		"0d" + // no-op
		"07" + "01" + "67" + // single delete g
		"08" + "07" + "01" + "68" + // family 7 single delete h
		"0e" + "08" + "01" + "69" + "01" + "6a" + // family 8 range delete i..j
		"0f" + "01" + "6b" + "01" + "6c" // range delete k..l
	raw, err := hex.DecodeString(body)
	requireNoError(t, err)
	b := binary.LittleEndian.AppendUint64(nil, 100)
	b = binary.LittleEndian.AppendUint32(b, 10)
	b = append(b, raw...)

	start, count, err := Batch(b).Header()
	requireNoError(t, err)
	requireEqual(t, uint64(100), start)
	requireEqual(t, uint32(10), count)
	requireEqual(t, []string{
		`0 @100 delete cf0 "a" ""`,
		`1 @101 put cf0 "b" "vv"`,
		`2 @102 merge cf0 "c" "m"`,
		`3 @103 log data cf0 "" "no"`,
		`4 @103 delete cf5 "d" ""`,
		`5 @104 put cf128 "e" ""`,
		`6 @105 merge cf6 "f" "m"`,
		`7 @106 single delete cf0 "g" ""`,
		`8 @107 single delete cf7 "h" ""`,
		`9 @108 range delete cf8 "i" "j"`,
		`10 @109 range delete cf0 "k" "l"`,
	}, walkLines(t, b))
}

// TestBatchDamage proves that a damaged batch hands out no record at all (OM-H12:
// a bad batch must not be half applied).
func TestBatchDamage(t *testing.T) {
	var builder BatchBuilder
	builder.Reset(7)
	builder.Put(3, []byte("key"), []byte("value"))
	builder.Delete(0, []byte("gone"))
	good := builder.Bytes()
	with := func(change func(b []byte) []byte) Batch { return change(bytes.Clone(good)) }

	for _, tc := range []struct {
		name string
		b    Batch
		want string
	}{
		{"empty", nil, "its header alone has 12"},
		{"header cut", good[:11], "its header alone has 12"},
		{"count too high", with(func(b []byte) []byte { b[8]++; return b }), "header counts 3 operations, 2 found"},
		{"count too low", with(func(b []byte) []byte { b[8]--; return b }), "header counts 1 operations, 2 found"},
		{"sequence beyond 56 bits", with(func(b []byte) []byte { b[7] = 1; return b }), "exceeds 56 bits"},
		{"unknown tag", with(func(b []byte) []byte { b[12] = 0x42; return b }), "unknown tag 0x42 at offset 12"},
		{"prepare tag", with(func(b []byte) []byte { b[12] = 0x9; return b }), "unknown tag 0x9 at offset 12"},
		{"length past the end", with(func(b []byte) []byte { b[14] = 0x7f; return b }), "bad length at offset 14"},
		{"length of 2^64-1", append(with(func(b []byte) []byte { return b[:14] }),
			0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01), "bad length at offset 14"},
		{"cut in a record", good[:len(good)-1], "cut short"},
		{"cut between records", good[:len(good)-6], "header counts 2 operations, 1 found"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			calls := 0
			err := tc.b.Walk(func(int, uint64, Record) error { calls++; return nil })
			requireError(t, err, ErrCorrupt, tc.want)
			requireEqual(t, 0, calls)
		})
	}
}

func TestBatchWalkStopsAtCallersError(t *testing.T) {
	var builder BatchBuilder
	builder.Put(1, []byte("a"), nil)
	builder.Put(1, []byte("b"), nil)
	mine := errors.New("mine")
	calls := 0
	err := builder.Bytes().Walk(func(int, uint64, Record) error { calls++; return mine })
	requireEqual(t, mine, err)
	requireEqual(t, 1, calls)
}

func TestBatchBuilderReusesItsBuffer(t *testing.T) {
	var builder BatchBuilder
	key, value := []byte("some key"), bytes.Repeat([]byte("v"), 100)
	fill := func() {
		builder.Reset(9)
		for range 10 {
			builder.Put(4, key, value)
		}
		if err := builder.Bytes().Verify(); err != nil {
			t.Fatal(err)
		}
	}
	fill()
	requireEqual(t, 0.0, testing.AllocsPerRun(100, fill))
}

// TestBatchRoundTrip: what the builder writes, Walk reads.
func TestBatchRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var builder BatchBuilder
		start := rapid.Uint64Range(0, MaxSequence-1000).Draw(t, "start")
		builder.Reset(start)
		var want []string
		sequence, kinds := start, []Kind{KindDelete, KindPut, KindMerge, KindLogData, KindSingleDelete, KindRangeDelete}
		for i := range rapid.IntRange(0, 40).Draw(t, "records") {
			r := Record{
				Kind:   rapid.SampledFrom(kinds).Draw(t, "kind"),
				Family: rapid.SampledFrom([]uint32{0, 1, 22, 127, 128, 1 << 31}).Draw(t, "family"),
				Key:    rapid.SliceOfN(rapid.Byte(), 0, 300).Draw(t, "key"),
				Value:  rapid.SliceOfN(rapid.Byte(), 0, 300).Draw(t, "value"),
			}
			switch r.Kind {
			case KindDelete:
				builder.Delete(r.Family, r.Key)
				r.Value = nil
			case KindSingleDelete:
				builder.SingleDelete(r.Family, r.Key)
				r.Value = nil
			case KindPut:
				builder.Put(r.Family, r.Key, r.Value)
			case KindMerge:
				builder.Merge(r.Family, r.Key, r.Value)
			case KindRangeDelete:
				builder.RangeDelete(r.Family, r.Key, r.Value)
			case KindLogData:
				builder.LogData(r.Value)
				r.Family, r.Key = 0, nil
			}
			want = append(want, fmt.Sprintf("%d @%d %s cf%d %q %q", i, sequence, r.Kind, r.Family, r.Key, r.Value))
			if r.Kind != KindLogData {
				sequence++
			}
		}
		gotStart, count, err := builder.Bytes().Header()
		requireNoError(t, err)
		requireEqual(t, start, gotStart)
		requireEqual(t, sequence-start, uint64(count))
		requireEqual(t, builder.Count(), count)
		requireEqual(t, want, walkLines(t, builder.Bytes()))
	})
}

func FuzzBatchWalk(f *testing.F) {
	var builder BatchBuilder
	f.Add([]byte{})
	f.Add([]byte(bytes.Clone(builder.Bytes())))
	builder.Put(3, []byte("key"), []byte("value"))
	builder.Delete(0, []byte("gone"))
	builder.LogData([]byte("note"))
	builder.SingleDelete(200, []byte("once"))
	builder.RangeDelete(0, []byte("a"), []byte("b"))
	f.Add([]byte(bytes.Clone(builder.Bytes())))
	f.Fuzz(func(t *testing.T, data []byte) {
		var total int
		err := Batch(data).Walk(func(_ int, _ uint64, r Record) error {
			total += 1 + len(r.Key) + len(r.Value)
			return nil
		})
		if err != nil && !errors.Is(err, ErrCorrupt) {
			t.Fatalf("error of an unknown sort: %v", err)
		}
		if err != nil && total != 0 {
			t.Fatalf("records of a damaged batch were handed out: %v", err)
		}
		if total > len(data) {
			t.Fatalf("%d bytes of records from %d bytes", total, len(data))
		}
	})
}
