package smb1

import (
	"context"
	"math"
	"time"

	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/smb"
)

// call is a request that waits to be sent, or for its answer. The connection's mu guards
// it; the goroutine that waits for it owns the answer once it is done.
type call struct {
	op      string // for errors: "open System32\Ras\rasphone.pbk"
	builder *builder
	rounds  *smb.Rounds   // that it counts in; nil: it is not waited for
	limit   time.Duration // how long to wait for the answer; 0: as long as the context allows

	command byte
	mid     uint16
	left    int  // see smb.Rounds.Left
	delayed bool // it was not sent at once because too many requests were in flight
	round   int64
	sent    time.Time
	seq     uint32 // sequence number of the answer's signature
	signed  bool

	// onMessage takes each message of the answer and reports whether it was the
	// last one; nil: the answer is one message.
	onMessage func(*message) (last bool, err error)

	answer     message // the last message; its bytes are the connection's again after release
	receivedAt time.Time
	err        error
	done       bool
	waiting    bool          // a goroutine waits for ready
	ready      chan struct{} // takes a value when the call is done, if a goroutine waits
	timer      *time.Timer   // of limit; nil: there was none yet
}

// request is what start sends.
type request struct {
	op        string // for errors and the trace
	builder   *builder
	onMessage func(*message) (last bool, err error) // see call
	limit     time.Duration                         // see call
	unwaited  bool                                  // the answer does not matter
}

// start hands requests over to be sent, without waiting for answers: as many together as
// the server accepts at once, the rest as others are answered. Each call has to be waited
// for and released, unless its answer does not matter.
func (c *conn) start(ctx context.Context, requests ...request) ([]*call, error) {
	for _, r := range requests {
		if r.builder.err != nil {
			return nil, &smb.Error{Op: r.op, Err: r.builder.err}
		}
	}
	c.watch(ctx)
	rounds := smb.RoundsFrom(ctx, c.rounds)
	calls := make([]*call, len(requests))
	c.mu.Lock()
	if err := c.err; err != nil {
		c.mu.Unlock()
		return nil, &smb.Error{Op: requests[0].op, Err: err}
	}
	for i, r := range requests {
		calls[i] = c.enqueue(rounds, r)
	}
	flush := c.flushable()
	c.mu.Unlock()
	if flush {
		c.flush(false)
	}
	return calls, nil
}

// startOne is start with one request.
func (c *conn) startOne(ctx context.Context, r request) (*call, error) {
	if r.builder.err != nil {
		return nil, &smb.Error{Op: r.op, Err: r.builder.err}
	}
	c.watch(ctx)
	rounds := smb.RoundsFrom(ctx, c.rounds)
	c.mu.Lock()
	if err := c.err; err != nil {
		c.mu.Unlock()
		return nil, &smb.Error{Op: r.op, Err: err}
	}
	k := c.enqueue(rounds, r)
	flush := c.flushable()
	c.mu.Unlock()
	if flush {
		c.flush(false)
	}
	return k, nil
}

// roundTrip sends a request and waits for its answer. The caller releases the call, also
// if a status of severity error comes with it.
func (c *conn) roundTrip(ctx context.Context, r request) (*call, error) {
	k, err := c.startOne(ctx, r)
	if err != nil {
		return nil, err
	}
	return k, c.wait(ctx, k)
}

// enqueue adds a request to those that wait to be sent. mu is held.
func (c *conn) enqueue(rounds *smb.Rounds, r request) *call {
	k := c.newCall()
	k.op, k.builder, k.command, k.onMessage, k.limit = r.op, r.builder, r.builder.command, r.onMessage, r.limit
	if r.unwaited {
		k.left = math.MinInt // after all others
	} else {
		k.rounds, k.left = rounds, rounds.Left()
	}
	c.queue = append(c.queue, k)
	c.armTimer()
	return k
}

// newCall returns a call that is empty but for its channel. mu is held.
func (c *conn) newCall() *call {
	if c.memory == nil {
		return &call{ready: make(chan struct{}, 1)} // of a connection that is closed
	}
	if n := len(c.free); n > 0 {
		k := c.free[n-1]
		c.free = c.free[:n-1]
		if k.ready == nil {
			k.ready = make(chan struct{}, 1)
		}
		return k
	}
	return &call{ready: make(chan struct{}, 1)}
}

// release takes back a call that is done, and the memory of its answer.
func (c *conn) release(k *call) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.recycle(k)
}

// fault releases a call that failed, and returns why.
func (c *conn) fault(k *call, err error) error {
	if k != nil {
		c.release(k)
	}
	return err
}

// recycle is release with mu held.
func (c *conn) recycle(k *call) {
	if !k.done || c.memory == nil {
		return
	}
	c.recycleFrame(k.answer.raw)
	*k = call{ready: k.ready, timer: k.timer}
	c.free = append(c.free, k)
}

// recycleFrame makes the memory of an answer available to the next one. mu is held.
func (c *conn) recycleFrame(frame []byte) {
	const most = 8 << 10 // all but large reads of files
	if frame != nil && cap(frame) <= most && len(c.frames) < maxInFlight {
		c.frames = append(c.frames, frame[:0])
	}
}

// wait waits for the answer. A status of severity error is an *smb.Error.
func (c *conn) wait(ctx context.Context, k *call) error {
	c.mu.Lock()
	if !k.done {
		k.waiting = true
		c.mu.Unlock()
		k.rounds.Work(-1) // sends what is queued if no other branch works
		c.flushIfIdle()   // the same if they are not counted
		c.await(ctx, k)
		c.mu.Lock()
	}
	err, status := k.err, k.answer.status
	c.mu.Unlock()
	switch {
	case err != nil:
		return &smb.Error{Op: k.op, Err: err}
	case status.IsError():
		return &smb.Error{Op: k.op, Status: status}
	}
	return nil
}

// await returns when the call is done, which is not later than ctx and the call's limit
// allow: they end the connection, and with it every call.
func (c *conn) await(ctx context.Context, k *call) {
	var limit <-chan time.Time
	if k.limit > 0 {
		if k.timer == nil {
			k.timer = time.NewTimer(k.limit)
		} else {
			k.timer.Reset(k.limit)
		}
		defer k.timer.Stop()
		limit = k.timer.C
	}
	var err error
	for err == nil {
		select {
		case <-k.ready:
			return
		case <-ctx.Done():
			err = ctx.Err()
		case <-limit:
			if left := c.limitLeft(k); left > 0 {
				k.timer.Reset(left)
				continue
			}
			err = &smb.TimeLimitError{Limit: k.limit}
		}
	}
	c.mu.Lock()
	done := k.done // just in time
	c.mu.Unlock()
	if !done {
		_ = c.fail(err)
	}
	<-k.ready
}

// limitLeft returns how much is left of a call's limit, which begins when it is sent.
func (c *conn) limitLeft(k *call) time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	if k.sent.IsZero() && !k.done {
		return k.limit
	}
	return k.limit - time.Since(k.sent)
}
