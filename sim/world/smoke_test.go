package world

import (
	"context"
	"log/slog"
	"math/rand/v2"
	"net/http/httptest"
	"os"
	"testing"
	"time"

	fakeom "reconsim/fake_om"
	"reconsim/fake_om/namespace"
	"reconsim/recon/config"
	"reconsim/recon/env"
	"reconsim/sim/oracle"
)

func TestSmoke(t *testing.T) {
	ctx := t.Context()
	base := namespace.New(namespace.Config{Seed: 1, Keys: 1000})
	o, err := oracle.New(base)
	if err != nil {
		t.Fatal(err)
	}
	e := env.NewOS(nil)
	cluster, err := fakeom.New(e, fakeom.Options{Dir: t.TempDir(), Base: base, Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	cfg, err := config.Load(config.Layer{Source: "test", Values: map[string]string{config.SnapshotInitialDelay: "0", config.SnapshotIntervalDelay: "20ms", config.StagingRetryDelayMinutes: "0.001"}})
	if err != nil {
		t.Fatal(err)
	}
	recon, err := StartRecon(ctx, ReconOptions{Env: e, Config: cfg, Client: inProcess{cluster}, Dir: t.TempDir(), Service: cluster.ServiceID(),
		Log: slog.New(slog.NewTextHandler(os.Stderr, nil))})
	if err != nil {
		t.Fatal(err)
	}
	for range 200 {
		if _, ok := recon.Protocol.Serving(); ok {
			break
		}
		_ = e.Sleep(context.Background(), 20*time.Millisecond)
	}
	requests, err := o.Requests(o.Last(), rand.New(rand.NewPCG(1, 2)), 30)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range requests {
		w := httptest.NewRecorder()
		recon.Handler.ServeHTTP(w, httptest.NewRequest("GET", r, nil))
		t.Log(r, w.Code, w.Header().Get("Recon-Generation"), len(w.Body.Bytes()))
	}
	if err := recon.Stop(); err != nil {
		t.Fatal(err)
	}
}
