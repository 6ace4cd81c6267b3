package fakeom

import (
	"context"
	"encoding/base64"
	"fmt"
	"math"
	"testing"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	"reconsim/recon/omdb"
	"reconsim/recon/ozonepb"
	"reconsim/recon/rocksdb"
)

func updatesRequest(since uint64, limit int64) *ozonepb.OMRequest {
	return &ozonepb.OMRequest{
		CmdType: ozonepb.Type_DBUpdates.Enum(), ClientId: proto.String("probe"),
		DbUpdatesRequest: &ozonepb.DBUpdatesRequest{SequenceNumber: &since, LimitCount: proto.Uint64(uint64(limit))},
	}
}

// batchesOf are the batches a node wrote, from the observer's notes.
type notes struct{ all map[string][]Applied }

func (n *notes) observe(a Applied) { n.all[a.Node] = append(n.all[a.Node], a) }

func observed(t *testing.T, transactions int) (*Cluster, []Applied) {
	t.Helper()
	n := &notes{all: map[string][]Applied{}}
	o := testOptions(300)
	o.Observe = n.observe
	o.NoLocalBatches = true
	c := newCluster(t, testEnv(), o)
	_, err := c.Burst(transactions)
	require.NoError(t, err)
	return c, n.all["om1"]
}

const minusOne = uint64(math.MaxUint64)

// TestUpdatesTable walks the table of spec/om.md 5.2 and the recorded errors:
// the sequence asked for, the limit, and what comes back.
func TestUpdatesTable(t *testing.T) {
	c, batches := observed(t, 60)
	require.Greater(t, len(batches), 12)
	latest, _ := c.Nodes()[0].Position()
	base := batches[0].StartSequence - 1
	firsts := func(bs []Applied) []uint64 {
		var all []uint64
		for _, b := range bs {
			all = append(all, b.StartSequence)
		}
		return all
	}
	upTo := func(bs []Applied, since uint64, limit uint64) []Applied {
		for i, b := range bs {
			if b.StartSequence-since >= limit {
				return bs[:i+1]
			}
		}
		return bs
	}
	middle, last := batches[5], batches[len(batches)-1]
	require.Greater(t, middle.Count, 1)
	require.Greater(t, last.Count, 1)
	for _, tc := range []struct {
		name             string
		since            uint64
		limit            int64
		sequence, latest uint64
		success          bool
		starts           []uint64
	}{
		{"all since the base", base, math.MaxInt64, last.StartSequence, latest, true, firsts(batches)},
		{"up to date", latest, 100, minusOne, latest, true, nil},
		{"ahead of the OM", latest + 1, 100, minusOne, minusOne, false, nil},
		{"minus one", minusOne, 100, minusOne, minusOne, false, nil},
		{"inside the last batch", last.StartSequence, 100, minusOne, latest, true, nil},
		{"inside a batch: its tail is lost", middle.StartSequence, math.MaxInt64, last.StartSequence, latest, true, firsts(batches[6:])},
		{"limit 1 gives one batch", base, 1, batches[0].StartSequence, latest, true, firsts(batches[:1])},
		{"limit is a distance of sequence numbers", base, 20, upTo(batches, base, 20)[len(upTo(batches, base, 20))-1].StartSequence, latest, true, firsts(upTo(batches, base, 20))},
	} {
		t.Run(tc.name, func(t *testing.T) {
			resp, err := c.Submit(context.Background(), "om1", updatesRequest(tc.since, tc.limit))
			require.NoError(t, err)
			require.Equal(t, ozonepb.Status_OK, resp.GetStatus())
			require.True(t, resp.GetSuccess())
			u := resp.GetDbUpdatesResponse()
			require.Equal(t, tc.sequence, u.GetSequenceNumber())
			require.Equal(t, tc.latest, u.GetLatestSequenceNumber())
			require.Equal(t, tc.success, u.GetDbUpdateSuccess())
			var starts []uint64
			for _, b := range u.Data {
				start, _, err := rocksdb.Batch(b).Header()
				require.NoError(t, err)
				starts = append(starts, start)
			}
			require.Equal(t, tc.starts, starts)
		})
	}
}

// TestRecordedAnswers compares whole messages with the bytes that a real OM
// sent, where they do not depend on its data.
func TestRecordedAnswers(t *testing.T) {
	c, batches := observed(t, 10)
	latest, _ := c.Nodes()[0].Position()
	answer := func(since uint64) *ozonepb.OMResponse {
		resp, err := c.Submit(context.Background(), "om1", updatesRequest(since, 100))
		require.NoError(t, err)
		return resp
	}
	recorded := func(text string) *ozonepb.OMResponse {
		b, err := base64.StdEncoding.DecodeString(text)
		require.NoError(t, err)
		var m ozonepb.OMResponse
		require.NoError(t, proto.Unmarshal(b, &m))
		return &m
	}
	upToDate := recorded("CDUSABgBKAGiAxAI////////////ARinAiAB")
	upToDate.DbUpdatesResponse.LatestSequenceNumber = &latest
	require.True(t, proto.Equal(upToDate, answer(latest)))
	ahead := recorded("CDUSABgBKAGiAxgI////////////ARj///////////8BIAA=")
	require.True(t, proto.Equal(ahead, answer(latest+99)))

	require.NoError(t, c.CompactLog("om1", batches[2].EndSequence))
	expired := recorded("CDUSABgAIr0BVW5hYmxlIHRvIHJlYWQgZnVsbCBkYXRhIGZyb20gUm9ja3NEQiB3YWwgdG8gZ2V0IGRlbHRhIHVwZGF0ZXMuIEl0IG1heSBoYXZlIHBhcnRpYWxseSBiZWVuIGZsdXNoZWQgdG8gU1NUcy4gUmVxdWVzdGVkIHNlcXVlbmNlIG51bWJlciBpcyAxIGFuZCBmaXJzdCBhdmFpbGFibGUgc2VxdWVuY2UgbnVtYmVyIGlzIDMwMiBpbiB3YWwuKA8=")
	got := answer(1)
	first := batches[3].StartSequence
	require.Regexp(t, "^Unable to read full data.*Requested sequence number is 1 and first available sequence number is 302 in wal.$", expired.GetMessage())
	require.Contains(t, got.GetMessage(), "first available sequence number is "+fmt.Sprint(first)+" in wal.")
	expired.Message = got.Message
	require.True(t, proto.Equal(expired, got))

	require.NoError(t, c.RestartNode("om1"))
	restarted := recorded("CDUSABgAIk1JbnZhbGlkIHRyYW5zYWN0aW9uIGxvZyBpdGVyYXRvciB3aGVuIGdldHRpbmcgdXBkYXRlcyBzaW5jZSBzZXF1ZW5jZSBudW1iZXIgMSgP")
	require.True(t, proto.Equal(restarted, answer(1)))
}

// TestRestartEmptiesTheLog: after a restart even the sequence before the latest
// is too old, the latest is up to date, and deltas go on from there.
func TestRestartEmptiesTheLog(t *testing.T) {
	c, _ := observed(t, 20)
	latest, _ := c.Nodes()[0].Position()
	require.NoError(t, c.RestartNode("om1"))
	_, err := c.Nodes()[0].Updates(latest-1, 100)
	require.EqualError(t, err, "Invalid transaction log iterator when getting updates since sequence number "+fmt.Sprint(latest-1))
	u, err := c.Nodes()[0].Updates(latest, 100)
	require.NoError(t, err)
	require.True(t, u.GetDbUpdateSuccess())
	_, err = c.Burst(5)
	require.NoError(t, err)
	u, err = c.Nodes()[0].Updates(latest, 100)
	require.NoError(t, err)
	require.NotEmpty(t, u.Data)
	_, err = c.Nodes()[0].Updates(latest-1, 100)
	require.ErrorContains(t, err, "first available sequence number is "+fmt.Sprint(latest+1)+" in wal.")
}

// TestRefusals: what a real OM answers with an RPC error.
func TestRefusals(t *testing.T) {
	c, _ := observed(t, 1)
	ctx := context.Background()
	for _, limit := range []int64{0, -1} {
		_, err := c.Submit(ctx, "om1", updatesRequest(1, limit))
		s, ok := status.FromError(err)
		require.True(t, ok)
		require.Equal(t, codes.Internal, s.Code())
		require.Empty(t, s.Message())
	}
	requests := []*ozonepb.OMRequest{updatesRequest(1, 100), {
		CmdType: ozonepb.Type_ServiceList.Enum(), ClientId: proto.String("probe"),
	}}
	for _, r := range requests {
		_, err := c.Submit(ctx, "om2", r)
		s, ok := status.FromError(err)
		require.True(t, ok)
		require.Equal(t, codes.Internal, s.Code())
		require.Regexp(t, `^org\.apache\.hadoop\.ozone\.om\.exceptions\.OMNotLeaderException: OM:om2 is not the leader\. `, s.Message())
	}
	_, _, err := c.Checkpoint(ctx, "om2")
	var refusal interface{ HTTPStatus() int }
	require.ErrorAs(t, err, &refusal)
	require.Equal(t, 503, refusal.HTTPStatus())
	_, err = c.Submit(ctx, "om9", requests[0])
	require.ErrorContains(t, err, `no node "om9"`)
}

// TestServiceList: the leader lists all ports of its own and only the RPC port
// of its peers, and every OM entry has its role.
func TestServiceList(t *testing.T) {
	c, _ := observed(t, 1)
	require.NoError(t, c.SetAddresses("om1", Addresses{Host: "localhost", HTTPPort: 1234, RPCPort: 9862}))
	resp, err := c.Submit(context.Background(), "om1", &ozonepb.OMRequest{CmdType: ozonepb.Type_ServiceList.Enum(), ClientId: proto.String("x")})
	require.NoError(t, err)
	var lines []string
	for _, s := range resp.GetServiceListResponse().GetServiceInfo() {
		line := s.GetNodeType().String() + " " + s.GetHostname() + " " + s.GetOmRole().GetNodeId() + " " + s.GetOmRole().GetServerRole()
		for _, p := range s.GetServicePorts() {
			line += " " + p.GetType().String() + "=" + fmt.Sprint(p.GetValue())
		}
		lines = append(lines, line)
	}
	require.Equal(t, []string{
		"OM localhost om1 LEADER RPC=9862 HTTP=1234",
		"OM om2 om2 FOLLOWER RPC=9862",
		"OM om3 om3 FOLLOWER RPC=9862",
	}, lines)
}

// TestBatches: batches are continuous, each batch but a compaction row's has
// exactly one transaction info, whose term and index never fall; no key comes
// twice; nodes group the same transactions differently.
func TestBatches(t *testing.T) {
	n := &notes{all: map[string][]Applied{}}
	o := testOptions(300)
	o.Observe = n.observe
	c := newCluster(t, testEnv(), o)
	for range 10 {
		_, err := c.Burst(30)
		require.NoError(t, err)
	}
	require.NoError(t, c.Settle())
	shapes, locals := map[string]bool{}, 0
	for _, node := range c.Nodes() {
		seq, _ := node.Position()
		_, _, err := c.SwitchLeader(node.ID())
		require.NoError(t, err)
		ids := node.FamilyIDs()
		applied := n.all[node.ID()]
		u, err := node.Updates(applied[0].StartSequence-1, math.MaxInt64)
		require.NoError(t, err)
		require.Len(t, u.Data, len(applied))
		next, shape := applied[0].StartSequence, ""
		var last omdb.TransactionInfo
		for i, b := range u.Data {
			start, count, err := rocksdb.Batch(b).Header()
			require.NoError(t, err)
			require.Equal(t, next, start)
			require.Equal(t, applied[i].StartSequence, start)
			require.Equal(t, applied[i].Count, int(count))
			next = start + uint64(count)
			require.Equal(t, next-1, applied[i].EndSequence)
			index, ok := c.IndexAt(node.ID(), next-1)
			require.True(t, ok)
			require.Equal(t, applied[i].Index, index)
			keys, infos := map[string]bool{}, 0
			require.NoError(t, rocksdb.Batch(b).Walk(func(_ int, _ uint64, r rocksdb.Record) error {
				id := string(rune(r.Family)) + string(r.Key)
				require.False(t, keys[id])
				keys[id] = true
				if r.Family == ids["transactionInfoTable"] {
					infos++
					info, err := omdb.ParseTransactionInfo(r.Value)
					require.NoError(t, err)
					require.GreaterOrEqual(t, info.Term, last.Term)
					require.GreaterOrEqual(t, info.Index, last.Index)
					require.Equal(t, applied[i].Index, info.Index)
					last = info
				}
				if r.Family == ids["compactionLogTable"] {
					infos++
					locals++
				}
				return nil
			}))
			require.Equal(t, 1, infos)
			if count > 1 {
				_, ok = c.IndexAt(node.ID(), start)
				require.False(t, ok, "inside a batch there is no index")
			}
			shape += fmt.Sprintf(" %d", count)
		}
		require.Equal(t, seq, next-1)
		shapes[shape] = true
	}
	require.Len(t, shapes, 3)
	require.NotZero(t, locals)
}
