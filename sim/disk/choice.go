package disk

import "slices"

// choice says for each pending operation how much of it survives: 0 nothing,
// whole everything, anything between so many bytes of a write.
type choice []int64

const whole = int64(1) << 62

// choices calls try for the choices that a policy stands for at the cursor,
// until try returns false. The choice is reused.
func (c *cursor) choices(p Policy, seed uint64, try func(Policy, choice) bool) bool {
	if p.single() {
		kept, ok := c.choose(p, seed)
		return !ok || try(p, kept)
	}
	for _, n := range c.members(p.family) {
		member := p.Member(n)
		if kept, ok := c.choose(member, seed); ok && !try(member, kept) {
			return false
		}
	}
	return true
}

// members lists the members of a family that are worth a try here.
func (c *cursor) members(f family) []uint64 {
	upTo := func(n int) []uint64 {
		members := make([]uint64, 0, n+1)
		for i := range n + 1 {
			members = append(members, uint64(i))
		}
		return members
	}
	switch f {
	case prefix:
		return upTo(len(c.pending))
	case metadata:
		entries := 0
		for _, i := range c.pending {
			if c.log.records[i].kind.changesEntries() {
				entries++
			}
		}
		return upTo(entries)
	case torn:
		at := c.lastWrite()
		if at < 0 {
			return nil
		}
		n := boundaries(&c.log.records[c.pending[at]])
		members := []uint64{1, 2, n / 2, n - 1, n}
		slices.Sort(members)
		members = slices.Compact(members)
		return slices.DeleteFunc(members, func(m uint64) bool { return m == 0 || m > n })
	case subset:
		return upTo(subsetDraws - 1)
	case exhaustive:
		if len(c.pending) <= ExhaustiveLimit {
			return upTo(1<<len(c.pending) - 1)
		}
	}
	return nil
}

// lastWrite is the place of the last pending write, -1 if there is none.
func (c *cursor) lastWrite() int {
	for at, i := range slices.Backward(c.pending) {
		if c.log.records[i].kind == Write {
			return at
		}
	}
	return -1
}

// boundaries counts the sector boundaries inside a write.
func boundaries(r *record) uint64 {
	return uint64((r.offset+r.length-1)/sectorBytes - r.offset/sectorBytes)
}

// boundary is the length of a write up to its n-th sector boundary.
func boundary(r *record, n uint64) int64 {
	return (r.offset/sectorBytes+int64(n))*sectorBytes - r.offset
}

// choose makes the choice of one policy; there is none if the policy has no
// such member here.
func (c *cursor) choose(p Policy, seed uint64) (choice, bool) {
	kept := make(choice, len(c.pending))
	n := p.member - 1
	left := n
	for at, i := range c.pending {
		r := &c.log.records[i]
		keep := false
		switch p.family {
		case all, torn:
			keep = true
		case data:
			keep = r.kind.changesBytes()
		case prefix:
			keep = uint64(at) < n
		case metadata:
			if keep = r.kind.changesEntries() && left > 0; keep {
				left--
			}
		case subset:
			kept[at] = drawn(r, i, n, seed)
		case exhaustive:
			keep = at < 64 && n>>at&1 == 1
		}
		if keep {
			kept[at] = whole
		}
	}
	switch p.family {
	case torn:
		at := c.lastWrite()
		if at < 0 || n == 0 || n > boundaries(&c.log.records[c.pending[at]]) {
			return nil, false
		}
		kept[at] = boundary(&c.log.records[c.pending[at]], n)
	case subset, exhaustive:
		c.close(kept)
	case prefix:
		return kept, n <= uint64(len(c.pending))
	case metadata:
		return kept, left == 0
	}
	return kept, true
}

// drawn decides about one operation. The decision depends on the operation and
// not on the place of the crash, so that the images of neighbouring places are
// often the same.
func drawn(r *record, index int, draw, seed uint64) int64 {
	random := mix(mix(seed+draw) ^ uint64(index))
	survives := [...]uint64{2, 1, 3, 2}[draw%4] // of 4
	if random%4 >= survives {
		return 0
	}
	if n := boundaries(r); r.kind == Write && n > 0 && random>>8%4 == 0 {
		return boundary(r, 1+random>>16%n)
	}
	return whole
}

// close keeps, with what is kept, what it builds upon: the earlier changes of
// the same directory's entries, and the truncations before a write.
func (c *cursor) close(kept choice) {
	var dirs, files []inode
	for at, i := range slices.Backward(c.pending) {
		r := &c.log.records[i]
		switch {
		case r.kind.changesEntries():
			if kept[at] != 0 || slices.ContainsFunc(dirs, r.changes) {
				kept[at] = whole
				dirs = append(dirs, r.changed()...)
			}
		case r.kind == Truncate && slices.Contains(files, r.inode):
			kept[at] = whole
		case kept[at] != 0:
			files = append(files, r.inode)
		}
	}
}

// key is equal for choices that lead to the same image.
func (c *cursor) key(kept choice) uint64 {
	sum := mix(uint64(c.settled) + 1)
	for at, i := range c.pending {
		if kept[at] != 0 {
			sum += mix(uint64(i)<<32 ^ mix(uint64(kept[at])))
		}
	}
	return sum
}
