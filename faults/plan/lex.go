package plan

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

type tokenKind int

const (
	tokenEnd tokenKind = iota
	tokenWord
	tokenString
	tokenSymbol
)

type token struct {
	kind   tokenKind
	text   string // the word, the unquoted string or the symbol
	column int    // 1-based, in bytes
}

func (t token) describe() string {
	switch t.kind {
	case tokenEnd:
		return "the end of the rule"
	case tokenString:
		return "the text " + strconv.Quote(t.text)
	}
	return strconv.Quote(t.text)
}

// symbols, longest first.
var symbols = []string{">=", "<=", "==", "!=", ">", "<", "=", ":"}

// lex cuts one line into tokens; the last is always tokenEnd.
func lex(line string) ([]token, *ParseError) {
	var tokens []token
	for i := 0; ; {
		for i < len(line) && (line[i] == ' ' || line[i] == '\t' || line[i] == '\r') {
			i++
		}
		if i == len(line) || line[i] == '#' {
			return append(tokens, token{tokenEnd, "", i + 1}), nil
		}
		t, width, err := lexOne(line[i:])
		if err != "" {
			return nil, &ParseError{Column: i + 1, Message: err}
		}
		t.column = i + 1
		tokens = append(tokens, t)
		i += width
	}
}

func lexOne(rest string) (t token, width int, err string) {
	if rest[0] == '"' {
		quoted, bad := strconv.QuotedPrefix(rest)
		if bad != nil {
			return t, 0, "this text in quotes has no end or holds a wrong escape"
		}
		text, bad := strconv.Unquote(quoted)
		if bad != nil {
			return t, 0, "this text in quotes holds a wrong escape"
		}
		return token{kind: tokenString, text: text}, len(quoted), ""
	}
	for _, s := range symbols {
		if strings.HasPrefix(rest, s) {
			return token{kind: tokenSymbol, text: s}, len(s), ""
		}
	}
	width = 0
	for width < len(rest) && isWordByte(rest[width]) {
		width++
	}
	if width == 0 {
		r, _ := utf8.DecodeRuneInString(rest)
		return t, 0, fmt.Sprintf("unexpected character %q; put names with such characters in quotes", r)
	}
	return token{kind: tokenWord, text: rest[:width]}, width, ""
}

func isWordByte(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' ||
		strings.IndexByte("_-./*?+%@,$~", c) >= 0
}

// isWord reports whether s is lexed as one bare word.
func isWord(s string) bool {
	for i := 0; i < len(s); i++ {
		if !isWordByte(s[i]) {
			return false
		}
	}
	return s != ""
}

// isName reports whether s can name a rule: a word that starts with a letter
// and is not a word of the grammar.
func isName(s string) bool {
	if s == "" || len(s) > 128 || keywords[s] {
		return false
	}
	for i := 0; i < len(s); i++ {
		c := s[i]
		letter := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
		if !letter && (i == 0 || !(c >= '0' && c <= '9' || strings.IndexByte("_-./", c) >= 0)) {
			return false
		}
	}
	return true
}

// keywords begin clauses, so a bare subject or name may not be one of them.
var keywords = map[string]bool{
	"at": true, "of": true, "when": true, "and": true, "always": true, "on": true, "hit": true,
	"every": true, "with": true, "p": true, "n": true, "optional": true, "then": true,
}
