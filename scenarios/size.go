package scenarios

import (
	"fmt"
	"slices"
	"sort"
	"strconv"
	"strings"
	"time"
)

// Size is a number that may differ by tier. The zero value was not given.
type Size struct {
	// All is the number in every tier, if PerTier is nil.
	All int64
	// PerTier is the number by tier.
	PerTier map[string]int64
}

// In returns the number for a tier, and false if there is none.
func (s Size) In(tier string) (int64, bool) {
	if s.PerTier == nil {
		return s.All, true
	}
	n, ok := s.PerTier[tier]
	return n, ok
}

// Given reports whether the file has the size.
func (s Size) Given() bool { return s.All != 0 || s.PerTier != nil }

// tiers lists the tiers it is given for, sorted.
func (s Size) tiers() []string {
	names := make([]string, 0, len(s.PerTier))
	for name := range s.PerTier {
		names = append(names, name)
	}
	sort.Strings(names)
	return names
}

func (s *Size) decode(d *decoder, n *node, path string) {
	if n.kind == mapping {
		s.PerTier = map[string]int64{}
		d.eachField(n, path, func(key, value *node, path string) {
			var number int64
			d.integer(value, path, &number)
			s.PerTier[key.text] = number
		})
		if len(s.PerTier) == 0 {
			d.fail(n, "", "a size by tier needs at least one tier, such as {sim: 1000, local: 200000}")
		}
		return
	}
	d.integer(n, path, &s.All)
}

func (s Size) encode() *node {
	if s.PerTier == nil {
		return intNode(s.All)
	}
	m := &node{kind: mapping}
	for _, tier := range s.tiers() {
		m.put(tier, intNode(s.PerTier[tier]))
	}
	return m
}

// Duration is a time.Duration that is written as Go writes it: 200ms, 1m30s.
type Duration time.Duration

// D returns it as a time.Duration.
func (d Duration) D() time.Duration { return time.Duration(d) }

// String drops the zero parts at the end: 1m, not 1m0s.
func (d Duration) String() string {
	s := time.Duration(d).String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}

func (d *Duration) decode(dec *decoder, n *node, path string) {
	if n.kind != scalar {
		dec.fail(n, "", "%s is a duration such as 200ms, found %s", last(path), n.describe())
		return
	}
	parsed, err := time.ParseDuration(n.text)
	switch {
	case err != nil:
		suggestion := ""
		if _, bare := strconv.ParseFloat(n.text, 64); bare == nil {
			suggestion = n.text + "s"
		}
		dec.fail(n, suggestion, "%s is a duration with a unit such as 200ms or 1m30s, found %q", last(path), clip(n.text))
	case parsed < 0 || Duration(parsed) > maxDuration:
		dec.fail(n, "", "%s must be between 0 and %s, found %s", last(path), maxDuration, n.text)
	}
	*d = Duration(parsed)
}

func (d Duration) encode() *node { return stringNode(d.String()) }

// Step.Count and the like share this check.
func checkSize(s Size, least, most int64) error {
	numbers := []int64{s.All}
	if s.PerTier != nil {
		numbers = numbers[:0]
		for _, tier := range s.tiers() {
			numbers = append(numbers, s.PerTier[tier])
		}
	}
	for _, n := range numbers {
		if n < least || n > most {
			return fmt.Errorf("%d is not between %d and %d", n, least, most)
		}
	}
	return nil
}

// sortedKeys lists the keys of a map in order.
func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
