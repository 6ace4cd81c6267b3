package fakeom

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"strings"
	"time"

	"reconsim/faults/point"
)

// Content types of an answer to a checkpoint request.
const (
	ContentTypeTar  = "application/x-tar"
	ContentTypeHTML = "text/html;charset=iso-8859-1"
)

// ErrBroken is what reading a transfer returns where the connection is to
// break; over HTTP the connection is closed in the middle of the body.
var ErrBroken = errors.New("fake OM: the connection broke")

// NotReadyError is the refusal of a checkpoint by a node that leads and is not
// ready to serve: HTTP 503.
type NotReadyError struct{ Node string }

// Error says which node.
func (e *NotReadyError) Error() string {
	return fmt.Sprintf("fake OM: node %s is not ready to serve a checkpoint", e.Node)
}

// HTTPStatus is what the request is answered with.
func (e *NotReadyError) HTTPStatus() int { return 503 }

// CheckpointRequest is what a checkpoint request may ask for.
type CheckpointRequest struct {
	// V2 asks for the layout of /v2/dbCheckpoint: files named by inode, and a
	// list of hard links that names them.
	V2 bool
	// Exclude are entries that the client already has: names of tables, or
	// with V2 any entry's id.
	Exclude []string
}

// Checkpoint is GET /dbCheckpoint on a node: a tar of its database, made while
// it is read. The body must be closed. A refusal is an error with an HTTPStatus
// method ([NotLeaderError], [NotReadyError]) or an [UnavailableError].
func (c *Cluster) Checkpoint(ctx context.Context, node string) (body io.ReadCloser, contentType string, err error) {
	n, err := c.node(node)
	if err != nil {
		return nil, "", err
	}
	return n.Checkpoint(ctx, CheckpointRequest{})
}

// Checkpoint is [Cluster.Checkpoint] for this node, with everything that can be
// asked for. Reading the body fails when ctx ends.
func (n *Node) Checkpoint(ctx context.Context, r CheckpointRequest) (body io.ReadCloser, contentType string, err error) {
	c := n.cluster
	if err := n.arrive(ctx); err != nil {
		return nil, "", err
	}
	if err := c.env.Point(ctx, point.OMServe, n.id+"/dbCheckpoint", 0); err != nil {
		return nil, "", fmt.Errorf("fake OM node %s: %w", n.id, err)
	}
	if err := n.mustLead(); err != nil {
		return nil, "", err
	}
	t := &transfer{ctx: ctx, node: n, faults: c.takeTransferFaults(n.id)}
	switch {
	case t.faults[TransferRefuse] != nil:
		return nil, "", &NotReadyError{Node: n.id}
	case t.faults[TransferHTML] != nil:
		t.body = io.NopCloser(strings.NewReader(loginPage))
		return t, ContentTypeHTML, nil
	}
	end, err := c.begin()
	if err != nil {
		return nil, "", err
	}
	defer end()
	if n.broken != nil {
		return nil, "", n.broken
	}
	if t.checkpoint, err = n.makeCheckpoint(); err != nil {
		return nil, "", err
	}
	entries := t.checkpoint.entriesV1(r.Exclude)
	if r.V2 {
		entries = t.checkpoint.entriesV2(r.Exclude)
	}
	t.body = &tarStream{fs: c.fs, modified: c.env.Now().Truncate(time.Second), entries: t.without(entries)}
	return t, ContentTypeTar, nil
}

// loginPage is what a proxy in front of an OM may answer with.
const loginPage = "<html>\n<head><title>Sign in</title></head>\n<body><h2>Sign in to continue</h2></body>\n</html>\n"

// transfer is a checkpoint on its way to a client, with its faults.
type transfer struct {
	ctx         context.Context
	node        *Node
	checkpoint  *checkpoint
	body        io.ReadCloser
	faults      map[TransferKind]*TransferFault
	offsetBytes int64
	closed      bool
}

// without applies the faults that concern whole entries.
func (t *transfer) without(entries []tarEntry) []tarEntry {
	var out []tarEntry
	noTable := t.faults[TransferNoTable] != nil
	for _, e := range entries {
		switch name := t.node.cluster.fs.PathBase(e.path); {
		case t.faults[TransferNoCurrent] != nil && name == currentName:
		case noTable && strings.HasSuffix(name, ".sst"):
			noTable = false
		default:
			out = append(out, e)
		}
	}
	if t.faults[TransferEscape] != nil {
		out = append(out, tarEntry{name: "../escaped.sst", content: []byte("this file must not be written\n")})
	}
	return out
}

// Read hands out the body's next bytes.
func (t *transfer) Read(p []byte) (int, error) {
	c := t.node.cluster
	if t.closed {
		return 0, fmt.Errorf("fake OM: read of a closed transfer")
	}
	if err := context.Cause(t.ctx); err != nil {
		return 0, err
	}
	if err := c.env.Point(t.ctx, point.OMTransfer, t.node.id, t.offsetBytes); err != nil {
		return 0, fmt.Errorf("%w: %w", ErrBroken, err)
	}
	room := int64(len(p))
	if f := t.faults[TransferStall]; f != nil {
		if t.offsetBytes < f.OffsetBytes {
			room = min(room, f.OffsetBytes-t.offsetBytes)
		} else if err := t.stall(f); err != nil {
			return 0, err
		}
	}
	if f := t.faults[TransferTruncate]; f != nil {
		left := f.OffsetBytes - t.offsetBytes
		switch {
		case left > 0:
			room = min(room, left)
		case f.Abrupt:
			return 0, ErrBroken
		default:
			return 0, io.EOF
		}
	}
	if f := t.faults[TransferTrickle]; f != nil {
		room = min(room, max(1, f.BytesPerSecond/tricklesPerSecond))
		if err := c.env.Sleep(t.ctx, time.Duration(float64(room)/float64(f.BytesPerSecond)*math.Pow10(9))); err != nil {
			return 0, err
		}
	}
	n, err := t.body.Read(p[:room])
	if f := t.faults[TransferCorrupt]; f != nil && f.OffsetBytes >= t.offsetBytes && f.OffsetBytes < t.offsetBytes+int64(n) {
		p[f.OffsetBytes-t.offsetBytes] ^= 0xff
	}
	t.offsetBytes += int64(n)
	return n, err
}

// tricklesPerSecond is into how many reads a trickle is cut.
const tricklesPerSecond = 10

// stall waits until the fault is cleared.
func (t *transfer) stall(f *TransferFault) error {
	c := t.node.cluster
	err := c.changed.WaitUntil(t.ctx, func() bool { return !c.armed(f) || c.isClosed() })
	if err != nil {
		return fmt.Errorf("fake OM: the transfer stalled: %w", err)
	}
	if c.isClosed() {
		return ErrClosed
	}
	return nil
}

// Close ends the transfer and removes its checkpoint.
func (t *transfer) Close() error {
	if t.closed {
		return nil
	}
	t.closed = true
	err := t.body.Close()
	if t.checkpoint != nil {
		err = errors.Join(err, t.checkpoint.remove())
	}
	return err
}
