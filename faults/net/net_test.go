package net_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"reconsim/faults/net"
	"reconsim/faults/plan"
	"reconsim/faults/point"
)

type watch struct{ slept time.Duration }

func (w *watch) clock() net.Clock {
	return net.Clock{
		Sleep: func(_ context.Context, d time.Duration) error { w.slept += d; return nil },
		Hang:  func(context.Context) error { return context.DeadlineExceeded },
	}
}

func content(n int) []byte {
	p := make([]byte, n)
	for i := range p {
		p[i] = byte(i * 7)
	}
	return p
}

// TestEffects proves each transfer fault, at a reader and at a writer alike.
func TestEffects(t *testing.T) {
	whole := content(1000)
	corrupted := bytes.Clone(whole)
	corrupted[999] ^= 1
	for _, c := range []struct {
		name    string
		effects []plan.Effect
		want    []byte
		err     error
		slept   time.Duration
	}{
		{"nothing", nil, whole, nil, 0},
		{"cut", []plan.Effect{plan.Cut{After: 100}}, whole[:100], io.ErrUnexpectedEOF, 0},
		{"cut at once", []plan.Effect{plan.Cut{After: 0}}, nil, net.ErrCut, 0},
		{"cut behind the end", []plan.Effect{plan.Cut{After: 1001}}, whole, nil, 0},
		{"corrupt", []plan.Effect{plan.Corrupt{At: 999}}, corrupted, nil, 0},
		{"corrupt behind the end", []plan.Effect{plan.Corrupt{At: 1000}}, whole, nil, 0},
		{"trickle", []plan.Effect{plan.Trickle{BytesPerSecond: 250}}, whole, nil, 4 * time.Second},
		{"slow trickle", []plan.Effect{plan.Trickle{BytesPerSecond: 1}, plan.Cut{After: 3}}, whole[:3], net.ErrCut, 3 * time.Second},
		{"stall", []plan.Effect{plan.Stall{After: 7}}, whole[:7], context.DeadlineExceeded, 0},
		{"html", []plan.Effect{plan.HTML{}, plan.Cut{After: 1}}, []byte(net.Page), nil, 0},
	} {
		w := &watch{}
		got, err := io.ReadAll(net.NewReader(context.Background(), bytes.NewReader(whole), c.effects, w.clock()))
		if !bytes.Equal(got, c.want) || !errors.Is(err, c.err) || w.slept.Round(time.Millisecond) != c.slept {
			t.Errorf("%s: read %d bytes, %v, slept %s", c.name, len(got), err, w.slept)
		}
		w = &watch{}
		var out bytes.Buffer
		source := bytes.Clone(whole)
		writer := net.NewWriter(context.Background(), &out, c.effects, w.clock())
		n, err := writer.Write(source[:500])
		if err == nil {
			var more int
			more, err = writer.Write(source[500:])
			n += more
		}
		if !bytes.Equal(out.Bytes(), c.want) || !errors.Is(err, c.err) || w.slept.Round(time.Millisecond) != c.slept {
			t.Errorf("%s: wrote %d bytes, %v, slept %s", c.name, out.Len(), err, w.slept)
		}
		if err == nil && n != 1000 || err != nil && n != len(c.want) {
			t.Errorf("%s: says it wrote %d, %v", c.name, n, err)
		}
		if err != nil {
			if _, again := writer.Write([]byte("x")); again == nil {
				t.Errorf("%s: writes on after %v", c.name, err)
			}
		}
		if !bytes.Equal(source, whole) {
			t.Errorf("%s: the caller's bytes were changed", c.name)
		}
	}
}

// TestReaderAndWriterAgree proves that where the bytes pass makes no difference
// and that the sizes of reads do not matter.
func TestReaderAndWriterAgree(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		whole := content(rapid.IntRange(0, 300).Draw(t, "bytes"))
		n := rapid.Int64Range(0, 310)
		all := []plan.Effect{plan.Cut{After: n.Draw(t, "cut")}, plan.Corrupt{At: n.Draw(t, "corrupt")},
			plan.Trickle{BytesPerSecond: n.Draw(t, "rate") + 1}, plan.Stall{After: n.Draw(t, "stall")}}
		effects := rapid.SliceOfN(rapid.SampledFrom(all), 1, 4).Draw(t, "effects")
		var read, written bytes.Buffer
		buffer := make([]byte, rapid.IntRange(1, 40).Draw(t, "buffer"))
		r := net.NewReader(context.Background(), bytes.NewReader(whole), effects, (&watch{}).clock())
		_, readErr := io.CopyBuffer(&read, struct{ io.Reader }{r}, buffer)
		w := net.NewWriter(context.Background(), &written, effects, (&watch{}).clock())
		_, writeErr := io.CopyBuffer(struct{ io.Writer }{w}, struct{ io.Reader }{bytes.NewReader(whole)}, buffer)
		if !bytes.Equal(read.Bytes(), written.Bytes()) {
			t.Fatalf("read %d, wrote %d", read.Len(), written.Len())
		}
		// A writer cannot know that a fault at the very end was still to come.
		if (readErr == nil) != (writeErr == nil) && read.Len() != len(whole) {
			t.Fatalf("read ended with %v, write with %v", readErr, writeErr)
		}
	})
}

func registry(t *testing.T, rules string) *plan.Registry {
	t.Helper()
	r := plan.NewRegistry(plan.Runtime{})
	p, err := plan.Parse(rules)
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Load(p); err != nil {
		t.Fatal(err)
	}
	return r
}

func get(t *testing.T, client *http.Client, url string) (*http.Response, []byte, error) {
	t.Helper()
	response, err := client.Get(url)
	if err != nil {
		return nil, nil, err
	}
	got, err := io.ReadAll(response.Body)
	if closeErr := response.Body.Close(); closeErr != nil {
		t.Error(closeErr)
	}
	return response, got, err
}

// TestClientAndServer proves that one plan gives the same faults on the side of
// the client and on the side of the server, transfer by transfer, also when the
// body has no length of its own.
func TestClientAndServer(t *testing.T) {
	const rules = `
		cut = at om/transfer of om1 on hit 1 : cut 5000
		turn = at om/transfer of om1 on hit 2 : corrupt 3
		page = at om/transfer of om1 on hit 3 : html
		other = at om/transfer of om2 optional : cut 0`
	whole := content(20_000)
	serve := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		for i := 0; i < len(whole); i += 1000 {
			if _, err := w.Write(whole[i : i+1000]); err != nil {
				return
			}
		}
	})
	name := func(*http.Request) string { return "om1" }
	sides := map[string]func() (*httptest.Server, *http.Client, *plan.Registry){
		"client": func() (*httptest.Server, *http.Client, *plan.Registry) {
			r := registry(t, rules)
			return httptest.NewServer(serve), &http.Client{Transport: &net.RoundTripper{Source: r, Point: point.OMTransfer, Subject: name}}, r
		},
		"server": func() (*httptest.Server, *http.Client, *plan.Registry) {
			r := registry(t, rules)
			return httptest.NewServer(&net.Handler{Inner: serve, Source: r, Point: point.OMTransfer, Subject: name}), &http.Client{}, r
		},
	}
	for side, begin := range sides {
		server, client, r := begin()
		_, got, err := get(t, client, server.URL)
		if !errors.Is(err, io.ErrUnexpectedEOF) || !bytes.Equal(got, whole[:5000]) {
			t.Errorf("%s, cut: %d bytes, %v", side, len(got), err)
		}
		_, got, err = get(t, client, server.URL)
		if err != nil || len(got) != len(whole) || got[3] != whole[3]^1 {
			t.Errorf("%s, corrupt: %d bytes, %v", side, len(got), err)
		}
		response, got, err := get(t, client, server.URL)
		if err != nil || string(got) != net.Page || !strings.HasPrefix(response.Header.Get("Content-Type"), "text/html") || response.StatusCode != 200 {
			t.Errorf("%s, html: %q, %v", side, got, err)
		}
		_, got, err = get(t, client, server.URL)
		if err != nil || !bytes.Equal(got, whole) {
			t.Errorf("%s, none: %d bytes, %v", side, len(got), err)
		}
		if v := r.Vacuous(); len(v) != 0 {
			t.Errorf("%s: vacuous %+v", side, v)
		}
		client.CloseIdleConnections()
		server.Close()
	}
}

// failing is a source that fails, as a parked transfer does whose context ends.
type failing struct{}

func (failing) Transfer(context.Context, point.Point, string) ([]plan.Effect, error) {
	return nil, context.Canceled
}

// TestSourceFails proves that a transfer whose source fails is never answered.
func TestSourceFails(t *testing.T) {
	serve := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusOK) })
	server := httptest.NewServer(&net.Handler{Inner: serve, Source: failing{}})
	if _, _, err := get(t, &http.Client{}, server.URL); err == nil {
		t.Error("the server answered")
	}
	server.Close()
	server = httptest.NewServer(serve)
	defer server.Close()
	client := &http.Client{Transport: &net.RoundTripper{Source: failing{}}}
	if _, _, err := get(t, client, server.URL); !errors.Is(err, context.Canceled) {
		t.Errorf("the client got %v", err)
	}
}

// TestTrickleNeedsClock proves that a missing clock is an error, not a panic.
func TestTrickleNeedsClock(t *testing.T) {
	r := net.NewReader(context.Background(), strings.NewReader("x"), []plan.Effect{plan.Trickle{BytesPerSecond: 1}}, net.Clock{})
	if _, err := io.ReadAll(r); err == nil {
		t.Error("read without a clock")
	}
}
