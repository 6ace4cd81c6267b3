package disk_test

import (
	"fmt"
	"testing"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"

	"reconsim/sim/disk"
)

const category = vfs.WriteCategoryUnspecified

func BenchmarkOperations(b *testing.B) {
	for _, record := range []bool{false, true} {
		for _, sizeBytes := range []int{100, 4096, 64 << 10} {
			p := make([]byte, sizeBytes)
			fill(p)
			b.Run(fmt.Sprintf("append/record=%v/%d", record, sizeBytes), func(b *testing.B) {
				fresh := func() vfs.File { return created(b, disk.New(disk.Options{Record: record}), "/f") }
				f := fresh()
				for i := 0; b.Loop(); i++ {
					if i%1000 == 999 {
						b.StopTimer()
						f = fresh()
						b.StartTimer()
					}
					if _, err := f.Write(p); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
		b.Run(fmt.Sprintf("overwrite+sync/record=%v/100", record), func(b *testing.B) {
			f := created(b, disk.New(disk.Options{Record: record}), "/f")
			p := make([]byte, 100)
			if _, err := f.WriteAt(make([]byte, 64<<10), 0); err != nil {
				b.Fatal(err)
			}
			for i := 0; b.Loop(); i++ {
				if i%1000 == 999 {
					b.StopTimer()
					f = created(b, disk.New(disk.Options{Record: record}), "/f")
					b.StartTimer()
				}
				if _, err := f.WriteAt(p, int64(i*700%60000)); err != nil {
					b.Fatal(err)
				}
				if err := f.Sync(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	y := disk.New(disk.Options{})
	f := created(b, y, "/f")
	if _, err := f.Write(make([]byte, 64<<10)); err != nil {
		b.Fatal(err)
	}
	p := make([]byte, 100)
	b.Run("read/100", func(b *testing.B) {
		for i := 0; b.Loop(); i++ {
			if _, err := f.ReadAt(p, int64(i*700%60000)); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("stat", func(b *testing.B) {
		for b.Loop() {
			if _, err := y.Stat("/f"); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// recorded is a run of a store of 200 writes.
func recorded(tb testing.TB) *disk.Log {
	y := disk.New(disk.Options{Record: true})
	db, err := pebble.Open("/store", quiet(y))
	if err != nil {
		tb.Fatal(err)
	}
	for n := range 200 {
		if err := (pebbleEngine{db}).write(n); err != nil {
			tb.Fatal(err)
		}
	}
	if err := db.Close(); err != nil {
		tb.Fatal(err)
	}
	return y.Log()
}

func BenchmarkImages(b *testing.B) {
	log := recorded(b)
	b.Run("image", func(b *testing.B) {
		for i := 0; b.Loop(); i++ {
			if _, err := log.Image(i%(log.Len()+1), disk.Synced, 0); err != nil {
				b.Fatal(err)
			}
		}
		b.ReportMetric(float64(log.Len()), "operations")
	})
	b.Run("explore", func(b *testing.B) {
		images := 0
		for b.Loop() {
			promises := make([]int, log.Len()+1)
			for i := range promises {
				promises[i] = i
			}
			for range log.Explore(disk.Exploration{Last: log.Len(), Policies: disk.AllPolicies(), Promises: promises}) {
				images++
			}
		}
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(images), "ns/image")
		b.ReportMetric(float64(images)/float64(b.N), "images/op")
	})
}

func created(tb testing.TB, y *disk.FS, name string) vfs.File {
	tb.Helper()
	f, err := y.Create(name, category)
	if err != nil {
		tb.Fatal(err)
	}
	return f
}

func fill(p []byte) {
	for i := range p {
		p[i] = byte(i*7 + 1)
	}
}
