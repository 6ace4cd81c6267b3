package api

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"reconsim/recon/swap"
)

// problem is an answer that is not a success (RFC 9457). As an error it is what
// a handler returns to be answered with.
type problem struct {
	status int
	// code names the problem for programs, in capitals; the type's last part
	// is the same in small letters.
	code string
	// title names it for people and is the same for all of one code.
	title string
	// detail says what happened here and what to do.
	detail string
	// retrySeconds, if not 0, is when to try again.
	retrySeconds int
	// parameter is the query parameter at fault, if one is.
	parameter string
}

func (p problem) Error() string { return p.detail }

// badParameter is the problem of a parameter that cannot be read. Ozone
// answers 404 to text that is no number, 406 to negative ones and 400 else.
func badParameter(status int, name, format string, args ...any) problem {
	return problem{status: status, code: "INVALID_PARAMETER", title: "Invalid parameter",
		detail: fmt.Sprintf(format, args...), parameter: name}
}

func notReady(retrySeconds int) problem {
	return problem{status: http.StatusServiceUnavailable, code: "NOT_READY", title: "Nothing to serve yet",
		detail:       "No generation has been committed yet; the first one is being built. " + base + "/staging shows how far it is.",
		retrySeconds: retrySeconds}
}

// problemBody is a problem on the wire.
type problemBody struct {
	Type              string             `json:"type"`
	Title             string             `json:"title"`
	Status            int                `json:"status"`
	Detail            string             `json:"detail"`
	Instance          string             `json:"instance"`
	Code              string             `json:"code"`
	RetryAfterSeconds int                `json:"retryAfterSeconds,omitempty"`
	Errors            []parameterProblem `json:"errors,omitempty"`
}

// parameterProblem names the parameter at fault.
type parameterProblem struct {
	Parameter string `json:"parameter"`
	Detail    string `json:"detail"`
}

func writeProblem(w http.ResponseWriter, r *http.Request, p problem) {
	h := w.Header()
	for _, name := range []string{"ETag", "Last-Modified"} {
		h.Del(name)
	}
	h.Set("Content-Type", "application/problem+json")
	h.Set("Cache-Control", "no-store")
	if p.retrySeconds > 0 {
		h.Set("Retry-After", strconv.Itoa(p.retrySeconds))
	}
	body := problemBody{
		Type:  "https://recon.invalid/problems/" + strings.ReplaceAll(strings.ToLower(p.code), "_", "-"),
		Title: p.title, Status: p.status, Detail: p.detail, Instance: r.URL.Path, Code: p.code,
		RetryAfterSeconds: p.retrySeconds,
	}
	if p.parameter != "" {
		body.Errors = []parameterProblem{{p.parameter, p.detail}}
	}
	writeBody(w, r, p.status, mustEncode(body))
}

// fail answers a request with an error. What is no problem of the request's
// own is logged and answered with 500.
func (s *server) fail(w http.ResponseWriter, r *http.Request, err error) {
	var p problem
	switch {
	case errors.As(err, &p):
	case errors.Is(err, swap.ErrNothingPublished):
		p = notReady(s.retrySeconds())
	case r.Context().Err() != nil:
		// Nobody waits for this answer; a proxy between may still log it.
		p = problem{status: http.StatusServiceUnavailable, code: "REQUEST_ENDED", title: "Request ended",
			detail: "The request ended before its answer: " + context.Cause(r.Context()).Error(), retrySeconds: 1}
	default:
		s.Log.Error("request failed", "path", r.URL.Path, "error", err)
		p = problem{status: http.StatusInternalServerError, code: "INTERNAL", title: "Internal error", detail: err.Error()}
	}
	writeProblem(w, r, p)
}

// encode is JSON without the escapes that HTML needs and Ozone does not write,
// and without a newline.
func encode(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return nil, fmt.Errorf("encode the answer: %w", err)
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}

// mustEncode is encode for values of our own that always can be.
func mustEncode(v any) []byte {
	b, err := encode(v)
	if err != nil {
		panic(err)
	}
	return b
}

// writeBody sends a whole body.
func writeBody(w http.ResponseWriter, r *http.Request, status int, body []byte) {
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	if r.Method != http.MethodHead {
		// A client that is gone cannot be told.
		_, _ = w.Write(body)
	}
}

// writeJSON sends an answer that belongs to no view.
func (s *server) writeJSON(w http.ResponseWriter, r *http.Request, status int, v any) {
	body, err := encode(v)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	if w.Header().Get("Cache-Control") == "" {
		w.Header().Set("Cache-Control", "private, no-cache")
	}
	writeBody(w, r, status, body)
}
