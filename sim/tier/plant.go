package tier

import (
	"fmt"
	"sync/atomic"
	"time"

	"reconsim/recon/env"
	"reconsim/sim/sched"
)

// Plants are causes of nondeterminism that a run can be given, so that a
// certificate can be shown to fail: an unsorted map range, a read of the wall
// clock, a goroutine that the scheduler does not know.
func Plants() []string { return []string{"map-range", "clock-read", "goroutine"} }

// plantedDir is where they write, so that the first operation that differs can
// be told to be theirs.
const plantedDir = "/planted"

// plant starts an actor that is not a function of the seed.
func plant(kind string, s *sched.Scheduler, fs env.FS) error {
	var act func() error
	switch kind {
	case "":
		return nil
	case "map-range":
		act = func() error { return writeInMapOrder(fs) }
	case "clock-read":
		act = func() error { return writeFile(fs, plantedDir+"/clock", time.Now().String()) }
	case "goroutine":
		act = func() error { return writeFromGoroutine(s, fs) }
	default:
		return fmt.Errorf("nothing called %q can be planted: use one of %v", kind, Plants())
	}
	s.Go("planted", func() {
		err := fs.MkdirAll(plantedDir, 0o755)
		if err == nil {
			err = act()
		}
		if err != nil {
			panic(err) // The scheduler ends the run and says so.
		}
	})
	return nil
}

func writeFile(fs env.FS, name, text string) error {
	f, err := fs.Create(name, "planted")
	if err != nil {
		return err
	}
	if _, err := f.Write([]byte(text)); err != nil {
		return err
	}
	return f.Close()
}

func writeInMapOrder(fs env.FS) error {
	files := map[string]bool{}
	for i := range 50 {
		files[fmt.Sprintf("%s/file-%02d", plantedDir, i)] = true
	}
	for name := range files {
		if err := writeFile(fs, name, name); err != nil {
			return err
		}
	}
	return nil
}

// writeFromGoroutine lets a goroutine write while actors go on: how often they
// do until it has ended is a matter of time.
func writeFromGoroutine(s *sched.Scheduler, fs env.FS) error {
	const files = 20
	var done atomic.Bool
	failed := make(chan error, 1)
	go func() {
		defer done.Store(true)
		for i := range files {
			time.Sleep(100 * time.Microsecond)
			if err := writeFile(fs, fmt.Sprintf("%s/aside-%03d", plantedDir, i), ""); err != nil {
				failed <- err
				return
			}
		}
		failed <- nil
	}()
	for !done.Load() {
		s.Yield("planted")
	}
	return <-failed
}
