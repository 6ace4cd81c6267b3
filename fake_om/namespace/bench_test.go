package namespace

import "testing"

func BenchmarkKeys(b *testing.B) {
	benchmarkWalk(b, func(n *Base) func(func(*Key) bool) { return n.Keys })
}

func BenchmarkFiles(b *testing.B) {
	benchmarkWalk(b, func(n *Base) func(func(*Key) bool) { return n.Files })
}

func benchmarkWalk(b *testing.B, walk func(*Base) func(func(*Key) bool)) {
	base := New(Config{Seed: 1, Keys: 2_000_000})
	b.ReportAllocs()
	b.ResetTimer()
	for done := 0; done < b.N; {
		walk(base)(func(*Key) bool {
			done++
			return done < b.N
		})
	}
}

func BenchmarkDirectories(b *testing.B) {
	base := New(Config{Seed: 1, Keys: 2_000_000})
	b.ReportAllocs()
	b.ResetTimer()
	for done := 0; done < b.N; {
		for range base.Directories {
			if done++; done == b.N {
				break
			}
		}
	}
}

// BenchmarkNew tells what a simulated world of 1,000 keys pays for its base.
func BenchmarkNew(b *testing.B) {
	b.ReportAllocs()
	for range b.N {
		New(Config{Seed: 1, Keys: 1000})
	}
}

func BenchmarkNext(b *testing.B) {
	w := NewWorkload(New(Config{Seed: 1, Keys: 100_000}), 1)
	b.ReportAllocs()
	b.ResetTimer()
	for range b.N {
		w.Next()
	}
}
