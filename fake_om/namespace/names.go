package namespace

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Names are stem + suffix. All names of a directory or group share the stem,
// so their order is that of the suffixes, which is sorted once. The suffixes
// make names that are prefixes of each other and that go on with bytes below
// and above '_' (DEF-T13), and names whose order differs between UTF-8 and
// UTF-16 (DEF-T10). Every stem begins with a byte below 'd', see stems of
// directories.
var stems = [...]string{"Pre", "A_b", "_part", "Data", "a.b", "b", "C-1", "00"}

var oddSuffixes = []string{
	"", "1", "_", "_1", "-a", ".b", " c", "!", "A", "a", "~", "é", "日本", "Ａ",
	"😀", "0", "00", "Z", "=", "@x", "%20", `"q`, `\s`, "\x01c", "\x7fd",
	"e\u0301", "العربية", "👨‍👩‍👧", " ", "..", "...", ":", "\ufffd", "\t\n",
}

// objectSuffixes are more for names that may contain slashes.
var objectSuffixes = []string{"/", "//", "/x", "/x/", "//x", "/./y", "/é//z", "/😀/", "///"}

// suffixTable is a fixed list of suffixes and their byte order.
type suffixTable struct {
	bySlot  [maxKeysOfNode]string
	inOrder [maxKeysOfNode]uint8
}

var (
	componentNames = newSuffixTable(oddSuffixes)
	objectNames    = newSuffixTable(append(slices.Clone(objectSuffixes), oddSuffixes...))
)

func newSuffixTable(odd []string) *suffixTable {
	t := &suffixTable{}
	// Odd and ordinary suffixes alternate, so that small directories have both.
	for slot := range t.bySlot {
		if n := slot / 2; slot%2 == 0 && n < len(odd) {
			t.bySlot[slot] = odd[n]
		} else {
			t.bySlot[slot] = fmt.Sprintf("-%05d.dat", slot)
		}
		t.inOrder[slot] = uint8(slot)
	}
	slices.SortFunc(t.inOrder[:], func(a, b uint8) int {
		return strings.Compare(t.bySlot[a], t.bySlot[b])
	})
	return t
}

// directoryNames are names of siblings in the order of their paths, which is
// that of name + "/". All begin with a byte from 'd' on.
var directoryNames = [...][]string{
	siblings("dir", "dir1", "dir-1", "dir_x", "dir.d", "logs", "logs 2024", "é", "日本", "Ａ", "😀", "tmp", "x", "x!", "xA", "zz_"),
	siblings("day=01", "day=02", "day=03", "day=04", "day=05", "day=06", "day=07", "day=08", "day=09", "day=10", "day=11", "day=12", "day=13", "day=14", "day=15", "day=16"),
	siblings("p", "p0", "p00", "p1", "p_", "p-", "p.", "p~", "pA", "p p", "q", "q_q", "r", "s", "t", "u"),
	siblings("data", "datb", "e_1", "e_2", "f", "ff", "fff", "g%20", "h", "ß", "ü", "👩", "👩‍💻", "�", "ｚ", "~d"),
}

func siblings(names ...string) []string {
	slices.SortFunc(names, func(a, b string) int { return cmp.Compare(a+"/", b+"/") })
	return names
}

// sections are the beginnings of object names, in byte order, none a prefix of
// another; a group number of fixed width follows.
var sections = [...]string{
	"!bang/", "-dash", "/slash/first/", "0num/", "A_cap/", "_under_", "data//",
	"logs/2024/", "pre/", "~tilde", "é/", "日本/", "Ａ", "😀/",
}

// Volumes and buckets take these names first; later ones are numbered.
var (
	volumeNames = []string{"vol", "vol1", "vol-1", "vol_x", "data.lake"}
	bucketNames = []string{"bkt", "bkt1", "bkt-1", "bkt_x", "bkt.a", "archive"}
	owners      = [...]string{"hadoop", "s3user", "hive", "o"}
)

func numberedName(names []string, kind string, n int) string {
	if n < len(names) {
		return names[n]
	}
	return fmt.Sprintf("%s-%05d", kind, n)
}

// appendDigits appends n with leading zeros.
func appendDigits(dst []byte, n int64, width int) []byte {
	start := len(dst)
	for range width {
		dst = append(dst, '0')
	}
	for at := len(dst) - 1; at >= start; at-- {
		dst[at] = byte('0' + n%10)
		n /= 10
	}
	return dst
}

func digits(n int64) int {
	width := 1
	for ; n >= 10; n /= 10 {
		width++
	}
	return width
}
