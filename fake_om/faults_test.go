package fakeom

import (
	"archive/tar"
	"bytes"
	"context"
	"errors"
	"io"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"reconsim/faults/point"
	"reconsim/recon/env"
	"reconsim/recon/ozonepb"
	"reconsim/recon/rocksdb"
)

func fetch(t *testing.T, c *Cluster) ([]byte, string, error) {
	t.Helper()
	body, contentType, err := c.Checkpoint(context.Background(), "om1")
	require.NoError(t, err)
	defer func() { require.NoError(t, body.Close()) }()
	b, err := io.ReadAll(body)
	return b, contentType, err
}

func entryNames(t *testing.T, archive []byte) []string {
	t.Helper()
	var names []string
	for r := tar.NewReader(bytes.NewReader(archive)); ; {
		h, err := r.Next()
		if err == io.EOF {
			return names
		}
		require.NoError(t, err)
		names = append(names, h.Name)
	}
}

// TestTransferFaults: every fault shows in the transfer it was armed for, and
// only there.
func TestTransferFaults(t *testing.T) {
	c := newCluster(t, testEnv(), testOptions(500))
	good, _, err := fetch(t, c)
	require.NoError(t, err)
	names := entryNames(t, good)
	for _, tc := range []struct {
		fault TransferFault
		check func(t *testing.T, b []byte, contentType string, err error)
	}{
		{TransferFault{Kind: TransferTruncate, OffsetBytes: 5000}, func(t *testing.T, b []byte, _ string, err error) {
			require.NoError(t, err) // OM-H1: it looks whole
			require.Len(t, b, 5000)
		}},
		{TransferFault{Kind: TransferTruncate, OffsetBytes: 5000, Abrupt: true}, func(t *testing.T, b []byte, _ string, err error) {
			require.ErrorIs(t, err, ErrBroken)
			require.Len(t, b, 5000)
		}},
		{TransferFault{Kind: TransferCorrupt, OffsetBytes: 5000}, func(t *testing.T, b []byte, _ string, err error) {
			require.NoError(t, err)
			require.Len(t, b, len(good))
			require.Equal(t, good[5000]^0xff, b[5000])
		}},
		{TransferFault{Kind: TransferHTML}, func(t *testing.T, b []byte, contentType string, err error) {
			require.NoError(t, err) // OM-H32
			require.Equal(t, ContentTypeHTML, contentType)
			require.True(t, bytes.HasPrefix(b, []byte("<html>")))
		}},
		{TransferFault{Kind: TransferNoCurrent}, func(t *testing.T, b []byte, _ string, err error) {
			require.NoError(t, err)
			require.NotContains(t, entryNames(t, b), currentName)
			require.Len(t, entryNames(t, b), len(names)-1)
		}},
		{TransferFault{Kind: TransferNoTable}, func(t *testing.T, b []byte, _ string, err error) {
			require.NoError(t, err)
			require.Equal(t, names[1], entryNames(t, b)[0])
		}},
		{TransferFault{Kind: TransferEscape}, func(t *testing.T, b []byte, _ string, err error) {
			require.NoError(t, err) // OM-H9
			require.Contains(t, entryNames(t, b), "../escaped.sst")
		}},
	} {
		t.Run(string(tc.fault.Kind), func(t *testing.T) {
			tc.fault.Times = 1
			require.NoError(t, c.FailTransfers(tc.fault))
			b, contentType, err := fetch(t, c)
			tc.check(t, b, contentType, err)
			b, contentType, err = fetch(t, c)
			require.NoError(t, err)
			require.Equal(t, ContentTypeTar, contentType)
			require.Equal(t, names[:len(names)-3], entryNames(t, b)[:len(names)-3])
		})
	}
	require.NoError(t, c.FailTransfers(TransferFault{Kind: TransferRefuse}))
	_, _, err = c.Checkpoint(context.Background(), "om1")
	var refusal *NotReadyError
	require.ErrorAs(t, err, &refusal)
	require.Equal(t, 503, refusal.HTTPStatus())
	c.ClearFaults()
	require.Error(t, c.FailTransfers(TransferFault{Kind: "nonsense"}))
	require.Error(t, c.FailTransfers(TransferFault{Kind: TransferTrickle}))
	require.Error(t, c.FailReplies(ReplyFault{Kind: "nonsense"}))
	_, _, err = fetch(t, c)
	require.NoError(t, err)
	left, err := c.fs.List("om/om1")
	require.NoError(t, err)
	require.False(t, slices.ContainsFunc(left, func(s string) bool { return strings.HasPrefix(s, checkpointPrefix) }),
		"transfers leave nothing behind: %v", left)
}

// TestTransferStallAndTrickle (OM-H8): a stall lasts until cleared or until the
// client gives up, a trickle takes its time by the Env's clock.
func TestTransferStallAndTrickle(t *testing.T) {
	c := newCluster(t, testEnv(), testOptions(100))
	require.NoError(t, c.FailTransfers(TransferFault{Kind: TransferStall, OffsetBytes: 700, Times: 1}))
	ctx, cancel := context.WithCancelCause(context.Background())
	body, _, err := c.Checkpoint(ctx, "om1")
	require.NoError(t, err)
	first := make([]byte, 700)
	_, err = io.ReadFull(body, first)
	require.NoError(t, err)
	gone := errors.New("the client went away")
	cancel(gone)
	_, err = body.Read(first)
	require.ErrorIs(t, err, gone)
	require.NoError(t, body.Close())

	require.NoError(t, c.FailTransfers(TransferFault{Kind: TransferStall, OffsetBytes: 700, Times: 1}))
	body, _, err = c.Checkpoint(context.Background(), "om1")
	require.NoError(t, err)
	_, err = io.ReadFull(body, first)
	require.NoError(t, err)
	c.ClearFaults()
	_, err = io.ReadAll(body)
	require.NoError(t, err)
	require.NoError(t, body.Close())

	require.NoError(t, c.FailTransfers(TransferFault{Kind: TransferTrickle, BytesPerSecond: 1 << 40, Times: 1}))
	b, _, err := fetch(t, c)
	require.NoError(t, err)
	require.NotEmpty(t, b)
}

// TestReplyFaults (OM-H11, OM-H12, OM-H14): the client must be able to tell.
func TestReplyFaults(t *testing.T) {
	c, batches := observed(t, 40)
	since := batches[0].StartSequence - 1
	latest, _ := c.Nodes()[0].Position()
	ask := func(t *testing.T) *ozonepb.DBUpdatesResponse {
		u, err := c.Nodes()[0].Updates(since, math.MaxInt64)
		require.NoError(t, err)
		return u
	}
	starts := func(u *ozonepb.DBUpdatesResponse) []uint64 {
		var all []uint64
		for _, b := range u.Data {
			start, _, err := rocksdb.Batch(b).Header()
			require.NoError(t, err)
			all = append(all, start)
		}
		return all
	}
	good := starts(ask(t))
	n := len(good)
	for kind, check := range map[ReplyKind]func(t *testing.T, u *ozonepb.DBUpdatesResponse){
		ReplyGap: func(t *testing.T, u *ozonepb.DBUpdatesResponse) {
			require.Equal(t, append(slices.Clone(good[:(n-1)/2]), good[(n-1)/2+1:]...), starts(u))
		},
		ReplyReorder: func(t *testing.T, u *ozonepb.DBUpdatesResponse) {
			require.Equal(t, []uint64{good[n-1], good[n-2]}, starts(u)[n-2:])
		},
		ReplyRepeat: func(t *testing.T, u *ozonepb.DBUpdatesResponse) {
			require.Equal(t, append([]uint64{good[0]}, good...), starts(u))
		},
		ReplyFailedWithData: func(t *testing.T, u *ozonepb.DBUpdatesResponse) {
			require.Equal(t, good, starts(u))
			require.False(t, u.GetDbUpdateSuccess())
		},
		ReplyEmpty: func(t *testing.T, u *ozonepb.DBUpdatesResponse) {
			require.Empty(t, u.Data)
			require.Equal(t, minusOne, u.GetSequenceNumber())
			require.Equal(t, latest, u.GetLatestSequenceNumber())
			require.True(t, u.GetDbUpdateSuccess())
		},
		ReplyCutBatch: func(t *testing.T, u *ozonepb.DBUpdatesResponse) {
			require.ErrorIs(t, rocksdb.Batch(u.Data[n-1]).Verify(), rocksdb.ErrCorrupt)
		},
		ReplyUnknownFamily: func(t *testing.T, u *ozonepb.DBUpdatesResponse) {
			seen := false
			require.NoError(t, rocksdb.Batch(u.Data[n-1]).Walk(func(_ int, _ uint64, r rocksdb.Record) error {
				seen = seen || r.Family == unknownFamily
				return nil
			}))
			require.True(t, seen)
		},
	} {
		t.Run(string(kind), func(t *testing.T) {
			require.NoError(t, c.FailReplies(ReplyFault{Kind: kind, Times: 1}))
			check(t, ask(t))
			require.Equal(t, good, starts(ask(t)))
		})
	}
}

// TestPauseAndCutOff: hanging, refusing and unreachable nodes.
func TestPauseAndCutOff(t *testing.T) {
	c, _ := observed(t, 5)
	unavailable := func(err error) {
		t.Helper()
		s, ok := status.FromError(err)
		require.True(t, ok)
		require.Equal(t, codes.Unavailable, s.Code())
	}
	ctx := context.Background()
	require.NoError(t, c.Pause("om1", PauseRefuse))
	_, err := c.Submit(ctx, "om1", updatesRequest(1, 1))
	unavailable(err)
	_, _, err = c.Checkpoint(ctx, "om1")
	unavailable(err)
	require.NoError(t, c.CutOff("om1"))
	require.NoError(t, c.Resume("om1"))
	_, err = c.Submit(ctx, "om1", updatesRequest(1, 1))
	unavailable(err)
	require.NoError(t, c.Heal("om1"))
	_, err = c.Submit(ctx, "om1", updatesRequest(1, 1))
	require.NoError(t, err)

	require.NoError(t, c.Pause("om1", PauseHang))
	hung, cancel := context.WithTimeout(ctx, 10*time.Millisecond)
	defer cancel()
	_, err = c.Submit(hung, "om1", updatesRequest(1, 1))
	require.ErrorIs(t, err, context.DeadlineExceeded)
	answered := make(chan error)
	go func() {
		_, err := c.Submit(ctx, "om1", updatesRequest(1, 1))
		answered <- err
	}()
	require.NoError(t, c.Resume("om1"))
	require.NoError(t, <-answered)
	require.Error(t, c.Pause("om9", PauseHang))
}

// TestPoints: the plan sees every request and every read of a transfer.
func TestPoints(t *testing.T) {
	boom := errors.New("boom")
	plan := &listedFaults{fail: map[string]error{}}
	e := env.New(env.Options{FS: testEnv().FS(), Runtime: env.NewGoroutines(), Faults: plan})
	c := newCluster(t, e, testOptions(100))
	plan.on = true
	ctx := context.Background()
	_, err := c.Submit(ctx, "om1", updatesRequest(5, 1))
	require.NoError(t, err)
	_, _, err = fetch(t, c)
	require.NoError(t, err)
	require.Contains(t, plan.seen, "om/serve om1/DBUpdates")
	require.Contains(t, plan.seen, "om/serve om1/dbCheckpoint")
	require.Contains(t, plan.seen, "om/transfer om1")
	plan.fail["om/serve om1/DBUpdates"] = boom
	_, err = c.Submit(ctx, "om1", updatesRequest(5, 1))
	require.ErrorIs(t, err, boom)
	plan.fail["om/transfer om1"] = boom
	_, _, err = fetch(t, c)
	require.ErrorIs(t, err, boom)
	require.ErrorIs(t, err, ErrBroken)
}

type listedFaults struct {
	on   bool
	seen []string
	fail map[string]error
}

func (l *listedFaults) Armed() bool { return l.on }

func (l *listedFaults) Hit(_ context.Context, p point.Point, subject string, _ int64) error {
	name := p.String() + " " + subject
	l.seen = append(l.seen, name)
	return l.fail[name]
}

// TestChangesDuringATransfer: a checkpoint is the state at its sequence number,
// whatever is applied, flushed and adopted while it is read.
func TestChangesDuringATransfer(t *testing.T) {
	e, o := testEnv(), testOptions(500)
	facts := baseFacts(o.Base)
	o.Enter = facts.apply
	c := newCluster(t, e, o)
	_, err := c.Burst(60)
	require.NoError(t, err)
	body, _, err := c.Checkpoint(context.Background(), "om1")
	require.NoError(t, err)
	want := facts
	facts = facts.copy()
	c.options.Enter = facts.apply
	sequence, _ := c.Nodes()[0].Position()
	head := make([]byte, 1000)
	_, err = io.ReadFull(body, head)
	require.NoError(t, err)
	_, err = c.Burst(200)
	require.NoError(t, err)
	require.NoError(t, c.RestartNode("om1"))
	require.NoError(t, c.Adopt("om1", "om2"))
	extract(t, e.FS(), "cp", io.MultiReader(bytes.NewReader(head), body))
	require.NoError(t, body.Close())
	v, err := rocksdb.ReadCheckpoint(e.FS(), "cp")
	require.NoError(t, err)
	require.Equal(t, sequence, v.LastSequence)
	rows, _ := rowsOf(t, e.FS(), "cp")
	want.requireRows(t, rows)
}

func (f facts) copy() facts {
	c := facts{}
	for k, v := range f {
		c[k] = v
	}
	return c
}

// TestV2Layout: entries are named by id, the list links them to their names,
// and what the client has is left out.
func TestV2Layout(t *testing.T) {
	e := testEnv()
	c := newCluster(t, e, testOptions(300))
	_, err := c.Burst(30)
	require.NoError(t, err)
	get := func(r CheckpointRequest) map[string]string {
		body, _, err := c.Nodes()[0].Checkpoint(context.Background(), r)
		require.NoError(t, err)
		out := map[string]string{}
		for r := tar.NewReader(body); ; {
			h, err := r.Next()
			if err == io.EOF {
				require.NoError(t, body.Close())
				return out
			}
			require.NoError(t, err)
			b, err := io.ReadAll(r)
			require.NoError(t, err)
			out[h.Name] = string(b)
		}
	}
	all := get(CheckpointRequest{V2: true})
	require.NoError(t, e.FS().MkdirAll("om.db", 0o755))
	var ids []string
	for _, line := range strings.Split(strings.TrimSpace(all["hardLinkFile"]), "\n") {
		name, id, ok := strings.Cut(line, "\t")
		require.True(t, ok)
		require.Contains(t, all, id)
		require.NoError(t, writeFileAtomically(e.FS(), "om.db", strings.TrimPrefix(name, "om.db/"), []byte(all[id])))
		ids = append(ids, id)
	}
	require.Len(t, all, len(ids)+2)
	v, err := rocksdb.ReadCheckpoint(e.FS(), "om.db")
	require.NoError(t, err)
	sequence, _ := c.Nodes()[0].Position()
	require.Equal(t, sequence, v.LastSequence)
	again := get(CheckpointRequest{V2: true, Exclude: ids})
	for _, f := range c.base.files {
		for name := range again {
			require.NotContains(t, name, "ino="+strings.TrimLeft(strings.TrimSuffix(f.File.Name(), ".sst"), "0")+")")
		}
	}
	first := get(CheckpointRequest{Exclude: []string{"010000.sst", currentName}})
	require.NotContains(t, first, "010000.sst")
	require.Contains(t, first, currentName)
}

// TestListFaults: what a real Recon meets in a service list.
func TestListFaults(t *testing.T) {
	c, _ := observed(t, 5)
	ask := func() (roles []string) {
		resp, err := c.Submit(context.Background(), "om1", &ozonepb.OMRequest{CmdType: ozonepb.Type_ServiceList.Enum()})
		require.NoError(t, err)
		for _, s := range resp.GetServiceListResponse().GetServiceInfo() {
			roles = append(roles, s.GetOmRole().GetServerRole())
		}
		return roles
	}
	for kind, want := range map[ReplyKind][]string{
		ReplyNoLeader:   {"FOLLOWER", "FOLLOWER", "FOLLOWER"},
		ReplyNoRole:     {"", "FOLLOWER", "FOLLOWER"},
		ReplyNoServices: nil,
	} {
		require.NoError(t, c.FailReplies(ReplyFault{Kind: kind, Times: 1}))
		require.Equal(t, want, ask())
		require.Equal(t, []string{"LEADER", "FOLLOWER", "FOLLOWER"}, ask())
	}
}
