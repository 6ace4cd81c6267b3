package server

import (
	"bufio"
	"bytes"
	"context"
	"encoding/hex"
	"io"
	"net"
	"strings"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"

	fakeom "reconsim/fake_om"
	"reconsim/fake_om/namespace"
	"reconsim/recon/env"
	"reconsim/recon/ozonepb"
)

// What a real Recon 2.2.0 sent: the connection context, ServiceList as call 1,
// DBUpdates{596, 50000} as call 2.
const (
	recordedContext = "0000005e1a0802100018052210993f145edeeb4227b1ef069d1921c10628014212060a04726f6f741a386f72672e6170616368652e6861646f6f702e6f7a6f6e652e6f6d2e70726f746f636f6c2e4f7a6f6e654d616e6167657250726f746f636f6c"
	recordedList    = "0000008a1a0802100018022210993f145edeeb4227b1ef069d1921c10628004b0a0d7375626d69745265717565737412386f72672e6170616368652e6861646f6f702e6f7a6f6e652e6f6d2e70726f746f636f6c2e4f7a6f6e654d616e6167657250726f746f636f6c180122083312001a13636c69656e742d42323846383036303430313528033a0208019a0300"
	recordedUpdates = "000000911a0802100018042210993f145edeeb4227b1ef069d1921c10628004b0a0d7375626d69745265717565737412386f72672e6170616368652e6861646f6f702e6f7a6f6e652e6f6d2e70726f746f636f6c2e4f7a6f6e654d616e6167657250726f746f636f6c180129083512001a13636c69656e742d42323846383036303430313528033a020801aa030708d70410d08603"
	// The header of the real OM's answer to call 1, its length first.
	recordedHeader = "1a0801100018093a10993f145edeeb4227b1ef069d1921c1064000"
)

func unhex(t testing.TB, text string) []byte {
	t.Helper()
	b, err := hex.DecodeString(text)
	require.NoError(t, err)
	return b
}

// TestRPCAnswersARecordedRecon plays a recorded Recon's bytes to the server.
func TestRPCAnswersARecordedRecon(t *testing.T) {
	w := newWorld(t, Options{})
	talk := func(node string) []byte {
		c, err := net.Dial("tcp", w.address(t, node).RPC)
		require.NoError(t, err)
		defer func() { require.NoError(t, c.Close()) }()
		_, err = c.Write(append([]byte("hrpc\x09\x00\x00"), unhex(t, recordedContext+recordedList)...))
		require.NoError(t, err)
		in := bufio.NewReader(c)
		first, err := readFrame(in)
		require.NoError(t, err)
		if node == "om1" {
			_, err = c.Write(unhex(t, recordedUpdates))
			require.NoError(t, err)
			second, err := readFrame(in)
			require.NoError(t, err)
			_, body, err := delimited(second)
			require.NoError(t, err)
			body, _, err = delimited(body)
			require.NoError(t, err)
			var r ozonepb.OMResponse
			require.NoError(t, proto.Unmarshal(body, &r))
			require.Equal(t, ozonepb.Type_DBUpdates, r.GetCmdType())
			require.False(t, r.GetDbUpdatesResponse().GetDbUpdateSuccess(), "599 is ahead of this OM")
		}
		return first
	}
	answer := talk("om1")
	require.Equal(t, recordedHeader, hex.EncodeToString(answer[:len(recordedHeader)/2]))
	_, body, err := delimited(answer)
	require.NoError(t, err)
	body, _, err = delimited(body)
	require.NoError(t, err)
	var list ozonepb.OMResponse
	require.NoError(t, proto.Unmarshal(body, &list))
	require.Equal(t, "om1", list.GetServiceListResponse().GetServiceInfo()[0].GetOmRole().GetNodeId())

	refusal := string(talk("om2"))
	require.Contains(t, refusal, "org.apache.hadoop.ozone.om.exceptions.OMNotLeaderException")
	require.Contains(t, refusal, "OM:om2 is not the leader.")
}

func testRPC(t testing.TB) *rpcServer {
	c, err := fakeom.New(env.New(env.Options{FS: vfs.NewMem(), Runtime: env.NewGoroutines()}),
		fakeom.Options{Dir: "om", Base: namespace.New(namespace.Config{}), Nodes: 1})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, c.Close()) })
	return &rpcServer{node: c.Nodes()[0], ctx: context.Background()}
}

type loopback struct {
	io.Reader
	io.Writer
}

// TestRPCRefusesWhatItDoesNotSpeak: another version, other authentication, a
// method that is not served, a frame too long, an end in the middle.
func TestRPCRefusesWhatItDoesNotSpeak(t *testing.T) {
	s := testRPC(t)
	hello := "hrpc\x09\x00\x00"
	for name, in := range map[string]string{
		"version": "hrpc\x08\x00\x00", "sasl": "hrpc\x09\x00\xdf", "nothing": "", "long frame": hello + "\x7f\xff\xff\xff",
		"cut": hello + string(unhex(t, recordedList[:60])), "rubbish": hello + "\x00\x00\x00\x02\x09\x09",
	} {
		t.Run(name, func(t *testing.T) {
			var out bytes.Buffer
			require.Error(t, s.converse(loopback{strings.NewReader(in), &out}))
			require.Zero(t, out.Len())
		})
	}
	other := bytes.Replace(unhex(t, recordedList), []byte("submitRequest"), []byte("submitNothing"), 1)
	answer, err := s.answer(context.Background(), other[4:])
	require.NoError(t, err)
	require.Contains(t, string(answer), "RpcNoSuchMethodException")
}

func FuzzRPC(f *testing.F) {
	s := testRPC(f)
	for _, text := range []string{recordedContext, recordedList, recordedUpdates} {
		f.Add(unhex(f, text)[4:])
	}
	f.Fuzz(func(t *testing.T, frame []byte) {
		answer, err := s.answer(context.Background(), frame)
		if err == nil && answer != nil {
			if _, err := readFrame(bufio.NewReader(bytes.NewReader(answer))); err != nil {
				t.Fatal(err)
			}
		}
	})
}
