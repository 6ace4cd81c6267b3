package world

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strconv"
	"sync/atomic"
	"time"

	"reconsim/sim/check"
)

// taskStatus is the one endpoint about which the oracle draws no requests: it
// tells of rebuilds, not of rows.
const taskStatus = "task/status"

// askAhead is how many requests a reader draws at once.
const askAhead = 48

// reader asks one endpoint after the other, as one client.
type reader struct {
	world    *World
	name     string
	session  string
	rng      *rand.Rand
	requests map[string][]string
	// kept has, of each endpoint, the last answer that may be asked for again by
	// its tag, as browsers do.
	kept map[string]kept
	turn int
	// due is when requests of an open-loop reader fall due, shared by its
	// lanes; nil if the next request follows the answer.
	due *schedule
}

// kept is an answer with the tag by which a client asks whether it is still right.
type kept struct {
	request, tag string
	body         []byte
}

// askAgainOneIn is how seldom a reader asks for what it has kept.
const askAgainOneIn = 4

// schedule is a steady arrival of requests. What is late stays due, so that an
// answer that takes long is not hidden by the requests that it kept from being
// sent (coordinated omission).
type schedule struct {
	begin time.Time
	every time.Duration
	taken atomic.Int64
}

// next is when the next request that no lane has taken is due.
func (s *schedule) next() time.Time {
	return s.begin.Add(time.Duration(s.taken.Add(1)-1) * s.every)
}

// newReader makes one lane of a reader: requests of one lane follow each other,
// so each lane is a session of its own.
func (w *World) newReader(n, lane int, due *schedule) *reader {
	session := n % int(max(1, w.scenario.Readers.Sessions.All))
	return &reader{world: w, due: due, name: fmt.Sprintf("reader-%d", n), session: fmt.Sprintf("session-%d/%d", session, lane),
		rng: w.plain.Rand(fmt.Sprintf("reader-%d/%d", n, lane)), requests: map[string][]string{}, kept: map[string]kept{}, turn: n + 2*lane}
}

// run reads until ctx ends.
func (r *reader) run(ctx context.Context) {
	think := r.world.scenario.Readers.ThinkTime.D()
	for ctx.Err() == nil {
		endpoints := r.world.scenario.Readers.Endpoints
		q, err := r.next(endpoints[r.turn%len(endpoints)])
		r.turn++
		if err != nil {
			r.world.fail(fmt.Errorf("draw a request: %w", err))
			return
		}
		due := r.world.plain.Now()
		if r.due != nil {
			due = r.due.next()
			if r.world.plain.Sleep(ctx, due.Sub(r.world.plain.Now())) != nil {
				return
			}
		}
		r.keep(q, r.world.ask(ctx, q, due))
		if r.world.plain.Sleep(ctx, think) != nil {
			return
		}
	}
}

// question is a request of a reader. With tag it asks whether what was kept is
// still right.
type question struct {
	reader, session, request, tag string
	kept                          []byte
}

// next draws a request to an endpoint: about what the OM has just now, or for
// what the reader has kept. Who measures latency asks for nothing twice.
func (r *reader) next(endpoint string) (question, error) {
	q := question{reader: r.name, session: r.session}
	if k, any := r.kept[endpoint]; any && r.due == nil && r.rng.IntN(askAgainOneIn) == 0 {
		q.request, q.tag, q.kept = k.request, k.tag, k.body
		return q, nil
	}
	var err error
	q.request, err = r.draw(endpoint)
	return q, err
}

// keep remembers an answer that has a tag.
func (r *reader) keep(q question, o check.Observation) {
	if tag := o.Header.Get("ETag"); r.due == nil && o.Status == http.StatusOK && o.Failure == "" && tag != "" {
		r.kept[o.Endpoint] = kept{request: q.request, tag: tag, body: o.Body}
	}
}

func (r *reader) draw(endpoint string) (string, error) {
	if endpoint == taskStatus {
		return "/api/v1/" + taskStatus, nil
	}
	for tries := 0; len(r.requests[endpoint]) == 0; tries++ {
		if tries == 100 {
			return "", fmt.Errorf("the oracle knows no request to %s", endpoint)
		}
		drawn, err := r.world.oracle.Requests(r.world.oracle.Last(), r.rng, askAhead)
		if err != nil {
			return "", err
		}
		r.requests = map[string][]string{}
		for _, request := range drawn {
			to := endpointOf(request)
			r.requests[to] = append(r.requests[to], request)
		}
	}
	queue := r.requests[endpoint]
	r.requests[endpoint] = queue[1:]
	return queue[0], nil
}

// ask sends one request, measures the time since it was due, hands the answer to
// the judges, and returns it.
func (w *World) ask(ctx context.Context, q question, due time.Time) check.Observation {
	o := check.Observation{Reader: q.reader, Session: q.session, Endpoint: endpointOf(q.request), Request: q.request, Kept: q.kept,
		SentAt: w.plain.Now(), PhaseAtSend: w.state().String()}
	published, restarts, up := w.published.Load(), w.restarts.Load(), w.recon.Load() != nil
	o.Status, o.Header, o.Body, o.Failure = w.fetch(ctx, q.request, q.tag)
	o.DoneAt = w.plain.Now()
	if w.options.Trace != nil {
		w.options.Trace(q.session, q.request, strconv.Itoa(o.Status), o.Header.Get("Recon-Generation"), string(o.Body))
	}
	o.SpannedPublish = w.published.Load() != published
	// The story itself took Recon away from under the request.
	o.Excused = restarts != w.restarts.Load() || !up
	if ctx.Err() != nil && (o.Status == 0 || o.Status >= http.StatusInternalServerError || o.Failure != "") {
		return o // The reader itself has gone away, as at the end of the run, perhaps in mid-answer.
	}
	if published == 0 && o.Status == http.StatusServiceUnavailable {
		// Nothing is served yet and Recon says so: judged, but not counted as
		// an answer.
		w.submit(o)
		return o
	}
	label, _ := check.ParseLabel(o.Header.Get("Recon-Generation"))
	if o.Status == http.StatusOK || o.Status == http.StatusNotModified {
		w.promised(promise{label.Build, label.AppliedSeq})
	}
	w.meter.add(read{endpoint: o.Endpoint, state: o.PhaseAtSend, spanned: o.SpannedPublish,
		failed: !o.Excused && (o.Status == 0 || o.Status >= 500), generation: label.Build,
		atMillis: w.millis(o.SentAt), took: o.DoneAt.Sub(due)})
	w.submit(o)
	return o
}

// fetch gets an answer: over loopback, or straight from the handler. A tag makes
// the request conditional.
func (w *World) fetch(ctx context.Context, request, tag string) (status int, header http.Header, body []byte, failure string) {
	if w.options.Network {
		return w.fetchHTTP(ctx, request, tag)
	}
	recon, l := w.recon.Load(), w.life.Load()
	if recon == nil {
		return 0, http.Header{}, nil, "Recon is down"
	}
	target, err := url.ParseRequestURI(request)
	if err != nil {
		return 0, http.Header{}, nil, err.Error()
	}
	asked := &http.Request{Method: http.MethodGet, URL: target, RequestURI: request, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: http.Header{}, Body: http.NoBody, Host: "recon", RemoteAddr: "192.0.2.1:1234"}
	if tag != "" {
		asked.Header.Set("If-None-Match", tag)
	}
	answer := httptest.NewRecorder()
	recon.Handler.ServeHTTP(answer, asked.WithContext(ctx))
	if l.over.Load() {
		return 0, http.Header{}, nil, errPowerLost.Error()
	}
	return answer.Code, answer.Header(), answer.Body.Bytes(), ""
}

func (w *World) fetchHTTP(ctx context.Context, request, tag string) (status int, header http.Header, body []byte, failure string) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+w.Address()+request, nil)
	if err != nil {
		return 0, http.Header{}, nil, err.Error()
	}
	if tag != "" {
		r.Header.Set("If-None-Match", tag)
	}
	response, err := w.http.Do(r)
	if err != nil {
		return 0, http.Header{}, nil, err.Error()
	}
	body, err = io.ReadAll(response.Body)
	closeErr := response.Body.Close()
	if err == nil {
		err = closeErr
	}
	if err != nil {
		return response.StatusCode, response.Header, body, err.Error()
	}
	return response.StatusCode, response.Header, body, ""
}

// startReaders starts the readers of the scenario.
func (w *World) startReaders(ctx context.Context) {
	for n := range int(w.scenario.Readers.Count.All) {
		var due *schedule
		if rate := w.scenario.Readers.RequestsPerSecond.All; rate > 0 {
			due = &schedule{begin: w.plain.Now(), every: time.Second / time.Duration(rate)}
		}
		for lane := range int(w.scenario.Readers.InFlight) {
			r := w.newReader(n, lane, due)
			w.start(fmt.Sprintf("%s/%d", r.name, lane), func() { r.run(ctx) })
		}
	}
}

// knownEndpoints are those that scenarios may name, in the order of reports.
func knownEndpoints() []string {
	return []string{"namespace/summary", "namespace/usage", "namespace/dist", "containers/keys", "keys/summaries",
		"keys/listKeys", "utilization/fileCount", "clusterState", taskStatus}
}

// Endpoints lists the endpoints that readers can ask.
func Endpoints() []string { return slices.Clone(knownEndpoints()) }

// pollEvery is how often the harness looks at what it cannot be told.
const pollEvery = 10 * time.Millisecond
