package crash

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"reconsim/fake_om/namespace"
	"reconsim/sim/check"
)

// bench is a judge with a way to make answers that it must take for right. The
// OM's sequence number is ten times the index.
type bench struct {
	*testing.T
	judge *Judge
	first int64
	now   time.Time
}

func newBench(t *testing.T) *bench {
	base := namespace.New(namespace.Config{Seed: 3, Keys: 300})
	j, err := NewJudge(base, 3)
	require.NoError(t, err)
	require.NoError(t, j.advance(base.LastIndex()+60))
	return &bench{T: t, judge: j, first: base.LastIndex(), now: time.Unix(1_800_000_000, 0)}
}

const state = "/api/v1/clusterState"

// answer is what a right Recon answers with a generation at an index.
func (b *bench) answer(build uint64, index int64, request string) check.Observation {
	return b.shows(build, index, index, request)
}

// shows is an answer whose label names one index and whose body is of another.
func (b *bench) shows(build uint64, label, body int64, request string) check.Observation {
	a, err := b.judge.oracle.Ask(b.first+body, request)
	require.NoError(b, err)
	text, err := json.Marshal(a.Body)
	require.NoError(b, err)
	b.now = b.now.Add(time.Second)
	h := http.Header{}
	h.Set("Recon-Generation", fmt.Sprintf(`"%d-%d";applied=%d`, 10*build, build, 10*(b.first+label)))
	h.Set("Recon-Lineage", fmt.Sprintf(`"om1";term=1;index=%d`, b.first+label))
	return check.Observation{Reader: "reader-1", Session: b.judge.Session("reader-1"), Request: request, Status: a.Status, Header: h, Body: text,
		SentAt: b.now, DoneAt: b.now.Add(time.Millisecond)}
}

func (b *bench) judged(o check.Observation) (Seen, []check.Property) {
	b.Helper()
	seen, found, err := b.judge.Answer(o)
	require.NoError(b, err)
	var properties []check.Property
	for _, v := range found {
		properties = append(properties, v.Property)
	}
	return seen, properties
}

// changing is an index after from at which the answer differs from that at from.
func (b *bench) changing(from int64) int64 {
	before, err := b.judge.oracle.Ask(b.first+from, state)
	require.NoError(b, err)
	for index := from + 1; index < 60; index++ {
		a, err := b.judge.oracle.Ask(b.first+index, state)
		require.NoError(b, err)
		if fmt.Sprint(a) != fmt.Sprint(before) {
			return index
		}
	}
	b.Fatal("the workload changes nothing")
	return 0
}

// TestRightAnswers: answers of the oracle's own states are right, over all
// endpoints and across a kill.
func TestRightAnswers(t *testing.T) {
	b := newBench(t)
	requests, err := b.judge.Requests(rand.New(rand.NewPCG(1, 1)), 100)
	require.NoError(t, err)
	for i, request := range requests {
		_, wrong := b.judged(b.answer(1+uint64(i/50), int64(i/10), request))
		require.Empty(t, wrong, request)
	}
	newest, known := b.judge.Newest()
	require.EqualValues(t, 2, known)
	require.Equal(t, b.first+9, newest.Index)
	checked := map[check.Property]int64{}
	for _, r := range b.judge.Results() {
		checked[r.Property] = r.Checked
		require.Zero(t, r.Violations)
	}
	require.EqualValues(t, 100, checked[check.Exact])
	require.EqualValues(t, 99, checked[check.Monotonic])
}

// TestPlantedAnswers: each planted mistake is seen as what it is.
func TestPlantedAnswers(t *testing.T) {
	for name, c := range map[string]struct {
		plan func(b *bench) check.Observation
		want check.Property
	}{
		"a body of another state": {func(b *bench) check.Observation { return b.shows(2, 5, b.changing(5), state) }, check.Exact},
		"a wrong number": {func(b *bench) check.Observation {
			o := b.answer(2, 5, state)
			o.Body = []byte(strings.Replace(string(o.Body), `"volumes":`, `"volumes":1`, 1))
			return o
		}, check.Exact},
		"an older generation than was seen":        {func(b *bench) check.Observation { return b.answer(1, 5, state) }, check.Monotonic},
		"an older index than was seen":             {func(b *bench) check.Observation { return b.answer(2, 3, state) }, check.Monotonic},
		"a generation before the acknowledged one": {func(b *bench) check.Observation { b.judge.Committed(3, 30, b.now); return b.answer(2, 5, state) }, check.ReadYourCommit},
		"one sequence with two indices": {func(b *bench) check.Observation {
			o := b.answer(2, 4, state)
			o.Header.Set("Recon-Lineage", fmt.Sprintf(`"om1";term=1;index=%d`, b.first+5))
			return o
		}, check.WatermarkHonest},
		"an index that no workload has come to": {func(b *bench) check.Observation {
			o := b.answer(2, 4, state)
			o.Header.Set("Recon-Lineage", `"om1";term=1;index=99999999999`)
			return o
		}, check.WatermarkHonest},
		"a lineage that is none": {func(b *bench) check.Observation {
			o := b.answer(2, 4, state)
			o.Header.Set("Recon-Lineage", `om1`)
			return o
		}, check.WatermarkHonest},
		"nothing served, though something was": {func(b *bench) check.Observation {
			o := b.answer(2, 4, state)
			o.Status, o.Header, o.Body = http.StatusServiceUnavailable, http.Header{}, nil
			return o
		}, check.NoError},
		"a body that is cut off": {func(b *bench) check.Observation {
			o := b.answer(2, 4, state)
			o.Body, o.Failure = o.Body[:20], "unexpected EOF"
			return o
		}, check.NoError},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			_, wrong := b.judged(b.answer(2, 4, state))
			require.Empty(t, wrong)
			_, wrong = b.judged(c.plan(b))
			require.Contains(t, wrong, c.want)
			violations := int64(0)
			for _, r := range b.judge.Results() {
				violations += r.Violations
			}
			require.EqualValues(t, len(wrong), violations, "violations are counted")
		})
	}
}

// TestReset: after Recon's folder was emptied generations count from 1 again,
// clients have seen nothing, and what was counted stays.
func TestReset(t *testing.T) {
	b := newBench(t)
	_, wrong := b.judged(b.answer(7, 9, state))
	require.Empty(t, wrong)
	b.judge.Reset()
	newest, known := b.judge.Newest()
	require.Zero(t, newest)
	require.Zero(t, known)
	_, wrong = b.judged(b.answer(1, 4, state))
	require.Empty(t, wrong)
	for _, r := range b.judge.Results() {
		if r.Property == check.Exact {
			require.EqualValues(t, 2, r.Checked)
		}
	}
}
