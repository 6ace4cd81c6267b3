package plan

import (
	"fmt"
	"strings"

	"reconsim/faults/point"
)

// Family says who carries an effect out.
type Family int

const (
	// DiskFamily effects are carried out by the disk (faults/disk, sim/disk).
	DiskFamily Family = iota + 1
	// TransferFamily effects are carried out on the body of a transfer
	// (faults/net).
	TransferFamily
)

// maxTransferBytes bounds offsets and rates of transfer effects.
const maxTransferBytes = int64(1) << 50

// Effect is an action that the place itself carries out. Hit hands a disk
// effect out inside its error (see [Injected.Effect]); transfer effects are
// asked for with [Registry.Transfer].
type Effect interface {
	Action
	// Family says who carries it out.
	Family() Family
	// fits reports whether it means anything at the point.
	fits(point.Point) bool
	// where says in words at which points it fits.
	where() string
}

// Short writes only half of the bytes and reports an error, as a full or
// interrupted device does.
type Short struct{}

// DropSync makes an fsync fail and loses what it should have made durable.
type DropSync struct{}

// Flip turns one bit of what is read. Which one is derived from the length, so
// that a run repeats.
type Flip struct{}

// Cut ends a transfer with an error after After bytes.
type Cut struct{ After int64 }

// Corrupt turns one bit of the byte at offset At.
type Corrupt struct{ At int64 }

// Trickle lets a transfer through at BytesPerSecond on the run's clock.
type Trickle struct{ BytesPerSecond int64 }

// Stall lets After bytes through and then hangs until the context is done.
type Stall struct{ After int64 }

// HTML answers with a page of HTML and status 200, as a proxy in between does.
type HTML struct{}

func (Short) String() string     { return "short" }
func (DropSync) String() string  { return "dropsync" }
func (Flip) String() string      { return "flip" }
func (e Cut) String() string     { return fmt.Sprintf("cut %d", e.After) }
func (e Corrupt) String() string { return fmt.Sprintf("corrupt %d", e.At) }
func (e Trickle) String() string { return fmt.Sprintf("trickle %d", e.BytesPerSecond) }
func (e Stall) String() string   { return fmt.Sprintf("stall %d", e.After) }
func (HTML) String() string      { return "html" }

func (Short) ends() bool    { return true }
func (DropSync) ends() bool { return true }
func (Flip) ends() bool     { return true }
func (Cut) ends() bool      { return true }
func (Corrupt) ends() bool  { return true }
func (Trickle) ends() bool  { return true }
func (Stall) ends() bool    { return true }
func (HTML) ends() bool     { return true }

func (Short) validate() error     { return nil }
func (DropSync) validate() error  { return nil }
func (Flip) validate() error      { return nil }
func (e Cut) validate() error     { return checkBytes("cut", e.After, 0) }
func (e Corrupt) validate() error { return checkBytes("corrupt", e.At, 0) }
func (e Trickle) validate() error { return checkBytes("trickle", e.BytesPerSecond, 1) }
func (e Stall) validate() error   { return checkBytes("stall", e.After, 0) }
func (HTML) validate() error      { return nil }

func checkBytes(word string, n, least int64) error {
	if n < least || n > maxTransferBytes {
		return fmt.Errorf("%s %d: must be between %d and %d", word, n, least, maxTransferBytes)
	}
	return nil
}

// Family of the disk's effects.
func (Short) Family() Family { return DiskFamily }

// Family of the disk's effects.
func (DropSync) Family() Family { return DiskFamily }

// Family of the disk's effects.
func (Flip) Family() Family { return DiskFamily }

// Family of the transfer's effects.
func (Cut) Family() Family { return TransferFamily }

// Family of the transfer's effects.
func (Corrupt) Family() Family { return TransferFamily }

// Family of the transfer's effects.
func (Trickle) Family() Family { return TransferFamily }

// Family of the transfer's effects.
func (Stall) Family() Family { return TransferFamily }

// Family of the transfer's effects.
func (HTML) Family() Family { return TransferFamily }

func (Short) fits(p point.Point) bool    { return p == point.DiskWrite }
func (DropSync) fits(p point.Point) bool { return p == point.DiskSync }
func (Flip) fits(p point.Point) bool     { return p == point.DiskRead }
func (Cut) fits(p point.Point) bool      { return carriesBody(p) }
func (Corrupt) fits(p point.Point) bool  { return carriesBody(p) }
func (Trickle) fits(p point.Point) bool  { return carriesBody(p) }
func (Stall) fits(p point.Point) bool    { return carriesBody(p) }
func (HTML) fits(p point.Point) bool     { return carriesBody(p) }

func (Short) where() string    { return "only at disk/write" }
func (DropSync) where() string { return "only at disk/sync" }
func (Flip) where() string     { return "only at disk/read" }
func (Cut) where() string      { return whereBody }
func (Corrupt) where() string  { return whereBody }
func (Trickle) where() string  { return whereBody }
func (Stall) where() string    { return whereBody }
func (HTML) where() string     { return whereBody }

const whereBody = "only at points of an OM's answers: om/... and transfer/..."

// carriesBody reports whether a body of bytes passes at the point.
func carriesBody(p point.Point) bool {
	return strings.HasPrefix(p.String(), "om/") || strings.HasPrefix(p.String(), "transfer/")
}
