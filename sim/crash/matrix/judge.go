package matrix

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"sync"

	"reconsim/recon/generation"
	"reconsim/recon/swap"
	"reconsim/sim/check"
	"reconsim/sim/disk"
)

// judge restarts engines and judges what they serve. It is safe for concurrent
// use.
type judge struct {
	recording *Recording
	restarter *restarter
	mu        sync.Mutex
	// compared are the contents that were held against the oracle in full, with
	// what came out.
	compared map[contentKey]Verdict
}

func newJudge(r *Recording) (*judge, error) {
	restarter, err := newRestarter(r)
	return &judge{recording: r, restarter: restarter, compared: map[contentKey]Verdict{}}, err
}

// judged is a verdict with what the restart showed, and the log of its
// operations if it was kept.
type judged struct {
	Verdict
	log        *disk.Log
	shown      promises
	operations int
}

// restart judges one image. No older state than promised may be served.
func (j *judge) restart(image *disk.Image, promised Promise, keepLog bool) judged {
	return j.restartOn(image.FS(disk.Options{Record: keepLog}), promised, keepLog)
}

func (j *judge) restartOn(fs *disk.FS, promised Promise, keepLog bool) judged {
	var result judged
	err := j.restarter.start(fs, func(ctx context.Context, s *started) error {
		seen := judged{Verdict: j.look(ctx, s, promised), shown: s.shown, operations: s.operations}
		result = seen
		return nil
	})
	if err != nil {
		// Nothing of result is read: an engine that was given up may still
		// write it.
		failed := judged{Verdict: Verdict{Outcome: WontOpen, Detail: err.Error()}}
		if keepLog {
			failed.log = fs.Log()
			failed.operations = failed.log.Len()
		}
		return failed
	}
	if keepLog {
		result.log = fs.Log()
	}
	return result
}

// look judges what a started engine serves.
func (j *judge) look(ctx context.Context, s *started, promised Promise) Verdict {
	if recovery := s.recon.Controller.Recovery(); !recovery.Serving {
		return j.nothing(recovery, promised)
	}
	c, err := readWhole(ctx, s)
	if err != nil {
		return Verdict{Outcome: WontOpen, Served: stateOf(c.label), Detail: fmt.Sprintf("what is served cannot be read: %v", err)}
	}
	served := stateOf(c.label)
	if served.Compare(promised.State) < 0 {
		return Verdict{Outcome: Lost, Served: served,
			Detail: fmt.Sprintf("%s is served, but %s was promised: %s", served, promised.State, promised.Because)}
	}
	j.mu.Lock()
	v, known := j.compared[c.key()]
	j.mu.Unlock()
	if !known {
		v = j.compare(ctx, s, c)
		j.mu.Lock()
		j.compared[c.key()] = v
		j.mu.Unlock()
	}
	return v
}

// nothing judges an engine that has nothing to serve.
func (j *judge) nothing(recovery swap.Recovery, promised Promise) Verdict {
	switch {
	case recovery.Broken != "":
		return Verdict{Outcome: WontOpen, Detail: "the committed generation cannot be opened: " + recovery.Broken}
	case promised.State != State{}:
		return Verdict{Outcome: Lost, Detail: fmt.Sprintf("no generation is served, but %s was promised: %s", promised.State, promised.Because)}
	default:
		return Verdict{Outcome: Old} // Nothing had been committed yet.
	}
}

// fullRequests is how many requests a content is held against the oracle with,
// over all endpoints.
const fullRequests = 200

// compare holds a content against the oracle's state that its label names.
func (j *judge) compare(ctx context.Context, s *started, c content) Verdict {
	served := stateOf(c.label)
	index := c.label.Applied.Index
	if known, ok := j.recording.indices[served]; ok && known != index {
		return Verdict{Outcome: Mixed, Served: served, Detail: fmt.Sprintf("%s names transaction %d, readers were shown %d for it", served, index, known)}
	}
	if index < j.recording.oracle.Base() || index > j.recording.oracle.Last() {
		return Verdict{Outcome: Mixed, Served: served, Detail: fmt.Sprintf("%s names transaction %d, which the run never came to", served, index)}
	}
	requests, err := j.recording.requests(index, fullRequests)
	if err != nil {
		return Verdict{Outcome: Mixed, Served: served, Detail: err.Error()}
	}
	v := classify(served, j.ask(ctx, s, c.label, append(requests, probes[:]...)))
	if v.Outcome == Old && served.Build == j.recording.New {
		v.Outcome = New
	}
	return v
}

// ask puts the requests to the handler and returns what is wrong with answers.
func (j *judge) ask(ctx context.Context, s *started, label generation.Label, requests []string) []check.Violation {
	checker := check.New(j.recording.oracle, check.Options{IndexAt: func(_ string, seq uint64) (int64, bool) {
		if seq == label.AppliedSeq {
			return label.Applied.Index, true
		}
		index, ok := j.recording.indices[State{label.Build, seq}]
		return index, ok
	}})
	now := j.restarter.now
	checker.Published(check.Published{Build: label.Build, BaseSeq: label.BaseSeq, AppliedSeq: label.AppliedSeq, At: now,
		Lineage: check.Lineage{Service: label.Lineage.Service, Node: label.Lineage.Node, Term: label.Lineage.Snapshot.Term, Index: label.Lineage.Snapshot.Index}})
	var found []check.Violation
	for i, request := range requests {
		// Each is a client of its own: an answer without a label may be of any
		// state, and so would bring the next one into disrepute.
		session := strconv.Itoa(i)
		a := askHandler(ctx, s.recon.Handler, request)
		found = append(found, checker.Check(check.Observation{Reader: "restart", Session: session, Endpoint: request, Request: request,
			Status: a.Code, Header: a.Header(), Body: a.Body.Bytes(), SentAt: now, DoneAt: now})...)
	}
	return found
}

// classify tells from wrong answers what the whole is: the worst of them, where
// nothing is told before what only follows from it.
func classify(served State, found []check.Violation) Verdict {
	worst, rank, detail := Old, 0, ""
	for _, v := range found {
		o, r := Mixed, 1
		switch {
		case v.Property == check.NeverEmpty:
			o, r = Empty, 2
		case v.Property == check.NoError && (v.Status == 0 || v.Status >= http.StatusInternalServerError):
			o, r = WontOpen, 3
		}
		if r > rank {
			worst, rank, detail = o, r, v.String()
		}
	}
	if rank == 0 {
		return Verdict{Outcome: Old, Served: served}
	}
	return Verdict{Outcome: worst, Served: served, Detail: fmt.Sprintf("%s is served, but %d of its answers are wrong: %s", served, len(found), detail)}
}

// errNoSuchCell means that a cell that was named does not exist.
var errNoSuchCell = errors.New("there is no such crash")
