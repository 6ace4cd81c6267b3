package container

import (
	"archive/tar"
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestChoose: of what an engine speaks, 1.41 is spoken, or the oldest that a newer
// engine still has.
func TestChoose(t *testing.T) {
	for _, c := range []struct{ newest, oldest, want, wrong string }{
		{"1.41", "1.12", "1.41", ""},
		{"1.41", "", "1.41", ""},
		{"1.50", "1.24", "1.41", ""},
		{"1.60", "1.44", "1.44", ""},
		{"1.40", "1.12", "", "older than 1.41"},
		{"", "", "", `the version ""`},
		{"1.50", "new", "", `begins with the version "new"`},
	} {
		got, err := choose(c.newest, c.oldest)
		require.Equal(t, c.want, got, "%+v", c)
		if c.wrong == "" {
			require.NoError(t, err)
		} else {
			require.ErrorContains(t, err, c.wrong)
		}
	}
}

// TestExitOf: only our SIGKILL is a kill.
func TestExitOf(t *testing.T) {
	require.True(t, exitOf(137, false).Killed)
	require.Equal(t, "signal: killed", exitOf(137, false).Text)
	require.False(t, exitOf(137, true).Killed, "the kernel killed it for want of memory")
	require.False(t, exitOf(0, false).Killed)
	require.Equal(t, "exit status 3", exitOf(3, false).Text)
}

// TestMustBeStatic refuses what would not start in an image FROM scratch.
func TestMustBeStatic(t *testing.T) {
	require.ErrorContains(t, mustBeStatic("/bin/sh"), "linked dynamically")
	script := filepath.Join(t.TempDir(), "script")
	require.NoError(t, os.WriteFile(script, []byte("#!/bin/sh\n"), 0o755))
	require.ErrorContains(t, mustBeStatic(script), "read the program")
}

// TestWriteContext: an engine is sent a Dockerfile that pulls nothing, and the
// program, which it may run.
func TestWriteContext(t *testing.T) {
	program := filepath.Join(t.TempDir(), "any")
	require.NoError(t, os.WriteFile(program, []byte("the program"), 0o644))
	var sent bytes.Buffer
	require.NoError(t, writeContext(&sent, program))
	files := map[string]string{}
	for r := tar.NewReader(&sent); ; {
		h, err := r.Next()
		if err == io.EOF {
			break
		}
		require.NoError(t, err)
		content, err := io.ReadAll(r)
		require.NoError(t, err)
		files[h.Name] = string(content)
		if h.Name == programName {
			require.Equal(t, int64(0o755), h.Mode)
		}
	}
	require.Equal(t, "the program", files[programName])
	require.True(t, strings.HasPrefix(files["Dockerfile"], "FROM scratch\n"))
	require.Len(t, files, 2)
}

// TestOpen: what answers is spoken to with its API, what does not or cannot is a
// NoEngineError that says where it was looked for.
func TestOpen(t *testing.T) {
	engine := func(version string) string {
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if strings.HasSuffix(r.URL.Path, "/version") {
				_, _ = io.WriteString(w, version)
			}
		}))
		t.Cleanup(s.Close)
		return strings.Replace(s.URL, "http://", "tcp://", 1)
	}
	t.Setenv("DOCKER_HOST", engine(`{"Version": "20.10.24", "ApiVersion": "1.41", "MinAPIVersion": "1.12"}`))
	e, err := Open(t.Context())
	require.NoError(t, err)
	require.Equal(t, "20.10.24", e.Version)
	require.Equal(t, "1.41", e.API)

	var none *NoEngineError
	t.Setenv("DOCKER_HOST", engine(`{"Version": "19.03", "ApiVersion": "1.40", "MinAPIVersion": "1.12"}`))
	_, err = Open(t.Context())
	require.ErrorAs(t, err, &none)
	require.ErrorContains(t, err, "an engine from 20.10 on is needed")

	nobody := "unix://" + filepath.Join(t.TempDir(), "no.sock")
	t.Setenv("DOCKER_HOST", nobody)
	_, err = Open(t.Context())
	require.ErrorAs(t, err, &none)
	require.Equal(t, nobody, none.Endpoint)
}
