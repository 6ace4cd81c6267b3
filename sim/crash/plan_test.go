package crash

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// hit is the state at death when a kill meets its aim.
var hit = map[Aim]string{
	AimBootstrap: stateNone, AimDownload: stateInitializing, AimStart: stateNone, AimProcessing: stateProcessing,
	AimReady: stateReady, AimCommitting: stateCommitting, AimCommitted: stateCommitted, AimAny: stateNone,
}

func newPlan(times, quota int, seed uint64) *Plan {
	return &Plan{Times: times, QuotaProcessing: quota, QuotaSwitching: quota, Rand: rand.New(rand.NewPCG(seed, 1))}
}

// TestPlanOfTwenty: twenty kills that hit what they aim at meet both quotas of
// five and cover every aim (#6).
func TestPlanOfTwenty(t *testing.T) {
	for seed := range uint64(50) {
		p, aims := newPlan(20, 5, seed), map[Aim]int{}
		for p.More() {
			aim := p.Next()
			aims[aim]++
			p.Died(hit[aim])
		}
		require.True(t, p.Met())
		require.Equal(t, 20, p.done)
		require.GreaterOrEqual(t, p.Processing(), 5)
		require.GreaterOrEqual(t, p.ReadyToCommitted(), 5)
		for aim := range hit {
			if aim != AimReady && aim != AimCommitting {
				require.Positive(t, aims[aim], "seed %d never aims at %s", seed, aim)
			}
		}
	}
}

// TestPlanCountsByDeath: what counts is the state at death, not the aim; a plan
// whose kills always come too late ends, unmet, after three times its kills.
func TestPlanCountsByDeath(t *testing.T) {
	p := newPlan(20, 5, 1)
	for p.More() {
		p.Next()
		p.Died(stateCommitted)
	}
	require.False(t, p.Met())
	require.Equal(t, 60, p.done)
	require.Zero(t, p.Processing()+p.ReadyToCommitted())
}

// TestPlanIsBounded: whatever the kills hit, a plan makes at least as many as
// it was asked for, more only for a quota, and at most three times as many.
func TestPlanIsBounded(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		times := rapid.IntRange(1, 40).Draw(t, "times")
		quota := rapid.IntRange(0, times/4).Draw(t, "quota")
		p := newPlan(times, quota, rapid.Uint64().Draw(t, "seed"))
		miss := rapid.IntRange(0, 100).Draw(t, "percent missed")
		rng := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "misses"), 2))
		processing, switching := 0, 0
		for p.More() {
			state := hit[p.Next()]
			if rng.IntN(100) < miss {
				state = stateNone
			}
			switch state {
			case stateProcessing:
				processing++
			case stateReady, stateCommitting:
				switching++
			}
			p.Died(state)
		}
		switch {
		case p.done < times || p.done > 3*times:
			t.Fatalf("%d kills of %d", p.done, times)
		case p.done > times && p.done < 3*times && !p.Met():
			t.Fatalf("gave up after %d kills of %d", p.done, times)
		case miss == 0 && p.done != times:
			t.Fatalf("%d kills of %d although all hit", p.done, times)
		case p.Processing() != processing || p.ReadyToCommitted() != switching:
			t.Fatal("counted otherwise than it happened")
		}
	})
}
