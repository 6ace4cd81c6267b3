package env

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// named is a runtime that knows actors by name and keeps what they wait for;
// its parkers do not wait.
type named struct {
	goroutines
	actor string
	waits []fmt.Stringer
	// before is called once by the next wait.
	before func()
}

func (n *named) Actor() string                { return n.actor }
func (n *named) NewParker(string) Parker      { return (*namedParker)(n) }
func (n *named) last() string                 { return n.waits[len(n.waits)-1].String() }
func (n *named) waiting(before func()) *named { n.before = before; return n }

type namedParker named

func (p *namedParker) Explain(what fmt.Stringer) { p.waits = append(p.waits, what) }
func (p *namedParker) Unpark()                   {}
func (p *namedParker) Park(context.Context) error {
	if p.before != nil {
		before := p.before
		p.before = nil
		before()
	}
	return nil
}

// TestMutexKnowsItsHolder: D5, also when it is handed on.
func TestMutexKnowsItsHolder(t *testing.T) {
	n := &named{actor: "first"}
	e := New(Options{FS: vfs.NewMem(), Runtime: n})
	m := e.NewMutex().Named("hold")
	m.Lock()
	n.actor = "second"
	n.waiting(func() {
		if got, want := n.last(), `mutex "hold", held by first`; got != want {
			t.Errorf("got %s, want %s", got, want)
		}
		m.Unlock() // By whom does not matter: it goes to second.
		if got, want := n.last(), `mutex "hold", held by second`; got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	})
	m.Lock()
	if got, want := (mutexWait{m}).Holder(), "second"; got != want {
		t.Errorf("the holder is %s, want %s", got, want)
	}
	m.Unlock()
	if got, want := n.last(), `mutex "hold", held by nobody`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// TestExplanations: what has no name is known by where it was made, which only
// a runtime that can use it pays for.
func TestExplanations(t *testing.T) {
	n := &named{}
	e := New(Options{FS: vfs.NewMem(), Runtime: n})
	done := false
	n.waiting(func() { done = true })
	if err := e.NewCond().WaitUntil(context.Background(), func() bool { return done }); err != nil {
		t.Fatal(err)
	}
	if got, want := n.last(), "condition made at env/explain_test.go:"; !strings.HasPrefix(got, want) {
		t.Errorf("got %s, want %s", got, want)
	}
	until := time.Now().Add(time.Hour)
	if err := e.Sleep(context.Background(), time.Hour); err != nil {
		t.Fatal(err)
	}
	if got := n.waits[len(n.waits)-1].(sleepWait).until; got.Before(until) || got.After(until.Add(time.Minute)) {
		t.Errorf("it sleeps until %v, want %v", got, until)
	}
	if made := realEnv().NewMutex().made; made != 0 {
		t.Error("production looks up where locks are made")
	}
}
