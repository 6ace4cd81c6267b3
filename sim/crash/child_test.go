package crash

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// actAs makes this test's own program a child that behaves in some way.
const actAs = "CRASH_TEST_ACT_AS"

func TestMain(m *testing.M) {
	switch os.Getenv(actAs) {
	case "":
		os.Exit(m.Run())
	case "server":
		ended := make(chan os.Signal, 1)
		signal.Notify(ended, syscall.SIGTERM)
		fmt.Printf(`{"recon":"http://127.0.0.1:1"}` + "\nand more\n")
		<-ended
	case "deaf":
		signal.Ignore(syscall.SIGTERM)
		fmt.Println(`{}`)
		<-make(chan struct{})
	case "talker":
		fmt.Println("this is no JSON")
		<-make(chan struct{})
	case "reporting":
		fmt.Println("{\n \"error\": \"the port is taken\"\n}")
		os.Exit(3)
	case "failing":
		fmt.Fprintln(os.Stderr, "no room on the disk")
		os.Exit(3)
	case "mute":
		<-make(chan struct{})
	}
}

func startAs(t *testing.T, what string) *Child {
	t.Helper()
	t.Setenv(actAs, what)
	executable, err := os.Executable()
	require.NoError(t, err)
	c, err := StartChild(executable, nil, io.Discard)
	require.NoError(t, err)
	t.Cleanup(func() { _ = c.Kill() })
	return c
}

type readyLine struct {
	Recon string `json:"recon"`
}

// long is more than any child here needs on a busy machine.
const long = 30 * time.Second

func TestChildIsKilled(t *testing.T) {
	c := startAs(t, "server")
	var r readyLine
	require.NoError(t, c.Ready(t.Context(), &r))
	require.Equal(t, "http://127.0.0.1:1", r.Recon)
	require.False(t, c.Killed())
	require.NoError(t, c.Kill())
	require.True(t, c.Killed())
}

func TestChildStops(t *testing.T) {
	c := startAs(t, "server")
	require.NoError(t, c.Ready(t.Context(), &readyLine{}))
	require.NoError(t, c.Stop(syscall.SIGTERM, long))
	var ended *EndedError
	require.ErrorAs(t, c.Kill(), &ended, "it had ended before the kill")
	require.ErrorAs(t, c.Stop(syscall.SIGTERM, long), &ended)
}

// TestChildMisbehaves: each way not to be a server is told apart, with the last
// words of the child.
func TestChildMisbehaves(t *testing.T) {
	var ended *EndedError
	c := startAs(t, "failing")
	err := c.Ready(t.Context(), &readyLine{})
	require.ErrorAs(t, err, &ended)
	require.ErrorContains(t, err, "exit status 3")
	require.ErrorContains(t, err, "no room on the disk")

	err = startAs(t, "reporting").Ready(t.Context(), &readyLine{})
	require.ErrorContains(t, err, "exit status 3")
	require.ErrorContains(t, err, "the port is taken")

	require.ErrorContains(t, startAs(t, "talker").Ready(t.Context(), &readyLine{}), "no JSON document")

	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(errors.New("waited long enough"))
	require.ErrorContains(t, startAs(t, "mute").Ready(ctx, &readyLine{}), "waited long enough")

	deaf := startAs(t, "deaf")
	require.NoError(t, deaf.Ready(t.Context(), &readyLine{}))
	require.ErrorContains(t, deaf.Stop(syscall.SIGTERM, time.Millisecond), "did not end within")
}

func TestChildThatIsNotThere(t *testing.T) {
	_, err := StartChild("/no/such/program", nil, io.Discard)
	require.ErrorContains(t, err, "/no/such/program")
}
