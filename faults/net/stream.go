package net

import (
	"context"
	"io"
	"strings"

	"reconsim/faults/plan"
)

// NewReader returns r with the effects applied to what is read from it. With
// html the inner reader is not read at all.
func NewReader(ctx context.Context, r io.Reader, effects []plan.Effect, clock Clock) io.Reader {
	switch {
	case len(effects) == 0:
		return r
	case isHTML(effects):
		return strings.NewReader(Page)
	}
	return &reader{inner: r, body: body{ctx: ctx, effects: effects, clock: clock}}
}

type reader struct {
	inner io.Reader
	body  body
	err   error
}

// Read keeps returning the error that ended the transfer.
func (r *reader) Read(p []byte) (int, error) {
	if r.err != nil {
		return 0, r.err
	}
	allowed, err := r.body.allow(int64(len(p)))
	if err != nil {
		r.err = err
		return 0, err
	}
	n, err := r.inner.Read(p[:allowed])
	if passErr := r.body.pass(p[:n]); passErr != nil {
		err = passErr
	}
	r.err = err
	return n, err
}

// NewWriter returns w with the effects applied to what is written to it. With
// html the page is written in place of the first bytes and the rest is
// swallowed.
func NewWriter(ctx context.Context, w io.Writer, effects []plan.Effect, clock Clock) io.Writer {
	if len(effects) == 0 {
		return w
	}
	return &writer{inner: w, body: body{ctx: ctx, effects: effects, clock: clock}, html: isHTML(effects)}
}

type writer struct {
	inner io.Writer
	body  body
	html  bool
	begun bool
	err   error
}

// Write keeps returning the error that ended the transfer.
func (w *writer) Write(p []byte) (int, error) {
	if w.err != nil {
		return 0, w.err
	}
	if w.html {
		if w.begun {
			return len(p), nil
		}
		w.begun = true
		if _, w.err = io.WriteString(w.inner, Page); w.err != nil {
			return 0, w.err
		}
		return len(p), nil
	}
	done := 0
	for done < len(p) {
		n, err := w.piece(p[done:])
		done += n
		if err != nil {
			w.err = err
			return done, err
		}
	}
	return done, nil
}

func (w *writer) piece(p []byte) (int, error) {
	allowed, err := w.body.allow(int64(len(p)))
	if err != nil {
		return 0, err
	}
	piece := append([]byte(nil), p[:allowed]...)
	if err := w.body.pass(piece); err != nil {
		return 0, err
	}
	return w.inner.Write(piece)
}
