package tier

import (
	"encoding/binary"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/cespare/xxhash/v2"

	"reconsim/reports/record"
	"reconsim/sim/check"
	"reconsim/sim/disk"
)

// Trace is everything that a simulated run did, in order: each step of each
// actor with the point at which it went on, each operation of each disk with the
// hash of its data, each answer, and what the world noted about it. Two runs are
// equal if their traces are.
type Trace struct {
	// mu is for goroutines that are no actors: there must be none, and one that
	// is there all the same must not spoil what shows it.
	mu      sync.Mutex
	digest  *xxhash.Digest
	scratch []byte
	count   int
	// now and begin give entries their time.
	now   func() time.Time
	begin time.Time
	// keep is whether entries are kept: formatting them costs more than running.
	keep    bool
	entries []entry
}

// entry is one thing that happened.
type entry struct {
	kind   entryKind
	after  time.Duration
	actor  string
	text   string
	number int64
	// generation is that of an answer or a publish.
	generation uint64
}

type entryKind byte

const (
	stepEntry   entryKind = 's'
	diskEntry   entryKind = 'd'
	answerEntry entryKind = 'a'
	eventEntry  entryKind = 'e'
)

func newTrace(keep bool) *Trace {
	return &Trace{digest: xxhash.New(), keep: keep}
}

// clock gives the trace the run's clock, at its beginning.
func (t *Trace) clock(now func() time.Time) { t.now, t.begin = now, now() }

// Hash is that of all entries so far, as reports print it.
func (t *Trace) Hash() string { return fmt.Sprintf("%016x", t.digest.Sum64()) }

// Entries counts them.
func (t *Trace) Entries() int { return t.count }

// Text is a line for each entry, if they were kept: its number, the virtual
// time, who did it and what it was.
func (t *Trace) Text() []byte {
	var b []byte
	for i := range t.entries {
		e := &t.entries[i]
		b = strconv.AppendInt(b, e.number, 10)
		b = append(b, ' ')
		b = append(b, e.after.String()...)
		b = append(b, ' ')
		b = append(b, e.actor...)
		b = append(b, ": "...)
		b = append(b, e.text...)
		b = append(b, '\n')
	}
	return b
}

// hash adds the parts that were gathered in scratch, as one entry.
func (t *Trace) hash(kind entryKind) {
	t.scratch = append(t.scratch, byte(kind))
	// A digest in memory never fails.
	_, _ = t.digest.Write(t.scratch)
	t.scratch = t.scratch[:0]
	t.count++
}

func (t *Trace) part(s string) { t.scratch = append(append(t.scratch, s...), 0) }

func (t *Trace) number(n int64) { t.scratch = binary.LittleEndian.AppendUint64(t.scratch, uint64(n)) }

// add keeps an entry that was hashed.
func (t *Trace) add(kind entryKind, actor, text string, generation uint64) {
	t.entries = append(t.entries, entry{kind: kind, after: t.now().Sub(t.begin), actor: actor, text: text, number: int64(t.count), generation: generation})
}

func (t *Trace) step(actor, point string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.part(actor)
	t.part(point)
	t.hash(stepEntry)
	if t.keep {
		t.add(stepEntry, actor, "goes on at "+point, 0)
	}
}

func (t *Trace) operation(disk, actor string, op disk.Op) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.part(disk)
	t.part(actor)
	t.part(op.Path)
	t.part(op.To)
	t.number(int64(op.Number))
	t.number(int64(op.Kind))
	t.number(op.Offset)
	t.number(op.Length)
	t.number(int64(op.Hash))
	t.hash(diskEntry)
	if t.keep {
		t.add(diskEntry, actor, fmt.Sprintf("%s's disk, operation %d: %v", disk, op.Number, op), 0)
	}
}

// answer takes what a reader was told: its session, the request, the status, the
// label and the body.
func (t *Trace) answer(actor string, parts ...string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, p := range parts {
		t.part(p)
	}
	t.hash(answerEntry)
	if !t.keep {
		return
	}
	last := len(parts) - 1
	text := fmt.Sprintf("answer to %s, body %016x", strings.Join(parts[:last], " "), xxhash.Sum64String(parts[last]))
	label, _ := check.ParseLabel(parts[last-1]) // Of an answer without a label the generation is not known.
	t.add(answerEntry, actor, text, label.Build)
}

// event takes what the world noted. Counts of reads are left out: the answers
// themselves are there.
func (t *Trace) event(actor string, e record.Event) {
	if e.Kind == record.KindReadSample {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	text := strings.TrimSpace(strings.Join([]string{string(e.Kind), e.State, e.Fault, e.Point, e.Subject, e.Message}, " "))
	t.part(text)
	t.number(int64(e.Generation))
	t.hash(eventEntry)
	if t.keep {
		t.add(eventEntry, actor, strings.Join(strings.Fields(text), " "), e.Generation)
	}
}
