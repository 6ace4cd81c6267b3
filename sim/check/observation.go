package check

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// Observation is one request of a reader and its answer.
type Observation struct {
	// Reader is the kind of reader, Session one client that must never go back.
	Reader, Session string
	// Endpoint is the route's template, for people.
	Endpoint string
	// Request is path and query.
	Request string
	// Status is the HTTP status, 0 if no answer came.
	Status int
	Header http.Header
	Body   []byte
	// Kept is the body of an earlier answer whose tag the client sent along, nil
	// if it sent none. A 304 says that it is still the right one.
	Kept []byte
	// Failure says why no answer came, or why the body ended early.
	Failure string
	// Excused is set when the world itself broke the request, such as by
	// killing or stopping the process: a missing answer or a 503 is then no
	// violation.
	Excused bool
	// SentAt and DoneAt are on the run's clock.
	SentAt, DoneAt time.Time
	// SpannedPublish says that a generation was published in between.
	SpannedPublish bool
	// PhaseAtSend is the rebuild's phase when the request was sent.
	PhaseAtSend string
}

// pinned reports whether the request asked for one generation by name, which
// may lie in the past.
func (o *Observation) pinned() bool {
	_, query, _ := strings.Cut(o.Request, "?")
	if !strings.Contains(query, "generation=") {
		return false
	}
	values, err := url.ParseQuery(query)
	return err == nil && values.Has("generation")
}

// Label is what an answer says about the state it shows.
type Label struct {
	BaseSeq, Build, AppliedSeq uint64
}

// ID is the generation id.
func (l Label) ID() string {
	return strconv.FormatUint(l.BaseSeq, 10) + "-" + strconv.FormatUint(l.Build, 10)
}

var errLabel = errors.New(`a generation label looks like "<baseSeq>-<build>";applied=<seq>`)

// ParseLabel reads a Recon-Generation header (spec: REST API 9.3). Parameters
// other than applied are skipped.
func ParseLabel(header string) (Label, error) {
	id, parameters, _ := strings.Cut(strings.TrimSpace(header), ";")
	id = strings.TrimSpace(id)
	if len(id) < 2 || id[0] != '"' || id[len(id)-1] != '"' {
		return Label{}, fmt.Errorf("%w, not %q", errLabel, header)
	}
	base, build, ok := strings.Cut(id[1:len(id)-1], "-")
	if !ok {
		return Label{}, fmt.Errorf("%w, not %q", errLabel, header)
	}
	var l Label
	var err error
	if l.BaseSeq, err = decimal(base); err != nil {
		return Label{}, fmt.Errorf("%w, not %q: %w", errLabel, header, err)
	}
	if l.Build, err = decimal(build); err != nil {
		return Label{}, fmt.Errorf("%w, not %q: %w", errLabel, header, err)
	}
	for parameter := range strings.SplitSeq(parameters, ";") {
		name, value, _ := strings.Cut(strings.TrimSpace(parameter), "=")
		if name != "applied" {
			continue
		}
		if l.AppliedSeq, err = decimal(value); err != nil {
			return Label{}, fmt.Errorf("%w, not %q: %w", errLabel, header, err)
		}
		return l, nil
	}
	return Label{}, fmt.Errorf("%w, not %q: no applied", errLabel, header)
}

// decimal reads digits and nothing else.
func decimal(s string) (uint64, error) {
	if s == "" || s[0] < '0' || s[0] > '9' {
		return 0, fmt.Errorf("%q is no number", s)
	}
	return strconv.ParseUint(s, 10, 64)
}

// label takes the label out of an answer; ok is false if there is none.
func (o *Observation) label() (l Label, ok bool, err error) {
	header := o.Header.Get("Recon-Generation")
	if header == "" {
		return Label{}, false, nil
	}
	l, err = ParseLabel(header)
	return l, err == nil, err
}
