package omsync

import (
	"archive/tar"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"google.golang.org/protobuf/proto"

	"reconsim/recon/env"
	"reconsim/recon/generation"
	"reconsim/recon/ozonepb"
	"reconsim/recon/rocksdb"
)

// scriptedOM answers as told. The test says what each node answers; it counts
// what it was asked.
type scriptedOM struct {
	// leaders answers the ServiceList requests in turn; the last one goes on. An
	// empty name means that the node asked does not lead.
	leaders []string
	// list, if set, is the answer to ServiceList instead, by node.
	list func(node string) (*ozonepb.ServiceListResponse, error)
	// updates is the answer to DBUpdates.
	updates *ozonepb.OMResponse
	// body is the answer to Checkpoint.
	body func(ctx context.Context) (io.ReadCloser, error)

	lists, fetches int
	fetchedFrom    []string
}

func (o *scriptedOM) Nodes() []string { return []string{"om1", "om2"} }

func (o *scriptedOM) Submit(_ context.Context, node string, request *ozonepb.OMRequest) (*ozonepb.OMResponse, error) {
	if request.GetCmdType() == ozonepb.Type_DBUpdates {
		o.fetches++
		o.fetchedFrom = append(o.fetchedFrom, node)
		if o.updates == nil {
			return nil, errors.New("connection reset")
		}
		o.updates.CmdType = request.CmdType
		return o.updates, nil
	}
	response := &ozonepb.OMResponse{CmdType: request.CmdType, Status: ozonepb.Status_OK.Enum()}
	if o.list != nil {
		var err error
		response.ServiceListResponse, err = o.list(node)
		return response, err
	}
	leader := o.leaders[min(o.lists, len(o.leaders)-1)]
	o.lists++
	if leader == "" {
		return nil, ErrNotLeader
	}
	response.ServiceListResponse = &ozonepb.ServiceListResponse{ServiceInfo: []*ozonepb.ServiceInfo{omEntry(leader, "LEADER", true)}}
	return response, nil
}

func (o *scriptedOM) Checkpoint(ctx context.Context, _ string) (io.ReadCloser, error) {
	return o.body(ctx)
}

// omEntry is one OM in a service list; only the one that answers lists its HTTP
// port.
func omEntry(node, role string, self bool) *ozonepb.ServiceInfo {
	info := &ozonepb.ServiceInfo{NodeType: ozonepb.NodeType_OM.Enum(), Hostname: proto.String("localhost"),
		OmRole:       &ozonepb.OMRoleInfo{NodeId: proto.String(node), ServerRole: proto.String(role)},
		ServicePorts: []*ozonepb.ServicePort{{Type: ozonepb.ServicePort_RPC.Enum(), Value: proto.Uint32(9862)}}}
	if self {
		info.ServicePorts = append(info.ServicePorts, &ozonepb.ServicePort{Type: ozonepb.ServicePort_HTTP.Enum(), Value: proto.Uint32(9874)})
	}
	return info
}

// newScriptedSource is a source on a file system in memory.
func newScriptedSource(om Client, change func(*Options)) (*Source, vfs.FS) {
	fs := vfs.NewMem()
	o := Options{Env: env.New(env.Options{FS: fs, Runtime: env.NewGoroutines()}), Client: om, Service: "omservice",
		CandidateDir: "candidate", RequestTimeout: 10 * time.Second, TransferTimeout: 10 * time.Second, MaxBytes: 1 << 20,
		MinBytesPerSecond: 1, Limit: 1000}
	if change != nil {
		change(&o)
	}
	return NewSource(o), fs
}

// entry is one entry of a test archive; kind 0 is a plain file.
type entry struct {
	name    string
	content []byte
	kind    byte
}

// archiveOf is a tar archive with its end mark.
func archiveOf(tb testing.TB, entries ...entry) []byte {
	tb.Helper()
	var out bytes.Buffer
	w := tar.NewWriter(&out)
	for _, e := range entries {
		header := &tar.Header{Name: e.name, Typeflag: tar.TypeReg, Mode: 0o644, Size: int64(len(e.content)), Format: tar.FormatUSTAR}
		if e.kind != 0 {
			header.Typeflag, header.Size = e.kind, 0
		}
		if e.kind == tar.TypeSymlink || e.kind == tar.TypeLink {
			header.Linkname = "CURRENT"
		}
		if err := errors.Join(w.WriteHeader(header), writeAll(w, e.content[:header.Size])); err != nil {
			tb.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		tb.Fatal(err)
	}
	return out.Bytes()
}

func writeAll(w io.Writer, b []byte) error { _, err := w.Write(b); return err }

// checkpointEntries are the files of a small whole checkpoint: the table
// first, then the manifest and CURRENT, as an OM sends them.
func checkpointEntries(tb testing.TB) []entry {
	tb.Helper()
	fs := vfs.NewMem()
	must := func(err error) {
		tb.Helper()
		if err != nil {
			tb.Fatal(err)
		}
	}
	must(fs.MkdirAll("om", 0o755))
	w, err := rocksdb.NewTableWriter(fs, "om/000011.sst", rocksdb.TableOptions{})
	must(err)
	must(w.AddSequenced([]byte("#TRANSACTIONINFO"), 7, rocksdb.KindPut, []byte("1#10")))
	file, err := w.Close()
	must(err)
	must(rocksdb.WriteCheckpoint(fs, "om", &rocksdb.Version{LastSequence: 10, Families: []rocksdb.Family{
		{ID: 0, Name: "default"}, {ID: 4, Name: "transactionInfoTable", Files: []rocksdb.File{file}}}}))
	names, err := fs.List("om")
	must(err)
	slices.Sort(names) // 000011.sst, CURRENT, MANIFEST-…
	slices.Reverse(names[1:])
	var entries []entry
	for _, name := range names {
		f, err := fs.Open("om/" + name)
		must(err)
		content, err := io.ReadAll(f)
		must(errors.Join(err, f.Close()))
		entries = append(entries, entry{name: name, content: content})
	}
	return entries
}

// batchOf is a write batch of count puts that starts at a sequence.
func batchOf(start uint64, count int) []byte {
	var b rocksdb.BatchBuilder
	b.Reset(start)
	for i := range count {
		b.Put(4, fmt.Appendf(nil, "key%d", i), []byte("value"))
	}
	return bytes.Clone(b.Bytes())
}

// at is the position of the fetch tests: sequence 10 of om1.
var at = Position{Lineage: generation.Lineage{Service: "omservice", Node: "om1"}, Seq: 10}
