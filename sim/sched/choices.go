package sched

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// MaxChoices bounds a list of choices. What a run decides after them is not
// written down.
const MaxChoices = 1 << 22

// Choices are the decisions of a run: who was picked wherever more than one
// actor was ready. A minimizer may cut Picks as it likes.
type Choices struct {
	// Actors are names; a name that no pick refers to does no harm.
	Actors []string
	// Picks are places in Actors.
	Picks []int32
}

// Len is the number of decisions.
func (c Choices) Len() int { return len(c.Picks) }

// Actor is the name picked at decision i, from 0.
func (c Choices) Actor(i int) string { return c.Actors[c.Picks[i]] }

// String is the text form: the names that occur, a semicolon, and the picks as
// places in the names; n*count stands for count times n. Example:
//
//	world,reader#2,"a name with spaces"; 0*12 1 2*3
func (c Choices) String() string {
	if len(c.Picks) == 0 {
		return ""
	}
	place := make([]int, len(c.Actors))
	var used []string
	for _, p := range c.Picks {
		if place[p] == 0 {
			used = append(used, quoteName(c.Actors[p]))
			place[p] = len(used)
		}
	}
	var b strings.Builder
	b.WriteString(strings.Join(used, ","))
	b.WriteString(";")
	for i := 0; i < len(c.Picks); {
		end := i + 1
		for end < len(c.Picks) && c.Picks[end] == c.Picks[i] {
			end++
		}
		b.WriteByte(' ')
		b.WriteString(strconv.Itoa(place[c.Picks[i]] - 1))
		if end > i+1 {
			b.WriteByte('*')
			b.WriteString(strconv.Itoa(end - i))
		}
		i = end
	}
	return b.String()
}

// MarshalText is String.
func (c Choices) MarshalText() ([]byte, error) { return []byte(c.String()), nil }

// UnmarshalText is ParseChoices.
func (c *Choices) UnmarshalText(text []byte) error {
	parsed, err := ParseChoices(string(text))
	if err != nil {
		return err
	}
	*c = parsed
	return nil
}

// ParseChoices reads the form that [Choices.String] writes. White space
// separates picks, line ends too. The error says which name or pick is wrong.
func ParseChoices(text string) (Choices, error) {
	text = strings.TrimSpace(text)
	if text == "" {
		return Choices{}, nil
	}
	var c Choices
	rest, err := c.parseNames(text)
	if err != nil {
		return Choices{}, fmt.Errorf("choices: %w", err)
	}
	for i, word := range strings.Fields(rest) {
		place, count := word, "1"
		if before, after, ok := strings.Cut(word, "*"); ok {
			place, count = before, after
		}
		p, err := number("the actor", place, 0, len(c.Actors)-1)
		if err != nil {
			return Choices{}, fmt.Errorf("choices: pick %d, %.40q: %w", i+1, word, err)
		}
		n, err := number("the count after *", count, 1, MaxChoices-len(c.Picks))
		if err != nil {
			return Choices{}, fmt.Errorf("choices: pick %d, %.40q: %w", i+1, word, err)
		}
		c.Picks = append(c.Picks, slices.Repeat([]int32{int32(p)}, n)...)
	}
	return c, nil
}

// parseNames reads the names up to the semicolon.
func (c *Choices) parseNames(text string) (rest string, err error) {
	for {
		name := ""
		text = strings.TrimLeft(text, " \t\r\n")
		if strings.HasPrefix(text, `"`) {
			quoted, err := strconv.QuotedPrefix(text)
			if err != nil {
				return "", fmt.Errorf("name %d: the quoted name %.40q has no end", len(c.Actors)+1, text)
			}
			if name, err = strconv.Unquote(quoted); err != nil {
				return "", fmt.Errorf("name %d: %w", len(c.Actors)+1, err)
			}
			text = text[len(quoted):]
		} else {
			end := strings.IndexAny(text, ",;")
			if end < 0 {
				return "", errors.New(`no semicolon ends the names, as in "world,reader; 0*3 1"`)
			}
			name, text = strings.TrimSpace(text[:end]), text[end:]
			if name == "" || quoteName(name) != name {
				return "", fmt.Errorf("name %d, %.40q, is empty or needs quotes", len(c.Actors)+1, name)
			}
		}
		c.Actors = append(c.Actors, name)
		text = strings.TrimLeft(text, " \t\r\n")
		switch {
		case strings.HasPrefix(text, ","):
			text = text[1:]
		case strings.HasPrefix(text, ";"):
			return text[1:], nil
		default:
			return "", fmt.Errorf("after name %d comes a comma or a semicolon, not %.20q", len(c.Actors), text)
		}
	}
}

// quoteName quotes a name unless it is plain.
func quoteName(name string) string {
	for _, r := range name {
		if (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && !strings.ContainsRune("-_./#@+=()[]", r) {
			return strconv.Quote(name)
		}
	}
	if name == "" {
		return `""`
	}
	return name
}
