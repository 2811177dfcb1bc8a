package msrpc

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/smb"
)

// answer assembles the fragments of an answer.
type answer struct {
	callID uint32
	limit  int
	begun  bool
	hint   uint32 // alloc_hint of the previous fragment, 0 if it had none
	left   int    // bytes still to come by that hint, 0 without a hint
	stub   []byte

	fragments int // so far
}

// maxFragments returns how many fragments an answer of at most limit bytes may take: an
// average of 64 bytes, and some more for short ones.
func maxFragments(limit int) int { return limit/64 + 16 }

// add appends the next fragment, and reports whether it was the last.
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
		return false, protocolError("PDU type %d, expected a response", f.kind)
	}
	if a.fragments++; a.fragments > maxFragments(a.limit) {
		return false, protocolError("%d bytes in %d fragments", len(a.stub), a.fragments-1)
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
		return false, protocolError("an empty fragment that is not the last")
	case hint != 0 && int64(hint) < int64(len(stub)):
		return false, protocolError("%d bytes, more than alloc_hint %d", len(stub), hint)
	case int64(hint) > int64(a.limit):
		return false, protocolError("an answer of %d bytes by alloc_hint, the limit is %d", hint, a.limit)
	case a.hint != 0 && hint > a.hint:
		return false, protocolError("alloc_hint grows from %d to %d", a.hint, hint)
	}
	if !a.begun {
		if f.last {
			a.stub = slices.Clip(stub) // most answers are one fragment
			a.begun, a.hint, a.left = true, hint, max(0, int(hint)-len(stub))
			return true, nil
		}
		a.stub = make([]byte, 0, max(len(stub), int(hint)))
	}
	a.begun, a.hint = true, hint
	a.left = max(0, int(hint)-len(stub))
	a.stub = append(a.stub, stub...)
	return f.last, nil
}

// ErrUnordered is the error of fragments that were read together and cannot be put
// in order. Answers of this server have to be read one by one. Match with errors.Is.
var ErrUnordered = errors.New("fragments that were read together cannot be put in order")

// maxAhead is the number of fragments that are read together.
const maxAhead = 64

// readAhead reads the fragments of an answer that are certain to come, all of
// them in flight together, in one round trip instead of one each. alloc_hint and the
// longest fragment that the server announced give their number: no read waits for a
// fragment that does not come. It reads none if the pipe cannot, or without
// alloc_hint. last reports whether the answer is complete.
//
// A server that works on several reads at a time may answer them in another order,
// and fragments carry no number. But alloc_hint falls from each to the next by
// exactly what a fragment holds: that puts them in order, and proves it. A server
// may also answer a read with a part of a fragment; such parts carry nothing to put
// them in order.
func (c *Conn) readAhead(ctx context.Context, a *answer) (last bool, err error) {
	ahead, ok := c.pipe.(smb.ReadAheader)
	if !ok || a.left <= 0 {
		return false, nil
	}
	longest := c.agreed.answer - responseHeaderSize
	n := min((a.left+longest-1)/longest, maxAhead)
	if n < 2 {
		return false, nil
	}
	messages, err := ahead.ReadMessages(ctx, n, c.agreed.answer)
	if err != nil {
		return false, err
	}
	for _, m := range messages {
		if length, ok := fragmentLength(m); !ok || len(m) < length {
			return false, fmt.Errorf("%w: %w: a read returned %d bytes of a fragment of %d", smb.ErrProtocol, ErrUnordered, len(m), length)
		}
	}
	slices.SortStableFunc(messages, func(x, y []byte) int { return cmp.Compare(hintOf(y), hintOf(x)) })
	for i, m := range messages {
		if int(hintOf(m)) != a.left {
			return false, fmt.Errorf("%w: %w: alloc_hint %d with %d bytes left", smb.ErrProtocol, ErrUnordered, hintOf(m), a.left)
		}
		if last, err = a.add(m); err != nil {
			return false, err
		}
		if last && i < len(messages)-1 {
			return false, protocolError("%d fragments after the last one", len(messages)-1-i)
		}
	}
	return last, nil
}

// hintOf returns alloc_hint of a response, 0 of anything else.
func hintOf(message []byte) uint32 {
	f := fragment{message: message}
	_, hint, err := f.response()
	if err != nil {
		return 0
	}
	return hint
}
