package tasks

import (
	"context"
	"fmt"
	"slices"

	"reconsim/recon/derived"
	"reconsim/recon/omdb"
)

// containerKeyMapper maps containers to keys and keys to containers, for one of
// fileTable and keyTable (spec/recon.md 1.7). Both write the same tables, with
// keys that cannot meet.
type containerKeyMapper struct {
	name  string
	table omdb.Table
}

func (t containerKeyMapper) Name() string        { return t.name }
func (t containerKeyMapper) Reads() []omdb.Table { return []omdb.Table{t.table} }
func (t containerKeyMapper) Writes() []omdb.Table {
	return []omdb.Table{derived.ContainerKey, derived.KeyContainer, derived.ContainerKeyCount, derived.SQLStats}
}

// placement is one version of a key in one container.
type placement struct {
	version, containerID int64
}

func (p placement) compare(other placement) int {
	switch {
	case p.version != other.version:
		return compareLongs(p.version, other.version)
	default:
		return compareLongs(p.containerID, other.containerID)
	}
}

func compareLongs(a, b int64) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

// appendPlacements appends the distinct placements of a key in order.
func appendPlacements(dst []placement, key *omdb.KeyInfo) ([]placement, error) {
	from := len(dst)
	blocks := key.Blocks()
	for blocks.Next() {
		p := placement{version: blocks.Block.Version, containerID: blocks.Block.ContainerID}
		if len(dst) == from || dst[len(dst)-1] != p {
			dst = append(dst, p)
		}
	}
	if err := blocks.Err(); err != nil {
		return dst, err
	}
	if len(dst)-from > 1 {
		slices.SortFunc(dst[from:], placement.compare)
		dst = dst[:from+len(slices.Compact(dst[from:]))]
	}
	return dst, nil
}

// countsHeld is how many containers a collector counts before it hands the
// counts to its sink; it bounds a rebuild's memory.
const countsHeld = 1 << 15

func (t containerKeyMapper) Rebuild(RebuildOptions) (Rebuild, error) { return mapperRebuild{}, nil }

// mapperRebuild keeps nothing: each range gives its rows to its sink.
type mapperRebuild struct{}

func (mapperRebuild) Collector() Collector {
	return &mapperCollector{counts: make(map[int64]int64)}
}

// Finish has nothing left to do. The number of containers is not known here:
// see PutContainerCount.
func (mapperRebuild) Finish(context.Context, Sink) error { return nil }

type mapperCollector struct {
	placements []placement
	counts     map[int64]int64
	key        []byte
}

func (c *mapperCollector) Row(row *omdb.Row, sink Sink) error {
	var err error
	if c.placements, err = appendPlacements(c.placements[:0], &row.KeyInfo); err != nil {
		return err
	}
	for _, p := range c.placements {
		c.key = derived.AppendContainerKey(c.key[:0], p.containerID, row.Key, p.version)
		if err := sink.Put(derived.ContainerKey, c.key, derived.PresentValue); err != nil {
			return err
		}
		c.key = derived.AppendKeyContainer(c.key[:0], row.Key, p.version, p.containerID)
		if err := sink.Put(derived.KeyContainer, c.key, derived.PresentValue); err != nil {
			return err
		}
		c.counts[p.containerID]++
	}
	if len(c.counts) >= countsHeld {
		return c.flush(sink)
	}
	return nil
}

// Close hands over the last counts.
func (c *mapperCollector) Close(sink Sink) error { return c.flush(sink) }

func (c *mapperCollector) flush(sink Sink) error {
	for _, id := range sortedKeys(c.counts) {
		c.key = derived.AppendLong(c.key[:0], id)
		if err := sink.Add(derived.ContainerKeyCount, c.key, c.counts[id]); err != nil {
			return fmt.Errorf("write the key count of container %d: %w", id, err)
		}
	}
	clear(c.counts)
	return nil
}

// Process replaces the triples of each changed key: those of its old value go,
// those of its new value come, found by the database key of the event (DEF-T2,
// DEF-T13, DEF-T14) and as one net change (DEF-T3). Only a triple that really
// comes or goes is counted.
func (t containerKeyMapper) Process(_ context.Context, delta *Delta, store omdb.Store) error {
	m := mapperDelta{store: store, counts: make(map[int64]int64)}
	for i := range delta.Changes(t.table) {
		if err := m.change(t.table, &delta.Changes(t.table)[i]); err != nil {
			return err
		}
	}
	var containers int64
	for _, id := range sortedKeys(m.counts) {
		rows, err := addCounter(store, derived.ContainerKeyCount, derived.AppendLong(nil, id), m.counts[id])
		if err != nil {
			return err
		}
		containers += rows
	}
	return addContainers(store, containers)
}

type mapperDelta struct {
	store    omdb.Store
	decoder  omdb.Decoder
	counts   map[int64]int64
	old, new []placement
	key      []byte
}

func (m *mapperDelta) change(table omdb.Table, c *Change) (err error) {
	if m.old, err = m.placements(m.old, table, c.Key, c.Old, c.OldExists); err != nil {
		return err
	}
	if m.new, err = m.placements(m.new, table, c.Key, c.New, c.NewExists); err != nil {
		return err
	}
	for _, p := range m.old {
		if _, kept := slices.BinarySearchFunc(m.new, p, placement.compare); !kept {
			if err := m.set(c.Key, p, false); err != nil {
				return err
			}
		}
	}
	for _, p := range m.new {
		if _, had := slices.BinarySearchFunc(m.old, p, placement.compare); !had {
			if err := m.set(c.Key, p, true); err != nil {
				return err
			}
		}
	}
	return nil
}

func (m *mapperDelta) placements(dst []placement, table omdb.Table, key, value []byte, exists bool) ([]placement, error) {
	dst = dst[:0]
	if !exists {
		return dst, nil
	}
	row, err := m.decoder.Decode(table, key, value)
	if err != nil {
		return dst, err
	}
	return appendPlacements(dst, &row.KeyInfo)
}

// set makes a triple be there or not, and counts it if that is a change.
func (m *mapperDelta) set(key []byte, p placement, present bool) error {
	m.key = derived.AppendContainerKey(m.key[:0], p.containerID, key, p.version)
	_, found, err := m.store.Get(derived.ContainerKey, m.key)
	if err != nil {
		return fmt.Errorf("read the keys of container %d: %w", p.containerID, err)
	}
	if found == present {
		return nil
	}
	other := derived.AppendKeyContainer(nil, key, p.version, p.containerID)
	if present {
		m.counts[p.containerID]++
		if err = m.store.Put(derived.ContainerKey, m.key, derived.PresentValue); err == nil {
			err = m.store.Put(derived.KeyContainer, other, derived.PresentValue)
		}
	} else {
		m.counts[p.containerID]--
		if err = m.store.Delete(derived.ContainerKey, m.key); err == nil {
			err = m.store.Delete(derived.KeyContainer, other)
		}
	}
	if err != nil {
		return fmt.Errorf("write the keys of container %d: %w", p.containerID, err)
	}
	return nil
}

// addContainers changes the number of containers by n.
func addContainers(store omdb.Store, n int64) error {
	if n == 0 {
		return nil
	}
	var total int64
	value, found, err := store.Get(derived.SQLStats, []byte(derived.ContainerCountName))
	if err != nil {
		return fmt.Errorf("read %s: %w", derived.ContainerCountName, err)
	}
	if found {
		var ok bool
		if total, ok = derived.ParseLong(value); !ok {
			return fmt.Errorf("read %s: a counter of %d bytes", derived.ContainerCountName, len(value))
		}
	}
	return putContainers(store, total+n)
}

func putContainers(w omdb.Writer, n int64) error {
	if err := w.Put(derived.SQLStats, []byte(derived.ContainerCountName), derived.AppendLong(nil, n)); err != nil {
		return fmt.Errorf("write %s: %w", derived.ContainerCountName, err)
	}
	return nil
}

// PutContainerCount writes the number of containers with keys, which is the
// number of rows of ContainerKeyCount (DEF-T4). Whoever ran a rebuild calls it
// once the sinks' rows can be read: only then are the counts of both mappers
// merged.
func PutContainerCount(r omdb.Reader, w omdb.Writer) error {
	var rows int64
	err := r.Scan(derived.ContainerKeyCount, nil, nil, func(_, _ []byte) (bool, error) {
		rows++
		return true, nil
	})
	if err != nil {
		return fmt.Errorf("count the containers: %w", err)
	}
	return putContainers(w, rows)
}
