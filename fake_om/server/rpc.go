package server

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"

	fakeom "reconsim/fake_om"
	"reconsim/recon/ozonepb"
)

// rpcServer speaks as much of Hadoop's IPC as Recon's default transport needs
// (spec/om.md 5.1): simple authentication, one method, one call at a time on
// each connection.
type rpcServer struct {
	node     *fakeom.Node
	listener net.Listener
	ctx      context.Context

	mu          sync.Mutex
	connections map[net.Conn]bool
	closed      bool
	running     sync.WaitGroup
}

const (
	rpcPreamble     = "hrpc\x09"
	rpcSimpleAuth   = 0
	maxRPCFrame     = 64 << 20
	omProtocol      = "org.apache.hadoop.ozone.om.protocol.OzoneManagerProtocol"
	rpcVersion      = 9
	rpcError        = 1
	rpcApplication  = 1 // errorDetail ERROR_APPLICATION
	ioExceptionName = "java.io.IOException"
)

// serve accepts connections until the listener is closed.
func (s *rpcServer) serve() error {
	for {
		c, err := s.listener.Accept()
		if err != nil {
			return err
		}
		s.mu.Lock()
		if s.closed {
			s.mu.Unlock()
			return errors.Join(errStopped, c.Close())
		}
		s.connections[c] = true
		s.running.Add(1)
		s.mu.Unlock()
		go func() {
			defer s.running.Done()
			// A client that breaks the protocol or goes away is its own problem:
			// the connection ends, as a real OM's does.
			_ = s.converse(c)
			s.mu.Lock()
			delete(s.connections, c)
			s.mu.Unlock()
			_ = c.Close()
		}()
	}
}

// close ends every connection and waits for their goroutines.
func (s *rpcServer) close() {
	_ = s.listener.Close()
	s.mu.Lock()
	s.closed = true
	for c := range s.connections {
		_ = c.Close()
	}
	s.mu.Unlock()
	s.running.Wait()
}

// converse answers the calls of one connection.
func (s *rpcServer) converse(c io.ReadWriter) error {
	ctx, cancel := context.WithCancel(s.ctx)
	defer cancel()
	in := bufio.NewReader(c)
	var preamble [7]byte
	if _, err := io.ReadFull(in, preamble[:]); err != nil {
		return err
	}
	if string(preamble[:5]) != rpcPreamble || preamble[6] != rpcSimpleAuth {
		return fmt.Errorf("preamble %x: only version 9 with simple authentication is served", preamble)
	}
	for {
		frame, err := readFrame(in)
		if err != nil {
			return err
		}
		answer, err := s.answer(ctx, frame)
		if err != nil {
			return err
		}
		if answer == nil {
			continue
		}
		if _, err := c.Write(answer); err != nil {
			return err
		}
	}
}

func readFrame(in *bufio.Reader) ([]byte, error) {
	var length [4]byte
	if _, err := io.ReadFull(in, length[:]); err != nil {
		return nil, err
	}
	n := binary.BigEndian.Uint32(length[:])
	if n > maxRPCFrame {
		return nil, fmt.Errorf("a frame of %d bytes", n)
	}
	frame := make([]byte, n)
	_, err := io.ReadFull(in, frame)
	return frame, err
}

// rpcCall is what a request header says.
type rpcCall struct {
	id       int32
	clientID []byte
	retry    uint64
}

// answer is the frame to send back; nil for the frames that set up a connection
// or keep it alive.
func (s *rpcServer) answer(ctx context.Context, frame []byte) ([]byte, error) {
	header, rest, err := delimited(frame)
	if err != nil {
		return nil, err
	}
	call, err := parseCall(header)
	if err != nil {
		return nil, err
	}
	if call.id < 0 {
		return nil, nil
	}
	method, rest, err := delimited(rest)
	if err != nil {
		return nil, err
	}
	if err := checkMethod(method); err != nil {
		return call.failure("org.apache.hadoop.ipc.RpcNoSuchMethodException", err.Error()), nil
	}
	body, _, err := delimited(rest)
	if err != nil {
		return nil, err
	}
	var request ozonepb.OMRequest
	if err := proto.Unmarshal(body, &request); err != nil {
		return call.failure(ioExceptionName, "the request cannot be read: "+err.Error()), nil
	}
	response, err := s.node.Submit(ctx, &request)
	var down *fakeom.UnavailableError
	switch {
	case errors.As(err, &down):
		return nil, err
	case err != nil:
		return call.failure(javaClass(err), err.Error()), nil
	}
	b, err := proto.Marshal(response)
	if err != nil {
		return nil, err
	}
	return call.success(b), nil
}

// javaClass is the exception's class: the text before the first colon if the
// error has one, as a real OM's refusals do.
func javaClass(err error) string {
	class, _, ok := strings.Cut(err.Error(), ":")
	if ok && strings.HasPrefix(class, "org.apache.") {
		return class
	}
	return ioExceptionName
}

// delimited takes a message with its length before it.
func delimited(b []byte) (message, rest []byte, err error) {
	message, n := protowire.ConsumeBytes(b)
	if n < 0 {
		return nil, nil, fmt.Errorf("a delimited message: %w", protowire.ParseError(n))
	}
	return message, b[n:], nil
}

// eachField calls fn for the fields of a message; only varints and bytes have a
// value.
func eachField(b []byte, fn func(number protowire.Number, varint uint64, bytes []byte)) error {
	for len(b) > 0 {
		number, kind, n := protowire.ConsumeTag(b)
		if n < 0 {
			return protowire.ParseError(n)
		}
		b = b[n:]
		var varint uint64
		var bytes []byte
		switch kind {
		case protowire.VarintType:
			varint, n = protowire.ConsumeVarint(b)
		case protowire.BytesType:
			bytes, n = protowire.ConsumeBytes(b)
		default:
			n = protowire.ConsumeFieldValue(number, kind, b)
		}
		if n < 0 {
			return protowire.ParseError(n)
		}
		b = b[n:]
		fn(number, varint, bytes)
	}
	return nil
}

func parseCall(header []byte) (*rpcCall, error) {
	call := &rpcCall{}
	err := eachField(header, func(number protowire.Number, v uint64, b []byte) {
		switch number {
		case 3:
			call.id = int32(protowire.DecodeZigZag(v))
		case 4:
			call.clientID = b
		case 5:
			call.retry = v // zigzag, sent back as it is
		}
	})
	if err != nil {
		return nil, fmt.Errorf("RPC request header: %w", err)
	}
	return call, nil
}

func checkMethod(header []byte) error {
	var method, protocol string
	var version uint64
	err := eachField(header, func(number protowire.Number, v uint64, b []byte) {
		switch number {
		case 1:
			method = string(b)
		case 2:
			protocol = string(b)
		case 3:
			version = v
		}
	})
	if err == nil && (method != "submitRequest" || protocol != omProtocol || version != 1) {
		err = fmt.Errorf("method %s of %s version %d is not served", method, protocol, version)
	}
	return err
}

func (c *rpcCall) success(response []byte) []byte {
	return frameOf(c.header(0, nil), response)
}

func (c *rpcCall) failure(class, message string) []byte {
	var fields []byte
	fields = protowire.AppendString(protowire.AppendTag(fields, 4, protowire.BytesType), class)
	fields = protowire.AppendString(protowire.AppendTag(fields, 5, protowire.BytesType), message)
	fields = protowire.AppendVarint(protowire.AppendTag(fields, 6, protowire.VarintType), rpcApplication)
	return frameOf(c.header(rpcError, fields))
}

// header is the response header, with fields 4 to 6 as given.
func (c *rpcCall) header(status uint64, fields []byte) []byte {
	var h []byte
	h = protowire.AppendVarint(protowire.AppendTag(h, 1, protowire.VarintType), uint64(c.id))
	h = protowire.AppendVarint(protowire.AppendTag(h, 2, protowire.VarintType), status)
	h = protowire.AppendVarint(protowire.AppendTag(h, 3, protowire.VarintType), rpcVersion)
	h = append(h, fields...)
	h = protowire.AppendBytes(protowire.AppendTag(h, 7, protowire.BytesType), c.clientID)
	return protowire.AppendVarint(protowire.AppendTag(h, 8, protowire.VarintType), c.retry)
}

// frameOf is delimited messages with their total length before them.
func frameOf(messages ...[]byte) []byte {
	frame := make([]byte, 4)
	for _, m := range messages {
		frame = protowire.AppendBytes(frame, m)
	}
	binary.BigEndian.PutUint32(frame, uint32(len(frame)-4))
	return frame
}
