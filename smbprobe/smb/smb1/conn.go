package smb1

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
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

	mu      sync.Mutex // guards what follows, and the order of writes
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
	round   int64
	sent    time.Time
	seq     uint32 // sequence number of the answer's signature
	signed  bool

	// collect takes each message that answers the call and says whether it was
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

// start sends a request, as soon as the server takes one more. The MID is filled in
// here, and the signature where the session is signed.
func (c *conn) start(ctx context.Context, op string, w *builder, collect func(*message) (bool, error)) (*call, error) {
	if w.err != nil {
		return nil, &smb.Error{Op: op, Err: w.err}
	}
	select {
	case c.slots <- struct{}{}:
	case <-c.done:
		return nil, &smb.Error{Op: op, Err: c.failure()}
	case <-ctx.Done():
		return nil, &smb.Error{Op: op, Err: c.fail(ctx.Err())}
	}
	defer context.AfterFunc(ctx, func() { c.fail(ctx.Err()) })() // a server that does not read

	c.mu.Lock()
	defer c.mu.Unlock()
	if c.err != nil {
		return nil, &smb.Error{Op: op, Err: c.err}
	}
	c.lastMID++
	if c.lastMID == oplockMID || c.pending[c.lastMID] != nil {
		return nil, &smb.Error{Op: op, Err: errors.New("out of multiplex identifiers: the file is too large for this server's buffers")}
	}
	k := &call{conn: c, op: op, command: w.command, collect: collect, done: make(chan struct{})}
	binary.BigEndian.PutUint32(w.b, uint32(len(w.b)-frameHeader))
	m := w.b[frameHeader:]
	binary.LittleEndian.PutUint16(m[30:], c.lastMID)
	if c.signer != nil {
		k.signed, k.seq = true, c.signer.sign(m)
	}
	c.pending[c.lastMID] = k
	k.round, k.sent = c.rounds.Sent(), time.Now()
	if _, err := c.nc.Write(w.b); err != nil {
		return nil, &smb.Error{Op: op, Err: c.failLocked(err)}
	}
	return k, nil
}

// roundTrip sends a request and waits for its answer.
func (c *conn) roundTrip(ctx context.Context, op string, w *builder) (*message, error) {
	k, err := c.start(ctx, op, w, nil)
	if err != nil {
		return nil, err
	}
	return k.wait(ctx)
}

// wait returns the answer. A status of severity error is an *smb.Error, and comes
// with the answer.
func (k *call) wait(ctx context.Context) (*message, error) {
	select {
	case <-k.done:
	case <-ctx.Done():
		return nil, &smb.Error{Op: k.op, Err: k.conn.fail(ctx.Err())}
	}
	if k.err != nil {
		return nil, &smb.Error{Op: k.op, Err: k.err}
	}
	if k.answer.status.IsError() {
		return k.answer, &smb.Error{Op: k.op, Status: k.answer.status}
	}
	return k.answer, nil
}

// waitAll waits until nothing is in flight.
func (c *conn) waitAll(ctx context.Context) {
	for {
		var k *call
		c.mu.Lock()
		for _, k = range c.pending {
			break
		}
		c.mu.Unlock()
		if k == nil {
			return
		}
		select {
		case <-k.done:
		case <-ctx.Done():
			return
		}
	}
}

// close closes the connection and waits for the reader.
func (c *conn) close() {
	c.fail(net.ErrClosed)
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
	// Not under the lock: a write that hangs holds it, and this ends the write.
	_ = c.nc.SetDeadline(time.Unix(1, 0))
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.failLocked(err)
}

func (c *conn) failLocked(err error) error {
	if c.err != nil {
		return c.err
	}
	c.err = connError(err)
	_ = c.nc.Close()
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
	case errors.Is(err, os.ErrDeadlineExceeded):
		return context.DeadlineExceeded
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.As(err, &network):
		return fmt.Errorf("%w: %v", smb.ErrConnectionLost, err)
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
			err = fmt.Errorf("%w: %v", smb.ErrNotSMB, err)
		}
		if err != nil {
			c.fail(err)
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
	c.rounds.Answered(k.round)
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
	close(k.done)
	<-c.slots
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
		c.rounds.Answered(k.round)
		c.trace.Log(fmt.Sprintf("%s: answered in SMB2, round trip %d, %s", k.op, k.round, time.Since(k.sent).Round(time.Microsecond)))
	}
	return answer
}
