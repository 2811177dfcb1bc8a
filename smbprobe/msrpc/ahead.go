package msrpc

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/smb"
)

// ErrUnordered says that fragments were read together and cannot be put in order:
// this server's answers have to be read one by one. Match with errors.Is.
var ErrUnordered = errors.New("fragments that were read together cannot be put in order")

// readAhead reads the fragments of an answer that are certain to come, all of
// them in flight together, in one round trip instead of one each. How many that
// are, alloc_hint tells: no fragment is larger than was agreed, so that no read
// waits for one that does not come. It reads none where the pipe cannot, or
// alloc_hint says nothing. last: the answer is whole.
//
// A server that works on several reads at a time may answer them in another order,
// and fragments carry no number. But alloc_hint falls from each to the next by
// exactly what a fragment holds: that puts them in order, and proves it.
func (c *Conn) readAhead(ctx context.Context, a *answer) (last bool, err error) {
	ahead, ok := c.pipe.(smb.ReadAheader)
	if !ok || a.left <= 0 {
		return false, nil
	}
	most := c.agreed.answer - responseHeaderSize
	n := (a.left + most - 1) / most
	if n < 2 {
		return false, nil
	}
	messages, err := ahead.ReadMessages(ctx, n, c.agreed.answer)
	if err != nil {
		return false, err
	}
	slices.SortStableFunc(messages, func(x, y []byte) int { return cmp.Compare(hintOf(y), hintOf(x)) })
	for i, m := range messages {
		if int(hintOf(m)) != a.left {
			return false, fmt.Errorf("%w: %w: alloc_hint %d where %d bytes are left", smb.ErrProtocol, ErrUnordered, hintOf(m), a.left)
		}
		if last, err = a.add(m); err != nil {
			return false, err
		}
		if last && i < len(messages)-1 {
			return false, protocolError("%d fragments behind the last one", len(messages)-1-i)
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
