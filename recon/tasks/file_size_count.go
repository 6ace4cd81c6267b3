package tasks

import (
	"bytes"
	"context"
	"fmt"
	"slices"

	"reconsim/recon/derived"
	"reconsim/recon/omdb"
)

// fileSizeCount counts the files of a bucket by upper bound of their size, for
// one of fileTable and keyTable (spec/recon.md 1.6). Both write the same table.
type fileSizeCount struct {
	name  string
	table omdb.Table
}

func (t fileSizeCount) Name() string         { return t.name }
func (t fileSizeCount) Reads() []omdb.Table  { return []omdb.Table{t.table} }
func (t fileSizeCount) Writes() []omdb.Table { return []omdb.Table{derived.FileCountBySize} }

func (t fileSizeCount) Rebuild(RebuildOptions) (Rebuild, error) { return sizeRebuild{}, nil }

// sizeRebuild keeps nothing: each range gives its counts to its sink.
type sizeRebuild struct{}

func (sizeRebuild) Collector() Collector { return &sizeCollector{} }

func (sizeRebuild) Finish(context.Context, Sink) error { return nil }

// sizeCollector counts one bucket at a time: the keys of a bucket lie together
// in both tables, so no map of buckets is needed.
type sizeCollector struct {
	volume, bucket []byte
	counts         [derived.BoundCount]int64
	key            []byte
}

func (c *sizeCollector) Row(row *omdb.Row, sink Sink) error {
	k := &row.KeyInfo
	if !bytes.Equal(k.BucketName, c.bucket) || !bytes.Equal(k.VolumeName, c.volume) {
		if err := c.flush(sink); err != nil {
			return err
		}
		c.volume = append(c.volume[:0], k.VolumeName...)
		c.bucket = append(c.bucket[:0], k.BucketName...)
	}
	bound, ok := derived.SizeBoundIndex(k.DataSize)
	if !ok {
		return corruptRow(row, "the data size is negative")
	}
	c.counts[bound]++
	return nil
}

func (c *sizeCollector) flush(sink Sink) error {
	for bound, n := range c.counts {
		if n == 0 {
			continue
		}
		c.key = derived.AppendFileSizeCountKey(c.key[:0], c.volume, c.bucket, derived.SizeBound(bound))
		if err := sink.Add(derived.FileCountBySize, c.key, n); err != nil {
			return fmt.Errorf("write the file count of %s/%s: %w", c.volume, c.bucket, err)
		}
		c.counts[bound] = 0
	}
	return nil
}

// Close hands over the last bucket's counts.
func (c *sizeCollector) Close(sink Sink) error { return c.flush(sink) }

func (t fileSizeCount) Process(_ context.Context, delta *Delta, store omdb.Store) error {
	var decoder omdb.Decoder
	counts := make(map[string]int64)
	count := func(key, value []byte, exists bool, n int64) error {
		if !exists {
			return nil
		}
		row, err := decoder.Decode(t.table, key, value)
		if err != nil {
			return err
		}
		bound, ok := derived.SizeBoundIndex(row.KeyInfo.DataSize)
		if !ok {
			return corruptRow(row, "the data size is negative")
		}
		k := &row.KeyInfo
		counts[string(derived.AppendFileSizeCountKey(nil, k.VolumeName, k.BucketName, derived.SizeBound(bound)))] += n
		return nil
	}
	for i := range delta.Changes(t.table) {
		c := &delta.Changes(t.table)[i]
		if err := count(c.Key, c.Old, c.OldExists, -1); err != nil {
			return err
		}
		if err := count(c.Key, c.New, c.NewExists, 1); err != nil {
			return err
		}
	}
	for _, key := range sortedKeys(counts) {
		if _, err := addCounter(store, derived.FileCountBySize, []byte(key), counts[key]); err != nil {
			return err
		}
	}
	return nil
}

// addCounter adds n to an int64 row, which is removed once it is not above 0,
// and tells whether that made the row come (1) or go (-1).
func addCounter(store omdb.Store, table omdb.Table, key []byte, n int64) (rows int64, err error) {
	if n == 0 {
		return 0, nil
	}
	name := derived.TableName(table)
	value, found, err := store.Get(table, key)
	if err != nil {
		return 0, fmt.Errorf("read %s: %w", name, err)
	}
	var old int64
	if found {
		var ok bool
		if old, ok = derived.ParseLong(value); !ok {
			return 0, fmt.Errorf("read %s, key %x: a counter of %d bytes", name, key, len(value))
		}
		rows--
	}
	if old+n > 0 {
		rows++
		err = store.Put(table, key, derived.AppendLong(nil, old+n))
	} else if found {
		err = store.Delete(table, key)
	}
	if err != nil {
		return 0, fmt.Errorf("write %s: %w", name, err)
	}
	return rows, nil
}

func sortedKeys[K ~string | ~int64, V any](m map[K]V) []K {
	keys := make([]K, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
