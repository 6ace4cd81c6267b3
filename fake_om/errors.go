package fakeom

import (
	"errors"
	"fmt"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// ErrClosed is returned by every call on a closed [Cluster].
var ErrClosed = errors.New("fake OM: the cluster is closed")

// notLeaderClass is the Java class by which Ozone's client knows the refusal:
// it loads the text before the first colon as a class name.
const notLeaderClass = "org.apache.hadoop.ozone.om.exceptions.OMNotLeaderException"

// NotLeaderError is what a node that does not lead answers to any request. Over
// gRPC it is status INTERNAL with this text, over HTTP it is 503.
type NotLeaderError struct {
	// Node refused; Leader is the leader it knows of, or "".
	Node, Leader string
}

// Error is the text that a real OM sends.
func (e *NotLeaderError) Error() string {
	if e.Leader == "" {
		return fmt.Sprintf("%s: OM:%s is not the leader. Could not determine the leader node.", notLeaderClass, e.Node)
	}
	return fmt.Sprintf("%s: OM:%s is not the leader. Suggested leader is OM:%s.", notLeaderClass, e.Node, e.Leader)
}

// GRPCStatus makes the gRPC server answer as a real OM does.
func (e *NotLeaderError) GRPCStatus() *status.Status { return status.New(codes.Internal, e.Error()) }

// HTTPStatus is what a checkpoint request is answered with.
func (e *NotLeaderError) HTTPStatus() int { return 503 }

// UnavailableError is what a client sees of a node that is down, cut off or
// refuses connections: gRPC UNAVAILABLE, over HTTP a closed connection.
type UnavailableError struct{ Node, Reason string }

// Error says which node and why.
func (e *UnavailableError) Error() string {
	return fmt.Sprintf("fake OM: node %s is unavailable: %s", e.Node, e.Reason)
}

// GRPCStatus makes the gRPC server answer UNAVAILABLE.
func (e *UnavailableError) GRPCStatus() *status.Status {
	return status.New(codes.Unavailable, e.Error())
}

// LimitError is the answer to a limit that is not positive: a real OM fails
// with a runtime error, seen as gRPC INTERNAL without a message.
type LimitError struct{ Limit int64 }

// Error names the limit.
func (e *LimitError) Error() string {
	return fmt.Sprintf("fake OM: DBUpdates with limitCount %d: it must be positive", e.Limit)
}

// GRPCStatus makes the gRPC server answer INTERNAL without a message.
func (e *LimitError) GRPCStatus() *status.Status { return status.New(codes.Internal, "") }

// sequenceNotFound is upstream's SequenceNumberNotFoundException: answered as
// a response with status INTERNAL_ERROR, not as an RPC error.
type sequenceNotFound struct{ message string }

func (e *sequenceNotFound) Error() string { return e.message }

func unknownNode(node string) error {
	return fmt.Errorf("fake OM: there is no node %q in this cluster", node)
}
