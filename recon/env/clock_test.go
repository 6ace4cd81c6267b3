package env

import (
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// manualClock is a runtime of plain goroutines whose time moves only when the
// test says so.
type manualClock struct {
	goroutines
	armed chan struct{}
	mu    sync.Mutex
	now   time.Time
	timer []*manualTimer
}

type manualTimer struct {
	at time.Time
	fn func()
}

func newManualClock() *manualClock {
	return &manualClock{goroutines: goroutines{seed: 1}, armed: make(chan struct{}, 1000), now: time.Unix(1_000_000, 0)}
}

func (c *manualClock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *manualClock) After(d time.Duration, fn func()) func() {
	c.mu.Lock()
	defer c.mu.Unlock()
	t := &manualTimer{at: c.now.Add(d), fn: fn}
	c.timer = append(c.timer, t)
	c.armed <- struct{}{}
	return func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.timer = slices.DeleteFunc(c.timer, func(other *manualTimer) bool { return other == t })
	}
}

func (c *manualClock) advance(d time.Duration) {
	c.mu.Lock()
	c.now = c.now.Add(d)
	var due []*manualTimer
	c.timer = slices.DeleteFunc(c.timer, func(t *manualTimer) bool {
		over := !t.at.After(c.now)
		if over {
			due = append(due, t)
		}
		return over
	})
	c.mu.Unlock()
	for _, t := range due {
		t.fn()
	}
}

func (c *manualClock) timers() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.timer)
}

func clockedEnv(c *manualClock) *Env { return New(Options{FS: vfs.NewMem(), Runtime: c}) }

func realEnv() *Env { return New(Options{FS: vfs.NewMem(), Runtime: goroutines{seed: 1}}) }
