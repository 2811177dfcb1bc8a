// Package msrpc calls procedures of a Windows server over a named pipe:
// connection-oriented DCE/RPC 5.0 (C706 chapter 12, MS-RPCE 2.2.2) with one
// presentation context, NDR 2.0, and no security of its own, because the SMB
// session has already logged in. The interfaces are packages of their own; package
// ndr encodes and decodes their parameters.
package msrpc

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"

	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/msrpc/ndr"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/smb"
)

// Conn is a pipe that is bound to an interface. One call at a time. After an error
// of Call every further call fails.
type Conn struct {
	pipe    smb.Pipe
	name    string // of the interface
	agreed  bound
	callID  uint32
	request []byte // the last one, whose memory the next one uses
	failed  error  // the error that made it unusable
}

// Bind binds a newly opened pipe to an interface: one exchange. The caller closes
// the pipe. Errors have an *smb.Error in them, with ErrRejected or a Fault inside if
// the server refused.
func Bind(ctx context.Context, pipe smb.Pipe, iface Interface) (*Conn, error) {
	c := &Conn{pipe: pipe, name: iface.Name, agreed: bound{answer: maxFragment}, callID: 1}
	if err := c.bind(ctx, iface); err != nil {
		return nil, operationError("bind to "+iface.Name, err)
	}
	return c, nil
}

func (c *Conn) bind(ctx context.Context, iface Interface) error {
	answer, err := c.pipe.Transact(ctx, bindRequest(iface, c.callID), c.agreed.answer)
	if err != nil {
		return err
	}
	if answer, err = c.complete(ctx, answer); err != nil {
		return err
	}
	c.agreed, err = parseBind(answer, c.callID)
	return err
}

// Call runs the procedure with this number (name is for messages) and returns the
// stub of its answer, all fragments together, which is valid until the next call. An
// answer of more than limit bytes is an error. The request has to fit one fragment, because smb.Pipe writes one message
// for an answer. Errors have an *smb.Error in them, with a Fault inside if the server
// answered with one, and with smb.ErrProtocol if the answer is truncated or
// contradicts itself.
func (c *Conn) Call(ctx context.Context, name string, opnum uint16, stub []byte, limit int) ([]byte, error) {
	if c.failed != nil {
		return nil, fmt.Errorf("%s on %s: not tried, an earlier call failed: %w", name, c.name, c.failed)
	}
	answer, err := c.call(ctx, opnum, stub, limit)
	if err != nil {
		c.failed = operationError(name+" on "+c.name, err)
		return nil, c.failed
	}
	return answer, nil
}

// operationError adds what was tried to an error. An *smb.Error stays the first of
// the chain, because its status is the one that callers look for.
func operationError(op string, err error) error {
	if _, ok := errors.AsType[*smb.Error](err); ok {
		return fmt.Errorf("%s: %w", op, err)
	}
	return &smb.Error{Op: op, Err: err}
}

func (c *Conn) call(ctx context.Context, opnum uint16, stub []byte, limit int) ([]byte, error) {
	size := requestHeaderSize + len(stub)
	if size > c.agreed.request {
		return nil, fmt.Errorf("a request of %d bytes, and the server accepts %d", size, c.agreed.request)
	}
	c.callID++
	answer := answer{callID: c.callID, limit: limit}
	c.request = request(c.request[:0], c.callID, opnum, stub)
	message, err := c.pipe.Transact(ctx, c.request, c.agreed.answer)
	for {
		if err != nil {
			return nil, err
		}
		if message, err = c.complete(ctx, message); err != nil {
			return nil, err
		}
		var last bool
		if last, err = answer.add(message); err == nil && !last {
			last, err = c.readAhead(ctx, &answer)
		}
		if err != nil {
			return nil, err
		}
		if last {
			return answer.stub, nil
		}
		message, err = c.pipe.Read(ctx, c.agreed.answer)
	}
}

// maxParts is the number of reads that one fragment may take. 64 parts of the
// longest fragment are 1,024 bytes each.
const maxParts = 64

// complete reads the rest of a fragment of which the pipe returned the beginning: a
// server may answer a read with less than was asked for. A fragment that is longer
// than the server announced is an error.
func (c *Conn) complete(ctx context.Context, message []byte) ([]byte, error) {
	for parts := 1; ; parts++ {
		length, ok := fragmentLength(message)
		switch {
		case len(message) == 0:
			return nil, protocolError("an empty message")
		case !ok:
			length = headerSize
		case length > c.agreed.answer:
			return nil, protocolError("a fragment of %d bytes, and the server announced at most %d", length, c.agreed.answer)
		case len(message) >= length:
			return message, nil // parseFragment refuses excess bytes
		}
		if parts == maxParts {
			return nil, protocolError("%d of %d bytes of a fragment in %d parts", len(message), length, parts)
		}
		message = slices.Clone(message) // the read uses its memory
		rest, err := c.pipe.Read(ctx, length-len(message))
		if err != nil {
			return nil, err
		}
		if len(rest) == 0 {
			return nil, protocolError("a fragment of %d bytes ends after %d", length, len(message))
		}
		message = append(message, rest...)
	}
}

// request appends a call in one fragment (C706 12.6.4.9).
func request(b []byte, callID uint32, opnum uint16, stub []byte) []byte {
	size := requestHeaderSize + len(stub)
	b = header(slices.Grow(b, size), typeRequest, size, callID)
	b = binary.LittleEndian.AppendUint32(b, uint32(len(stub))) // alloc_hint
	b = binary.LittleEndian.AppendUint16(b, 0)                 // presentation context
	b = binary.LittleEndian.AppendUint16(b, opnum)
	return append(b, stub...)
}

// OpenHandle runs a procedure that returns a context handle and a Windows error
// code, as those do that open something. op describes the attempt, for messages.
// Errors are those of Call, or have a Win32Error in them.
func (c *Conn) OpenHandle(ctx context.Context, op string, opnum uint16, stub []byte) (ndr.Handle, error) {
	handle, err := c.handleCall(ctx, op, opnum, stub)
	if err != nil {
		return ndr.Handle{}, err
	}
	if handle == (ndr.Handle{}) {
		return ndr.Handle{}, smb.Protocolf(op, "success without a handle")
	}
	return handle, nil
}

// CloseHandle runs a procedure that takes a context handle and returns the closed
// handle and a Windows error code. Closing the pipe closes its handles without the
// round trip.
func (c *Conn) CloseHandle(ctx context.Context, op string, opnum uint16, handle ndr.Handle) error {
	_, err := c.handleCall(ctx, op, opnum, handle[:])
	return err
}

func (c *Conn) handleCall(ctx context.Context, op string, opnum uint16, stub []byte) (ndr.Handle, error) {
	answer, err := c.Call(ctx, op, opnum, stub, len(ndr.Handle{})+4)
	if err != nil {
		return ndr.Handle{}, err
	}
	r := ndr.NewReader(answer)
	var handle ndr.Handle
	var code uint32
	if !r.Handle(&handle) || !r.U32(&code) || !r.Empty() {
		return ndr.Handle{}, smb.Protocolf(op, "an answer of %d bytes", len(answer))
	}
	return handle, Win32Status(op, code)
}
