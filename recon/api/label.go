package api

import (
	"fmt"
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"

	"reconsim/faults/point"
	"reconsim/recon/generation"
	"reconsim/recon/staging"
)

// setLabel sets the headers that say what an answer is from (spec/api.md 9.3).
func (s *server) setLabel(h http.Header, l generation.Label) {
	h.Set("Cache-Control", "private, no-cache")
	h.Set("Last-Modified", l.AsOf.UTC().Format(http.TimeFormat))
	h.Set("Recon-Generation", fmt.Sprintf(`"%s";applied=%d`, l.ID(), l.AppliedSeq))
	h.Set("Recon-Lineage", fmt.Sprintf(`%s;term=%d;index=%d`, structuredString(l.Lineage.Node), l.Applied.Term, l.Applied.Index))
	h.Set("Recon-Staleness", strconv.FormatInt(s.stalenessSeconds(l), 10))
	h.Set("Recon-Staging", s.stagingHeader())
}

// stalenessSeconds is the age of a view, 0 if the OM has nothing newer.
func (s *server) stalenessSeconds(l generation.Label) int64 {
	if latest, known := s.Control.OMLatestSeq(); known && l.AppliedSeq >= latest {
		return 0
	}
	return max(0, int64(s.Env.Now().Sub(l.AsOf)/time.Second))
}

// stagingHeader tells in short whether a rebuild goes on and how far it is.
func (s *server) stagingHeader() string {
	status := s.Control.StagingStatus()
	name := strings.ToLower(status.State.String())
	if !underWay(status.State) {
		return name
	}
	return name + ";progress=" + decimal(status.Progress())
}

// underWay reports whether a rebuild goes on and is not being given up.
func underWay(state staging.State) bool {
	return state >= staging.Initializing && state <= staging.Committing
}

// decimal is a share as a decimal of RFC 9651, with at most three digits after
// the point and at least one. It is cut and not rounded: 1.0 is only whole.
func decimal(share float64) string {
	text := strconv.FormatFloat(math.Floor(share*1000)/1000, 'f', -1, 64)
	if !strings.Contains(text, ".") {
		text += ".0"
	}
	return text
}

// structuredString is a string of RFC 9651, which is printable ASCII; other
// characters become question marks.
func structuredString(s string) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range s {
		switch {
		case r < ' ' || r > '~':
			r = '?'
		case r == '"' || r == '\\':
			b.WriteByte('\\')
		}
		b.WriteRune(r)
	}
	b.WriteByte('"')
	return b.String()
}

// etag is the tag of all answers from a view that nothing else decides. It is
// weak because a proxy may compress.
func (s *server) etag(l generation.Label) string {
	revision := l.Revision()
	if s.Env.Mutated(point.TagOfGeneration) {
		revision = l.ID()
	}
	return `W/"` + revision + `"`
}

// matches compares a tag with If-None-Match weakly (RFC 9110 13.1.2).
func matches(fields []string, tag string) bool {
	tag = strings.TrimPrefix(tag, "W/")
	for _, field := range fields {
		for one := range strings.SplitSeq(field, ",") {
			one = strings.TrimSpace(one)
			if one == "*" || strings.TrimPrefix(one, "W/") == tag {
				return true
			}
		}
	}
	return false
}

// Bounds and default of Retry-After, in seconds.
const (
	retryMinSeconds     = 1
	retryMaxSeconds     = 300
	retryDefaultSeconds = 15
)

// retrySeconds is when the rebuild that goes on should be done.
func (s *server) retrySeconds() int {
	status := s.Control.StagingStatus()
	if eta, ok := s.etaSeconds(status); ok {
		return int(min(max(eta, retryMinSeconds), retryMaxSeconds))
	}
	return retryDefaultSeconds
}

// etaSeconds is how long a rebuild will go on at the rate it had so far.
func (s *server) etaSeconds(status staging.Status) (int64, bool) {
	progress := status.Progress()
	if !underWay(status.State) || progress <= 0 || status.StartedAt.IsZero() {
		return 0, false
	}
	elapsed := s.Env.Now().Sub(status.StartedAt).Seconds()
	return int64(math.Ceil(elapsed * (1 - progress) / progress)), true
}
