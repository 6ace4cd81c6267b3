package crash

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// Child is a program that prints one JSON line on stdout when it is ready, as
// `reconsim serve --json` does.
type Child struct {
	running Running
	stdout  *output
	stderr  *tail
	killed  atomic.Bool
	// ended is closed once exit and lost are set.
	ended chan struct{}
	exit  Exit
	// lost is why nobody knows how it ended.
	lost error
}

// StartChild starts a program as a process of this machine. What it writes to
// stderr goes to log as well.
func StartChild(program string, args []string, log io.Writer) (*Child, error) {
	return startChild(Process(program), args, log)
}

func startChild(start Starter, args []string, log io.Writer) (*Child, error) {
	c := &Child{stdout: &output{whole: make(chan struct{})}, stderr: &tail{}, ended: make(chan struct{})}
	var err error
	if c.running, err = start(args, c.stdout, io.MultiWriter(c.stderr, log)); err != nil {
		return nil, err
	}
	go func() {
		c.exit, c.lost = c.running.Wait()
		close(c.ended)
	}()
	return c, nil
}

// EndedError is a child that ended by itself, or did not end when asked to.
type EndedError struct {
	What string
	// Log is the end of what it wrote to stderr.
	Log string
}

func (e *EndedError) Error() string {
	if e.Log == "" {
		return e.What
	}
	return e.What + "; its last words: " + e.Log
}

func (c *Child) endedError(format string, args ...any) error {
	return &EndedError{What: fmt.Sprintf(format, args...), Log: c.stderr.String()}
}

// Ready waits for the ready line and decodes it.
func (c *Child) Ready(ctx context.Context, into any) error {
	select {
	case <-c.stdout.whole:
		line, _, _ := bytes.Cut(c.stdout.bytes(), []byte{'\n'})
		err := json.Unmarshal(line, into)
		if err == nil {
			return nil
		}
		select {
		case <-c.ended: // A failure is a document of several lines.
			return c.endedByItself()
		case <-time.After(lastWords):
			return c.endedError("the ready line %q is no JSON document: %v", line, err)
		}
	case <-c.ended:
		return c.endedByItself()
	case <-ctx.Done():
		return c.endedError("serve was not ready: %v", context.Cause(ctx))
	}
}

// lastWords is how long a child that said something odd has to end.
const lastWords = time.Second

// endedByItself tells how, with what it said on stdout: its failure, if it could
// not start. If nobody knows how it ended, that is all the error says.
func (c *Child) endedByItself() error {
	if c.lost != nil {
		return c.lost
	}
	said := strings.Join(strings.Fields(string(c.stdout.bytes())), " ")
	return c.endedError("serve ended by itself (%s) and said %q", c.exit.Text, said)
}

// While is a context that ends with the child, too; the cause then says how the
// child ended.
func (c *Child) While(ctx context.Context) (during context.Context, stop func()) {
	during, cancel := context.WithCancelCause(ctx)
	go func() {
		select {
		case <-c.ended:
			cancel(c.endedByItself())
		case <-during.Done():
		}
	}()
	return during, func() { cancel(context.Canceled) }
}

// Kill sends SIGKILL and waits for the end. The error is an [EndedError] if the
// child had already ended by itself, and any other if it cannot be killed.
func (c *Child) Kill() error {
	c.killed.Store(true)
	err := c.running.Signal(syscall.SIGKILL)
	if err != nil && !errors.Is(err, ErrGone) {
		return err
	}
	<-c.ended
	if c.lost != nil || !c.exit.Killed {
		return c.endedByItself()
	}
	return nil
}

// Killed reports whether Kill or Stop was called: from then on a request that
// fails is no surprise.
func (c *Child) Killed() bool { return c.killed.Load() }

// Stop sends a signal and waits for an end with exit code 0, killing the child
// when it takes longer than limit.
func (c *Child) Stop(signal os.Signal, limit time.Duration) error {
	c.killed.Store(true)
	if err := c.running.Signal(signal); err != nil {
		if !errors.Is(err, ErrGone) {
			return err
		}
		return c.endedError("serve ended by itself before %v: %v", signal, err)
	}
	select {
	case <-c.ended:
	case <-time.After(limit):
		_ = c.Kill()
		return c.endedError("serve did not end within %v after %v", limit, signal)
	}
	if c.lost != nil {
		return c.lost
	}
	if c.exit.Code != 0 || c.exit.Killed {
		return c.endedError("serve did not end cleanly after %v (%s)", signal, c.exit.Text)
	}
	return nil
}

// output keeps the start of what is written to it and tells of its first line.
type output struct {
	mu    sync.Mutex
	text  []byte
	said  bool
	whole chan struct{}
}

// outputBytes bounds what a talkative child can make us keep.
const outputBytes = 16 << 10

// Write takes a part of the output.
func (f *output) Write(p []byte) (int, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.text = append(f.text, p[:min(len(p), outputBytes-len(f.text))]...)
	if !f.said && (bytes.IndexByte(f.text, '\n') >= 0 || len(f.text) == outputBytes) {
		f.said = true
		close(f.whole)
	}
	return len(p), nil
}

func (f *output) bytes() []byte {
	f.mu.Lock()
	defer f.mu.Unlock()
	return bytes.Clone(f.text)
}

// tail keeps the end of what is written to it.
type tail struct {
	mu   sync.Mutex
	text []byte
}

const tailBytes = 2 << 10

// Write takes a part of the output.
func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.text = append(t.text, p...)
	if extra := len(t.text) - tailBytes; extra > 0 {
		t.text = append(t.text[:0], t.text[extra:]...)
	}
	return len(p), nil
}

// String is the end of the output.
func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return string(bytes.TrimSpace(t.text))
}
