package msrpc

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/smb"
)

// Conn is a pipe that is bound to an interface. One call at a time; after an
// error of Call it is of no use any more, and every further call fails.
type Conn struct {
	pipe   smb.Pipe
	name   string // of the interface
	agreed bound
	callID uint32
	failed error // what made it useless
}

// Bind binds a newly opened pipe to an interface: one exchange. The pipe stays the
// caller's to close. Errors have an *smb.Error in them, for the server's own refusal
// with ErrRejected or a Fault inside.
func Bind(ctx context.Context, pipe smb.Pipe, iface Interface) (*Conn, error) {
	const callID = 1
	answer, err := pipe.Transact(ctx, bindRequest(iface, callID), maxFragment)
	if err != nil {
		return nil, fmt.Errorf("bind to %s: %w", iface.Name, err)
	}
	agreed, err := parseBind(answer, callID)
	if err != nil {
		return nil, &smb.Error{Op: "bind to " + iface.Name, Err: err}
	}
	return &Conn{pipe: pipe, name: iface.Name, agreed: agreed, callID: callID}, nil
}

// Call runs the procedure with this number (name is for messages) and returns the
// stub of its answer, all fragments together: at most limit bytes, a longer
// answer is an error. The request has to fit one fragment, because a smb.Pipe
// writes one message for an answer. Errors have an *smb.Error in them, with a Fault
// inside where the server answered with one, and with smb.ErrProtocol where the
// answer is cut or contradicts itself.
func (c *Conn) Call(ctx context.Context, name string, opnum uint16, stub []byte, limit int) ([]byte, error) {
	if c.failed != nil {
		return nil, fmt.Errorf("%s on %s: not tried, an earlier call failed: %w", name, c.name, c.failed)
	}
	answer, err := c.call(ctx, opnum, stub, limit)
	if err != nil {
		err = c.named(name, err)
		c.failed = err
		return nil, err
	}
	return answer, nil
}

// named puts the procedure's name before an error. One that is an *smb.Error
// already stays the first in the chain, because its status is what counts.
func (c *Conn) named(name string, err error) error {
	op := name + " on " + c.name
	if _, ok := errors.AsType[*smb.Error](err); ok {
		return fmt.Errorf("%s: %w", op, err)
	}
	return &smb.Error{Op: op, Err: err}
}

func (c *Conn) call(ctx context.Context, opnum uint16, stub []byte, limit int) ([]byte, error) {
	size := requestHeaderSize + len(stub)
	if size > c.agreed.request {
		return nil, fmt.Errorf("a request of %d bytes, where the server takes %d", size, c.agreed.request)
	}
	c.callID++
	answer := answer{callID: c.callID, limit: limit}
	message, err := c.pipe.Transact(ctx, request(c.callID, opnum, stub), c.agreed.answer)
	if err != nil {
		return nil, err
	}
	for {
		last, err := answer.add(message)
		if err == nil && !last {
			last, err = c.readAhead(ctx, &answer)
		}
		if err != nil {
			return nil, err
		}
		if last {
			return answer.stub, nil
		}
		if message, err = c.pipe.Read(ctx, c.agreed.answer); err != nil {
			return nil, err
		}
	}
}

// request is a call in one fragment (C706 12.6.4.9).
func request(callID uint32, opnum uint16, stub []byte) []byte {
	size := requestHeaderSize + len(stub)
	b := header(make([]byte, 0, size), typeRequest, size, callID)
	b = binary.LittleEndian.AppendUint32(b, uint32(len(stub))) // alloc_hint
	b = binary.LittleEndian.AppendUint16(b, 0)                 // presentation context
	b = binary.LittleEndian.AppendUint16(b, opnum)
	return append(b, stub...)
}

// answer puts the fragments of an answer together.
type answer struct {
	callID uint32
	limit  int
	begun  bool
	hint   uint32 // alloc_hint of the fragment before, 0 where it said nothing
	left   int    // bytes still to come by that hint, 0 where it said nothing
	stub   []byte
}

// add takes the next fragment, and reports whether it was the last.
func (a *answer) add(message []byte) (last bool, err error) {
	f, err := parseFragment(message, a.callID)
	if err != nil {
		return false, err
	}
	switch f.kind {
	case typeResponse:
	case typeFault:
		return false, f.fault()
	default:
		return false, protocolError("PDU type %d where a response was expected", f.kind)
	}
	if f.first == a.begun {
		return false, protocolError("fragments out of order: flags %#02x after %d bytes", message[3], len(a.stub))
	}
	stub, hint, err := f.response()
	switch {
	case err != nil:
		return false, err
	case len(stub) > a.limit-len(a.stub):
		return false, protocolError("an answer of more than %d bytes", a.limit)
	case len(stub) == 0 && !f.last:
		return false, protocolError("a fragment with nothing in it, and more to come")
	case hint != 0 && int64(hint) < int64(len(stub)):
		return false, protocolError("%d bytes, where alloc_hint says %d", len(stub), hint)
	case int64(hint) > int64(a.limit):
		return false, protocolError("an answer of %d bytes by alloc_hint, where %d are the limit", hint, a.limit)
	case a.hint != 0 && hint > a.hint:
		return false, protocolError("alloc_hint grows from %d to %d", a.hint, hint)
	}
	if !a.begun {
		a.stub = make([]byte, 0, max(len(stub), int(hint)))
	}
	a.begun, a.hint = true, hint
	a.left = max(0, int(hint)-len(stub))
	a.stub = append(a.stub, stub...)
	return f.last, nil
}
