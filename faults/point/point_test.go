package point

import (
	"go/ast"
	"go/parser"
	"go/token"
	"testing"
)

// TestCatalogueIsWhole reads the constants from the source and proves that
// each has a name, a sentence and a comment, and that no two share a name.
func TestCatalogueIsWhole(t *testing.T) {
	file, err := parser.ParseFile(token.NewFileSet(), "catalogue.go", nil, parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	constants := 0
	for _, decl := range file.Decls {
		gen, ok := decl.(*ast.GenDecl)
		if !ok || gen.Tok != token.CONST {
			continue
		}
		for _, spec := range gen.Specs {
			value := spec.(*ast.ValueSpec)
			constants += len(value.Names)
			if value.Doc == nil {
				t.Errorf("%s has no comment saying when it fires and what recovery must guarantee", value.Names[0].Name)
			}
		}
	}
	if constants != len(catalogue) {
		t.Fatalf("%d constants but %d catalogue entries", constants, len(catalogue))
	}
	seen := map[string]bool{}
	for _, p := range All() {
		if p.String() == "" || p.About() == "" || seen[p.String()] {
			t.Errorf("point %d: name %q, about %q: missing or repeated", p, p, p.About())
		}
		seen[p.String()] = true
		if back, ok := Parse(p.String()); !ok || back != p {
			t.Errorf("Parse(%q) = %v, %v", p.String(), back, ok)
		}
	}
	if len(seen) != constants-1 {
		t.Errorf("All lists %d of %d points", len(seen), constants-1)
	}
}
