package controller

import (
	"archive/tar"
	"bytes"
	"context"
	"errors"
	"io"
	"maps"
	"slices"
	"sync"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"google.golang.org/protobuf/proto"

	"reconsim/recon/omdb"
	"reconsim/recon/omsync"
	"reconsim/recon/ozonepb"
	"reconsim/recon/rocksdb"
)

// families are the column families of the scripted OM. The rows of both tables
// are opaque to the tasks: they are counted.
var families = []rocksdb.Family{{ID: 0, Name: "default"}, {ID: 3, Name: "s3SecretTable"}, {ID: 4, Name: "transactionInfoTable"}}

const (
	secretFamily      = 3
	transactionFamily = 4
)

// scriptedOM is an OM's database of a few rows, with its log. Each put is one
// transaction, whose batch takes two sequence numbers.
type scriptedOM struct {
	tb testing.TB
	mu sync.Mutex
	// leader is the node that answers; empty while there is none.
	leader string
	rows   map[string]string
	info   omdb.TransactionInfo
	seq    uint64
	log    []logged
	denied bool

	downloads int
	// transfer, if set, is passed before a snapshot is given.
	transfer func(ctx context.Context) error
}

// logged is a batch in the OM's write-ahead log.
type logged struct {
	start uint64
	batch []byte
}

func newScriptedOM(tb testing.TB) *scriptedOM {
	return &scriptedOM{tb: tb, leader: "om1", rows: map[string]string{"first": "row"}, info: omdb.TransactionInfo{Term: 1, Index: 10}, seq: 10}
}

// put is one transaction.
func (o *scriptedOM) put(key, value string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.info.Index++
	o.rows[key] = value
	var b rocksdb.BatchBuilder
	b.Reset(o.seq + 1)
	b.Put(secretFamily, []byte(key), []byte(value))
	b.Put(transactionFamily, []byte(omdb.TransactionInfoKey), o.info.Append(nil))
	o.log = append(o.log, logged{o.seq + 1, bytes.Clone(b.Bytes())})
	o.seq += 2
}

// change does anything else to the OM.
func (o *scriptedOM) change(fn func()) {
	o.mu.Lock()
	defer o.mu.Unlock()
	fn()
}

func (o *scriptedOM) at() uint64 {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.seq
}

func (o *scriptedOM) downloaded() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.downloads
}

func (o *scriptedOM) Nodes() []string { return []string{"om"} }

func (o *scriptedOM) Submit(_ context.Context, _ string, request *ozonepb.OMRequest) (*ozonepb.OMResponse, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.leader == "" {
		return nil, omsync.ErrNotLeader
	}
	response := &ozonepb.OMResponse{CmdType: request.CmdType, Status: ozonepb.Status_OK.Enum()}
	switch {
	case request.GetCmdType() == ozonepb.Type_ServiceList:
		response.ServiceListResponse = &ozonepb.ServiceListResponse{ServiceInfo: []*ozonepb.ServiceInfo{{
			NodeType: ozonepb.NodeType_OM.Enum(), Hostname: proto.String("localhost"),
			OmRole: &ozonepb.OMRoleInfo{NodeId: proto.String(o.leader), ServerRole: proto.String("LEADER")}}}}
	case o.denied:
		response.Status, response.Message = ozonepb.Status_STATUS_UNKNOWN.Enum(), proto.String("Access denied")
	default:
		o.updates(response, request.GetDbUpdatesRequest().GetSequenceNumber())
	}
	return response, nil
}

// updates answers as om.md 5.2 says.
func (o *scriptedOM) updates(response *ozonepb.OMResponse, since uint64) {
	const none = ^uint64(0)
	updates := &ozonepb.DBUpdatesResponse{SequenceNumber: proto.Uint64(none), LatestSequenceNumber: proto.Uint64(o.seq), DbUpdateSuccess: proto.Bool(true)}
	response.DbUpdatesResponse = updates
	switch {
	case since == o.seq:
		return
	case since > o.seq:
		updates.LatestSequenceNumber, updates.DbUpdateSuccess = proto.Uint64(none), proto.Bool(false)
		return
	}
	for _, l := range o.log {
		if l.start > since {
			updates.Data = append(updates.Data, l.batch)
			updates.SequenceNumber = proto.Uint64(l.start)
		}
	}
	if len(o.log) == 0 || o.log[0].start > since+1 {
		response.DbUpdatesResponse = nil
		response.Status, response.Message = ozonepb.Status_INTERNAL_ERROR.Enum(), proto.String("SequenceNumberNotFoundException")
	}
}

// Checkpoint streams a checkpoint of the rows as they are after transfer.
func (o *scriptedOM) Checkpoint(ctx context.Context, _ string) (io.ReadCloser, error) {
	o.mu.Lock()
	transfer := o.transfer
	o.downloads++
	o.mu.Unlock()
	if transfer != nil {
		if err := transfer(ctx); err != nil {
			return nil, err
		}
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	archive, err := o.archive()
	return io.NopCloser(bytes.NewReader(archive)), err
}

func (o *scriptedOM) archive() ([]byte, error) {
	fs := vfs.NewMem()
	secrets, err := writeTable(fs, 11, o.rows)
	if err != nil {
		return nil, err
	}
	transactions, err := writeTable(fs, 12, map[string]string{omdb.TransactionInfoKey: o.info.String()})
	if err != nil {
		return nil, err
	}
	v := &rocksdb.Version{LastSequence: o.seq, Families: slices.Clone(families)}
	v.Families[1].Files, v.Families[2].Files = []rocksdb.File{secrets}, []rocksdb.File{transactions}
	if err := rocksdb.WriteCheckpoint(fs, "", v); err != nil {
		return nil, err
	}
	names, err := fs.List("")
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	w := tar.NewWriter(&out)
	for _, name := range names {
		f, err := fs.Open(name)
		if err != nil {
			return nil, err
		}
		content, err := io.ReadAll(f)
		if err = errors.Join(err, f.Close(), w.WriteHeader(&tar.Header{Name: name, Typeflag: tar.TypeReg, Mode: 0o644, Size: int64(len(content))})); err != nil {
			return nil, err
		}
		if _, err := w.Write(content); err != nil {
			return nil, err
		}
	}
	return out.Bytes(), w.Close()
}

func writeTable(fs vfs.FS, number int, rows map[string]string) (rocksdb.File, error) {
	w, err := rocksdb.NewTableWriter(fs, "0000"+string(rune('0'+number/10))+string(rune('0'+number%10))+".sst", rocksdb.TableOptions{})
	if err != nil {
		return rocksdb.File{}, err
	}
	for _, key := range slices.Sorted(maps.Keys(rows)) {
		if err := w.Add([]byte(key), []byte(rows[key])); err != nil {
			return rocksdb.File{}, err
		}
	}
	return w.Close()
}

// count is how many rows the OM has.
func (o *scriptedOM) count() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return len(o.rows)
}
