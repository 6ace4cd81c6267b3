package disk

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"
)

// Policy says which of the operations that are not durable survive a crash. A
// family has several members at most places of a log; [Policy.Member] names
// one. Its String is what [ParsePolicy] reads.
type Policy struct {
	family family
	// member is 1 more than the number, 0 for the whole family.
	member uint64
}

type family uint8

const (
	synced family = iota
	all
	data
	prefix
	metadata
	torn
	subset
	exhaustive
)

var familyNames = [...]string{"synced", "all", "data", "prefix", "metadata", "torn", "subset", "exhaustive"}

// The policies. All are possible on a journalling file system except some
// members of Subset and Exhaustive, which only a careless one shows.
var (
	// Synced keeps nothing but what is durable.
	Synced = Policy{family: synced}
	// All keeps everything.
	All = Policy{family: all}
	// Data keeps the changes of bytes and sizes and none of entries: the pages
	// were written back, the journal was not.
	Data = Policy{family: data}
	// Prefix keeps the first n operations, in order.
	Prefix = Policy{family: prefix}
	// Metadata keeps the first n changes of entries, in order, and none of
	// bytes: the journal was written, the pages were not. New files are empty.
	Metadata = Policy{family: metadata}
	// Torn keeps everything, but of the last write only what lies before its
	// n-th sector boundary.
	Torn = Policy{family: torn}
	// Subset keeps what the n-th draw of the seed says: each operation by
	// itself, writes perhaps torn, but no change of a directory without the
	// earlier ones of that directory, and no write without the truncations
	// before it.
	Subset = Policy{family: subset}
	// Exhaustive keeps what the bits of n say, bit 0 for the oldest operation,
	// with the rules of Subset. The family has no members where more than
	// [ExhaustiveLimit] operations are pending.
	Exhaustive = Policy{family: exhaustive}
)

// ExhaustiveLimit is how many pending operations [Exhaustive] enumerates.
const ExhaustiveLimit = 8

// subsetDraws is how many members of [Subset] are tried at each operation.
const subsetDraws = 4

// sectorBytes is what a disk writes whole or not at all.
const sectorBytes = 512

// AllPolicies returns every policy, each as a family.
func AllPolicies() []Policy {
	return []Policy{Synced, All, Data, Prefix, Metadata, Torn, Subset, Exhaustive}
}

// Member returns member n of the family.
func (p Policy) Member(n uint64) Policy { return Policy{p.family, n + 1} }

// single reports whether the policy stands for one image.
func (p Policy) single() bool { return p.family <= data || p.member > 0 }

// Family is the name without the member's number.
func (p Policy) Family() string {
	if int(p.family) >= len(familyNames) {
		return "unknown"
	}
	return familyNames[p.family]
}

// Compare orders policies by family, then by member, a whole family first.
func (p Policy) Compare(other Policy) int {
	return cmp.Or(cmp.Compare(p.family, other.family), cmp.Compare(p.member, other.member))
}

// String is the family's name, with the member's number if there is one.
func (p Policy) String() string {
	if p.member == 0 {
		return p.Family()
	}
	return p.Family() + " " + strconv.FormatUint(p.member-1, 10)
}

// ParsePolicy reads what [Policy.String] prints.
func ParsePolicy(text string) (Policy, error) {
	name, number, hasNumber := strings.Cut(strings.TrimSpace(text), " ")
	for f, known := range familyNames {
		if known != name {
			continue
		}
		p := Policy{family: family(f)}
		if !hasNumber {
			return p, nil
		}
		n, err := strconv.ParseUint(strings.TrimSpace(number), 10, 63)
		if err != nil || p.single() {
			return Policy{}, fmt.Errorf("crash policy %q: %q takes a number from 0 if it is one of prefix, metadata, torn, subset, exhaustive", text, name)
		}
		return p.Member(n), nil
	}
	return Policy{}, fmt.Errorf("crash policy %q is not known: use one of %s", text, strings.Join(familyNames[:], ", "))
}

// ParsePolicies reads policies separated by commas.
func ParsePolicies(text string) ([]Policy, error) {
	var policies []Policy
	for part := range strings.SplitSeq(text, ",") {
		p, err := ParsePolicy(part)
		if err != nil {
			return nil, err
		}
		policies = append(policies, p)
	}
	return policies, nil
}
