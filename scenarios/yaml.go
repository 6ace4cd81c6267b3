package scenarios

// This is the one file that touches the YAML library, which is young: what it
// reads becomes our own tree, and our own tree is what it writes.

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v4"
	"go.yaml.in/yaml/v4/plugin/loaderlimits"
)

// Bounds on files.
const (
	maxFileBytes = 1 << 20
	maxDepth     = 16
)

// parseYAML reads exactly one document. Problems carry no file name yet.
func parseYAML(text []byte) (*node, []Problem) {
	whole := func(format string, args ...any) []Problem {
		return []Problem{{Line: 1, Column: 1, Message: fmt.Sprintf(format, args...)}}
	}
	switch {
	case len(text) > maxFileBytes:
		return nil, whole("the file has %d bytes, a scenario may have at most %d", len(text), maxFileBytes)
	case len(bytes.TrimSpace(text)) == 0:
		return nil, whole("the file is empty; a scenario begins with \"name:\"")
	case !utf8.Valid(text) || bytes.IndexByte(text, 0) >= 0:
		return nil, whole("the file is not text (UTF-8); a scenario is a YAML file")
	}
	if problems := tooDeep(text); problems != nil {
		return nil, problems
	}
	loader, err := yaml.NewLoader(bytes.NewReader(text),
		yaml.WithPlugin(loaderlimits.New(loaderlimits.DepthValue(4*maxDepth))))
	if err != nil {
		return nil, whole("the YAML reader does not start: %v", err)
	}
	var document yaml.Node
	if err := loader.Load(&document); errors.Is(err, io.EOF) {
		return nil, whole("the file has only comments; a scenario begins with \"name:\"")
	} else if err != nil {
		return nil, yamlProblems(err)
	}
	var second yaml.Node
	if err := loader.Load(&second); err == nil {
		return nil, whole("the file has more than one document; a scenario is one file, remove the \"---\"")
	} else if !errors.Is(err, io.EOF) {
		return nil, yamlProblems(err)
	}
	root := &document
	if root.Kind == yaml.DocumentNode && len(root.Content) == 1 {
		root = root.Content[0]
	}
	c := converter{}
	tree := c.convert(root, 0)
	tree.comment = commentOf(document.HeadComment, tree.comment)
	return tree, c.problems
}

// tooDeep refuses endless flow nesting before the parser sees it.
func tooDeep(text []byte) []Problem {
	line, column, run := 1, 0, 0
	for _, b := range text {
		column++
		switch b {
		case '\n':
			line, column = line+1, 0
		case '[', '{':
			run++
			if run > maxDepth {
				return []Problem{{Line: line, Column: column, Message: fmt.Sprintf("nested deeper than %d", maxDepth)}}
			}
		case ' ', '\t', '\r':
		default:
			run = 0
		}
	}
	return nil
}

func yamlProblems(err error) []Problem {
	var list *yaml.LoadErrors
	var one *yaml.LoadError
	var problems []Problem
	add := func(e *yaml.LoadError) {
		message := "not valid YAML: " + clip(e.Message)
		if strings.Contains(e.Message, "mapping values are not allowed") {
			message += "; put a text that contains \": \", such as a rule, in quotes"
		}
		problems = append(problems, Problem{Line: max(e.Mark.Line, 1), Column: max(e.Mark.Column, 1), Message: message})
	}
	switch {
	case errors.As(err, &list):
		for _, e := range list.Errors {
			add(e)
		}
	case errors.As(err, &one):
		add(one)
	}
	if problems == nil {
		problems = []Problem{{Line: 1, Column: 1, Message: "not valid YAML: " + clip(err.Error())}}
	}
	return problems
}

// converter turns the library's nodes into ours.
type converter struct{ problems []Problem }

func (c *converter) fail(n *yaml.Node, format string, args ...any) *node {
	c.problems = append(c.problems, Problem{Line: max(n.Line, 1), Column: max(n.Column, 1), Message: fmt.Sprintf(format, args...)})
	return &node{kind: unreadable, line: n.Line, column: n.Column}
}

func (c *converter) convert(n *yaml.Node, depth int) *node {
	if depth > maxDepth {
		return c.fail(n, "nested deeper than %d", maxDepth)
	}
	if n.Anchor != "" || n.Kind == yaml.AliasNode {
		return c.fail(n, "anchors and aliases are not allowed in a scenario; write the value where it is meant")
	}
	out := &node{line: n.Line, column: n.Column}
	switch n.Kind {
	case yaml.ScalarNode:
		out.tag = strings.TrimPrefix(n.ShortTag(), "!!")
		out.text = n.Value
		out.quoted = n.Style&(yaml.DoubleQuotedStyle|yaml.SingleQuotedStyle) != 0
		out.block = n.Style&(yaml.LiteralStyle|yaml.FoldedStyle) != 0
	case yaml.SequenceNode:
		out.kind = sequence
		for _, item := range n.Content {
			out.items = append(out.items, c.convert(item, depth+1))
		}
	case yaml.MappingNode:
		out.kind = mapping
		out.comment = commentOf(n.HeadComment)
		if len(n.Content) > 0 {
			out.comment = commentOf(n.HeadComment, n.Content[0].HeadComment)
		}
		c.fields(n, out, depth)
	default:
		return c.fail(n, "this is neither a value, a list nor a mapping")
	}
	return out
}

func (c *converter) fields(n *yaml.Node, out *node, depth int) {
	first := map[string]int{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key := n.Content[i]
		if key.Kind != yaml.ScalarNode || key.ShortTag() == "!!merge" {
			c.fail(key, "a name is expected before the colon")
			continue
		}
		if line, again := first[key.Value]; again {
			c.fail(key, "%q comes a second time, it was given in line %d", clip(key.Value), line)
			continue
		}
		first[key.Value] = key.Line
		out.keys = append(out.keys, c.convert(key, depth+1))
		out.items = append(out.items, c.convert(n.Content[i+1], depth+1))
	}
}

// commentOf joins comments, each of one or more lines that begin with "#".
func commentOf(texts ...string) string {
	var lines []string
	for _, text := range texts {
		for _, line := range strings.Split(text, "\n") {
			if line = strings.TrimSpace(strings.TrimLeft(strings.TrimSpace(line), "#")); line != "" {
				lines = append(lines, line)
			}
		}
	}
	return strings.Join(lines, "\n")
}

// commentText is the reverse of commentOf.
func commentText(comment string) string {
	var lines []string
	for _, line := range strings.Split(comment, "\n") {
		if line = strings.TrimSpace(line); line != "" {
			lines = append(lines, "# "+line)
		}
	}
	return strings.Join(lines, "\n")
}

// writeYAML writes a mapping, with an empty line between its fields.
func writeYAML(root *node) ([]byte, error) {
	var out bytes.Buffer
	if comment := commentText(root.comment); comment != "" {
		out.WriteString(comment + "\n")
	}
	for i, key := range root.keys {
		if i > 0 && (root.items[i].kind != scalar && !root.items[i].flow || root.items[i].block) {
			out.WriteByte('\n')
		}
		one := &node{kind: mapping, keys: []*node{key}, items: []*node{root.items[i]}}
		text, err := yaml.Dump(toYAML(one), yaml.WithIndent(2), yaml.WithLineWidth(100), yaml.WithCompactSeqIndent(false))
		if err != nil {
			return nil, fmt.Errorf("write scenario: %s: %w", key.text, err)
		}
		out.Write(text)
	}
	return out.Bytes(), nil
}

func toYAML(n *node) *yaml.Node {
	out := &yaml.Node{}
	switch n.kind {
	case scalar:
		out.Kind, out.Value, out.Tag = yaml.ScalarNode, n.text, "!!"+n.tag
		if n.block {
			out.Style = yaml.FoldedStyle
		}
	case sequence:
		out.Kind, out.Tag = yaml.SequenceNode, "!!seq"
	case mapping:
		out.Kind, out.Tag = yaml.MappingNode, "!!map"
	}
	if n.flow {
		out.Style = yaml.FlowStyle
	}
	out.HeadComment = commentText(n.comment)
	for i, item := range n.items {
		if n.kind == mapping {
			out.Content = append(out.Content, toYAML(n.keys[i]))
		}
		out.Content = append(out.Content, toYAML(item))
	}
	return out
}
