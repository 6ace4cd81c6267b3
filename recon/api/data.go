package api

import (
	"net/http"

	"reconsim/recon/derived"
	"reconsim/recon/generation"
	"reconsim/recon/swap"
)

// dataEndpoint is an endpoint that answers from a view.
type dataEndpoint struct {
	// name is the endpoint's for fault points.
	name string
	// prepare reads the parameters. What is wrong with them is found here,
	// before a view is pinned.
	prepare func(p *parameters) (prepared, error)
	// tagged says that the view alone decides the answer, so that its revision
	// can be the answer's ETag.
	tagged bool
}

// prepared is a request whose parameters are understood.
type prepared struct {
	need   generation.Need
	answer func(*reading) (any, error)
}

// reading is one request with its view.
type reading struct {
	query *derived.Query
	rows  *steppedReader
	view  swap.View
}

// stat reads a row of GLOBAL_STATS; one that is not there is 0. The rows were
// read as the view was pinned, but a protocol may resolve its view anew at
// each call, so each row is a read of its own.
func (r *reading) stat(name string) (int64, error) {
	if err := r.rows.step(); err != nil {
		return 0, err
	}
	return r.view.SQL().Stats[name], nil
}

// data makes the handler of an endpoint.
func (s *server) data(e dataEndpoint) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		ready, err := e.prepare(newParameters(r))
		if err != nil {
			s.fail(w, r, err)
			return
		}
		ctx := r.Context()
		view, release, err := s.Views.Acquire(ctx, e.name, ready.need)
		if err != nil {
			w.Header().Set("Recon-Staging", s.stagingHeader())
			s.fail(w, r, err)
			return
		}
		defer release()
		label := view.Label()
		s.setLabel(w.Header(), label)
		if e.tagged {
			tag := s.etag(label)
			w.Header().Set("ETag", tag)
			if matches(r.Header.Values("If-None-Match"), tag) {
				w.WriteHeader(http.StatusNotModified)
				return
			}
		}
		rows := &steppedReader{from: view, point: func(n int64) error { return s.between(ctx, e.name, n) }}
		reading := &reading{
			query: &derived.Query{Rows: rows, FileSystemPaths: s.FileSystemPaths},
			rows:  rows, view: view,
		}
		body, err := ready.answer(reading)
		if err != nil {
			s.fail(w, r, err)
			return
		}
		s.writeJSON(w, r, http.StatusOK, body)
	}
}
