package generation

import (
	"bufio"
	"bytes"
	"cmp"
	"container/heap"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// merged is one derived row after the merge of all sorted runs.
type merged struct {
	key, value []byte
}

// run is one sorted source of the merge: a file, or a sink's arena.
type run struct {
	order   int
	key     []byte
	value   []byte
	counter bool
	n       int64
	next    func(*run) (bool, error)
	close   func() error
}

type runHeap []*run

func (h runHeap) Len() int { return len(h) }
func (h runHeap) Less(i, j int) bool {
	return cmp.Or(bytes.Compare(h[i].key, h[j].key), cmp.Compare(h[i].order, h[j].order)) < 0
}
func (h runHeap) Swap(i, j int) { h[i], h[j] = h[j], h[i] }
func (h *runHeap) Push(x any)   { *h = append(*h, x.(*run)) }
func (h *runHeap) Pop() any {
	old := *h
	last := old[len(old)-1]
	*h = old[:len(old)-1]
	return last
}

// merge calls fn for every row in key order, counters summed and sums of zero
// left out. The row is borrowed. Two Puts of one key are a mistake of a task
// and an error.
func (s *sinks) merge(fn func(merged) error) (err error) {
	h, err := s.openRuns(s.mu.all)
	defer func() { err = errors.Join(err, h.closeAll()) }()
	if err != nil {
		return err
	}
	heap.Init(&h)
	var key, value []byte // Reused: no row of a rebuild allocates here.
	for len(h) > 0 {
		key = append(key[:0], h[0].key...)
		isCounter, sum, puts := h[0].counter, int64(0), 0
		for len(h) > 0 && bytes.Equal(h[0].key, key) {
			top := h[0]
			if top.counter != isCounter {
				return fmt.Errorf("derived row %x was both put and counted", key)
			}
			if sum += top.n; !isCounter {
				value = append(value[:0], top.value...)
				puts++
			}
			if err := h.advance(); err != nil {
				return err
			}
		}
		switch {
		case puts > 1:
			return fmt.Errorf("derived row %x was put %d times in one rebuild", key, puts)
		case isCounter && sum == 0:
			continue
		case isCounter:
			value = binary.BigEndian.AppendUint64(value[:0], uint64(sum))
		}
		if err := fn(merged{key: key, value: value}); err != nil {
			return err
		}
	}
	return nil
}

// advance moves the top run on, or drops it at its end.
func (h *runHeap) advance() error {
	top := (*h)[0]
	ok, err := top.next(top)
	if err != nil {
		return err
	}
	if ok {
		heap.Fix(h, 0)
		return nil
	}
	heap.Pop(h)
	if top.close != nil {
		return top.close()
	}
	return nil
}

// closeAll closes the runs that are not at their end.
func (h runHeap) closeAll() (err error) {
	for _, r := range h {
		if r.close != nil {
			err = errors.Join(err, r.close())
		}
	}
	return err
}

// openRuns opens everything that sinks hold, in memory and on disk.
func (s *sinks) openRuns(all []*sink) (runHeap, error) {
	var h runHeap
	add := func(r *run) error {
		r.order = len(h)
		ok, err := r.next(r)
		if err != nil || !ok {
			if r.close != nil {
				err = errors.Join(err, r.close())
			}
			return err
		}
		h = append(h, r)
		return nil
	}
	runs := 0
	for _, k := range all {
		runs += len(k.runs)
	}
	bufferBytes := min(maxRunBuffer, max(minRunBuffer, runBuffers/max(runs, 1)))
	for _, k := range all {
		for _, path := range k.runs {
			f, err := s.env.FS().Open(path, vfs.SequentialReadsOption)
			if err != nil {
				return h, fmt.Errorf("open sorted run: %w", err)
			}
			if err := add(fileRun(f, path, bufferBytes)); err != nil {
				return h, err
			}
		}
		k.sort()
		if err := add(arenaRun(k)); err != nil {
			return h, err
		}
	}
	return h, nil
}

func arenaRun(k *sink) *run {
	i := 0
	return &run{next: func(r *run) (bool, error) {
		if i == len(k.entries) {
			return false, nil
		}
		e := k.entries[i]
		i++
		r.key, r.value, r.counter, r.n = k.keyOf(e), k.valueOf(e), e.counter, e.n
		return true, nil
	}}
}

// Runs share runBuffers for reading, as far as their buffers stay within the
// other two bounds.
const (
	runBuffers   = 4 << 20
	minRunBuffer = 4 << 10
	maxRunBuffer = 64 << 10
)

func fileRun(f vfs.File, path string, bufferBytes int) *run {
	in := bufio.NewReaderSize(f, bufferBytes)
	r := &run{close: f.Close}
	r.next = func(r *run) (bool, error) {
		n, err := binary.ReadUvarint(in)
		if errors.Is(err, io.EOF) {
			return false, nil
		}
		if err == nil {
			r.key, err = readInto(in, r.key, n)
		}
		var kind uint64
		if err == nil {
			kind, err = binary.ReadUvarint(in)
		}
		r.counter, r.n = kind == 0, 0
		switch {
		case err != nil:
		case r.counter:
			r.n, err = binary.ReadVarint(in)
		default:
			r.value, err = readInto(in, r.value, kind-1)
		}
		if err != nil {
			return false, fmt.Errorf("read sorted run %s: %w", path, err)
		}
		return true, nil
	}
	return r
}

func readInto(in *bufio.Reader, buf []byte, n uint64) ([]byte, error) {
	if n > 1<<30 {
		return nil, fmt.Errorf("a length of %d cannot be right", n)
	}
	if uint64(cap(buf)) < n {
		buf = make([]byte, n)
	}
	buf = buf[:n]
	_, err := io.ReadFull(in, buf)
	return buf, err
}
