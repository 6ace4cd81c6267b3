package fakeom

import (
	"context"
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"reconsim/fake_om/namespace"
	"reconsim/recon/env"
	"reconsim/recon/omdb"
	"reconsim/recon/ozonepb"
	"reconsim/recon/rocksdb"
)

// snapshotOf is what a reopened cluster must still answer.
func snapshotOf(t *testing.T, c *Cluster) []string {
	t.Helper()
	leader, term := c.Leader()
	out := []string{fmt.Sprintf("leader %s term %d index %d", leader, term, c.Index())}
	for _, n := range c.Nodes() {
		sequence, info := n.Position()
		u, err := n.Updates(n.state.FirstAvailable-1, math.MaxInt64)
		out = append(out, fmt.Sprintf("%s at %d %v, ids %v, deltas %x %v", n.ID(), sequence, info, n.FamilyIDs(), u.GetData(), err))
	}
	return out
}

// TestReopen: a cluster that is closed and opened goes on where it was: leader,
// sequence numbers, family ids and every batch that it could serve.
func TestReopen(t *testing.T) {
	e := testEnv()
	o := testOptions(500)
	o.FlushBytes = 100 << 10
	run := func(c *Cluster) {
		_, err := c.Burst(150)
		require.NoError(t, err)
		_, err = c.Do("rename-directory")
		require.NoError(t, err)
		_, _, err = c.SwitchLeader("")
		require.NoError(t, err)
		_, err = c.Burst(50)
		require.NoError(t, err)
	}
	straight := newCluster(t, testEnv(), o)
	run(straight)
	run(straight)
	require.NoError(t, straight.Settle())

	c, err := New(e, o)
	require.NoError(t, err)
	run(c)
	_, err = c.Burst(1) // leaves followers behind
	require.NoError(t, err)
	require.NoError(t, c.Settle())
	before := snapshotOf(t, c)
	require.NoError(t, c.Close())
	_, err = c.Burst(1)
	require.ErrorIs(t, err, ErrClosed)
	_, err = New(e, o)
	require.ErrorContains(t, err, "already holds a cluster")

	facts := baseFacts(o.Base)
	o.Enter = facts.apply
	c, err = Open(e, o)
	require.NoError(t, err)
	require.Equal(t, before, snapshotOf(t, c))
	_, err = c.Burst(100)
	require.NoError(t, err)
	leader, _ := c.Leader()
	download(t, e, c, leader, "after")
	rows, _ := rowsOf(t, e.FS(), "after")
	facts.requireRows(t, rows)
	require.NoError(t, c.Close())

	other := o
	other.Base = namespace.New(namespace.Config{Seed: 8, Keys: 500})
	_, err = Open(e, other)
	require.ErrorContains(t, err, "was made from base")
}

// TestReopenAfterDo: operations that were asked for are at the same place of the
// log when it is replayed.
func TestReopenAfterDo(t *testing.T) {
	e, o := testEnv(), testOptions(400)
	var first, second []string
	o.Enter = func(tr *namespace.Transaction) { first = append(first, fmt.Sprint(tr.Index, tr.Kind)) }
	c, err := New(e, o)
	require.NoError(t, err)
	for _, kind := range []string{"delete-bucket", "complete-upload", "purge-directory"} {
		_, err = c.Do(kind)
		require.NoError(t, err)
		_, err = c.Burst(7)
		require.NoError(t, err)
	}
	_, err = c.Do("no-such-kind")
	require.Error(t, err)
	require.NoError(t, c.Close())
	o.Enter = func(tr *namespace.Transaction) { second = append(second, fmt.Sprint(tr.Index, tr.Kind)) }
	c, err = Open(e, o)
	require.NoError(t, err)
	require.NoError(t, c.Close())
	require.Equal(t, first, second)
}

// TestSameSeedSameBytes: two clusters of equal options and calls serve the same
// bytes.
func TestSameSeedSameBytes(t *testing.T) {
	run := func() []string {
		c := newCluster(t, testEnv(), testOptions(400))
		_, err := c.Burst(100)
		require.NoError(t, err)
		require.NoError(t, c.Settle())
		return snapshotOf(t, c)
	}
	require.Equal(t, run(), run())
}

// TestTraffic: Step applies what is due by the Env's clock.
func TestTraffic(t *testing.T) {
	clock := &manualClock{Runtime: env.NewGoroutines(), now: time.UnixMilli(1_700_000_000_000)}
	e := env.New(env.Options{FS: testEnv().FS(), Runtime: clock})
	c := newCluster(t, e, testOptions(100))
	start := c.Index()
	step := func(d time.Duration) int {
		clock.now = clock.now.Add(d)
		n, err := c.Step(context.Background())
		require.NoError(t, err)
		return n
	}
	require.Zero(t, step(time.Second))
	c.StartTraffic(10)
	require.Zero(t, step(0))
	require.Equal(t, 1, step(150*time.Millisecond))
	require.Equal(t, 9, step(850*time.Millisecond))
	c.StopTraffic()
	require.Zero(t, step(time.Hour))
	require.Equal(t, start+10, c.Index())
}

type manualClock struct {
	env.Runtime
	now time.Time
}

func (m *manualClock) Now() time.Time { return m.now }

// TestLeaderSwitch (OM-H10): the old leader refuses, the new one has everything
// acknowledged, in a higher term, which the next batch carries.
func TestLeaderSwitch(t *testing.T) {
	c, _ := observed(t, 31)
	node, term, err := c.SwitchLeader("")
	require.NoError(t, err)
	require.Equal(t, "om2", node)
	require.Equal(t, int64(2), term)
	_, info := c.Nodes()[1].Position()
	require.Equal(t, c.Index(), info.Index)
	_, err = c.Submit(context.Background(), "om1", updatesRequest(1, 1))
	require.ErrorContains(t, err, "Suggested leader is OM:om2.")
	_, err = c.Burst(1)
	require.NoError(t, err)
	_, info = c.Nodes()[1].Position()
	require.Equal(t, int64(2), info.Term)
	_, _, err = c.SwitchLeader("om7")
	require.Error(t, err)
}

// TestStaleLeader: a leader that only its peers have lost goes on serving what
// it has, next to the new one, until it is healed.
func TestStaleLeader(t *testing.T) {
	c, _ := observed(t, 20)
	require.NoError(t, c.CutOffPeers("om1"))
	n, err := c.Burst(5)
	require.NoError(t, err)
	require.Zero(t, n, "nothing commits without the leader's peers")
	_, _, err = c.SwitchLeader("om1")
	require.ErrorContains(t, err, "cut off")
	_, _, err = c.SwitchLeader("")
	require.NoError(t, err)
	_, err = c.Burst(5)
	require.NoError(t, err)
	for node, index := range map[string]int64{"om1": c.Index() - 5, "om2": c.Index()} {
		resp, err := c.Submit(context.Background(), node, &ozonepb.OMRequest{CmdType: ozonepb.Type_ServiceList.Enum()})
		require.NoError(t, err)
		require.Equal(t, "LEADER", resp.GetServiceListResponse().GetServiceInfo()[0].GetOmRole().GetServerRole())
		at, _ := c.node(node)
		_, info := at.Position()
		require.Equal(t, index, info.Index)
	}
	require.NoError(t, c.Heal("om1"))
	_, err = c.Submit(context.Background(), "om1", updatesRequest(1, 1))
	require.ErrorContains(t, err, "is not the leader")
	_, info := c.Nodes()[0].Position()
	require.Equal(t, c.Index(), info.Index)
	require.Equal(t, int64(2), info.Term)
}

// TestAdopt (OM-H35): a node that installed another's checkpoint keeps its id
// and has the donor's numbers, ids and rows, and an empty log; also after it is
// opened again.
func TestAdopt(t *testing.T) {
	e, o := testEnv(), testOptions(400)
	facts := baseFacts(o.Base)
	o.Enter = facts.apply
	c, err := New(e, o)
	require.NoError(t, err)
	_, err = c.Burst(101)
	require.NoError(t, err)
	require.NoError(t, c.Adopt("om1", "om3"))
	require.ErrorContains(t, c.Adopt("om1", "om1"), "its own")
	check := func(dir string) {
		a, b := c.Nodes()[0], c.Nodes()[2]
		require.Equal(t, b.FamilyIDs(), a.FamilyIDs())
		sa, _ := a.Position()
		sb, _ := b.Position()
		require.Equal(t, sb, sa)
		_, err := a.Updates(sa-1, 100)
		require.Error(t, err)
		_, _, err = c.SwitchLeader("om1") // applies what om3 had not yet
		require.NoError(t, err)
		download(t, e, c, "om1", dir)
		rows, _ := rowsOf(t, e.FS(), dir)
		facts.requireRows(t, rows)
	}
	check("adopted")
	require.NoError(t, c.Adopt("om1", "om3"))
	require.NoError(t, c.Close())
	facts = baseFacts(o.Base)
	o.Enter = facts.apply
	c = newCluster(t, e, o)
	check("reopened")
}

// TestLogRetention: the log is bounded, and what it forgets is too old to ask
// for but still in the checkpoint.
func TestLogRetention(t *testing.T) {
	e, o := testEnv(), testOptions(200)
	o.LogRetentionBytes = 1
	facts := baseFacts(o.Base)
	o.Enter = facts.apply
	c := newCluster(t, e, o)
	n := c.Nodes()[0]
	start, _ := n.Position()
	for range 4 {
		_, err := c.Burst(50)
		require.NoError(t, err)
		// A segment is forgotten only when a later one exists.
		require.NoError(t, n.log.closeWriter())
	}
	require.LessOrEqual(t, len(n.log.segments), 2)
	_, err := n.Updates(start, 100)
	require.ErrorContains(t, err, "Unable to read full data")
	download(t, e, c, "om1", "cp")
	rows, _ := rowsOf(t, e.FS(), "cp")
	facts.requireRows(t, rows)
}

// TestTornLog: a log that ends inside a record goes on from the last whole one,
// and every transaction lost with it is applied again.
func TestTornLog(t *testing.T) {
	e, o := testEnv(), testOptions(200)
	c, err := New(e, o)
	require.NoError(t, err)
	_, err = c.Burst(40)
	require.NoError(t, err)
	n := c.Nodes()[0]
	path := n.log.path(n.log.segments[0])
	require.NoError(t, c.Close())
	content, err := readFile(e.FS(), path)
	require.NoError(t, err)
	for _, cut := range []int{1, len(content) / 2, len(content) - 3} {
		require.NoError(t, writeFileAtomically(e.FS(), n.logDir(), e.FS().PathBase(path), content[:len(content)-cut]))
		facts := baseFacts(o.Base)
		o.Enter = facts.apply
		c, err = Open(e, o)
		require.NoError(t, err)
		require.NoError(t, c.Settle())
		dir := fmt.Sprint("cp", cut)
		download(t, e, c, "om1", dir)
		rows, _ := rowsOf(t, e.FS(), dir)
		facts.requireRows(t, rows)
		u, err := c.Nodes()[0].Updates(c.Nodes()[0].state.FirstAvailable-1, math.MaxInt64)
		require.NoError(t, err)
		require.NoError(t, rocksdb.Batch(u.Data[len(u.Data)-1]).Verify())
		require.NoError(t, c.Close())
		// The next round starts from the first segment alone.
		names, err := e.FS().List(n.logDir())
		require.NoError(t, err)
		for _, name := range names {
			if name != e.FS().PathBase(path) {
				require.NoError(t, e.FS().Remove(e.FS().PathJoin(n.logDir(), name)))
			}
		}
	}
}

// TestUnfinishedCreation: what a creation that died left behind is cleared, and
// a folder of somebody else's is not touched.
func TestUnfinishedCreation(t *testing.T) {
	e, o := testEnv(), testOptions(50)
	require.NoError(t, e.FS().MkdirAll("om/base", 0o755))
	require.NoError(t, writeFileAtomically(e.FS(), "om/base", "010000.sst", []byte("half")))
	_, err := Open(e, o)
	require.ErrorContains(t, err, "neither empty nor a cluster's folder")
	require.NoError(t, writeFileAtomically(e.FS(), "om", unfinishedName, nil))
	c := newCluster(t, e, o)
	download(t, e, c, "om1", "cp")
}

func TestBadOptions(t *testing.T) {
	for name, change := range map[string]func(*Options){
		"no base":   func(o *Options) { o.Base = nil },
		"no folder": func(o *Options) { o.Dir = "" },
		"schema":    func(o *Options) { o.Schema = "1.0" },
		"nodes":     func(o *Options) { o.Nodes = 99 },
	} {
		t.Run(name, func(t *testing.T) {
			o := testOptions(10)
			change(&o)
			_, err := Open(testEnv(), o)
			require.Error(t, err)
		})
	}
}

// TestElectLagging: the new leader's checkpoint lacks acknowledged transactions
// until it has caught up.
func TestElectLagging(t *testing.T) {
	e := testEnv()
	c := newCluster(t, e, testOptions(300))
	for {
		_, err := c.Burst(1)
		require.NoError(t, err)
		if _, info := c.Nodes()[1].Position(); info.Index < c.Index() {
			break
		}
	}
	_, _, err := c.ElectLagging("om2")
	require.NoError(t, err)
	download(t, e, c, "om2", "lagging")
	_, other := rowsOf(t, e.FS(), "lagging")
	info, err := omdb.ParseTransactionInfo([]byte(other["transactionInfoTable:#TRANSACTIONINFO"]))
	require.NoError(t, err)
	require.Less(t, info.Index, c.Index())
	require.NoError(t, c.Settle())
	_, info = c.Nodes()[1].Position()
	require.Equal(t, c.Index(), info.Index)
}

// TestFollowerReads (OM-H31): a follower that answers lists the leader without
// its HTTP port.
func TestFollowerReads(t *testing.T) {
	c, _ := observed(t, 5)
	c.SetFollowerReads(true)
	request := &ozonepb.OMRequest{CmdType: ozonepb.Type_ServiceList.Enum()}
	resp, err := c.Submit(context.Background(), "om2", request)
	require.NoError(t, err)
	for _, s := range resp.GetServiceListResponse().GetServiceInfo() {
		if s.GetOmRole().GetServerRole() != "LEADER" {
			continue
		}
		require.Equal(t, "om1", s.GetOmRole().GetNodeId())
		require.Len(t, s.GetServicePorts(), 1)
	}
	sequence, _ := c.Nodes()[1].Position()
	_, err = c.Submit(context.Background(), "om2", updatesRequest(sequence, 1))
	require.NoError(t, err)
	_, _, err = c.Checkpoint(context.Background(), "om2")
	require.Error(t, err)
	c.SetFollowerReads(false)
	_, err = c.Submit(context.Background(), "om2", request)
	require.Error(t, err)
}
