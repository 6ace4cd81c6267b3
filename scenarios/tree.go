package scenarios

import (
	"fmt"
	"strconv"
)

type nodeKind int

const (
	scalar nodeKind = iota
	mapping
	sequence
	// unreadable stands where a problem was found while the tree was made.
	unreadable
)

// node is a YAML value with its place, free of the YAML library.
type node struct {
	kind nodeKind
	// text and tag are a scalar's; tag is str, int, float, bool or null.
	text, tag string
	// quoted is true if a scalar stood in quotes; block if it is a text over
	// several lines.
	quoted, block bool
	line, column  int
	// comment stands before a mapping, without its "#".
	comment string
	// keys are a mapping's; items its values or a sequence's items.
	keys, items []*node
	// flow asks for one line when the node is written.
	flow bool
}

func (n *node) describe() string {
	switch n.kind {
	case mapping:
		return "a mapping"
	case sequence:
		return "a list"
	case unreadable:
		return "something else"
	}
	switch n.tag {
	case "null":
		return "nothing"
	case "str":
		return strconv.Quote(clip(n.text))
	}
	return fmt.Sprintf("the %s %s", n.tag, clip(n.text))
}

// innerColumn is the column of the file for a column of a scalar's text. In a
// text over several lines only its beginning is known.
func (n *node) innerColumn(column int) int {
	if n.block {
		return n.column
	}
	if n.quoted {
		column++
	}
	return n.column + column - 1
}

func (n *node) put(key string, value *node) {
	n.keys = append(n.keys, stringNode(key))
	n.items = append(n.items, value)
}

func stringNode(s string) *node { return &node{kind: scalar, tag: "str", text: s} }
func intNode(i int64) *node {
	return &node{kind: scalar, tag: "int", text: strconv.FormatInt(i, 10)}
}
