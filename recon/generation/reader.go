package generation

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/cockroachdb/pebble/v2"

	"reconsim/recon/omdb"
)

// reader reads tables out of a snapshot, a batch or a whole store.
type reader struct {
	from pebble.Reader
}

var _ omdb.Reader = reader{}

// Get returns a row's value.
func (r reader) Get(t omdb.Table, key []byte) ([]byte, bool, error) {
	value, closer, err := r.from.Get(storeKey(nil, t, key))
	if errors.Is(err, pebble.ErrNotFound) {
		return nil, false, nil
	}
	if err != nil {
		return nil, false, fmt.Errorf("read table %d: %w", t, err)
	}
	out := bytes.Clone(value)
	if out == nil {
		out = []byte{}
	}
	return out, true, closer.Close()
}

// Scan calls fn for the rows in [lower, upper).
func (r reader) Scan(t omdb.Table, lower, upper []byte, fn func(key, value []byte) (bool, error)) error {
	options := &pebble.IterOptions{LowerBound: storeKey(nil, t, lower), UpperBound: []byte{byte(t) + 1}}
	if upper != nil {
		options.UpperBound = storeKey(nil, t, upper)
	}
	it, err := r.from.NewIter(options)
	if err != nil {
		return fmt.Errorf("scan table %d: %w", t, err)
	}
	for ok := it.First(); ok; ok = it.Next() {
		value, err := it.ValueAndErr()
		if err != nil {
			return errors.Join(fmt.Errorf("scan table %d: %w", t, err), it.Close())
		}
		more, err := fn(it.Key()[1:], value)
		if err != nil {
			return errors.Join(err, it.Close())
		}
		if !more {
			return it.Close()
		}
	}
	if err := errors.Join(it.Error(), it.Close()); err != nil {
		return fmt.Errorf("scan table %d: %w", t, err)
	}
	return nil
}

// storeKey is a row's key in the store: the table's number, then the key.
func storeKey(dst []byte, t omdb.Table, key []byte) []byte {
	return append(append(dst, byte(t)), key...)
}

func readMeta(from pebble.Reader) (Meta, error) {
	value, closer, err := from.Get(metaKey)
	if err != nil {
		return Meta{}, fmt.Errorf("read META: %w", err)
	}
	m, err := decodeMeta(value)
	return m, errors.Join(err, closer.Close())
}
