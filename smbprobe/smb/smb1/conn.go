package smb1

import (
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"time"

	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/smb"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/smb/netbios"
)

// maxFrame is the longest answer: what a NetBIOS session message can hold.
const maxFrame = 1<<17 - 1

// conn matches answers to requests by MID and keeps no more requests in flight
// than the server accepts. The first failure ends it: the connection is closed
// and every call, waiting or to come, gets that failure. A panic of its goroutines is
// such a failure.
type conn struct {
	nc     net.Conn
	rounds *smb.Rounds
	trace  smb.Trace
	done   chan struct{} // closed when the reader has ended

	slots chan struct{} // holds a value for each request in flight

	writeMu sync.Mutex // held over a write: requests are sent in the order of their sequence numbers

	mu      sync.Mutex // guards what follows; never held over a read or a write
	signer  *signer    // nil while the session is not signed
	pending map[uint16]*call
	lastMID uint16
	err     error // the first failure
}

func newConn(nc net.Conn, rounds *smb.Rounds, trace smb.Trace) *conn {
	c := &conn{
		nc:      nc,
		rounds:  rounds,
		trace:   trace,
		done:    make(chan struct{}),
		slots:   make(chan struct{}, 1), // until the negotiate answer allows more
		pending: make(map[uint16]*call),
	}
	go c.read()
	return c
}

// setSigner signs all further requests. No call may be under way.
func (c *conn) setSigner(s *signer) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.signer = s
}

// setMaxInFlight sets how many requests may be in flight. No call may be under way.
func (c *conn) setMaxInFlight(n int) { c.slots = make(chan struct{}, n) }

// close closes the connection and waits for the reader.
func (c *conn) close() {
	_ = c.fail(net.ErrClosed)
	<-c.done
}

// failure returns the first failure, nil if there is none.
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
	if err := c.closeNetwork(); err != nil {
		c.err = err
	}
	for mid, k := range c.pending {
		delete(c.pending, mid)
		k.err = c.err
		close(k.done)
	}
	return c.err
}

// closeNetwork closes the network connection, which ends a read or a write that
// waits. Its one error is a panic.
func (c *conn) closeNetwork() (err error) {
	defer func() { err = smb.Recovered(recover()) }()
	_ = c.nc.Close()
	return nil
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

// read delivers answers until the connection fails.
func (c *conn) read() {
	defer close(c.done)
	defer func() {
		if err := smb.Recovered(recover()); err != nil {
			_ = c.fail(err)
		}
	}()
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
		return nil // an oplock break; we hold no oplock
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	k := c.pending[h.mid]
	if k == nil || k.command != h.command || h.flags&flagReply == 0 {
		return fmt.Errorf("%w: %s with MID %d answers no request", smb.ErrProtocol, commandName(h.command), h.mid)
	}
	if k.signed && !c.signer.verify(frame, k.seq) {
		return fmt.Errorf("%w: wrong signature on the answer to %s", smb.ErrSigning, k.op)
	}
	k.rounds.Answered(k.round)
	k.answer, k.receivedAt = &message{header: h, raw: frame}, time.Now()
	if k.onMessage != nil && !h.status.IsError() {
		last, err := k.onMessage(k.answer)
		if err != nil {
			return err
		}
		if !last {
			return nil
		}
	}
	c.trace.Answered(k.op, smb.Answer{Status: h.status, Bytes: int32(len(frame)), Round: int32(k.round), Took: k.receivedAt.Sub(k.sent)})
	delete(c.pending, h.mid)
	<-c.slots
	close(k.done) // last: the call that waits may then set the number of slots
	return nil
}

// deliverOther handles a frame that is not SMB1: the SMB2 answer to a negotiate
// that offered SMB2, or an error.
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
		c.trace.Logf("%s: answered in SMB2, round trip %d, %s", k.op, k.round, time.Since(k.sent).Round(time.Microsecond))
	}
	return answer
}
