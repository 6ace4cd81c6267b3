package crash

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"sync"
	"time"

	"reconsim/sim/check"
)

// client asks one child over HTTP and hands every answer to the judge.
type client struct {
	child *Child
	url   string
	judge *Judge
	http  *http.Client
}

func newClient(child *Child, url string, judge *Judge) *client {
	return &client{child: child, url: url, judge: judge,
		http: &http.Client{Timeout: answerLimit, Transport: &http.Transport{MaxIdleConnsPerHost: readers + 1}}}
}

// answerLimit is how long an answer may take on a busy machine.
const answerLimit = 30 * time.Second

func (c *client) close() { c.http.CloseIdleConnections() }

// ask gets and judges one answer. answered is false when the child was killed
// meanwhile; the error is the harness's own.
func (c *client) ask(ctx context.Context, reader, session, request string) (seen Seen, answered bool, found []check.Violation, err error) {
	o := check.Observation{Reader: reader, Session: session, Endpoint: request, Request: request, SentAt: time.Now()}
	o.Status, o.Header, o.Body, o.Failure = c.fetch(ctx, request)
	o.DoneAt = time.Now()
	o.Excused = c.child.Killed()
	if ctx.Err() != nil || o.Excused && o.Failure != "" {
		return Seen{}, false, nil, nil
	}
	seen, found, err = c.judge.Answer(o)
	return seen, true, found, err
}

func (c *client) fetch(ctx context.Context, request string) (status int, header http.Header, body []byte, failure string) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, c.url+request, nil)
	if err != nil {
		return 0, http.Header{}, nil, err.Error()
	}
	response, err := c.http.Do(r)
	if err != nil {
		return 0, http.Header{}, nil, err.Error()
	}
	body, err = io.ReadAll(response.Body)
	if closeErr := response.Body.Close(); err == nil {
		err = closeErr
	}
	if err != nil {
		failure = err.Error()
	}
	return response.StatusCode, response.Header, body, failure
}

// rebuild asks for a rebuild, again while one is running.
func (c *client) rebuild(ctx context.Context) error {
	for {
		r, err := http.NewRequestWithContext(ctx, http.MethodPost, c.url+"/api/v1/triggerdbsync/om/reinit", nil)
		if err != nil {
			return fmt.Errorf("ask for a rebuild: %w", err)
		}
		response, err := c.http.Do(r)
		if err != nil {
			return fmt.Errorf("ask for a rebuild: %w", err)
		}
		_, _ = io.Copy(io.Discard, response.Body)
		_ = response.Body.Close()
		switch response.StatusCode {
		case http.StatusAccepted:
			return nil
		case http.StatusConflict:
		default:
			return fmt.Errorf("ask for a rebuild: status %d", response.StatusCode)
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("ask for a rebuild: one is running all the time: %w", context.Cause(ctx))
		case <-time.After(5 * time.Millisecond):
		}
	}
}

// Readers while a kill is being aimed: few and not greedy, as the child and the
// poll need the processors too.
const (
	readers   = 2
	thinkTime = 2 * time.Millisecond
)

// crowd is the readers of one life.
type crowd struct {
	stop    context.CancelFunc
	running sync.WaitGroup

	mu         sync.Mutex
	answers    int
	violations []check.Violation
	err        error
}

// read starts readers that ask until the child is killed or stopped.
func (c *client) read(ctx context.Context, seed uint64) *crowd {
	ctx, stop := context.WithCancel(ctx)
	all := &crowd{stop: stop}
	for n := range readers {
		all.running.Go(func() { all.run(ctx, c, fmt.Sprintf("reader-%d", n+1), rand.New(rand.NewPCG(seed, uint64(n)))) })
	}
	return all
}

func (all *crowd) run(ctx context.Context, c *client, name string, rng *rand.Rand) {
	session := c.judge.Session(name)
	for ctx.Err() == nil && !c.child.Killed() {
		requests, err := c.judge.Requests(rng, askAhead)
		if err != nil {
			all.add(0, nil, err)
			return
		}
		for _, request := range requests {
			_, answered, found, err := c.ask(ctx, name, session, request)
			if !answered || err != nil {
				all.add(0, nil, err)
				return
			}
			all.add(1, found, nil)
			time.Sleep(thinkTime)
		}
	}
}

// askAhead is how many requests a reader draws at once.
const askAhead = 32

func (all *crowd) add(answers int, found []check.Violation, err error) {
	all.mu.Lock()
	defer all.mu.Unlock()
	all.answers += answers
	all.violations = append(all.violations, found...)
	if all.err == nil {
		all.err = err
	}
}

// end waits for the readers and tells what they found.
func (all *crowd) end() (answers int, found []check.Violation, err error) {
	all.stop()
	all.running.Wait()
	return all.answers, all.violations, all.err
}
