package server

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"

	fakeom "reconsim/fake_om"
)

// Call is the body of a control request; each call uses the fields it needs.
type Call struct {
	Node                  string  `json:"node,omitempty"`
	Donor                 string  `json:"donor,omitempty"`
	Kind                  string  `json:"kind,omitempty"`
	Mode                  string  `json:"mode,omitempty"`
	Transactions          int     `json:"transactions,omitempty"`
	TransactionsPerSecond float64 `json:"transactionsPerSecond,omitempty"`
	ToSequence            uint64  `json:"toSequence,omitempty"`
	Times                 int     `json:"times,omitempty"`
	OffsetBytes           int64   `json:"offsetBytes,omitempty"`
	BytesPerSecond        int64   `json:"bytesPerSecond,omitempty"`
	Abrupt                bool    `json:"abrupt,omitempty"`
}

// State is what GET /state answers, and every call that succeeds.
type State struct {
	ServiceID string      `json:"serviceId"`
	Leader    string      `json:"leader"`
	Term      int64       `json:"term"`
	Index     int64       `json:"index"`
	Nodes     []NodeState `json:"nodes"`
}

// NodeState is where a node stands.
type NodeState struct {
	Node     string `json:"node"`
	Sequence uint64 `json:"sequence"`
	Term     int64  `json:"term"`
	Index    int64  `json:"index"`
}

// Calls are the paths that can be posted to, each with what it does.
var Calls = map[string]string{
	"burst":          "apply so many transactions now",
	"do":             "apply an operation of a kind",
	"traffic":        "set the rate of transactions; 0 stops them",
	"settle":         "let every node apply what it has received",
	"switch-leader":  "make a node the leader in a new term; no node: the next one",
	"elect-lagging":  "as switch-leader, to a node that has not caught up",
	"follower-reads": "let followers answer, or with mode off not",
	"compact-log":    "make batches up to a sequence unavailable; no node: all batches of all nodes",
	"restart":        "restart a node: its log is flushed away",
	"adopt":          "let a node install a donor's checkpoint",
	"cut-off":        "separate a node from peers and clients; mode peers: from peers only",
	"heal":           "end a node's separation",
	"pause":          "let a node hang, or with mode refuse refuse, all requests",
	"resume":         "end a node's pause",
	"fail-transfers": "arm a transfer fault of a kind",
	"fail-replies":   "arm a reply fault of a kind",
	"clear-faults":   "disarm all faults",
}

// Control serves the calls on a cluster as JSON over HTTP. A bad request is
// answered 400, a call that fails 409, both with {"error": …}.
func Control(c *fakeom.Cluster) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /state", func(w http.ResponseWriter, _ *http.Request) {
		writeJSON(w, http.StatusOK, stateOf(c))
	})
	for name := range Calls {
		mux.HandleFunc("POST /"+name, func(w http.ResponseWriter, r *http.Request) {
			var call Call
			d := json.NewDecoder(io.LimitReader(r.Body, maxCallBytes))
			d.DisallowUnknownFields()
			if err := d.Decode(&call); err != nil && err != io.EOF {
				writeJSON(w, http.StatusBadRequest, map[string]string{"error": fmt.Sprintf("%s: %v", name, err)})
				return
			}
			if err := run(c, name, call); err != nil {
				writeJSON(w, http.StatusConflict, map[string]string{"error": err.Error()})
				return
			}
			writeJSON(w, http.StatusOK, stateOf(c))
		})
	}
	return mux
}

const maxCallBytes = 1 << 20

func writeJSON(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v) // the client may be gone, nobody is to be told
}

func stateOf(c *fakeom.Cluster) State {
	s := State{ServiceID: c.ServiceID(), Index: c.Index()}
	s.Leader, s.Term = c.Leader()
	for _, n := range c.Nodes() {
		sequence, info := n.Position()
		s.Nodes = append(s.Nodes, NodeState{Node: n.ID(), Sequence: sequence, Term: info.Term, Index: info.Index})
	}
	return s
}

func run(c *fakeom.Cluster, name string, r Call) (err error) {
	switch name {
	case "burst":
		_, err = c.Burst(r.Transactions)
	case "do":
		_, err = c.Do(r.Kind)
	case "traffic":
		c.StartTraffic(r.TransactionsPerSecond)
	case "settle":
		err = c.Settle()
	case "switch-leader":
		_, _, err = c.SwitchLeader(r.Node)
	case "elect-lagging":
		_, _, err = c.ElectLagging(r.Node)
	case "follower-reads":
		c.SetFollowerReads(r.Mode != "off")
	case "compact-log":
		if r.Node == "" {
			return c.CompactLogs()
		}
		err = c.CompactLog(r.Node, r.ToSequence)
	case "restart":
		err = c.RestartNode(r.Node)
	case "adopt":
		err = c.Adopt(r.Node, r.Donor)
	default:
		return runFault(c, name, r)
	}
	return err
}

func runFault(c *fakeom.Cluster, name string, r Call) error {
	switch name {
	case "cut-off":
		if r.Mode == "peers" {
			return c.CutOffPeers(r.Node)
		}
		return c.CutOff(r.Node)
	case "heal":
		return c.Heal(r.Node)
	case "pause":
		if r.Mode == "refuse" {
			return c.Pause(r.Node, fakeom.PauseRefuse)
		}
		return c.Pause(r.Node, fakeom.PauseHang)
	case "resume":
		return c.Resume(r.Node)
	case "fail-transfers":
		return c.FailTransfers(fakeom.TransferFault{
			Kind: fakeom.TransferKind(r.Kind), Node: r.Node, Times: r.Times,
			OffsetBytes: r.OffsetBytes, BytesPerSecond: r.BytesPerSecond, Abrupt: r.Abrupt,
		})
	case "fail-replies":
		return c.FailReplies(fakeom.ReplyFault{Kind: fakeom.ReplyKind(r.Kind), Node: r.Node, Times: r.Times})
	case "clear-faults":
		c.ClearFaults()
		return nil
	}
	return fmt.Errorf("fake OM: there is no call %q", name)
}
