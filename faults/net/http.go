package net

import (
	"fmt"
	"io"
	"net/http"
	"strings"

	"reconsim/faults/point"
)

// RoundTripper applies transfer faults to the bodies of responses.
type RoundTripper struct {
	// Inner does the requests; nil means http.DefaultTransport.
	Inner http.RoundTripper
	// Source decides about each response, at Point.
	Source Source
	Point  point.Point
	// Subject names the sender of a response for the plan; nil takes the
	// request's host.
	Subject func(*http.Request) string
	Clock   Clock
}

// RoundTrip does one request.
func (t *RoundTripper) RoundTrip(request *http.Request) (*http.Response, error) {
	inner := t.Inner
	if inner == nil {
		inner = http.DefaultTransport
	}
	response, err := inner.RoundTrip(request)
	if err != nil {
		return nil, err
	}
	ctx := request.Context()
	effects, err := t.Source.Transfer(ctx, t.Point, subjectOf(t.Subject, request))
	if err != nil {
		if closeErr := response.Body.Close(); closeErr != nil {
			err = fmt.Errorf("%w (and closing the response failed: %w)", err, closeErr)
		}
		return nil, err
	}
	if isHTML(effects) {
		response.StatusCode, response.Status = http.StatusOK, "200 OK"
		response.Header = http.Header{"Content-Type": {"text/html; charset=utf-8"}}
		response.ContentLength = int64(len(Page))
	}
	response.Body = struct {
		io.Reader
		io.Closer
	}{NewReader(ctx, response.Body, effects, t.Clock), response.Body}
	return response, nil
}

func subjectOf(name func(*http.Request) string, request *http.Request) string {
	if name != nil {
		return name(request)
	}
	if request.URL != nil && request.URL.Host != "" {
		return request.URL.Host
	}
	return request.Host
}

// Handler applies transfer faults to what a server answers. A transfer that was
// ended by a fault aborts its connection, so that no client takes it for whole.
type Handler struct {
	Inner   http.Handler
	Source  Source
	Point   point.Point
	Subject func(*http.Request) string
	Clock   Clock
}

// ServeHTTP answers one request.
func (h *Handler) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	ctx := request.Context()
	effects, err := h.Source.Transfer(ctx, h.Point, subjectOf(h.Subject, request))
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	if len(effects) == 0 {
		h.Inner.ServeHTTP(w, request)
		return
	}
	if isHTML(effects) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		// The client may be gone; then nobody misses the page.
		_, _ = io.Copy(w, strings.NewReader(Page))
		return
	}
	faulty := &responseWriter{ResponseWriter: w}
	faulty.body = NewWriter(ctx, w, effects, h.Clock).(*writer)
	h.Inner.ServeHTTP(faulty, request)
	if faulty.body.err != nil {
		faulty.Flush()
		panic(http.ErrAbortHandler)
	}
}

type responseWriter struct {
	http.ResponseWriter
	body *writer
}

// Write passes the body through the effects.
func (w *responseWriter) Write(p []byte) (int, error) { return w.body.Write(p) }

// Unwrap gives http.ResponseController the real writer.
func (w *responseWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// Flush sends what was written so far.
func (w *responseWriter) Flush() {
	if f, ok := w.ResponseWriter.(http.Flusher); ok {
		f.Flush()
	}
}
