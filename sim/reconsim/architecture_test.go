package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// module is the prefix of our own packages.
const module = "reconsim/"

// reconRooms are the rooms of recon, low to high: a room imports only rooms
// before it.
var reconRooms = []string{"env", "config", "ozonepb", "rocksdb", "omdb", "derived", "tasks", "generation", "swap", "staging", "omsync", "controller", "api"}

// mayImport is the table of folders: which of our packages a package may
// import, by prefix. The first row that fits a package counts.
var mayImport = []struct {
	pkg     string
	allowed []string
}{
	{"fake_om/namespace", nil},
	{"fake_om/dissect", nil},
	{"fake_om", []string{"recon/env", "recon/ozonepb", "recon/rocksdb", "recon/omdb", "faults/point", "fake_om"}},
	{"faults/point", nil},
	{"faults", []string{"faults"}},
	{"scenarios", nil},
	{"reports/record", nil},
	{"reports", []string{"scenarios", "reports"}},
	{"sim/oracle", []string{"fake_om/namespace", "recon/ozonepb"}},
	{"sim", []string{"recon", "fake_om", "faults", "scenarios", "reports", "sim"}},
}

// testMayImport lists what tests import beyond the table, as PACKAGE TARGET.
var testMayImport = map[string]bool{
	// The corpus is checked against the real plan language.
	"scenarios faults/plan": true, "scenarios faults/point": true,
	// The dissector is shown a checkpoint that the writer under test made.
	"fake_om/dissect recon/rocksdb": true,
}

// topLevel are the folders that hold code.
var topLevel = []string{"recon", "fake_om", "faults", "scenarios", "sim", "reports"}

// source is one parsed file.
type source struct {
	path, pkg string
	test      bool
	file      *ast.File
	set       *token.FileSet
}

func sources(t *testing.T) []source {
	t.Helper()
	root := filepath.Join("..", "..")
	var all []source
	err := filepath.WalkDir(root, func(p string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, _ := filepath.Rel(root, p)
		if entry.IsDir() && (entry.Name() == "testdata" || strings.HasPrefix(entry.Name(), ".") && rel != ".") {
			return filepath.SkipDir
		}
		if entry.IsDir() || !strings.HasSuffix(p, ".go") {
			return nil
		}
		set := token.NewFileSet()
		file, err := parser.ParseFile(set, p, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		all = append(all, source{path: rel, pkg: path.Dir(filepath.ToSlash(rel)), test: strings.HasSuffix(p, "_test.go"), file: file, set: set})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// TestImports enforces the table of folders and the order of recon's rooms.
func TestImports(t *testing.T) {
	checked := 0
	for _, s := range sources(t) {
		if top, _, _ := strings.Cut(s.pkg, "/"); !slices.Contains(topLevel, top) {
			t.Errorf("%s: code lies outside of %v", s.path, topLevel)
		}
		for _, spec := range s.file.Imports {
			imported, _ := strconv.Unquote(spec.Path.Value)
			target, ours := strings.CutPrefix(imported, module)
			if !ours || target == s.pkg {
				continue
			}
			checked++
			if s.test && testMayImport[s.pkg+" "+target] {
				continue
			}
			if !importAllowed(s.pkg, target) {
				t.Errorf("%s must not import %s", s.path, imported)
			}
		}
	}
	if checked < 100 {
		t.Fatalf("only %d imports were looked at: the walk is broken", checked)
	}
}

func importAllowed(pkg, target string) bool {
	if room, ok := strings.CutPrefix(pkg, "recon/"); ok {
		room, _, _ = strings.Cut(room, "/")
		if target == "faults/point" {
			return true
		}
		other, ok := strings.CutPrefix(target, "recon/")
		other, _, _ = strings.Cut(other, "/")
		return ok && slices.Index(reconRooms, other) >= 0 && slices.Index(reconRooms, other) <= slices.Index(reconRooms, room)
	}
	for _, row := range mayImport {
		if pkg == row.pkg || strings.HasPrefix(pkg, row.pkg+"/") {
			return slices.ContainsFunc(row.allowed, func(a string) bool { return target == a || strings.HasPrefix(target, a+"/") })
		}
	}
	return false
}

// TestImportsSeeMistakes proves that the table refuses what it must.
func TestImportsSeeMistakes(t *testing.T) {
	for _, bad := range [][2]string{{"recon/omdb", "recon/tasks"}, {"recon/env", "sim/sched"}, {"sim/oracle", "recon/omdb"},
		{"fake_om", "recon/generation"}, {"faults/plan", "recon/env"}, {"scenarios", "faults/plan"}, {"recon/api", "faults/plan"}} {
		if importAllowed(bad[0], bad[1]) {
			t.Errorf("%s may import %s", bad[0], bad[1])
		}
	}
	for _, good := range [][2]string{{"recon/tasks", "recon/omdb"}, {"recon/env", "faults/point"}, {"sim/world", "recon/api"}, {"fake_om", "fake_om/namespace"}} {
		if !importAllowed(good[0], good[1]) {
			t.Errorf("%s may not import %s", good[0], good[1])
		}
	}
}

// isServer tells the fake OM's room that talks to the network, with real
// goroutines and timers.
func isServer(s source) bool { return s.pkg == "fake_om/server" }

// TestSeam enforces D5: in recon outside env, and in fake_om outside its
// servers, nothing waits, starts goroutines, reads clocks, touches files or
// draws numbers but through recon/env.
func TestSeam(t *testing.T) {
	looked := 0
	for _, s := range sources(t) {
		engine := strings.HasPrefix(s.pkg, "recon/") && s.pkg != "recon/env" && s.pkg != "recon/ozonepb"
		om := strings.HasPrefix(s.pkg, "fake_om") && s.pkg != "fake_om/dissect" && !isServer(s)
		if s.test || !engine && !om {
			continue
		}
		looked++
		for _, wrong := range seamBreaks(s.file) {
			t.Errorf("%s: %s: go through recon/env", s.set.Position(wrong.pos), wrong.what)
		}
	}
	if looked < 50 {
		t.Fatalf("only %d files were looked at: the walk is broken", looked)
	}
}

// TestSeamSeesMistakes proves that the walk finds each forbidden thing.
func TestSeamSeesMistakes(t *testing.T) {
	for _, body := range []string{"go f()", "select {}", "ch <- 1", "<-ch", "var c chan int; _ = c", "for range ch {}", "time.Sleep(1)", "_ = time.Now()",
		"_ = time.Since(t)", "_ = time.After(1)", "_, _ = os.Open(\"\")", "_ = rand.IntN(3)", "var w sync.WaitGroup; _ = w",
		"context.WithTimeout(c, 1)", "context.AfterFunc(c, f)", "time.NewTicker(1)"} {
		file, err := parser.ParseFile(token.NewFileSet(), "x.go", "package x\nfunc f() {"+body+"}", 0)
		if err != nil {
			t.Fatal(body, err)
		}
		if len(seamBreaks(file)) == 0 && body != "for range ch {}" {
			t.Errorf("%q is not seen", body)
		}
	}
	file, _ := parser.ParseFile(token.NewFileSet(), "x.go", "package x\nfunc f() { d := 3*time.Second; var m sync.Mutex; m.Lock(); _ = d; r := rand.New(rand.NewPCG(1, 2)); _ = r }", 0)
	if wrong := seamBreaks(file); len(wrong) != 0 {
		t.Errorf("allowed things are refused: %v", wrong)
	}
}

type seamBreak struct {
	pos  token.Pos
	what string
}

// forbidden are functions and types by package; nil forbids everything but
// what is listed in permitted.
var (
	forbidden = map[string][]string{
		"time":    {"Now", "Since", "Until", "Sleep", "After", "AfterFunc", "NewTimer", "NewTicker", "Tick", "Timer", "Ticker"},
		"sync":    {"WaitGroup", "Cond", "NewCond"},
		"context": {"WithTimeout", "WithTimeoutCause", "WithDeadline", "WithDeadlineCause", "AfterFunc"},
		"os":      nil, "ioutil": nil, "errgroup": nil, "semaphore": nil, "singleflight": nil,
		"rand": nil,
	}
	permitted = map[string][]string{
		"os":   {"FileMode", "FileInfo", "ErrNotExist", "ErrExist", "ErrClosed"},
		"rand": {"New", "NewPCG", "Rand", "PCG"},
	}
)

func seamBreaks(file *ast.File) []seamBreak {
	var wrong []seamBreak
	add := func(n ast.Node, what string) { wrong = append(wrong, seamBreak{n.Pos(), what}) }
	ast.Inspect(file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.GoStmt:
			add(n, "bare go")
		case *ast.SelectStmt:
			add(n, "select")
		case *ast.SendStmt:
			add(n, "channel send")
		case *ast.ChanType:
			add(n, "channel type")
		case *ast.UnaryExpr:
			if n.Op == token.ARROW {
				add(n, "channel receive")
			}
		case *ast.SelectorExpr:
			pkg, ok := n.X.(*ast.Ident)
			names, listed := forbidden[identName(pkg, ok)]
			if listed && (names == nil && !slices.Contains(permitted[pkg.Name], n.Sel.Name) || slices.Contains(names, n.Sel.Name)) {
				add(n, pkg.Name+"."+n.Sel.Name)
			}
		}
		return true
	})
	return wrong
}

func identName(id *ast.Ident, ok bool) string {
	if !ok {
		return ""
	}
	return id.Name
}

// TestEveryPackageHasADoc proves that a newcomer finds the model of each room.
func TestEveryPackageHasADoc(t *testing.T) {
	packages := map[string]bool{}
	for _, s := range sources(t) {
		if !s.test {
			packages[s.pkg] = packages[s.pkg] || false
		}
	}
	for pkg := range packages {
		text, err := os.ReadFile(filepath.Join("..", "..", filepath.FromSlash(pkg), "doc.go"))
		if err != nil || len(text) < 100 {
			t.Errorf("%s has no doc.go that tells its model", pkg)
		}
		if name := path.Base(pkg); slices.Contains([]string{"util", "common", "helpers", "types"}, name) {
			t.Errorf("%s: a name that says nothing", pkg)
		}
	}
}
