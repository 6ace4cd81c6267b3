package conform

import (
	"bytes"
	"context"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"

	"reconsim/recon/omdb"
)

// Result is what a set showed.
type Result struct {
	Name string `json:"name"`
	// Compared counts the rows and events that were compared, each once.
	Compared int `json:"compared"`
	// Different lists the rows that are not right, each once.
	Different []Difference `json:"different"`
	// Corrections counts the rows by the reason of their correction in which
	// upstream is wrong and Recon right.
	Corrections []ReasonRows `json:"corrections"`
}

// ReasonRows is a number of rows for one reason.
type ReasonRows struct {
	Reason string `json:"reason"`
	Rows   int    `json:"rows"`
}

// check is one set on its way through the steps.
type check struct {
	*Set
	result Result
	// met holds the files whose derived rows were compared, with what differed.
	met  map[string]map[rowID]bool
	seen map[Difference]bool
}

// rangesOfRebuild are into how many ranges the first rebuild cuts its tables,
// one rebuild after the other: the rows must not depend on it.
var rangesOfRebuild = []int{1, 2, 3, 7}

// Check takes a set through the steps. It fails only if ctx ends; whatever
// else goes wrong is a difference.
func Check(ctx context.Context, s *Set) (*Result, error) {
	c := &check{Set: s, met: map[string]map[rowID]bool{}, seen: map[Difference]bool{}}
	c.encode(fileOM, s.om)
	if s.omAfter != nil {
		c.encode(fileOMAfter, s.omAfter)
	}
	for _, step := range []func(context.Context){c.start, c.deltas, c.end, c.cuts} {
		step(ctx)
		if err := context.Cause(ctx); err != nil {
			return nil, fmt.Errorf("check set %s: %w", s.Name, err)
		}
	}
	c.countCorrections()
	slices.SortStableFunc(c.result.Different, compareDifferences)
	c.result.Name = s.Name
	return &c.result, nil
}

// encode is the first half of step 1.
func (c *check) encode(file string, store *Store) {
	got, want := rows{}, rows{}
	var failed []Difference
	for _, table := range store.tableNumbers() {
		for key, value := range store.tables[table].rows {
			id := rowID{c.tableName(table), key}
			again, err := reencode(table, []byte(key), value)
			if err != nil {
				message := "error: " + err.Error()
				failed = append(failed, Difference{File: file, Table: id.table, Key: hex.EncodeToString([]byte(key)), Want: hexOf(string(value)), Got: &message})
				continue
			}
			got[id], want[id] = string(again), string(value)
		}
	}
	differences, compared := diff(file, got, want)
	c.result.Compared += compared + len(failed)
	c.add(append(differences, failed...))
}

func (c *check) add(differences []Difference) {
	for _, d := range differences {
		// Two of the pointers would make each difference its own.
		id := Difference{File: d.File, Table: d.Table, Key: d.Key}
		if !c.seen[id] {
			c.seen[id] = true
			c.result.Different = append(c.result.Different, d)
		}
	}
}

// fail adds a difference of a whole file that could not be computed.
func (c *check) fail(file, format string, args ...any) {
	message := "error: " + fmt.Sprintf(format, args...)
	c.add([]Difference{{File: file, Got: &message}})
}

// derived compares derived rows with the right rows of a file, if the set has
// it. Rows are counted the first time a file is compared.
func (c *check) derived(file string, got rows, change func(rows) rows) {
	right, ok := c.right[file]
	if !ok {
		return
	}
	want := c.comparable(right)
	if change != nil {
		got, want = change(got), change(want)
	}
	differences, compared := diff(file, got, want)
	if c.met[file] == nil {
		c.met[file] = map[rowID]bool{}
		c.result.Compared += compared
	}
	for _, d := range differences {
		key, _ := hex.DecodeString(d.Key)
		c.met[file][rowID{d.Table, string(key)}] = true
	}
	c.add(differences)
}

// start is the second half of step 1.
func (c *check) start(ctx context.Context) {
	for _, ranges := range rangesOfRebuild {
		store, err := c.rebuild(ctx, c.om, ranges)
		if err != nil {
			c.fail(FileReprocess, "rebuild in %d ranges: %v", ranges, err)
			return
		}
		c.derived(FileReprocess, c.derivedOf(store), nil)
	}
}

// deltas is steps 2 and 3.
func (c *check) deltas(ctx context.Context) {
	store, err := c.rebuild(ctx, c.om, 0)
	if err != nil {
		return // start has told of it
	}
	for i := range c.fetches {
		fetch, err := c.apply(ctx, store, i)
		if err != nil {
			c.fail(FileProcess, "reply %d: %v", c.fetches[i].number, err)
			return
		}
		if c.events {
			c.compareEvents(i, fetch.Events())
		}
	}
	if c.omAfter != nil {
		differences, compared := diff(fileOMAfter, c.rowsOf(store), c.rowsOf(c.omAfter))
		c.result.Compared += compared
		c.add(differences)
	}
	c.derived(FileProcess, c.derivedOf(store), func(all rows) rows { return normalised(all, store) })
}

// rowsOf lists a store's OM rows.
func (c *check) rowsOf(store *Store) rows {
	result := rows{}
	for _, table := range store.tableNumbers() {
		if omTable(table) {
			for key, value := range store.tables[table].rows {
				result[rowID{c.tableName(table), key}] = string(value)
			}
		}
	}
	return result
}

// end is step 4: a rebuild from the rows at the end, which a set without them
// has in its deltas.
func (c *check) end(ctx context.Context) {
	last := c.omAfter
	if last == nil {
		last = c.om.copyOf(nil)
		for i := range c.fetches {
			if _, err := c.take(last, i); err != nil {
				return // deltas has told of it
			}
		}
	}
	store, err := c.rebuild(ctx, last, 2)
	if err != nil {
		c.fail(FileReprocessAfter, "rebuild at the end: %v", err)
		return
	}
	c.derived(FileReprocessAfter, c.derivedOf(store), nil)
}

// cuts is step 5.
func (c *check) cuts(ctx context.Context) {
	base := c.om.copyOf(nil) // the rows after the replies before the cut
	for cut := range c.fetches {
		store, err := c.rebuild(ctx, base, 1)
		for i := cut; err == nil && i < len(c.fetches); i++ {
			_, err = c.apply(ctx, store, i)
		}
		if err == nil {
			c.derived(FileReprocessAfter, c.derivedOf(store), nil)
			_, err = c.take(base, cut)
		}
		if err != nil {
			c.fail(FileReprocessAfter, "rebuilt before reply %d: %v", c.fetches[cut].number, err)
			return
		}
	}
}

// compareEvents compares one reply's events with Ozone's.
func (c *check) compareEvents(reply int, got []omdb.Event) {
	want := withoutRepeatedDeletes(c.fetches[reply].events)
	c.result.Compared += len(want)
	for i := range max(len(got), len(want)) {
		var g, w *omdb.Event
		if i < len(got) {
			g = &got[i]
		}
		if i < len(want) {
			w = &want[i]
		}
		if g != nil && w != nil && sameEvent(g, w) {
			continue
		}
		at := w
		if at == nil {
			at = g
		}
		c.add([]Difference{{
			File: fileEvents, Table: c.tableName(at.Table), Key: hex.EncodeToString(at.Key),
			Want: c.eventText(reply, i, w), Got: c.eventText(reply, i, g),
		}})
	}
}

func sameEvent(g, w *omdb.Event) bool {
	return g.Action == w.Action && g.Table == w.Table && bytes.Equal(g.Key, w.Key) && bytes.Equal(g.Value, w.Value) && bytes.Equal(g.Old, w.Old)
}

// eventText is an event in words, nil for none.
func (c *check) eventText(reply, index int, e *omdb.Event) *string {
	if e == nil {
		return nil
	}
	text := fmt.Sprintf("reply %d, event %d: %s %s %x value %x old %x", c.fetches[reply].number, index, e.Action, c.tableName(e.Table), e.Key, e.Value, e.Old)
	return &text
}

// withoutRepeatedDeletes drops the second of two deletes of one key in one
// reply, which upstream makes (DEF-T11).
func withoutRepeatedDeletes(events []omdb.Event) (kept []omdb.Event) {
	gone := map[place]bool{}
	for _, e := range events {
		at := place{e.Table, string(e.Key)}
		if e.Action == omdb.ActionDelete && gone[at] {
			continue
		}
		gone[at] = e.Action == omdb.ActionDelete
		kept = append(kept, e)
	}
	return kept
}

func (c *check) countCorrections() {
	byReason := map[string]int{}
	for _, k := range c.corrections {
		if different, compared := c.met[k.file]; compared && !different[k.row] {
			byReason[k.reason]++
		}
	}
	c.result.Corrections = []ReasonRows{}
	for _, reason := range slices.Sorted(maps.Keys(byReason)) {
		c.result.Corrections = append(c.result.Corrections, ReasonRows{reason, byReason[reason]})
	}
	if c.result.Different == nil {
		c.result.Different = []Difference{}
	}
}
