package smb1

import (
	"context"
	"fmt"
	"math"

	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/smb"
)

// Pipe is an open pipe in message mode. It implements smb.Pipe.
type Pipe struct {
	tree *Tree
	name string
	fid  uint16
}

// OpenPipe implements smb.Tree.
func (t *Tree) OpenPipe(ctx context.Context, name string) (smb.Pipe, error) {
	c, err := t.create(ctx, "open "+name, name, toTransact())
	if err != nil {
		return nil, err
	}
	if c.resourceType != typeMessagePipe {
		return nil, smb.Protocolf("open "+name, "resource type %d is no pipe in message mode", c.resourceType)
	}
	return &Pipe{tree: t, name: name, fid: c.fid}, nil
}

// Transact implements smb.Pipe. The message is at most 64 KiB less headers.
func (p *Pipe) Transact(ctx context.Context, message []byte, limit int) ([]byte, error) {
	op := "transact " + p.name
	if len(message) > math.MaxUint16-256 {
		return nil, &smb.Error{Op: op, Err: fmt.Errorf("a message of %d bytes does not fit a request", len(message))}
	}
	s := p.tree.session
	t := transaction{limit: limit}
	calls, err := s.conn.start(ctx, request{op, transactRequest(s.header(p.tree.tid), p.fid, message), t.add})
	if err != nil {
		return nil, err
	}
	answer, err := calls[0].wait(ctx)
	if err != nil {
		return nil, err
	}
	if answer.status == smb.StatusBufferOverflow {
		return p.readRest(ctx, t.data, limit)
	}
	return t.data, nil
}

// Read implements smb.Pipe.
func (p *Pipe) Read(ctx context.Context, limit int) ([]byte, error) {
	return p.readRest(ctx, nil, limit)
}

// ReadMessages implements smb.ReadAheader. The answers come in the order of the
// reads if the server works on one after another, and a read may return a part of
// a message: the caller has to check.
func (p *Pipe) ReadMessages(ctx context.Context, n, limit int) ([][]byte, error) {
	op := "read pipe " + p.name
	s := p.tree.session
	if maxPipeRead(s.server) < limit {
		return p.readEach(ctx, n, limit) // a message may take more than one read
	}
	requests := make([]request, n)
	for i := range requests {
		requests[i] = request{op: op, builder: readRequest(s.header(p.tree.tid), p.fid, 0, limit)}
	}
	calls, err := s.conn.start(ctx, requests...)
	if err != nil {
		return nil, err
	}
	messages := make([][]byte, n)
	for i, k := range calls {
		answer, err := k.wait(ctx)
		if err != nil {
			return nil, err
		}
		if messages[i], err = parseRead(answer, limit); err != nil {
			return nil, &smb.Error{Op: op, Err: err}
		}
		if answer.status == smb.StatusBufferOverflow && len(messages[i]) == limit {
			return nil, smb.Protocolf(op, "a message of more than %d bytes", limit)
		}
	}
	return messages, nil
}

// readEach reads n messages one after another.
func (p *Pipe) readEach(ctx context.Context, n, limit int) ([][]byte, error) {
	messages := make([][]byte, n)
	for i := range messages {
		var err error
		if messages[i], err = p.Read(ctx, limit); err != nil {
			return nil, err
		}
	}
	return messages, nil
}

// readRest reads until the message is whole: STATUS_BUFFER_OVERFLOW is the status
// of a part that is not the last.
func (p *Pipe) readRest(ctx context.Context, data []byte, limit int) ([]byte, error) {
	op := "read pipe " + p.name
	s := p.tree.session
	for range maxReads(int64(limit)) {
		count := min(maxPipeRead(s.server), limit-len(data))
		if count == 0 {
			return nil, smb.Protocolf(op, "a message of more than %d bytes", limit)
		}
		answer, err := s.conn.roundTrip(ctx, op, readRequest(s.header(p.tree.tid), p.fid, 0, count))
		if err != nil {
			return nil, err
		}
		part, err := parseRead(answer, count)
		if err != nil {
			return nil, &smb.Error{Op: op, Err: err}
		}
		data = append(data, part...)
		if answer.status != smb.StatusBufferOverflow {
			return data, nil
		}
		if len(part) == 0 {
			return nil, smb.Protocolf(op, "an empty part of a message that is not the last")
		}
	}
	return nil, smb.Protocolf(op, "too many short answers: %d bytes of a message in %d reads", len(data), maxReads(int64(limit)))
}

// Close implements smb.Pipe.
func (p *Pipe) Close(ctx context.Context) error { return p.tree.closeFID(ctx, p.fid) }
