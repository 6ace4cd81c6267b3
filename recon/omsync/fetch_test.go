package omsync

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"

	"reconsim/recon/ozonepb"
)

// updatesOf is a good answer with these batches.
func updatesOf(latest uint64, batches ...[]byte) *ozonepb.OMResponse {
	sequence := seqNone
	if len(batches) > 0 {
		sequence = latest // Its value is never read (OM-H13).
	}
	return &ozonepb.OMResponse{Status: ozonepb.Status_OK.Enum(), DbUpdatesResponse: &ozonepb.DBUpdatesResponse{
		SequenceNumber: proto.Uint64(sequence), LatestSequenceNumber: proto.Uint64(latest), DbUpdateSuccess: proto.Bool(true), Data: batches}}
}

// unsuccessful is the answer with the flag success=false.
func unsuccessful(batches ...[]byte) *ozonepb.OMResponse {
	r := updatesOf(seqNone, batches...)
	r.DbUpdatesResponse.DbUpdateSuccess = proto.Bool(false)
	return r
}

func refusedWith(status ozonepb.Status, message string) *ozonepb.OMResponse {
	return &ozonepb.OMResponse{Status: status.Enum(), Success: proto.Bool(false), Message: proto.String(message)}
}

func TestFetchAccepts(t *testing.T) {
	for _, tc := range []struct {
		id, name     string
		updates      *ozonepb.OMResponse
		last, latest uint64
		batches      int
	}{
		{"OM-H13", "up to date, sequence -1", updatesOf(10), 10, 10, 0},
		{"OM-H11", "one batch", updatesOf(12, batchOf(11, 2)), 12, 12, 1},
		{"OM-H11", "continuous batches", updatesOf(16, batchOf(11, 2), batchOf(13, 1), batchOf(14, 3)), 16, 16, 3},
		{"OM-H11", "the limit ends the list early", updatesOf(900, batchOf(11, 5)), 15, 900, 1},
		{"OM-H11", "written after the OM read its latest sequence", updatesOf(11, batchOf(11, 5)), 15, 15, 1},
	} {
		t.Run(tc.id+" "+tc.name, func(t *testing.T) {
			om := &scriptedOM{leaders: []string{"om1"}, updates: tc.updates}
			s, _ := newScriptedSource(om, nil)
			f, err := s.Fetch(t.Context(), at)
			if err != nil {
				t.Fatal(err)
			}
			if f.First != 11 || f.Last != tc.last || f.Latest != tc.latest || len(f.Batches) != tc.batches {
				t.Errorf("%d to %d of %d in %d batches, want 11 to %d of %d in %d", f.First, f.Last, f.Latest, len(f.Batches), tc.last, tc.latest, tc.batches)
			}
		})
	}
}

// TestFetchRefuses: whatever is wrong with a response, nothing of it comes
// out, and the error says whether a snapshot helps.
func TestFetchRefuses(t *testing.T) {
	corrupt := batchOf(11, 2)
	corrupt[12] = 0x6F // No such tag.
	plain, gone := (*BootstrapError)(nil), &BootstrapError{}
	diverged, switched := &BootstrapError{Divergence: true}, &BootstrapError{LeaderChanged: true}
	good := updatesOf(12, batchOf(11, 2))
	for _, tc := range []struct {
		id, name string
		leaders  []string
		updates  *ozonepb.OMResponse
		want     *BootstrapError
		reason   string
	}{
		{"OM-H11", "gap before the first batch", []string{"om1"}, updatesOf(20, batchOf(12, 2)), diverged, "starts at sequence 12 instead of 11"},
		{"OM-H11", "gap in the middle", []string{"om1"}, updatesOf(20, batchOf(11, 2), batchOf(14, 1)), diverged, "starts at sequence 14 instead of 13"},
		{"OM-H11", "overlap with what is there", []string{"om1"}, updatesOf(20, batchOf(10, 4)), diverged, "starts at sequence 10 instead of 11"},
		{"OM-H11", "overlap in the middle", []string{"om1"}, updatesOf(20, batchOf(11, 3), batchOf(13, 3)), diverged, "starts at sequence 13 instead of 14"},
		{"OM-H11", "repeated batch", []string{"om1"}, updatesOf(20, batchOf(11, 2), batchOf(11, 2)), diverged, "starts at sequence 11 instead of 13"},
		{"OM-H11", "reordered batches", []string{"om1"}, updatesOf(20, batchOf(13, 2), batchOf(11, 2)), diverged, "starts at sequence 13 instead of 11"},
		{"OM-H11", "good batches before a corrupt one", []string{"om1"}, updatesOf(20, batchOf(11, 2), batchOf(13, 1)[:9]), diverged, "9 bytes"},
		{"OM-H11", "unknown tag", []string{"om1"}, updatesOf(12, corrupt), diverged, "tag"},
		{"OM-H12", "success=false", []string{"om1"}, unsuccessful(), diverged, "refuses updates since 10"},
		{"OM-H12", "success=false with data", []string{"om1"}, unsuccessful(batchOf(11, 2)), diverged, "refuses updates since 10"},
		{"OM-H12", "latest -1 with data", []string{"om1"}, updatesOf(seqNone, batchOf(11, 2)), diverged, "refuses updates since 10"},
		{"OM-H12", "OK without an answer", []string{"om1"}, &ozonepb.OMResponse{Status: ozonepb.Status_OK.Enum()}, diverged, "refuses updates since 10"},
		{"OM-H14", "nothing though latest is ahead", []string{"om1"}, updatesOf(20), diverged, "gives nothing after 10"},
		{"OM-H14", "a batch without operations", []string{"om1"}, updatesOf(20, batchOf(11, 0)), diverged, "gives nothing after 10"},
		{"OM-H15", "latest below ours", []string{"om1"}, updatesOf(9), diverged, "the OM is at sequence 9, we are at 10"},
		{"DEF-F1", "sequence not found", []string{"om1"}, refusedWith(ozonepb.Status_INTERNAL_ERROR, "SequenceNumberNotFoundException"), gone, "SequenceNumberNotFoundException"},
		{"OM-H34", "a status that is not ours", []string{"om1"}, refusedWith(ozonepb.Status_STATUS_UNKNOWN, "Access denied"), plain, "Access denied"},
		{"OM-H10", "leader changed before the fetch", []string{"om2"}, good, switched, "OM om2 leads now, our sequence numbers are those of om1"},
		{"OM-H10", "leader changed after the fetch", []string{"om1", "om2"}, good, switched, "OM om2 leads now"},
		{"OM-H10", "leader lost after the fetch", []string{"om1", ""}, good, plain, "which is dropped"},
		{"OM-H30", "no leader", []string{""}, good, plain, "no OM leader found"},
		{"OM-H16", "request failed", []string{"om1"}, nil, plain, "connection reset"},
	} {
		t.Run(tc.id+" "+tc.name, func(t *testing.T) {
			s, _ := newScriptedSource(&scriptedOM{leaders: tc.leaders, updates: tc.updates}, nil)
			f, err := s.Fetch(t.Context(), at)
			if err == nil || !strings.Contains(err.Error(), tc.reason) {
				t.Fatalf("error %v does not mention %q", err, tc.reason)
			}
			if len(f.Batches) != 0 || f.Last != 0 {
				t.Errorf("a refused response gave sequences %d to %d", f.First, f.Last)
			}
			b, bootstrap := IsBootstrap(err)
			if bootstrap != (tc.want != nil) {
				t.Fatalf("bootstrap is %t: %v", bootstrap, err)
			}
			if bootstrap && (b.Divergence != tc.want.Divergence || b.LeaderChanged != tc.want.LeaderChanged) {
				t.Errorf("divergence %t, leader changed %t; want %t, %t", b.Divergence, b.LeaderChanged, tc.want.Divergence, tc.want.LeaderChanged)
			}
		})
	}
}

// TestFetchNotSent: a leader of another lineage is never asked for updates
// (om.md 6, rule 2).
func TestFetchNotSent(t *testing.T) {
	om := &scriptedOM{leaders: []string{"om2"}, updates: updatesOf(12, batchOf(11, 2))}
	s, _ := newScriptedSource(om, nil)
	if _, err := s.Fetch(t.Context(), at); err == nil || om.fetches != 0 {
		t.Errorf("%d requests for updates, error %v", om.fetches, err)
	}
}

// TestLeader: only a leader's own word counts (OM-H31), the node that led last
// is asked first, and lists without a leader are passed over.
func TestLeader(t *testing.T) {
	list := func(entries ...*ozonepb.ServiceInfo) *ozonepb.ServiceListResponse {
		return &ozonepb.ServiceListResponse{ServiceInfo: entries}
	}
	ownWord := list(omEntry("om1", "FOLLOWER", false), omEntry("om2", "LEADER", true))
	peerWord := list(omEntry("om1", "FOLLOWER", true), omEntry("om2", "LEADER", false))
	bare := list(&ozonepb.ServiceInfo{NodeType: ozonepb.NodeType_OM.Enum()}, omEntry("om2", "FOLLOWER", true))
	for _, tc := range []struct {
		id, name string
		lists    map[string]*ozonepb.ServiceListResponse
		want     string
	}{
		{"OM-H31", "a follower answers first", map[string]*ozonepb.ServiceListResponse{"om1": peerWord, "om2": ownWord}, "om2"},
		{"OM-H31", "only a follower answers", map[string]*ozonepb.ServiceListResponse{"om1": peerWord}, ""},
		{"OM-H31", "first node is down", map[string]*ozonepb.ServiceListResponse{"om2": ownWord}, "om2"},
		{"OM-H31", "an entry without a role", map[string]*ozonepb.ServiceListResponse{"om1": bare, "om2": ownWord}, "om2"},
		{"OM-H31", "empty lists", map[string]*ozonepb.ServiceListResponse{"om1": list(), "om2": list()}, ""},
	} {
		t.Run(tc.id+" "+tc.name, func(t *testing.T) {
			om := &scriptedOM{updates: updatesOf(10)}
			om.list = func(node string) (*ozonepb.ServiceListResponse, error) {
				if tc.lists[node] == nil {
					return nil, fmt.Errorf("%s is down", node)
				}
				return tc.lists[node], nil
			}
			s, _ := newScriptedSource(om, nil)
			leader, err := s.Leader(t.Context())
			if leader != tc.want || (err == nil) != (tc.want != "") || err != nil && !errors.Is(err, ErrNoLeader) {
				t.Fatalf("leader %q, error %v; want %q", leader, err, tc.want)
			}
			if tc.want == "" {
				return
			}
			from := at
			from.Lineage.Node = tc.want
			if _, err := s.Fetch(t.Context(), from); err != nil || !slices.Equal(om.fetchedFrom, []string{"om2"}) {
				t.Errorf("updates were asked of %v, want the leader om2: %v", om.fetchedFrom, err)
			}
		})
	}
}
