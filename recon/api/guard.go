package api

import (
	"fmt"
	"net/http"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
)

// guard picks the handler of a request's method, turns a panic into a problem
// and counts the request.
func (s *server) guard(r route) http.Handler {
	allowed := []string{}
	for method := range r.methods {
		allowed = append(allowed, method)
		if method == http.MethodGet {
			allowed = append(allowed, http.MethodHead)
		}
	}
	slices.Sort(allowed)
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		start := s.Env.Now()
		out := &recorder{ResponseWriter: w}
		defer func() {
			if cause := recover(); cause != nil {
				s.panicked(out, req, cause)
			}
			s.metrics.observe(r.pattern, req.Method, out.status, s.Env.Now().Sub(start))
		}()
		method := req.Method
		if method == http.MethodHead {
			method = http.MethodGet
		}
		handler := r.methods[method]
		switch {
		case handler != nil:
			handler(out, req)
		case len(r.methods) == 0:
			writeProblem(out, req, problem{status: http.StatusNotFound, code: "NOT_FOUND", title: "No such resource",
				detail: "Nothing is served at this path."})
		default:
			out.Header().Set("Allow", strings.Join(allowed, ", "))
			writeProblem(out, req, problem{status: http.StatusMethodNotAllowed, code: "METHOD_NOT_ALLOWED",
				title: "Method not allowed", detail: "Use " + strings.Join(allowed, " or ") + "."})
		}
	})
}

// panicked answers a request whose handler panicked. If the answer has begun
// the connection is cut, so that the client cannot take it for a whole one.
func (s *server) panicked(w *recorder, req *http.Request, cause any) {
	if cause == http.ErrAbortHandler {
		panic(cause)
	}
	s.Log.Error("handler panicked", "path", req.URL.Path, "cause", cause, "stack", string(debug.Stack()))
	if w.status != 0 {
		panic(http.ErrAbortHandler)
	}
	s.fail(w, req, fmt.Errorf("internal error: %v", cause))
}

// recorder remembers the status of an answer.
type recorder struct {
	http.ResponseWriter
	status int
}

// WriteHeader remembers the status.
func (r *recorder) WriteHeader(status int) {
	if r.status == 0 {
		r.status = status
	}
	r.ResponseWriter.WriteHeader(status)
}

// Write begins the answer with 200 if nothing else was said.
func (r *recorder) Write(b []byte) (int, error) {
	if r.status == 0 {
		r.status = http.StatusOK
	}
	return r.ResponseWriter.Write(b)
}

// Unwrap lets http.ResponseController find the writer's other abilities.
func (r *recorder) Unwrap() http.ResponseWriter { return r.ResponseWriter }

// statusLabel is a status as a metric's label.
func statusLabel(status int) string {
	if status == 0 {
		status = http.StatusOK
	}
	return strconv.Itoa(status)
}
