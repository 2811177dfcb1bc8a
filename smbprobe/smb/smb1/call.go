package smb1

import (
	"context"
	"errors"
	"time"

	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/smb"
)

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

	// onMessage takes each message of the answer and reports whether it was the
	// last one; nil: the answer is one message.
	onMessage func(*message) (last bool, err error)

	answer     *message // the last message
	receivedAt time.Time
	err        error
	done       chan struct{} // closed when answer or err is set
}

// request is what start sends.
type request struct {
	op        string // for errors and the trace
	builder   *builder
	onMessage func(*message) (last bool, err error) // see call
}

// start sends requests without waiting for answers: as many in one write as the
// server accepts at once, the rest as others are answered. It fills in MIDs, and
// signatures if the session is signed. A single request has not been sent as a whole if
// start returns an error.
func (c *conn) start(ctx context.Context, requests ...request) ([]*call, error) {
	for _, r := range requests {
		if r.builder.err != nil {
			return nil, &smb.Error{Op: r.op, Err: r.builder.err}
		}
	}
	defer c.failWhenDone(ctx)() // the server may not read
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

// failWhenDone ends the connection when ctx ends. The caller calls release when it
// is done, which waits for what was started here.
func (c *conn) failWhenDone(ctx context.Context) (release func()) {
	ended := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(ended)
		_ = c.fail(ctx.Err())
	})
	return func() {
		if !stop() {
			<-ended
		}
	}
}

// reserve waits for a slot, and takes up to most if more are free.
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

// send writes requests that have their slots. After an error the server does not have
// all of them.
func (c *conn) send(rounds *smb.Rounds, requests []request) ([]*call, error) {
	c.writeMu.Lock()
	defer c.writeMu.Unlock()
	calls, err := c.register(rounds, requests)
	if err != nil {
		return nil, c.fail(err)
	}
	b := requests[0].builder.b
	for _, r := range requests[1:] {
		b = append(b, r.builder.b...)
	}
	if n, err := c.nc.Write(b); err != nil {
		if err = c.fail(err); n < len(b) {
			return nil, err
		}
	}
	return calls, nil
}

// register completes requests and adds them to those that wait for an answer.
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
		k := &call{conn: c, op: r.op, command: r.builder.command, onMessage: r.onMessage, rounds: rounds, round: round, sent: now, done: make(chan struct{})}
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
		case <-k.done: // just in time
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
