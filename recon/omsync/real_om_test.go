package omsync

import (
	"compress/gzip"
	"context"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"reconsim/recon/env"
	"reconsim/recon/ozonepb"
	"reconsim/recon/rocksdb"
)

// recordedOM answers as one leading OM with a recorded snapshot.
type recordedOM struct{ path string }

func (recordedOM) Nodes() []string { return []string{"om1"} }

func (recordedOM) Submit(_ context.Context, _ string, request *ozonepb.OMRequest) (*ozonepb.OMResponse, error) {
	return &ozonepb.OMResponse{CmdType: request.CmdType, Status: ozonepb.Status_OK.Enum(),
		ServiceListResponse: &ozonepb.ServiceListResponse{ServiceInfo: []*ozonepb.ServiceInfo{{
			NodeType: ozonepb.NodeType_OM.Enum(), Hostname: proto.String("localhost"),
			OmRole: &ozonepb.OMRoleInfo{NodeId: proto.String("om1"), ServerRole: proto.String("LEADER")},
		}}}}, nil
}

func (o recordedOM) Checkpoint(context.Context, string) (io.ReadCloser, error) {
	f, err := os.Open(o.path)
	if err != nil {
		return nil, err
	}
	return gzip.NewReader(f)
}

// TestDownloadFromRealOM proves that a snapshot as a real OM 2.2.0 sends it is
// taken, rewritten into tables that Pebble reads, and loses no row (D14).
func TestDownloadFromRealOM(t *testing.T) {
	e := env.NewOS(nil)
	s := NewSource(Options{Env: e, Client: recordedOM{filepath.Join("testdata", "om-2.2.0-checkpoint.tar.gz")}, Service: "omservice",
		CandidateDir: filepath.Join(t.TempDir(), "candidate"), RequestTimeout: 5 * time.Second, TransferTimeout: time.Minute, MaxBytes: 1 << 30, MinBytesPerSecond: 1})
	snapshot, err := s.Download(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if snapshot.Version.LastSequence != 151 || snapshot.Lineage.Node != "om1" {
		t.Errorf("sequence %d of %s, want 151 of om1", snapshot.Version.LastSequence, snapshot.Lineage.Node)
	}
	plan, err := rocksdb.PlanIngest(snapshot.Version, snapshot.Report)
	if err != nil || plan.NeedsRewrite() {
		t.Errorf("the rewritten snapshot cannot be ingested: %v", err)
	}
	rows := uint64(0)
	for _, f := range snapshot.Report.Families {
		rows += f.Entries
	}
	if rows != 29 {
		t.Errorf("%d rows, the OM sent 29", rows)
	}
	if err := s.Discard(); err != nil {
		t.Error(err)
	}
}
