package smb1

import (
	"context"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/smb"
)

// Pipe is an open pipe in message mode. It implements smb.Pipe.
type Pipe struct {
	tree *Tree
	name string
	fid  uint16

	ops       pipeOps
	limit     time.Duration // of each request; 0: none
	message   transaction   // the answer to the last call, whose memory the next one uses
	onMessage func(*message) (last bool, err error)
}

// OpenPipe implements smb.Tree.
func (t *Tree) OpenPipe(ctx context.Context, name string) (smb.Pipe, error) {
	ops := pipeOpsOf(name)
	c, err := t.create(ctx, ops.open, name, toTransact())
	if err != nil {
		return nil, err
	}
	if c.resourceType != typeMessagePipe {
		return nil, smb.Protocolf(ops.open, "resource type %d is not a pipe in message mode", c.resourceType)
	}
	return newPipe(t, name, c.fid), nil
}

func newPipe(t *Tree, name string, fid uint16) *Pipe {
	p := &Pipe{tree: t, name: name, fid: fid, ops: pipeOpsOf(name)}
	p.onMessage = p.message.add
	s := t.session
	s.mu.Lock()
	defer s.mu.Unlock()
	s.pipes = append(s.pipes, p)
	return p
}

// pipeOps are what is done with a pipe, for errors and the trace.
type pipeOps struct{ open, transact, read string }

func newPipeOps(name string) pipeOps {
	return pipeOps{open: "open " + name, transact: "transact " + name, read: "read pipe " + name}
}

// usualPipeOps are those of the pipes that a probe uses.
var usualPipeOps = [...]struct {
	name string
	ops  pipeOps
}{
	{"eventlog", newPipeOps("eventlog")}, {"winreg", newPipeOps("winreg")},
	{"svcctl", newPipeOps("svcctl")}, {"srvsvc", newPipeOps("srvsvc")},
}

func pipeOpsOf(name string) pipeOps {
	for i := range usualPipeOps {
		if usualPipeOps[i].name == name {
			return usualPipeOps[i].ops
		}
	}
	return newPipeOps(name)
}

// LimitCalls implements smb.CallLimiter.
func (p *Pipe) LimitCalls(limit time.Duration) { p.limit = limit }

// Transact implements smb.Pipe. The message is at most 64 KiB less headers.
func (p *Pipe) Transact(ctx context.Context, message []byte, limit int) ([]byte, error) {
	if len(message) > math.MaxUint16-256 {
		return nil, &smb.Error{Op: p.ops.transact, Err: fmt.Errorf("a message of %d bytes does not fit a request", len(message))}
	}
	s := p.tree.session
	p.message.limit = limit
	p.emptyMessage()
	k, err := s.conn.roundTrip(ctx, request{op: p.ops.transact, builder: transactRequest(s.header(p.tree.tid), p.fid, message), onMessage: p.onMessage, limit: p.limit})
	if err != nil {
		return nil, s.conn.fault(k, err)
	}
	overflow := k.answer.status == smb.StatusBufferOverflow
	s.conn.release(k)
	if overflow {
		return p.readRest(ctx, limit)
	}
	return p.message.data, nil
}

// Read implements smb.Pipe.
func (p *Pipe) Read(ctx context.Context, limit int) ([]byte, error) {
	p.emptyMessage()
	return p.readRest(ctx, limit)
}

// emptyMessage forgets the last message. A pipe has no memory for one before its first, and
// after Session.Park.
func (p *Pipe) emptyMessage() {
	if p.message.data == nil {
		p.message.data = p.tree.session.conn.takeBuffer()
	}
	p.message.data = p.message.data[:0]
}

// ReadMessages implements smb.ReadAheader. The answers come in the order of the
// reads if the server works on one after another, and a read may return a part of
// a message: the caller has to check.
func (p *Pipe) ReadMessages(ctx context.Context, n, limit int) ([][]byte, error) {
	s := p.tree.session
	if maxPipeRead(s.server) < limit {
		return p.readEach(ctx, n, limit) // a message may take more than one read
	}
	requests := make([]request, n)
	for i := range requests {
		requests[i] = request{op: p.ops.read, builder: readRequest(s.header(p.tree.tid), p.fid, 0, limit), limit: p.limit}
	}
	calls, err := s.conn.start(ctx, requests...)
	if err != nil {
		return nil, err
	}
	messages := make([][]byte, n)
	for i, k := range calls {
		if messages[i], err = p.receive(ctx, k, limit); err != nil {
			return nil, err
		}
	}
	return messages, nil
}

// receive waits for one of several messages.
func (p *Pipe) receive(ctx context.Context, k *call, limit int) ([]byte, error) {
	c := p.tree.session.conn
	err := c.wait(ctx, k)
	defer c.release(k)
	if err != nil {
		return nil, err
	}
	part, err := parseRead(&k.answer, limit)
	if err != nil {
		return nil, &smb.Error{Op: p.ops.read, Err: err}
	}
	if k.answer.status == smb.StatusBufferOverflow && len(part) == limit {
		return nil, smb.Protocolf(p.ops.read, "a message of more than %d bytes", limit)
	}
	return slices.Clone(part), nil
}

// readEach reads n messages one after another.
func (p *Pipe) readEach(ctx context.Context, n, limit int) ([][]byte, error) {
	messages := make([][]byte, n)
	for i := range messages {
		message, err := p.Read(ctx, limit)
		if err != nil {
			return nil, err
		}
		messages[i] = slices.Clone(message)
	}
	return messages, nil
}

// readRest reads until the message is whole: STATUS_BUFFER_OVERFLOW is the status
// of a part that is not the last.
func (p *Pipe) readRest(ctx context.Context, limit int) ([]byte, error) {
	m := &p.message
	for range smb.MaxReads(int64(limit)) {
		count := min(maxPipeRead(p.tree.session.server), limit-len(m.data))
		if count == 0 {
			return nil, smb.Protocolf(p.ops.read, "a message of more than %d bytes", limit)
		}
		part, last, err := p.readPart(ctx, count)
		switch {
		case err != nil:
			return nil, err
		case last:
			return m.data, nil
		case part == 0:
			return nil, smb.Protocolf(p.ops.read, "an empty part of a message that is not the last")
		}
	}
	return nil, smb.Protocolf(p.ops.read, "too many short answers: %d bytes of a message in %d reads", len(m.data), smb.MaxReads(int64(limit)))
}

// readPart reads once, at most count bytes, and appends what it got to the message.
func (p *Pipe) readPart(ctx context.Context, count int) (n int, last bool, err error) {
	s := p.tree.session
	k, err := s.conn.roundTrip(ctx, request{op: p.ops.read, builder: readRequest(s.header(p.tree.tid), p.fid, 0, count), limit: p.limit})
	if err != nil {
		return 0, false, s.conn.fault(k, err)
	}
	defer s.conn.release(k)
	part, err := parseRead(&k.answer, count)
	if err != nil {
		return 0, false, &smb.Error{Op: p.ops.read, Err: err}
	}
	p.message.data = append(p.message.data, part...)
	return len(part), k.answer.status != smb.StatusBufferOverflow, nil
}

// Close implements smb.Pipe.
func (p *Pipe) Close(ctx context.Context) error { return p.tree.closeFID(ctx, p.fid) }

// maxTransact is the number of bytes that one TRANSACTION asks for: a DCE/RPC
// fragment as we offer it, which with its header fits the smallest buffer of an NT
// server.
const maxTransact = 4280

// transactRequest writes a message to a pipe and reads the answer:
// TransactNmPipe (MS-CIFS 2.2.5.6.1).
func transactRequest(h header, fid uint16, message []byte) *builder {
	const transactNmPipe = 0x0026
	h.command = cmdTransaction
	w := newBuilder(h)
	w.startBlock()
	w.u16(0) // TotalParameterCount
	w.u16(uint16(len(message)))
	w.u16(0) // MaxParameterCount
	w.u16(maxTransact)
	w.u16(0) // MaxSetupCount, reserved
	w.u16(0) // Flags
	w.u32(0) // Timeout
	w.u16(0)
	w.u16(0) // ParameterCount
	parametersAt := len(w.b)
	w.u16(0) // ParameterOffset
	w.u16(uint16(len(message)))
	w.u16(0) // DataOffset
	w.u16(2) // SetupCount, reserved
	w.u16(transactNmPipe)
	w.u16(fid)
	w.startBytes()
	w.text(`\PIPE\`)
	for w.offset()%4 != 0 {
		w.u8(0)
	}
	w.chainHere(parametersAt)
	w.chainHere(parametersAt + 4)
	w.raw(message)
	w.endBlock()
	return w
}

// transaction assembles the messages that answer a TRANSACTION
// (MS-CIFS 2.2.4.33.2). They come in order; a gap or an overlap is an error.
type transaction struct {
	limit int
	data  []byte
}

// add appends a message, and reports whether it was the last.
func (t *transaction) add(m *message) (last bool, err error) {
	b, err := m.block(headerSize)
	if err != nil {
		return false, err
	}
	if len(b.words) < 2*10 {
		return false, fmt.Errorf("%w: WordCount %d", smb.ErrProtocol, len(b.words)/2)
	}
	total, count, at, displacement := int(b.u16(2)), int(b.u16(12)), int(b.u16(14)), int(b.u16(16))
	data, err := m.data(b, at, count)
	if err != nil {
		return false, err
	}
	if displacement != len(t.data) {
		return false, fmt.Errorf("%w: data for offset %d after %d bytes", smb.ErrProtocol, displacement, len(t.data))
	}
	if len(t.data)+count > t.limit {
		return false, fmt.Errorf("%w: more than %d bytes", smb.ErrProtocol, t.limit)
	}
	t.data = append(t.data, data...)
	switch {
	case m.status == smb.StatusBufferOverflow:
		return true, nil // the rest is read from the pipe, and the total does not matter
	case len(t.data) > total:
		return false, fmt.Errorf("%w: %d bytes of %d", smb.ErrProtocol, len(t.data), total)
	case count == 0 && len(t.data) < total:
		return false, fmt.Errorf("%w: an empty message after %d of %d bytes", smb.ErrProtocol, len(t.data), total)
	}
	return len(t.data) == total, nil
}
