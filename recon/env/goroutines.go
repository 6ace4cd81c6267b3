package env

import (
	"context"
	crand "crypto/rand"
	"encoding/binary"
	"time"
)

// NewGoroutines is the production runtime: plain goroutines, the wall clock,
// and a seed from the operating system.
func NewGoroutines() Runtime {
	var b [8]byte
	// crypto/rand.Read never fails on the platforms Go supports.
	_, _ = crand.Read(b[:])
	return goroutines{seed: binary.LittleEndian.Uint64(b[:])}
}

type goroutines struct{ seed uint64 }

func (goroutines) Now() time.Time          { return time.Now() }
func (goroutines) Go(_ string, fn func())  { go fn() }
func (goroutines) Yield(string)            {}
func (g goroutines) Seed() uint64          { return g.seed }
func (goroutines) NewParker(string) Parker { return make(channelParker, 1) }
func (goroutines) After(d time.Duration, fn func()) func() {
	t := time.AfterFunc(d, fn)
	return func() { t.Stop() }
}

type channelParker chan struct{}

func (c channelParker) Park(ctx context.Context) error {
	select {
	case <-c:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func (c channelParker) Unpark() {
	select {
	case c <- struct{}{}:
	default:
	}
}
