package fakeom

import (
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
