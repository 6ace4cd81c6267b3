package plan

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// maxPark bounds a park, so that a typing mistake cannot stop a run for a year.
const maxPark = 24 * time.Hour

// maxMessageBytes bounds the text of an error or a panic.
const maxMessageBytes = 4 << 10

// Action is what a rule does at a passage it picked. Its String is DSL.
type Action interface {
	String() string
	// ends reports whether the passage returns (an error) after the action.
	ends() bool
	validate() error
}

// Error makes the passage fail with a message.
type Error struct{ Message string }

func (a Error) String() string  { return "error " + strconv.Quote(a.Message) }
func (Error) ends() bool        { return true }
func (a Error) validate() error { return checkMessage("error", a.Message) }

// Errno makes the passage fail as a system call would.
type Errno struct{ Name string }

func (a Errno) String() string { return "errno " + a.Name }
func (Errno) ends() bool       { return true }

func (a Errno) validate() error {
	if _, ok := errnos[a.Name]; !ok {
		return fmt.Errorf("errno %s is not known%s", a.Name, didYouMean(a.Name, errnoNames()))
	}
	return nil
}

// Panic makes the passage panic with a message: the code under test must turn
// it into a failure of its own.
type Panic struct{ Message string }

func (a Panic) String() string  { return "panic " + strconv.Quote(a.Message) }
func (Panic) ends() bool        { return true }
func (a Panic) validate() error { return checkMessage("panic", a.Message) }

// Kill ends the process, or in a simulation the node, through Runtime.Kill.
// Policy says what a simulated disk keeps; empty leaves that to the run.
type Kill struct{ Policy string }

func (a Kill) String() string {
	if a.Policy == "" {
		return "kill"
	}
	return "kill " + strconv.Quote(a.Policy)
}
func (Kill) ends() bool { return true }

func (a Kill) validate() error {
	if a.Policy == "" {
		return nil
	}
	return checkMessage("kill", a.Policy)
}

// Hang blocks the passage until its context is done.
type Hang struct{}

func (Hang) String() string  { return "hang" }
func (Hang) ends() bool      { return true }
func (Hang) validate() error { return nil }

// Park holds the passage for a while on the run's clock, then lets it go on.
type Park struct{ For time.Duration }

// String prints microseconds as "us", since bare words are ASCII.
func (a Park) String() string { return "park " + strings.Replace(a.For.String(), "µ", "u", 1) }
func (Park) ends() bool       { return false }

func (a Park) validate() error {
	if a.For <= 0 || a.For > maxPark {
		return fmt.Errorf("park %s: must be above 0 and at most %s", a.For, maxPark)
	}
	return nil
}

func checkMessage(word, message string) error {
	if message == "" || len(message) > maxMessageBytes {
		return fmt.Errorf("%s needs a message of 1 to %d bytes, it has %d", word, maxMessageBytes, len(message))
	}
	return nil
}
