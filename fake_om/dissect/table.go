package dissect

import (
	"bytes"
	"errors"
	"fmt"
	"os"
)

// version is one row of a table: a user key, when it was written and how.
type version struct {
	key      []byte
	sequence uint64
	kind     byte // 0 delete, 1 put
	value    []byte
}

// compare orders versions as RocksDB does: by key, then newest first.
func (v version) compare(w version) int {
	if c := bytes.Compare(v.key, w.key); c != 0 {
		return c
	}
	a, b := v.sequence<<8|uint64(v.kind), w.sequence<<8|uint64(w.kind)
	switch {
	case a > b:
		return -1
	case a < b:
		return 1
	}
	return 0
}

// parseInternal splits an internal key.
func parseInternal(key []byte) (version, error) {
	n := len(key) - 8
	if n < 0 {
		return version{}, fmt.Errorf("internal key %x has fewer than 8 bytes", key)
	}
	trailer := little(key[n:])
	return version{key: key[:n], sequence: trailer >> 8, kind: byte(trailer)}, nil
}

// pair is an entry of a block.
type pair struct{ key, value []byte }

const (
	footerSize = 53
	tableMagic = 0x88e241b785f4cff7
)

// span is where a block's payload lies.
type span struct{ offset, size uint64 }

func (r *reader) span() span { return span{r.varint(), r.varint()} }

// tableFile is the bytes of a table and what its footer says.
type tableFile struct {
	data        []byte
	meta, index span
	used        []span // blocks read, to prove that nothing lies between them
}

// readTable returns all rows of a table in order.
func readTable(path string) ([]version, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	t := tableFile{data: data}
	if err := t.footer(); err != nil {
		return nil, fmt.Errorf("%s: footer: %w", path, err)
	}
	rows, err := t.rows()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if err := t.properties(rows); err != nil {
		return nil, fmt.Errorf("%s: properties: %w", path, err)
	}
	if err := t.gapless(); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return rows, nil
}

func (t *tableFile) footer() error {
	if len(t.data) < footerSize {
		return fmt.Errorf("the file has %d bytes", len(t.data))
	}
	f := t.data[len(t.data)-footerSize:]
	if magic := little(f[45:]); magic != tableMagic {
		return fmt.Errorf("magic number %016x", magic)
	}
	if v := little(f[41:45]); v != 2 {
		return fmt.Errorf("format version %d, not 2", v)
	}
	if f[0] != 1 {
		return fmt.Errorf("checksum type %d, not 1 (CRC-32C)", f[0])
	}
	r := reader{rest: f[1:41]}
	t.meta, t.index = r.span(), r.span()
	if r.err == nil && len(bytes.Trim(r.rest, "\x00")) > 0 {
		return fmt.Errorf("padding %x is not zero", r.rest)
	}
	return r.err
}

// block returns a block's plain payload, its checksum compared.
func (t *tableFile) block(s span) ([]byte, error) {
	limit := uint64(len(t.data) - footerSize)
	if s.size > limit || s.offset > limit-s.size || s.offset+s.size+5 > limit {
		return nil, fmt.Errorf("block %+v reaches beyond %d", s, limit)
	}
	t.used = append(t.used, s)
	payload := t.data[s.offset : s.offset+s.size]
	trailer := t.data[s.offset+s.size:][:5]
	if want, got := uint32(little(trailer[1:])), storedCRC(t.data[s.offset:][:s.size+1]); want != got {
		return nil, fmt.Errorf("block %+v: checksum %08x, stored %08x", s, got, want)
	}
	switch trailer[0] {
	case 0:
		return payload, nil
	case 1:
		return unsnappy(payload)
	}
	return nil, fmt.Errorf("block %+v: compression type %d", s, trailer[0])
}

// pairs decodes a block's entries and proves its restart points: ascending, the
// first 0, each at an entry that shares nothing.
func (t *tableFile) pairs(s span) ([]pair, error) {
	b, err := t.block(s)
	if err != nil {
		return nil, err
	}
	if len(b) < 4 {
		return nil, fmt.Errorf("block %+v has no restart count", s)
	}
	restarts := little(b[len(b)-4:])
	if restarts == 0 || restarts > uint64(len(b)-4)/4 {
		return nil, fmt.Errorf("block %+v: %d restart points in %d bytes", s, restarts, len(b))
	}
	end := len(b) - 4 - 4*int(restarts)
	offsets := b[end : len(b)-4]
	var out []pair
	var key []byte
	for r := (reader{rest: b[:end]}); len(r.rest) > 0; {
		at := end - len(r.rest)
		shared, unshared, valueSize := r.varint(), r.varint(), r.varint()
		suffix, value := r.take(unshared), r.take(valueSize)
		if r.err != nil {
			return nil, fmt.Errorf("block %+v: entry at %d: %w", s, at, r.err)
		}
		if shared > uint64(len(key)) {
			return nil, fmt.Errorf("block %+v: entry at %d shares %d of %d bytes", s, at, shared, len(key))
		}
		if len(offsets) > 0 && little(offsets[:4]) == uint64(at) {
			if shared != 0 {
				return nil, fmt.Errorf("block %+v: restart point at %d shares %d bytes", s, at, shared)
			}
			offsets = offsets[4:]
		}
		key = append(append([]byte{}, key[:shared]...), suffix...)
		out = append(out, pair{key, value})
	}
	// An empty block still has the restart point 0.
	if len(offsets) > 0 && !(len(out) == 0 && restarts == 1 && little(offsets) == 0) {
		return nil, fmt.Errorf("block %+v: restart points %x are at no entry", s, offsets)
	}
	return out, nil
}

// rows reads all data blocks by the index.
func (t *tableFile) rows() ([]version, error) {
	index, err := t.pairs(t.index)
	if err != nil {
		return nil, fmt.Errorf("index: %w", err)
	}
	var rows []version
	for i, entry := range index {
		separator, err := parseInternal(entry.key)
		if err != nil {
			return nil, fmt.Errorf("index entry %d: %w", i, err)
		}
		r := reader{rest: entry.value}
		s := r.span()
		if r.err != nil || len(r.rest) > 0 {
			return nil, fmt.Errorf("index entry %d: value %x is not a block handle", i, entry.value)
		}
		pairs, err := t.pairs(s)
		if err != nil {
			return nil, err
		}
		for _, p := range pairs {
			v, err := parseInternal(p.key)
			if err != nil {
				return nil, err
			}
			v.value = p.value
			if v.kind > 1 {
				return nil, fmt.Errorf("key %x has kind %d", v.key, v.kind)
			}
			if n := len(rows); n > 0 && rows[n-1].compare(v) >= 0 {
				return nil, fmt.Errorf("key %x @%d does not lie behind %x @%d", v.key, v.sequence, rows[n-1].key, rows[n-1].sequence)
			}
			rows = append(rows, v)
		}
		if len(pairs) == 0 {
			return nil, fmt.Errorf("data block %+v is empty", s)
		}
		if rows[len(rows)-1].compare(separator) > 0 {
			return nil, fmt.Errorf("index entry %x lies before its block's last key %x", separator.key, rows[len(rows)-1].key)
		}
		if i > 0 {
			previous, err := parseInternal(index[i-1].key)
			if err != nil {
				return nil, err
			}
			if first := rows[len(rows)-len(pairs)]; previous.compare(first) >= 0 {
				return nil, fmt.Errorf("index entry %x does not lie before the next block's first key %x", previous.key, first.key)
			}
		}
	}
	if len(rows) == 0 {
		return nil, errors.New("the table has no rows")
	}
	return rows, nil
}

// gapless proves that the blocks read cover the file up to the footer.
func (t *tableFile) gapless() error {
	covered := uint64(0)
	for _, s := range t.used {
		covered += s.size + 5
	}
	if blocks := uint64(len(t.data) - footerSize); covered != blocks {
		return fmt.Errorf("%d bytes of blocks are reachable, %d are there", covered, blocks)
	}
	return nil
}
