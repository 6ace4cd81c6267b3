package net

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"reconsim/faults/plan"
	"reconsim/faults/point"
)

// Source decides, as a transfer begins, what is done to it. plan.Registry is
// one.
type Source interface {
	Transfer(ctx context.Context, p point.Point, subject string) ([]plan.Effect, error)
}

// Clock is how transfers wait.
type Clock struct {
	// Sleep waits on the run's clock; trickle needs it.
	Sleep func(ctx context.Context, d time.Duration) error
	// Hang waits until ctx is done and returns its error; nil waits on
	// ctx.Done, which is wrong in a simulation.
	Hang func(ctx context.Context) error
}

func (c Clock) hang(ctx context.Context) error {
	if c.Hang != nil {
		return c.Hang(ctx)
	}
	<-ctx.Done()
	return ctx.Err()
}

// ErrCut is what a cut transfer ends with. It is also an io.ErrUnexpectedEOF.
var ErrCut = fmt.Errorf("transfer cut by the plan: %w", io.ErrUnexpectedEOF)

// Page is what the html effect answers with.
const Page = "<!DOCTYPE html>\n<html><head><title>Sign in</title></head><body>Please sign in.</body></html>\n"

// stepsPerSecond is how many pieces a second a trickle is cut into.
const stepsPerSecond = 10

// body applies effects to the bytes that pass, in order.
type body struct {
	ctx     context.Context
	effects []plan.Effect
	clock   Clock
	offset  int64
}

// allow decides how many of the next want bytes may pass now. It may wait; its
// error ends the transfer.
func (b *body) allow(want int64) (int64, error) {
	if want == 0 {
		return 0, nil
	}
	for _, e := range b.effects {
		switch e := e.(type) {
		case plan.Cut:
			if b.offset >= e.After {
				return 0, ErrCut
			}
			want = min(want, e.After-b.offset)
		case plan.Stall:
			if b.offset >= e.After {
				return 0, fmt.Errorf("transfer stalled by the plan: %w", b.clock.hang(b.ctx))
			}
			want = min(want, e.After-b.offset)
		case plan.Trickle:
			want = min(want, max(1, e.BytesPerSecond/stepsPerSecond))
		}
	}
	return want, nil
}

// pass turns bits of p, which are the next bytes, and takes their time.
func (b *body) pass(p []byte) error {
	begin := b.offset
	b.offset += int64(len(p))
	for _, e := range b.effects {
		switch e := e.(type) {
		case plan.Corrupt:
			if begin <= e.At && e.At < b.offset {
				p[e.At-begin] ^= 1
			}
		case plan.Trickle:
			if err := b.take(len(p), e.BytesPerSecond); err != nil {
				return err
			}
		}
	}
	return nil
}

func (b *body) take(n int, bytesPerSecond int64) error {
	if b.clock.Sleep == nil {
		return errors.New("transfer faults: the plan trickles, but this run brought no clock")
	}
	// Both factors are small: a piece is at most a tenth of the rate, or 1.
	d := time.Duration(float64(n) / float64(bytesPerSecond) * float64(time.Second))
	if err := b.clock.Sleep(b.ctx, d); err != nil {
		return fmt.Errorf("transfer slowed by the plan: %w", err)
	}
	return nil
}

func isHTML(effects []plan.Effect) bool {
	for _, e := range effects {
		if e == (plan.HTML{}) {
			return true
		}
	}
	return false
}
