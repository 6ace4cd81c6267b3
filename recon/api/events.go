package api

import (
	"context"
	"fmt"
	"net/http"
	"sync/atomic"
	"time"

	"reconsim/recon/staging"
)

const (
	// eventInterval is how often the state of staging is looked at.
	eventInterval = 500 * time.Millisecond
	// heartbeatInterval is how often a silent stream says that it lives.
	heartbeatInterval = 15 * time.Second
	// maxStreams bounds the streams open at once.
	maxStreams = 100
)

// streamCount counts the open streams.
type streamCount struct{ open atomic.Int64 }

// stagingEvents is GET /staging/events (spec/api.md 9.7). The first event holds
// everything, so a client that comes back needs no history: Last-Event-ID is
// not looked at.
func (s *server) stagingEvents(w http.ResponseWriter, r *http.Request) {
	if s.streams.open.Add(1) > maxStreams {
		s.streams.open.Add(-1)
		s.fail(w, r, problem{status: http.StatusServiceUnavailable, code: "OVERLOADED", title: "Too many streams",
			detail:       fmt.Sprintf("%d event streams are open already; poll %s/staging, which tells the same.", maxStreams, base),
			retrySeconds: retryDefaultSeconds})
		return
	}
	defer s.streams.open.Add(-1)
	h := w.Header()
	h.Set("Content-Type", "text/event-stream")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Accel-Buffering", "no")
	w.WriteHeader(http.StatusOK)
	if r.Method == http.MethodHead {
		return
	}
	stream := &eventStream{server: s, w: w, flush: http.NewResponseController(w).Flush}
	// The stream ends when its client goes or does not take an event; neither
	// is an error of ours, and there is nobody to tell.
	_ = stream.run(r.Context())
}

// eventStream is one client's stream.
type eventStream struct {
	server  *server
	w       http.ResponseWriter
	flush   func() error
	id      uint64
	sentAt  time.Time
	before  staging.Status
	serving string
}

func (e *eventStream) run(ctx context.Context) error {
	if _, err := fmt.Fprint(e.w, "retry: 3000\n\n"); err != nil {
		return err
	}
	first, err := e.look(ctx)
	if err != nil {
		return err
	}
	if err := e.send("snapshot", first); err != nil {
		return err
	}
	for {
		if err := e.server.Env.Sleep(ctx, eventInterval); err != nil {
			return err
		}
		before, servedBefore := e.before, e.serving
		body, err := e.look(ctx)
		if err != nil {
			return err
		}
		if err := e.sendChanges(before, servedBefore, body); err != nil {
			return err
		}
	}
}

// look takes the newest state and remembers what changes are told from.
func (e *eventStream) look(ctx context.Context) (stagingBody, error) {
	status := e.server.Control.StagingStatus()
	body, err := e.server.describe(ctx, status)
	e.before, e.serving = status, ""
	if body.Serving != nil {
		e.serving = body.Serving.Generation
	}
	return body, err
}

func (e *eventStream) sendChanges(before staging.Status, servedBefore string, body stagingBody) error {
	now := e.before
	for i, task := range now.Tasks {
		if i < len(before.Tasks) && before.Tasks[i] == task {
			continue
		}
		if err := e.send("task", body.Tasks[i]); err != nil {
			return err
		}
	}
	if before.State != now.State || before.Phase != now.Phase || before.ID != now.ID || before.CancelAllowed != now.CancelAllowed {
		if err := e.send("phase", body); err != nil {
			return err
		}
	}
	if servedBefore != e.serving {
		if err := e.send("published", map[string]string{"old": servedBefore, "new": e.serving}); err != nil {
			return err
		}
	}
	if ended := now.Last; ended != nil && ended.Result != "COMMITTED" &&
		(before.Last == nil || before.Last.ID != ended.ID || before.Last.Attempt != ended.Attempt) {
		name := "failed"
		if ended.Cause == staging.CauseCancelled {
			name = "cancelled"
		}
		if err := e.send(name, newOutcomeBody(ended)); err != nil {
			return err
		}
	}
	return e.heartbeat()
}

func (e *eventStream) send(event string, data any) error {
	e.id++
	if _, err := fmt.Fprintf(e.w, "id: %d\nevent: %s\ndata: %s\n\n", e.id, event, mustEncode(data)); err != nil {
		return err
	}
	e.sentAt = e.server.Env.Now()
	return e.flush()
}

func (e *eventStream) heartbeat() error {
	if e.server.Env.Now().Sub(e.sentAt) < heartbeatInterval {
		return nil
	}
	if _, err := fmt.Fprint(e.w, ": still here\n\n"); err != nil {
		return err
	}
	e.sentAt = e.server.Env.Now()
	return e.flush()
}
