package world_test

import (
	"context"
	"encoding/json"
	"log/slog"
	"os"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"reconsim/recon/env"
	"reconsim/reports/record"
	"reconsim/scenarios"
	"reconsim/sim/tier"
	"reconsim/sim/world"
)

func TestFirstLightInProcess(t *testing.T) {
	s, problems, err := scenarios.LoadFile(scenarios.Corpus(), os.Getenv("SC"), tier.Vocabulary())
	if err != nil || len(problems) > 0 {
		t.Fatal(err, problems)
	}
	r, problems := s.ForTier("local")
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	r.World.Keys.All = 2000
	w, err := world.New(world.Options{Scenario: r, Seed: 1, Dir: t.TempDir(), FS: vfs.Default, Runtime: env.NewGoroutines(), CheckLater: true,
		Log: slog.New(slog.NewTextHandler(os.Stderr, nil)), Event: func(e record.Event) {
			if e.Kind != record.KindReadSample {
				b, _ := json.Marshal(e)
				if len(b) > 300 {
					b = b[:300]
				}
				t.Log(string(b))
			}
		}})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 90*time.Second)
	defer cancel()
	err = w.Run(ctx)
	var run record.Run
	w.Fill(&run)
	run.Config, run.Latency = nil, record.Latency{}
	b, _ := json.MarshalIndent(run, "", " ")
	t.Log(string(b))
	if err != nil {
		t.Fatal(err)
	}
}
