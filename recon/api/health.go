package api

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"reconsim/recon/generation"
	"reconsim/recon/omdb"
	"reconsim/recon/staging"
	"reconsim/recon/swap"
)

// check is one part of a health answer (spec/api.md 9.8).
type check struct {
	name string
	err  error
	// warning does not make the whole fail.
	warning string
}

// live is GET /livez. It depends neither on the OM nor on the age of the data,
// which a restart would not cure.
func (s *server) live(w http.ResponseWriter, r *http.Request) {
	s.writeHealth(w, r, []check{{name: "process"}})
}

// ready is GET /readyz: a committed generation is open and a read of it works.
func (s *server) ready(w http.ResponseWriter, r *http.Request) {
	s.writeHealth(w, r, []check{{name: "generation", err: s.smokeRead(r.Context())}, s.stagingCheck()})
}

// startup is GET /startupz: recovery is done, whether or not it found anything.
func (s *server) startup(w http.ResponseWriter, r *http.Request) {
	err := s.smokeRead(r.Context())
	if errors.Is(err, swap.ErrNothingPublished) {
		err = nil
	}
	s.writeHealth(w, r, []check{{name: "recovery", err: err}})
}

// smokeRead reads a row that every OM database has.
func (s *server) smokeRead(ctx context.Context) error {
	view, release, err := s.Views.Acquire(ctx, "health", generation.Need{})
	if err != nil {
		return err
	}
	defer release()
	_, _, err = view.Get(omdb.TransactionInfoTable, []byte(omdb.TransactionInfoKey))
	return err
}

// stagingCheck warns of a rebuild that failed: what is served gets older, but
// taking it away would help nobody.
func (s *server) stagingCheck() check {
	c := check{name: "staging"}
	if status := s.Control.StagingStatus(); status.State == staging.Failed {
		c.warning = "the last rebuild failed"
		if status.Last != nil && status.Last.Reason != "" {
			c.warning += ": " + status.Last.Reason
		}
	}
	return c
}

func (s *server) writeHealth(w http.ResponseWriter, r *http.Request, checks []check) {
	var lines strings.Builder
	var failed error
	for _, c := range checks {
		switch {
		case c.err != nil:
			failed = errors.Join(failed, fmt.Errorf("%s: %w", c.name, c.err))
		case c.warning != "":
			fmt.Fprintf(&lines, "[!]%s warning: %s\n", c.name, c.warning)
		default:
			fmt.Fprintf(&lines, "[+]%s ok\n", c.name)
		}
	}
	if failed != nil {
		s.fail(w, r, problem{status: http.StatusServiceUnavailable, code: "NOT_READY", title: "Not ready",
			detail: failed.Error(), retrySeconds: s.retrySeconds()})
		return
	}
	body := "ok"
	if r.URL.Query().Has("verbose") {
		body = lines.String() + "ok"
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	writeBody(w, r, http.StatusOK, []byte(body))
}
