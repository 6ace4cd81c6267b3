package generation

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"reconsim/faults/point"
	"reconsim/recon/env"
)

var errNotExist = fs.ErrNotExist

// Current reads the pointer. ok is false when nothing was ever committed.
func (l *Layout) Current() (build uint64, ok bool, err error) {
	content, err := readFile(l.env.FS(), l.Path(pointerName), 256)
	if isNotExist(err) {
		return 0, false, nil
	}
	if err != nil {
		return 0, false, fmt.Errorf("read pointer: %w", err)
	}
	build, ok = parseName(strings.TrimSuffix(string(content), "\n"))
	if !ok {
		return 0, false, fmt.Errorf("pointer %s holds %q, which names no generation: write the name of a directory beside it, such as %s", l.Path(pointerName), content, Name(1))
	}
	return build, true, nil
}

// MoveError is a failed move of the pointer. Moved is true if the new
// generation's name is in place all the same, because it could not be taken
// back. In either case the directory may need a sync before a crash finds what
// is there now.
type MoveError struct {
	Build uint64
	Moved bool
	Err   error
}

func (e *MoveError) Error() string {
	state := "the old generation stays"
	if e.Moved {
		state = "the pointer already names the new generation"
	}
	return fmt.Sprintf("move pointer to %s: %v (%s)", Name(e.Build), e.Err, state)
}

func (e *MoveError) Unwrap() error { return e.Err }

// MovePointer is the commit point (D3): temporary file, fsync, rename, fsync of
// the directory. After an error before the rename the old generation stays.
// After an error of the last fsync the rename is taken back; only if that
// fails too does the returned [MoveError] have Moved set. Both callers of this
// need [Layout.Settle] before they act on it.
func (l *Layout) MovePointer(ctx context.Context, build uint64) error {
	old, hadOld, err := l.Current()
	if err != nil {
		return &MoveError{Build: build, Err: err}
	}
	if err := l.env.Point(ctx, point.PointerWrite, Name(build), 0); err != nil {
		return &MoveError{Build: build, Err: err}
	}
	renamed, err := l.movePointer(ctx, build, true)
	if err == nil {
		return nil
	}
	if !renamed {
		return &MoveError{Build: build, Err: err}
	}
	// The new name is visible but perhaps not durable. A crash now could
	// bring back either generation, so nothing may be acknowledged: go back.
	var back bool
	var backErr error
	if hadOld {
		back, backErr = l.movePointer(ctx, old, false)
	} else if backErr = l.env.FS().Remove(l.Path(pointerName)); backErr == nil {
		back, backErr = true, env.SyncDir(l.env.FS(), l.dir)
	}
	if backErr != nil {
		err = fmt.Errorf("%w; and taking it back: %w", err, backErr)
	}
	return &MoveError{Build: build, Moved: !back, Err: err}
}

// Settle makes durable what the directory of generations holds now, so that a
// crash finds what is there. Files of a generation whose name the pointer ever
// had are not touched before.
func (l *Layout) Settle() error { return env.SyncDir(l.env.FS(), l.dir) }

func (l *Layout) temporaryPointer() string { return l.Path(pointerName + ".tmp") }

// SweepPointer removes the pointer that a crash left written and not moved.
func (l *Layout) SweepPointer() error {
	err := l.env.FS().Remove(l.temporaryPointer())
	if err == nil || errors.Is(err, errNotExist) {
		return nil
	}
	return fmt.Errorf("remove the pointer that was never moved: %w", err)
}

func (l *Layout) movePointer(ctx context.Context, build uint64, points bool) (renamed bool, err error) {
	fs := l.env.FS()
	temporary := l.temporaryPointer()
	defer func() {
		if !renamed {
			err = errors.Join(err, l.SweepPointer())
		}
	}()
	if err := writeFile(fs, temporary, []byte(Name(build)+"\n")); err != nil {
		return false, err
	}
	if points {
		if err := l.env.Point(ctx, point.PointerMove, Name(build), 0); err != nil {
			return false, err
		}
	}
	if err := fs.Rename(temporary, l.Path(pointerName)); err != nil {
		return false, err
	}
	if points {
		if err := l.env.Point(ctx, point.PointerSync, Name(build), 0); err != nil {
			return true, err
		}
	}
	if l.env.Mutated(point.SkipPointerSync) {
		return true, nil
	}
	return true, env.SyncDir(fs, l.dir)
}
