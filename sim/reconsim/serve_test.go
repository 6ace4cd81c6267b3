package main

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"reconsim/sim/check"
	"reconsim/sim/crash"
	"reconsim/sim/tier"
)

// actAsProgram makes this test's own binary behave as reconsim, so that tests
// can start it as a process of its own.
const actAsProgram = "RECONSIM_TEST_ACT_AS_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv(actAsProgram) != "" || len(os.Args) > 1 && os.Args[1] == tier.WorkerVerb {
		main()
	}
	os.Exit(m.Run())
}

// longEnough is more than serve needs to start or stop on a busy machine.
const longEnough = time.Minute

// served is a `reconsim serve` that is ready.
type served struct {
	*crash.Child
	url string
	log *bytes.Buffer
}

// startServe starts reconsim serve in a process of its own, and waits for its
// ready line if it is told to.
func startServe(t *testing.T, dir string, wait bool) *served {
	t.Helper()
	t.Setenv(actAsProgram, "1")
	executable, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	s := &served{log: &bytes.Buffer{}}
	if s.Child, err = crash.StartChild(executable, []string{"serve", "--json", "--dir", dir, "--keys", "500", "--rate", "100"}, s.log); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Kill() })
	if !wait {
		return s
	}
	var line ready
	if err := s.Ready(t.Context(), &line); err != nil {
		t.Fatal(err)
	}
	if s.url = line.Recon; !strings.HasPrefix(s.url, "http://127.0.0.1:") || len(line.OM) != 3 {
		t.Fatalf("ready line: %+v", line)
	}
	return s
}

// stop ends serve with a signal: exit code 0, the last word, and no panic.
func (s *served) stop(t *testing.T, signal os.Signal) {
	t.Helper()
	if err := s.Stop(signal, longEnough); err != nil {
		t.Fatal(err)
	}
	log := s.log.String()
	if !strings.HasSuffix(log, "reconsim: stopped\n") {
		t.Fatalf("after %v serve says:\n%s", signal, log)
	}
	for _, bad := range []string{"panic", "level=ERROR", "cause=FAILURE"} {
		if strings.Contains(log, bad) {
			t.Fatalf("after %v serve says %s:\n%s", signal, bad, log)
		}
	}
}

// request asks for something and returns status, header and body.
func (s *served) request(t *testing.T, method, path string) (int, http.Header, []byte) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, s.url+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(response.Body)
	if closeErr := response.Body.Close(); err != nil || closeErr != nil {
		t.Fatal(err, closeErr)
	}
	return response.StatusCode, response.Header, body
}

// shows is the label of an answer and the index of its lineage.
func (s *served) shows(t *testing.T) (check.Label, int64) {
	t.Helper()
	status, header, body := s.request(t, http.MethodGet, "/api/v1/clusterState")
	var state struct {
		Volumes, Keys int64
	}
	if err := json.Unmarshal(body, &state); err != nil || status != http.StatusOK || state.Volumes == 0 || state.Keys == 0 {
		t.Fatalf("status %d: %s", status, body)
	}
	label, err := check.ParseLabel(header.Get("Recon-Generation"))
	if err != nil {
		t.Fatal(err)
	}
	_, text, _ := strings.Cut(header.Get("Recon-Lineage"), "index=")
	index, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return label, index
}

// TestServeStopsOnSignals: serve ends with exit code 0 and without a panic, idle,
// in the middle of a rebuild, and before it is ready, and goes on afterwards.
func TestServeStopsOnSignals(t *testing.T) {
	for _, signal := range []os.Signal{syscall.SIGINT, syscall.SIGTERM} {
		t.Run(signal.String(), func(t *testing.T) {
			dir := t.TempDir()
			early := startServe(t, dir, false)
			// The handler is there once the OM's folder is being made.
			for deadline := time.Now().Add(longEnough); ; time.Sleep(time.Millisecond) {
				if _, err := os.Stat(filepath.Join(dir, "om")); err == nil {
					break
				}
				if time.Now().After(deadline) {
					t.Fatal("serve makes no folder")
				}
			}
			early.stop(t, signal)
			idle := startServe(t, dir, true)
			before, _ := idle.shows(t)
			idle.stop(t, signal)
			busy := startServe(t, dir, true)
			if status, _, body := busy.request(t, http.MethodPost, "/api/v1/triggerdbsync/om/reinit"); status != http.StatusAccepted {
				t.Fatalf("status %d: %s", status, body)
			}
			busy.stop(t, signal)
			last := startServe(t, dir, true)
			if after, _ := last.shows(t); after.Build < before.Build || after.Build > before.Build+1 {
				t.Fatalf("generation %d is served, it was %d and one more was asked for", after.Build, before.Build)
			}
			last.stop(t, signal)
		})
	}
}

// TestServeKeepsState: a clean start continues where the last one ended, and
// removes what a process that was killed may have left: a generation that the
// pointer does not name, and a download.
func TestServeKeepsState(t *testing.T) {
	dir := t.TempDir()
	first := startServe(t, dir, true)
	before, beforeIndex := first.shows(t)
	first.stop(t, syscall.SIGTERM)
	orphans := []string{filepath.Join(dir, "recon", "candidate"), filepath.Join(dir, "recon", "generations", "gen-00000099")}
	for _, orphan := range orphans {
		if err := os.MkdirAll(filepath.Join(orphan, "om"), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	second := startServe(t, dir, true)
	after, afterIndex := second.shows(t)
	if after.ID() != before.ID() || after.AppliedSeq < before.AppliedSeq || afterIndex < beforeIndex {
		t.Fatalf("%+v index %d after %+v index %d", after, afterIndex, before, beforeIndex)
	}
	for _, orphan := range orphans {
		if _, err := os.Stat(orphan); !os.IsNotExist(err) {
			t.Errorf("%s is still there (%v)", orphan, err)
		}
	}
	second.stop(t, syscall.SIGTERM)
}

// TestServeIgnoresFailpoints (D8): a failpoint package that is linked in reads
// GO_FAILPOINTS before main; whatever it says, serve starts and arms nothing.
func TestServeIgnoresFailpoints(t *testing.T) {
	for _, value := range []string{"x=foo", "no terms at all", "x=panic", `reconsim/recon/x=return("y");z=`} {
		t.Run(value, func(t *testing.T) {
			t.Setenv("GO_FAILPOINTS", value)
			t.Setenv("GO_FAILPOINTS_HTTP", "no address")
			s := startServe(t, t.TempDir(), true)
			s.shows(t)
			s.stop(t, syscall.SIGTERM)
		})
	}
}

// TestServeOnLoopbackOnly: addresses that others could reach are refused.
func TestServeOnLoopbackOnly(t *testing.T) {
	for _, listen := range []string{"0.0.0.0:0", ":9888", "[::]:0", "example.com:80", "127.0.0.1"} {
		_, errOut, code := call(t, "serve", "--dir", t.TempDir(), "--listen", listen)
		if code != exitUsage || !strings.Contains(errOut, "loopback") {
			t.Errorf("--listen %s: exit %d, %s", listen, code, errOut)
		}
	}
}

// TestServeFailsOnAStrangeFolder: a folder that is not ours is left alone.
func TestServeFailsOnAStrangeFolder(t *testing.T) {
	dir := t.TempDir()
	strange := filepath.Join(dir, "om", "thesis.txt")
	if err := os.MkdirAll(filepath.Dir(strange), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(strange, []byte("years of work"), 0o644); err != nil {
		t.Fatal(err)
	}
	_, errOut, code := call(t, "serve", "--dir", dir, "--keys", "100")
	if code != exitEnvironment || !strings.Contains(errOut, "choose another one") {
		t.Errorf("exit %d, %s", code, errOut)
	}
	if text, err := os.ReadFile(strange); err != nil || string(text) != "years of work" {
		t.Errorf("the file holds %q (%v)", text, err)
	}
}

// TestKillLoop: one kill, from the command line to the JSON document (#6).
func TestKillLoop(t *testing.T) {
	t.Setenv(actAsProgram, "1")
	dir := t.TempDir()
	out, errOut, code := call(t, "kill-loop", "--times", "2", "--keys", "300", "--answers", "30", "--dir", dir, "--json")
	if code != exitHeld {
		t.Fatalf("exit %d\n%s\n%s", code, errOut, out)
	}
	d := decode[crash.Report](t, out)
	if d.Verdict != crash.Pass || len(d.Kills) != 2 {
		t.Fatalf("document: %+v", d)
	}
	for i, k := range d.Kills {
		if k.Number != i+1 || k.StateAtDeath == "" || k.ServedAfter == "none" || k.Answers < 30 || k.Violations == nil {
			t.Errorf("kill: %+v", k)
		}
	}
	// A second loop goes on in the same folder; one with another seed cannot.
	if out, errOut, code := call(t, "kill-loop", "--times", "2", "--keys", "300", "--answers", "30", "--dir", dir); code != exitHeld || !strings.Contains(out, "pass: 2 kills") {
		t.Errorf("exit %d, %s\n%s", code, errOut, out)
	}
	if _, errOut, code := call(t, "kill-loop", "--times", "1", "--keys", "300", "--seed", "7", "--dir", dir); code != exitEnvironment || !strings.Contains(errOut, "use the same or another folder") {
		t.Errorf("exit %d, %s", code, errOut)
	}
	if _, _, code := call(t, "kill-loop", "--times", "0"); code != exitUsage {
		t.Errorf("no kills: exit %d", code)
	}
}
