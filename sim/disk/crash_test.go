package disk_test

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/cockroachdb/datadriven"
	"github.com/cockroachdb/pebble/v2/vfs"

	"reconsim/recon/env"
	"reconsim/sim/disk"
)

// TestCrashes runs testdata/crash (D7). A do block has one operation a line on
// a disk that lasts through the file; new starts another. crash prints the
// images of the policies after the last operation, or after op:
//
//	crash [op=N] [policies=(a, b 1)] [seed=N] [without=KIND]
func TestCrashes(t *testing.T) {
	datadriven.Walk(t, "testdata/crash", func(t *testing.T, path string) {
		y := disk.New(disk.Options{Record: true})
		datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string {
			switch d.Cmd {
			case "new":
				y = disk.New(disk.Options{Record: true})
				return ""
			case "do":
				return script(t, y, d.Input)
			case "crash":
				return crashes(t, y.Log(), d)
			case "pending":
				var out strings.Builder
				for _, op := range y.Log().Pending(y.Operations()) {
					fmt.Fprintf(&out, "%d %s %s\n", op.Number, op.Kind, op.Path)
				}
				return out.String()
			default:
				return d.Cmd + " is not known"
			}
		})
	})
}

// script does operations and tells what was logged.
func script(t *testing.T, y *disk.FS, lines string) string {
	var out strings.Builder
	for line := range strings.Lines(lines) {
		before := y.Operations()
		if err := do(y, strings.Fields(line)); err != nil {
			fmt.Fprintf(&out, "error: %v\n", err)
		}
		for n := before + 1; n <= y.Operations(); n++ {
			op := y.Log().Op(n)
			op.Hash = 0
			fmt.Fprintf(&out, "%d %s\n", n, strings.TrimSuffix(op.String(), ", 0000000000000000"))
		}
	}
	return out.String()
}

// do does one operation; a written text may be repeated, as in ab*300.
func do(y *disk.FS, words []string) error {
	number := func(i int) int64 { n, _ := strconv.ParseInt(words[i], 10, 64); return n }
	onFile := func(op func(vfs.File) error) error {
		f, err := y.OpenReadWrite(words[1], category)
		if err != nil {
			return err
		}
		return errors.Join(op(f), f.Close())
	}
	switch words[0] {
	case "create":
		f, err := y.Create(words[1], category)
		if err != nil {
			return err
		}
		return f.Close()
	case "write":
		text, times, _ := strings.Cut(words[3], "*")
		n, _ := strconv.Atoi(times)
		return onFile(func(f vfs.File) error {
			_, err := f.WriteAt([]byte(strings.Repeat(text, max(n, 1))), number(2))
			return err
		})
	case "append":
		info, err := y.Stat(words[1])
		if err != nil {
			return err
		}
		return do(y, []string{"write", words[1], strconv.FormatInt(info.Size(), 10), words[2]})
	case "truncate":
		return onFile(func(f vfs.File) error { return f.(truncater).Truncate(number(2)) })
	case "sync":
		return onFile(vfs.File.Sync)
	case "drop":
		return onFile(func(f vfs.File) error { return f.(interface{ DropDirty() error }).DropDirty() })
	case "sync-dir":
		return env.SyncDir(y, words[1])
	case "mkdir":
		return y.MkdirAll(words[1], 0o755)
	case "link":
		return y.Link(words[1], words[2])
	case "rename":
		return y.Rename(words[1], words[2])
	case "remove":
		return y.Remove(words[1])
	case "remove-all":
		return y.RemoveAll(words[1])
	case "flip":
		return y.FlipBit(words[1], number(2))
	}
	return fmt.Errorf("%s is not known", words[0])
}

func crashes(t *testing.T, log *disk.Log, d *datadriven.TestData) string {
	op, seed, policies := log.Len(), uint64(0), disk.AllPolicies()
	for _, arg := range d.CmdArgs {
		var err error
		switch arg.Key {
		case "op":
			op, err = strconv.Atoi(arg.Vals[0])
		case "seed":
			seed, err = strconv.ParseUint(arg.Vals[0], 10, 64)
		case "policies":
			policies, err = disk.ParsePolicies(strings.Join(arg.Vals, ","))
		case "without":
			log = log.Without(func(op disk.Op) bool { return op.Kind.String() == arg.Vals[0] })
		default:
			err = fmt.Errorf("%s is not known", arg.Key)
		}
		if err != nil {
			return err.Error()
		}
	}
	var out strings.Builder
	for crash := range log.Crashes(op, policies, seed) {
		fmt.Fprintf(&out, "%s: %s", crash.Policy, show(crash.Image.FS(disk.Options{}), "/"))
		if len(crash.Lost) > 0 {
			fmt.Fprintf(&out, "; lost %s", list(crash.Lost))
		}
		if len(crash.Cut) > 0 {
			fmt.Fprintf(&out, "; cut %s", list(crash.Cut))
		}
		out.WriteString("\n")
		again, err := log.Image(op, crash.Policy, seed)
		if err != nil || again.Hash() != crash.Image.Hash() {
			t.Errorf("%s cannot be made again: %v", crash, err)
		}
	}
	return out.String()
}

func list(numbers []int) string { return strings.Trim(fmt.Sprint(numbers), "[]") }

// show prints a tree as f="content" and d/(...).
func show(y *disk.FS, dir string) string {
	var parts []string
	names, err := y.List(dir)
	if err != nil {
		return err.Error()
	}
	for _, name := range names {
		path := y.PathJoin(dir, name)
		info, err := y.Stat(path)
		switch {
		case err != nil:
			parts = append(parts, err.Error())
		case info.IsDir():
			parts = append(parts, name+"/("+show(y, path)+")")
		default:
			parts = append(parts, name+"="+runs(get(y, path)))
		}
	}
	if dir == "/" && len(parts) == 0 {
		return "nothing"
	}
	return strings.Join(parts, " ")
}

// runs prints a text, the same byte more than 8 times in a row as its count.
func runs(text string) string {
	var out []string
	for len(text) > 0 {
		n := 1
		for n < len(text) && text[n] == text[0] {
			n++
		}
		if n > 8 {
			out = append(out, fmt.Sprintf("%q*%d", text[:1], n))
			text = text[n:]
			continue
		}
		if len(out) > 0 && !strings.Contains(out[len(out)-1], "*") {
			last, _ := strconv.Unquote(out[len(out)-1])
			out[len(out)-1] = strconv.Quote(last + text[:n])
		} else {
			out = append(out, strconv.Quote(text[:n]))
		}
		text = text[n:]
	}
	if len(out) == 0 {
		return `""`
	}
	return strings.Join(out, "+")
}

// TestPromises proves that an image which an acknowledgement makes bad is given
// again after it, and only then.
func TestPromises(t *testing.T) {
	y := disk.New(disk.Options{Record: true})
	for _, line := range []string{"create /f", "sync-dir /", "write /f 0 a", "sync /f"} {
		if err := do(y, strings.Fields(line)); err != nil {
			t.Fatal(err)
		}
	}
	log := y.Log().Without(func(op disk.Op) bool { return op.Kind == disk.Sync })
	places := func(promises ...int) (ops []int) {
		for crash := range log.Explore(disk.Exploration{Last: log.Len(), Policies: []disk.Policy{disk.Synced}, Promises: promises}) {
			ops = append(ops, crash.Op)
		}
		return ops
	}
	if got := places(); !slices.Equal(got, []int{0, 2}) {
		t.Errorf("without promises the images are at %v", got)
	}
	if got := places(3, 4); !slices.Equal(got, []int{0, 2, 3, 4}) {
		t.Errorf("with promises the images are at %v", got)
	}
}

// TestPolicyNames proves that String prints what ParsePolicy reads.
func TestPolicyNames(t *testing.T) {
	for _, p := range append(disk.AllPolicies(), disk.Prefix.Member(0), disk.Torn.Member(3), disk.Exhaustive.Member(1<<62)) {
		if got, err := disk.ParsePolicy(p.String()); err != nil || got != p {
			t.Errorf("%s is read as %v, %v", p, got, err)
		}
	}
	for text, want := range map[string]string{
		"":                              "is not known",
		"sync":                          "use one of synced, all, data",
		"all 1":                         "takes a number",
		"prefix -1":                     "takes a number",
		"prefix 1 2":                    "takes a number",
		"synced,, all":                  "is not known",
		"prefix 9999999999999999999999": "takes a number",
	} {
		if _, err := disk.ParsePolicies(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v", text, err)
		}
	}
	log := disk.New(disk.Options{Record: true}).Log()
	for _, bad := range []error{
		func() error { _, err := log.Image(1, disk.All, 0); return err }(),
		func() error { _, err := log.Image(0, disk.Prefix, 0); return err }(),
		func() error { _, err := log.Image(0, disk.Prefix.Member(1), 0); return err }(),
		func() error { _, err := log.Image(0, disk.Metadata.Member(1), 0); return err }(),
		func() error { _, err := log.Image(0, disk.Torn.Member(1), 0); return err }(),
	} {
		if bad == nil {
			t.Error("an image that there is not was made")
		}
	}
}

func FuzzPolicy(f *testing.F) {
	for _, p := range disk.AllPolicies() {
		f.Add(p.String())
	}
	f.Add("prefix 12, torn 3")
	f.Fuzz(func(t *testing.T, text string) {
		policies, err := disk.ParsePolicies(text)
		if err != nil {
			return
		}
		for _, p := range policies {
			if again, err := disk.ParsePolicy(p.String()); err != nil || again != p {
				t.Errorf("%q is printed as %s and read as %s, %v", text, p, again, err)
			}
		}
	})
}
