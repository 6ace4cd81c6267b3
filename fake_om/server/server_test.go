package server

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"math"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	fakeom "reconsim/fake_om"
	"reconsim/fake_om/namespace"
	"reconsim/recon/env"
	"reconsim/recon/ozonepb"
	"reconsim/recon/rocksdb"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

type world struct {
	env     *env.Env
	cluster *fakeom.Cluster
	server  *Server
	client  *http.Client
}

func newWorld(t *testing.T, o Options) *world {
	t.Helper()
	e := env.New(env.Options{FS: vfs.NewMem(), Runtime: env.NewGoroutines()})
	c, err := fakeom.New(e, fakeom.Options{Dir: "om", Base: namespace.New(namespace.Config{Keys: 500}), Seed: 1})
	require.NoError(t, err)
	s, err := Start(c, o)
	require.NoError(t, err)
	transport := &http.Transport{}
	t.Cleanup(func() {
		transport.CloseIdleConnections()
		require.NoError(t, s.Close(context.Background()))
		require.NoError(t, c.Close())
	})
	return &world{env: e, cluster: c, server: s, client: &http.Client{Transport: transport}}
}

func (w *world) address(t *testing.T, node string) NodeAddresses {
	t.Helper()
	for _, a := range w.server.Addresses() {
		if a.Node == node {
			return a
		}
	}
	t.Fatalf("no node %s", node)
	return NodeAddresses{}
}

func (w *world) submit(t *testing.T, node string, r *ozonepb.OMRequest) (*ozonepb.OMResponse, error) {
	t.Helper()
	conn, err := grpc.NewClient(w.address(t, node).GRPC, grpc.WithTransportCredentials(insecure.NewCredentials()))
	require.NoError(t, err)
	defer func() { require.NoError(t, conn.Close()) }()
	return ozonepb.NewOzoneManagerServiceClient(conn).SubmitRequest(context.Background(), r)
}

func (w *world) request(t *testing.T, method, url, contentType, body string) (*http.Response, []byte, error) {
	t.Helper()
	r, err := http.NewRequest(method, url, strings.NewReader(body))
	require.NoError(t, err)
	if contentType != "" {
		r.Header.Set("Content-Type", contentType)
	}
	resp, err := w.client.Do(r)
	if err != nil {
		return nil, nil, err
	}
	b, err := io.ReadAll(resp.Body)
	require.NoError(t, resp.Body.Close())
	return resp, b, err
}

// TestRoundTrip goes the way of a Recon: who leads, the checkpoint, the deltas.
func TestRoundTrip(t *testing.T) {
	w := newWorld(t, Options{})
	require.Equal(t, "om1", w.server.Addresses()[0].Node)
	list, err := w.submit(t, "om1", &ozonepb.OMRequest{CmdType: ozonepb.Type_ServiceList.Enum(), ClientId: proto.String("x")})
	require.NoError(t, err)
	leader := list.GetServiceListResponse().GetServiceInfo()[0]
	require.Equal(t, "LEADER", leader.GetOmRole().GetServerRole())
	at := w.address(t, "om1")
	for _, p := range leader.GetServicePorts() {
		if p.GetType() == ozonepb.ServicePort_HTTP {
			require.Equal(t, at.HTTP, leader.GetHostname()+":"+jsonOf(t, p.GetValue()))
		}
	}
	resp, body, err := w.request(t, "GET", "http://"+at.HTTP+"/dbCheckpoint", "", "")
	require.NoError(t, err)
	require.Equal(t, 200, resp.StatusCode)
	require.Equal(t, fakeom.ContentTypeTar, resp.Header.Get("Content-Type"))
	require.Regexp(t, `^attachment; filename="om\.db_checkpoint_\d+\.tar"$`, resp.Header.Get("Content-Disposition"))
	require.NoError(t, fakeom.ExtractCheckpoint(w.env.FS(), bytes.NewReader(body), "cp"))
	v, err := rocksdb.ReadCheckpoint(w.env.FS(), "cp")
	require.NoError(t, err)
	_, err = w.cluster.Burst(20)
	require.NoError(t, err)
	updates, err := w.submit(t, "om1", &ozonepb.OMRequest{
		CmdType: ozonepb.Type_DBUpdates.Enum(), ClientId: proto.String("x"),
		DbUpdatesRequest: &ozonepb.DBUpdatesRequest{SequenceNumber: &v.LastSequence, LimitCount: proto.Uint64(math.MaxInt64)},
	})
	require.NoError(t, err)
	start, _, err := rocksdb.Batch(updates.GetDbUpdatesResponse().GetData()[0]).Header()
	require.NoError(t, err)
	require.Equal(t, v.LastSequence+1, start)
}

func jsonOf(t *testing.T, v any) string {
	b, err := json.Marshal(v)
	require.NoError(t, err)
	return string(b)
}

// TestHTTPAnswers: the servlets' statuses, as recorded.
func TestHTTPAnswers(t *testing.T) {
	w := newWorld(t, Options{})
	leader, follower := "http://"+w.address(t, "om1").HTTP, "http://"+w.address(t, "om2").HTTP
	const form = "multipart/form-data; boundary=---XXX"
	for _, tc := range []struct {
		name, method, url, contentType, body string
		status                               int
	}{
		{"get", "GET", leader + "/dbCheckpoint?flushBeforeCheckpoint=true", "", "", 200},
		{"v2 get", "GET", leader + "/v2/dbCheckpoint", "", "", 200},
		{"head", "HEAD", leader + "/dbCheckpoint", "", "", 200},
		{"put", "PUT", leader + "/dbCheckpoint", "", "", 405},
		{"post without a form", "POST", leader + "/dbCheckpoint", "", "", 400},
		{"Recon's empty form", "POST", leader + "/v2/dbCheckpoint?includeSnapshotData=false", form,
			"-----XXX\r\nContent-Disposition: form-data; name=\"toExcludeSST[]\"\r\n\r\n-----XXX--\r\n", 200},
		{"form cut short", "POST", leader + "/dbCheckpoint", form, "-----XXX\r\nContent-Dispo", 200},
		{"follower", "GET", follower + "/dbCheckpoint", "", "", 503},
		{"follower v2", "GET", follower + "/v2/dbCheckpoint", "", "", 503},
	} {
		t.Run(tc.name, func(t *testing.T) {
			resp, body, err := w.request(t, tc.method, tc.url, tc.contentType, tc.body)
			require.NoError(t, err)
			require.Equal(t, tc.status, resp.StatusCode)
			if tc.status != 503 {
				return
			}
			require.Equal(t, fakeom.ContentTypeHTML, resp.Header.Get("Content-Type"))
			// The lengths of the recorded pages.
			want := 662
			if strings.Contains(tc.url, "v2") {
				want = 667
			}
			require.Len(t, body, want)
			require.Contains(t, string(body), "<h2>HTTP ERROR 503 Unable to process metadata snapshot request as this OM is not the leader or not ready to serve requests</h2>")
		})
	}
}

// TestExclusions: what a form lists is not sent again.
func TestExclusions(t *testing.T) {
	w := newWorld(t, Options{})
	url := "http://" + w.address(t, "om1").HTTP + "/dbCheckpoint"
	_, all, err := w.request(t, "GET", url, "", "")
	require.NoError(t, err)
	body := "--B\r\nContent-Disposition: form-data; name=\"toExcludeSST[]\"\r\n\r\n010000.sst\r\n" +
		"--B\r\nContent-Disposition: form-data; name=\"other\"\r\n\r\n060000.sst\r\n--B--\r\n"
	_, some, err := w.request(t, "POST", url, "multipart/form-data; boundary=B", body)
	require.NoError(t, err)
	require.Contains(t, string(all), "010000.sst")
	require.NotContains(t, string(some), "010000.sst")
	require.Contains(t, string(some), "060000.sst")
}

// TestGRPCRefusals: the statuses of spec and recording.
func TestGRPCRefusals(t *testing.T) {
	w := newWorld(t, Options{})
	request := func(limit uint64) *ozonepb.OMRequest {
		return &ozonepb.OMRequest{
			CmdType: ozonepb.Type_DBUpdates.Enum(), ClientId: proto.String("x"),
			DbUpdatesRequest: &ozonepb.DBUpdatesRequest{SequenceNumber: proto.Uint64(1), LimitCount: &limit},
		}
	}
	_, err := w.submit(t, "om2", request(1))
	require.Equal(t, codes.Internal, status.Code(err))
	require.Regexp(t, `^org\.apache\.hadoop\.ozone\.om\.exceptions\.OMNotLeaderException: OM:om2 is not the leader\.`, status.Convert(err).Message())
	_, err = w.submit(t, "om1", request(0))
	require.Equal(t, codes.Internal, status.Code(err))
	require.Empty(t, status.Convert(err).Message())
	require.NoError(t, w.cluster.CutOff("om1"))
	_, err = w.submit(t, "om1", request(1))
	require.Equal(t, codes.Unavailable, status.Code(err))
	_, _, err = w.request(t, "GET", "http://"+w.address(t, "om1").HTTP+"/dbCheckpoint", "", "")
	require.Error(t, err, "the connection is closed without an answer")
}

// TestBrokenTransfer: an abrupt cut is seen as such, a clean one is not.
func TestBrokenTransfer(t *testing.T) {
	w := newWorld(t, Options{})
	url := "http://" + w.address(t, "om1").HTTP + "/dbCheckpoint"
	for _, abrupt := range []bool{true, false} {
		require.NoError(t, w.cluster.FailTransfers(fakeom.TransferFault{
			Kind: fakeom.TransferTruncate, OffsetBytes: 3000, Abrupt: abrupt, Times: 1,
		}))
		resp, body, err := w.request(t, "GET", url, "", "")
		require.Equal(t, 200, resp.StatusCode)
		require.Len(t, body, 3000)
		require.Equal(t, abrupt, err != nil)
	}
}

// TestCloseEndsHungRequests: closing breaks off what does not end by itself.
func TestCloseEndsHungRequests(t *testing.T) {
	w := newWorld(t, Options{})
	require.NoError(t, w.cluster.FailTransfers(fakeom.TransferFault{Kind: fakeom.TransferStall, OffsetBytes: 600}))
	resp, err := w.client.Get("http://" + w.address(t, "om1").HTTP + "/dbCheckpoint")
	require.NoError(t, err)
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Millisecond)
	defer cancel()
	require.NoError(t, w.server.Close(ctx))
	_, err = io.ReadAll(resp.Body)
	require.Error(t, err, "the transfer was broken off")
	require.NoError(t, resp.Body.Close())
}

// TestPortsAreKept: a cluster is found again where it was.
func TestPortsAreKept(t *testing.T) {
	file := filepath.Join(t.TempDir(), "ports")
	w := newWorld(t, Options{PortsFile: file})
	before, control := w.server.Addresses(), w.server.ControlURL()
	require.NoError(t, w.server.Close(context.Background()))
	again, err := Start(w.cluster, Options{PortsFile: file})
	require.NoError(t, err)
	require.Equal(t, before, again.Addresses())
	require.Equal(t, control, again.ControlURL())
	_, err = Start(w.cluster, Options{PortsFile: file})
	require.ErrorContains(t, err, "om1", "a port that is taken")
	require.NoError(t, again.Close(context.Background()))
	require.NoError(t, os.WriteFile(file, []byte("{"), 0o644))
	_, err = Start(w.cluster, Options{PortsFile: file})
	require.ErrorContains(t, err, "remove the file")
}

// TestControl: every call can be made over HTTP and answers with the state.
func TestControl(t *testing.T) {
	w := newWorld(t, Options{})
	post := func(call, body string) (int, State) {
		resp, b, err := w.request(t, "POST", w.server.ControlURL()+"/"+call, "application/json", body)
		require.NoError(t, err)
		var s State
		if resp.StatusCode == 200 {
			require.NoError(t, json.Unmarshal(b, &s))
		} else {
			require.Contains(t, string(b), `"error"`)
		}
		return resp.StatusCode, s
	}
	before := w.cluster.Index()
	for _, tc := range []struct{ call, body string }{
		{"burst", `{"transactions":5}`}, {"do", `{"kind":"create-key"}`}, {"traffic", `{"transactionsPerSecond":0}`},
		{"settle", ``}, {"compact-log", `{}`}, {"compact-log", `{"node":"om1","toSequence":9999}`},
		{"switch-leader", `{"node":"om3"}`}, {"restart", `{"node":"om1"}`}, {"adopt", `{"node":"om1","donor":"om2"}`},
		{"cut-off", `{"node":"om2"}`}, {"cut-off", `{"node":"om2","mode":"peers"}`}, {"heal", `{"node":"om2"}`},
		{"pause", `{"node":"om2","mode":"refuse"}`}, {"pause", `{"node":"om2"}`}, {"resume", `{"node":"om2"}`},
		{"follower-reads", ``}, {"follower-reads", `{"mode":"off"}`}, {"elect-lagging", `{"node":"om2"}`}, {"switch-leader", `{"node":"om3"}`},
		{"fail-transfers", `{"kind":"html","times":1}`}, {"fail-replies", `{"kind":"gap"}`}, {"clear-faults", ``},
	} {
		status, s := post(tc.call, tc.body)
		require.Equal(t, 200, status, tc.call)
		require.Equal(t, w.cluster.Index(), s.Index)
		require.Len(t, s.Nodes, 3)
	}
	require.GreaterOrEqual(t, w.cluster.Index(), before+6)
	leader, _ := w.cluster.Leader()
	require.Equal(t, "om3", leader)
	status, _ := post("burst", `{"transaction":5}`)
	require.Equal(t, 400, status)
	status, _ = post("adopt", `{"node":"om9"}`)
	require.Equal(t, 409, status)
	resp, _, err := w.request(t, "GET", w.server.ControlURL()+"/state", "", "")
	require.NoError(t, err)
	require.Equal(t, 200, resp.StatusCode)
}
