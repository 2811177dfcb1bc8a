package smb1

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"time"

	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/smb"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/smb/netbios"
)

// maxFrame bounds an answer: what a NetBIOS session message can hold.
const maxFrame = 1<<17 - 1

// conn matches answers to requests by MID and keeps no more requests in flight
// than the server takes. The first failure ends it: the connection is closed
// and every call, waiting or to come, gets that failure.
type conn struct {
	nc     net.Conn
	rounds *smb.Rounds
	trace  smb.Trace
	done   chan struct{} // closed when the reader has ended

	slots chan struct{} // a place for each request in flight

	writing sync.Mutex // held over a write: requests are sent in the order of their sequence numbers

	mu      sync.Mutex // guards what follows; never held over a read or a write
	signer  *signer    // nil while the session is not signed
	pending map[uint16]*call
	lastMID uint16
	err     error // the first failure
}

// call is a request in flight.
type call struct {
	conn    *conn
	op      string // for errors: "open System32\Ras\rasphone.pbk"
	command byte
	rounds  *smb.Rounds // that it counts in
	round   int64
	sent    time.Time
	seq     uint32 // sequence number of the answer's signature
	signed  bool

	// collect takes each message that answers the call and reports whether it was
	// the last one; nil: one message is the answer.
	collect func(*message) (last bool, err error)

	answer   *message // the last message
	answered time.Time
	err      error
	done     chan struct{} // closed when answer or err is set
}

func newConn(nc net.Conn, rounds *smb.Rounds, trace smb.Trace) *conn {
	c := &conn{
		nc:      nc,
		rounds:  rounds,
		trace:   trace,
		done:    make(chan struct{}),
		slots:   make(chan struct{}, 1), // until the server says more
		pending: make(map[uint16]*call),
	}
	go c.read()
	return c
}

// setSigner signs from the next request on. No call may be under way.
func (c *conn) setSigner(s *signer) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.signer = s
}

// allow sets how many requests may be in flight. No call may be under way.
func (c *conn) allow(n int) { c.slots = make(chan struct{}, n) }

// request is what start sends.
type request struct {
	op      string // for errors and the trace
	builder *builder
	collect func(*message) (last bool, err error) // see call
}

// start sends requests without waiting for answers, as many in one write as the
// server takes at once, the rest as others are answered. MIDs are filled in
// here, and signatures where the session is signed.
func (c *conn) start(ctx context.Context, requests ...request) ([]*call, error) {
	for _, r := range requests {
		if r.builder.err != nil {
			return nil, &smb.Error{Op: r.op, Err: r.builder.err}
		}
	}
	defer context.AfterFunc(ctx, func() { _ = c.fail(ctx.Err()) })() // a server that does not read
	calls := make([]*call, 0, len(requests))
	for len(requests) > 0 {
		n, err := c.reserve(ctx, len(requests))
		if err == nil {
			var sent []*call
			sent, err = c.send(smb.RoundsFrom(ctx, c.rounds), requests[:n])
			calls = append(calls, sent...)
		}
		if err != nil {
			return calls, &smb.Error{Op: requests[0].op, Err: err}
		}
		requests = requests[n:]
	}
	return calls, nil
}

// reserve waits for a place in flight, and takes up to most where there are more.
func (c *conn) reserve(ctx context.Context, most int) (n int, err error) {
	select {
	case c.slots <- struct{}{}:
	case <-c.done:
		return 0, c.failure()
	case <-ctx.Done():
		return 0, c.fail(ctx.Err())
	}
	for n = 1; n < most; n++ {
		select {
		case c.slots <- struct{}{}:
		default:
			return n, nil
		}
	}
	return n, nil
}

// send writes requests that have their places in flight.
func (c *conn) send(rounds *smb.Rounds, requests []request) ([]*call, error) {
	c.writing.Lock()
	defer c.writing.Unlock()
	calls, err := c.register(rounds, requests)
	if err != nil {
		return nil, c.fail(err)
	}
	b := requests[0].builder.b
	for _, r := range requests[1:] {
		b = append(b, r.builder.b...)
	}
	if _, err := c.nc.Write(b); err != nil {
		return nil, c.fail(err)
	}
	return calls, nil
}

// register completes requests and puts down that their answers are awaited.
func (c *conn) register(rounds *smb.Rounds, requests []request) ([]*call, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.err != nil {
		return nil, c.err
	}
	round, now := rounds.Sent(), time.Now()
	calls := make([]*call, len(requests))
	for i, r := range requests {
		c.lastMID++
		if c.lastMID == oplockMID {
			return nil, errors.New("out of multiplex identifiers: the file is too large for this server's buffers")
		}
		k := &call{conn: c, op: r.op, command: r.builder.command, collect: r.collect, rounds: rounds, round: round, sent: now, done: make(chan struct{})}
		m := r.builder.finish(c.lastMID)
		if c.signer != nil {
			k.signed, k.seq = true, c.signer.sign(m)
		}
		c.pending[c.lastMID] = k
		calls[i] = k
	}
	return calls, nil
}

// roundTrip sends a request and waits for its answer.
func (c *conn) roundTrip(ctx context.Context, op string, w *builder) (*message, error) {
	calls, err := c.start(ctx, request{op: op, builder: w})
	if err != nil {
		return nil, err
	}
	return calls[0].wait(ctx)
}

// wait returns the answer. A status of severity error is an *smb.Error, and comes
// with the answer.
func (k *call) wait(ctx context.Context) (*message, error) {
	select {
	case <-k.done:
	case <-ctx.Done():
		select {
		case <-k.done: // in the last moment
		default:
			return nil, &smb.Error{Op: k.op, Err: k.conn.fail(ctx.Err())}
		}
	}
	if k.err != nil {
		return nil, &smb.Error{Op: k.op, Err: k.err}
	}
	if k.answer.status.IsError() {
		return k.answer, &smb.Error{Op: k.op, Status: k.answer.status}
	}
	return k.answer, nil
}

// close closes the connection and waits for the reader.
func (c *conn) close() {
	_ = c.fail(net.ErrClosed)
	<-c.done
}

// failure returns the first failure, nil while there is none.
func (c *conn) failure() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.err
}

// fail ends the connection, and returns the failure that ended it first.
func (c *conn) fail(err error) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.err != nil {
		return c.err
	}
	c.err = connError(err)
	_ = c.nc.Close() // ends a read or a write that waits
	for mid, k := range c.pending {
		delete(c.pending, mid)
		k.err = c.err
		close(k.done)
	}
	return c.err
}

// connError makes the end of a connection smb.ErrConnectionLost.
func connError(err error) error {
	var network *net.OpError
	switch {
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.As(err, &network):
		return fmt.Errorf("%w: %w", smb.ErrConnectionLost, err)
	}
	return err
}

// read takes answers until the connection fails.
func (c *conn) read() {
	defer close(c.done)
	for first := true; ; first = false {
		frame, err := netbios.ReadFrame(c.nc, nil, maxFrame)
		if err == nil {
			err = c.deliver(frame)
		} else if first && errors.Is(err, smb.ErrProtocol) {
			err = fmt.Errorf("%w (%s)", smb.ErrNotSMB, err.Error()) // not ErrProtocol any more
		}
		if err != nil {
			_ = c.fail(err)
			return
		}
	}
}

// deliver hands a frame to the call that it answers.
func (c *conn) deliver(frame []byte) error {
	h, err := parseHeader(frame)
	if err != nil {
		return c.deliverOther(frame, err)
	}
	if h.mid == oplockMID && h.command == cmdLockingAndX {
		return nil // a break of an oplock, which we never have
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	k := c.pending[h.mid]
	if k == nil || k.command != h.command || h.flags&flagReply == 0 {
		return fmt.Errorf("%w: %s with MID %d answers nothing that was asked", smb.ErrProtocol, commandName(h.command), h.mid)
	}
	if k.signed && !c.signer.verify(frame, k.seq) {
		return fmt.Errorf("%w: wrong signature on the answer to %s", smb.ErrSigning, k.op)
	}
	k.rounds.Answered(k.round)
	k.answer, k.answered = &message{header: h, raw: frame}, time.Now()
	if k.collect != nil && !h.status.IsError() {
		last, err := k.collect(k.answer)
		if err != nil {
			return err
		}
		if !last {
			return nil
		}
	}
	c.trace.Log(fmt.Sprintf("%s: %s, %d bytes, round trip %d, %s", k.op, h.status, len(frame), k.round, k.answered.Sub(k.sent).Round(time.Microsecond)))
	delete(c.pending, h.mid)
	<-c.slots
	close(k.done) // last: who waits for it may call allow
	return nil
}

// deliverOther looks at a frame that is not SMB1: the SMB2 answer to a negotiate
// that offered SMB2, or nothing that belongs here.
func (c *conn) deliverOther(frame []byte, err error) error {
	answer, ok := parseSMB2Answer(frame)
	if !ok {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, k := range c.pending {
		if k.command != cmdNegotiate {
			return err
		}
		k.rounds.Answered(k.round)
		c.trace.Log(fmt.Sprintf("%s: answered in SMB2, round trip %d, %s", k.op, k.round, time.Since(k.sent).Round(time.Microsecond)))
	}
	return answer
}
