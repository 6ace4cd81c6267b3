package load

import (
	"context"
	"sync/atomic"
	"time"

	"reconsim/recon/generation"
	"reconsim/recon/swap"
)

// blockedFor is how long a request waits for its view before it counts as
// blocked: pinning one takes less than a microsecond.
const blockedFor = time.Millisecond

// watchedViews counts the requests that waited for a view while the engine
// switched.
type watchedViews struct {
	swap.Views
	// switches is odd while a switch goes on.
	switches atomic.Int64
	blocked  atomic.Int64
}

// Acquire pins a view, and notes how long that took.
func (v *watchedViews) Acquire(ctx context.Context, endpoint string, need generation.Need) (swap.View, func(), error) {
	before, begun := v.switches.Load(), time.Now()
	view, release, err := v.Views.Acquire(ctx, endpoint, need)
	if during := before%2 == 1 || v.switches.Load() != before; during && time.Since(begun) > blockedFor {
		v.blocked.Add(1)
	}
	return view, release, err
}
