package fakeom

import (
	"errors"
	"io"
	"path/filepath"
	"testing"

	"reconsim/fake_om/namespace"
	"reconsim/recon/env"
)

// BenchmarkBase measures writing a base's tables to a disk, by key.
func BenchmarkBase(b *testing.B) {
	base := namespace.New(namespace.Config{Keys: int64(b.N)})
	b.ReportAllocs()
	b.ResetTimer()
	c, err := New(env.NewOS(nil), Options{Dir: filepath.Join(b.TempDir(), "om"), Base: base})
	if err != nil {
		b.Fatal(err)
	}
	b.StopTimer()
	if err := c.Close(); err != nil {
		b.Fatal(err)
	}
}

// BenchmarkBurst measures applying a transaction on three nodes.
func BenchmarkBurst(b *testing.B) {
	c, err := New(testEnv(), testOptions(2000))
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	b.ResetTimer()
	if _, err := c.Burst(b.N); err != nil {
		b.Fatal(err)
	}
}

// BenchmarkSmallWorld measures what a simulated execution pays for its OMs: a
// small cluster, some traffic and one whole transfer.
func BenchmarkSmallWorld(b *testing.B) {
	o := testOptions(1000)
	o.TableBytes = 0
	b.ReportAllocs()
	for b.Loop() {
		c, err := New(testEnv(), o)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := c.Burst(50); err != nil {
			b.Fatal(err)
		}
		body, _, err := c.Checkpoint(b.Context(), "om1")
		if err != nil {
			b.Fatal(err)
		}
		if _, err := io.Copy(io.Discard, body); err != nil {
			b.Fatal(err)
		}
		if err := errors.Join(body.Close(), c.Close()); err != nil {
			b.Fatal(err)
		}
	}
}
