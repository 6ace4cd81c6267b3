package api

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"

	"reconsim/faults/point"
	"reconsim/recon/env"
	"reconsim/recon/generation"
	"reconsim/recon/omdb"
	"reconsim/recon/staging"
	"reconsim/recon/swap"
)

// memoryRows are the rows of one state, in memory.
type memoryRows map[omdb.Table]map[string][]byte

func (m memoryRows) put(t omdb.Table, key, value []byte) {
	if m[t] == nil {
		m[t] = map[string][]byte{}
	}
	m[t][string(key)] = value
}

func (m memoryRows) putMessage(t *testing.T, table omdb.Table, key []byte, message proto.Message) {
	t.Helper()
	value, err := proto.Marshal(message)
	require.NoError(t, err)
	m.put(table, key, value)
}

func (m memoryRows) Get(t omdb.Table, key []byte) ([]byte, bool, error) {
	value, found := m[t][string(key)]
	return value, found, nil
}

func (m memoryRows) Scan(t omdb.Table, lower, upper []byte, fn func(key, value []byte) (bool, error)) error {
	for _, key := range slices.Sorted(maps.Keys(m[t])) {
		if key < string(lower) || upper != nil && key >= string(upper) {
			continue
		}
		if more, err := fn([]byte(key), m[t][key]); err != nil || !more {
			return err
		}
	}
	return nil
}

// memoryView is a view of memoryRows.
type memoryView struct {
	omdb.Reader
	label generation.Label
	sql   generation.SQLRows
}

func (v *memoryView) Label() generation.Label { return v.label }
func (v *memoryView) SQL() generation.SQLRows { return v.sql }

// fixture is a world around the handler: rows, a clock, a control.
type fixture struct {
	rows  memoryRows
	label generation.Label
	// acquireErr, if set, is what Acquire returns.
	acquireErr error
	// readErr, if set, is what reads of table readErrTable return.
	readErr      error
	readErrTable omdb.Table

	status staging.Status
	tasks  []staging.TaskStatus
	// askedAs is the label that TaskStatuses was asked with.
	askedAs  generation.Label
	latest   uint64
	busy     bool
	cancelBy string
	reason   string
	onSleep  func()

	pinned, acquired int
	points           []string
	hit              func(p point.Point, subject string, n int64) error
	now              time.Time
	options          Options
}

var testNow = time.Date(2025, 1, 2, 3, 4, 5, 0, time.UTC)

func newFixture() *fixture {
	return &fixture{
		rows: memoryRows{}, now: testNow,
		label: generation.Label{
			Build: 7, BaseSeq: 2210457, AppliedSeq: 2210988, Applied: omdb.TransactionInfo{Term: 3, Index: 45},
			Lineage: generation.Lineage{Service: "om-service", Node: "om1", Snapshot: omdb.TransactionInfo{Term: 3, Index: 40}},
			AsOf:    testNow.Add(-42 * time.Second),
		},
	}
}

func (f *fixture) handler() *fixtureHandler {
	o := f.options
	o.Env = env.New(env.Options{FS: vfs.NewMem(), Runtime: fixtureRuntime{f}, Faults: f})
	o.Views, o.Control = f, f
	if o.Zone == nil {
		o.Zone = time.UTC
	}
	return &fixtureHandler{New(o)}
}

// Acquire hands out the one view and counts pins.
func (f *fixture) Acquire(_ context.Context, _ string, need generation.Need) (swap.View, func(), error) {
	if f.acquireErr != nil {
		return nil, nil, f.acquireErr
	}
	f.pinned++
	f.acquired++
	v := &memoryView{Reader: failing{f.rows, f}, label: f.label}
	if need.Stats {
		v.sql.Stats = statsOf(f.rows)
	}
	if need.FileCounts != nil {
		for _, c := range fileCountsOf(f.rows) {
			x := need.FileCounts
			if (x.Volume == "" || x.Volume == c.Volume) && (x.Bucket == "" || x.Bucket == c.Bucket) &&
				(x.UpperBound == 0 || x.UpperBound == c.UpperBound) {
				v.sql.FileCounts = append(v.sql.FileCounts, c)
			}
		}
		slices.SortFunc(v.sql.FileCounts, func(a, b generation.FileCount) int {
			return cmp.Or(strings.Compare(a.Volume, b.Volume), strings.Compare(a.Bucket, b.Bucket), cmp.Compare(a.UpperBound, b.UpperBound))
		})
	}
	return v, func() { f.pinned-- }, nil
}

// failing returns the fixture's error for reads of one table.
type failing struct {
	memoryRows
	f *fixture
}

func (r failing) Get(t omdb.Table, key []byte) ([]byte, bool, error) {
	if r.f.readErr != nil && t == r.f.readErrTable {
		return nil, false, r.f.readErr
	}
	return r.memoryRows.Get(t, key)
}

func (r failing) Scan(t omdb.Table, lower, upper []byte, fn func(key, value []byte) (bool, error)) error {
	if r.f.readErr != nil && t == r.f.readErrTable {
		return r.f.readErr
	}
	return r.memoryRows.Scan(t, lower, upper, fn)
}

// The fixture as Control.
func (f *fixture) StagingStatus() staging.Status { return f.status }
func (f *fixture) TriggerSync() bool             { return !f.busy }
func (f *fixture) OMLatestSeq() (uint64, bool)   { return f.latest, f.latest != 0 }
func (f *fixture) TaskStatuses(served generation.Label) []staging.TaskStatus {
	f.askedAs = served
	return f.tasks
}
func (f *fixture) Rebuild(reason string) (bool, string) {
	if f.busy {
		return false, "A rebuild is under way."
	}
	f.reason = reason
	return true, "A rebuild was queued."
}

func (f *fixture) Cancel(by string) error {
	if f.busy {
		return errors.New("the commit has begun")
	}
	f.cancelBy = by
	return nil
}

// The fixture as point.Injector.
func (f *fixture) Armed() bool { return true }
func (f *fixture) Hit(_ context.Context, p point.Point, subject string, n int64) error {
	f.points = append(f.points, p.String()+" "+subject)
	if f.hit != nil {
		return f.hit(p, subject, n)
	}
	return nil
}

// fixtureRuntime is a clock that stands still but for sleeps.
type fixtureRuntime struct{ f *fixture }

func (r fixtureRuntime) Now() time.Time              { return r.f.now }
func (r fixtureRuntime) Go(string, func())           {}
func (r fixtureRuntime) Yield(string)                {}
func (r fixtureRuntime) Seed() uint64                { return 1 }
func (r fixtureRuntime) NewParker(string) env.Parker { return fixtureParker{} }
func (r fixtureRuntime) After(d time.Duration, fn func()) func() {
	r.f.now = r.f.now.Add(d)
	if r.f.onSleep != nil {
		r.f.onSleep()
	}
	return func() {}
}

// fixtureParker never waits: time has passed already.
type fixtureParker struct{}

func (fixtureParker) Park(ctx context.Context) error { return context.Cause(ctx) }
func (fixtureParker) Unpark()                        {}

// fixtureHandler is the handler with a short way to ask it.
type fixtureHandler struct{ http.Handler }

// do sends a request; headers come as name and value in turn.
func (h *fixtureHandler) do(method, target, body string, headers ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, target, strings.NewReader(body))
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func (h *fixtureHandler) get(target string, headers ...string) *httptest.ResponseRecorder {
	return h.do(http.MethodGet, target, "", headers...)
}
