package crash

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"time"
)

// Starter starts a program with arguments, of which the first is its verb. What
// it prints is written to stdout and stderr until Wait has returned.
type Starter func(args []string, stdout, stderr io.Writer) (Running, error)

// Running is a program that was started: a process of this machine, or one in a
// container.
type Running interface {
	// Signal sends a signal. The error is [ErrGone] if there is nobody to take
	// it any more.
	Signal(os.Signal) error
	// Wait returns once the program has ended, all that it printed was passed
	// on, and nothing is left of it but its files. It is called once; the error
	// is one of whatever runs the program, which then cannot tell how it ended.
	Wait() (Exit, error)
}

// ErrGone is a signal to a program that has ended.
var ErrGone = errors.New("the program has ended")

// Exit is how a program ended.
type Exit struct {
	// Killed is true if a signal ended it; Code is its exit code if not.
	Killed bool
	Code   int
	// Text says the same in words.
	Text string
}

// Process starts a program as a process of this machine.
func Process(program string) Starter {
	return func(args []string, stdout, stderr io.Writer) (Running, error) {
		cmd := exec.Command(program, args...)
		cmd.Stdout, cmd.Stderr = stdout, stderr
		// Nothing that the program may have started can keep Wait from returning.
		cmd.WaitDelay = 5 * time.Second
		if err := cmd.Start(); err != nil {
			return nil, fmt.Errorf("start %s: %w", program, err)
		}
		return process{cmd}, nil
	}
}

type process struct{ cmd *exec.Cmd }

// Signal sends a signal to the process.
func (p process) Signal(s os.Signal) error {
	err := p.cmd.Process.Signal(s)
	if errors.Is(err, os.ErrProcessDone) {
		return ErrGone
	}
	return err
}

// Wait waits for the process.
func (p process) Wait() (Exit, error) {
	err := p.cmd.Wait()
	state := p.cmd.ProcessState
	if state == nil {
		return Exit{}, fmt.Errorf("wait for %s: %w", p.cmd.Path, err)
	}
	return Exit{Killed: state.ExitCode() == -1, Code: state.ExitCode(), Text: state.String()}, nil
}
