package smb1

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"sync"
	"time"

	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/smb"
)

// maxFrame is the longest answer: what a NetBIOS session message can hold.
const maxFrame = 1<<17 - 1

// maxDelay is how long a request waits to be sent together with those of other branches of
// the probe, and for the answers to what was sent before.
const maxDelay = time.Millisecond

// conn matches answers to requests by MID and keeps no more requests in flight than the
// server accepts. The first failure ends it: the network connection is closed and every
// call, waiting or to come, gets that failure. A panic of its goroutines is such a failure.
//
// Requests of several branches of a probe go out in flights: once every branch waits, and
// all of the last flight is answered, one write sends what was queued meanwhile. A request
// is not held back longer than delay.
//
// A goroutine reads while requests are in flight. A connection without any has no
// goroutine, and Session.Park gives back its memory.
type conn struct {
	nc      net.Conn
	running sync.WaitGroup // of the goroutine that reads, and of the timer
	delay   time.Duration

	writeMu sync.Mutex // guards out and writes; held while requests are numbered and written: in the order of their sequence numbers
	writes  int        // flights that were sent as a whole

	mu          sync.Mutex // guards what follows, and rounds and trace; never held over a read or a write
	rounds      *smb.Rounds
	trace       smb.Trace
	signer      *signer // nil while the session is not signed
	maxInFlight int
	maxMpx      int      // of the server: as many with those that are late; see room
	queue       []*call  // not sent yet, in the order of their sending
	pending     []*call  // in flight
	broken      []uint16 // MIDs of calls whose answer was wrong: one at most of each pipe
	lastFreed   int64    // the highest round of an answer that made room for a delayed request
	lastMID     uint16
	answered    bool  // a request was answered
	err         error // the first failure
	reading     bool
	idle        chan struct{} // not nil: to be closed once nothing is queued or in flight
	timer       *time.Timer
	timerArmed  bool
	timerAt     time.Time
	*memory     // nil once closed, or parked

	watchMu sync.Mutex
	watched watched
}

func newConn(nc net.Conn, rounds *smb.Rounds, trace smb.Trace) *conn {
	c := &conn{nc: nc, delay: maxDelay, maxInFlight: 1} // until the negotiate answer allows more
	c.memory = memoryPool.Get().(*memory)
	c.in.Reset(nc)
	c.attach(rounds, trace)
	return c
}

// attach makes the connection that of another probe. No call may be under way.
func (c *conn) attach(rounds *smb.Rounds, trace smb.Trace) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.rounds, c.trace, c.lastFreed = rounds, trace, 0
	rounds.OnIdle(c.flushIfIdle)
}

// setSigner signs all further requests. No call may be under way.
func (c *conn) setSigner(s *signer) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.signer = s
}

// setMaxInFlight sets how many requests may be in flight.
func (c *conn) setMaxInFlight(n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.maxInFlight = n
}

// setMaxMpx sets how many requests may be in flight with those that are late.
func (c *conn) setMaxMpx(n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.maxMpx = n
}

// close closes the connection and waits for its goroutines.
func (c *conn) close() {
	_ = c.fail(net.ErrClosed)
	c.unwatch()
	c.running.Wait()
	c.freeMemory()
}

// memory is what a connection needs while it is in use. Connections use it one after the
// other.
type memory struct {
	in     *bufio.Reader
	out    []byte // what is written
	free   []*call
	frames [][]byte // for answers
	pipes  [][]byte // for what is read of pipes
}

// takeBuffer returns memory for what is read of a pipe, nil if there is none.
func (c *conn) takeBuffer() (buffer []byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.memory == nil || len(c.memory.pipes) == 0 {
		return nil
	}
	n := len(c.memory.pipes) - 1
	buffer, c.memory.pipes = c.memory.pipes[n], c.memory.pipes[:n]
	return buffer
}

// giveBuffer takes memory back that nothing refers to any more.
func (c *conn) giveBuffer(buffer []byte) {
	const most, size = 16, 8 << 10
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.memory != nil && buffer != nil && cap(buffer) <= size && len(c.memory.pipes) < most {
		c.memory.pipes = append(c.memory.pipes, buffer[:0])
	}
}

// memoryPool is of *memory.
var memoryPool = sync.Pool{New: func() any { return &memory{in: bufio.NewReaderSize(nil, readBuffer)} }}

// freeMemory gives the memory to other connections. No call may be under way.
func (c *conn) freeMemory() {
	c.writeMu.Lock()
	defer c.writeMu.Unlock()
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.memory != nil {
		c.in.Reset(nil)
		for _, k := range c.free {
			*k = call{} // without its channel and its timer, which belong to a bubble in tests
		}
		memoryPool.Put(c.memory)
		c.memory = nil
	}
}

// park waits for the answers to all requests, ends the goroutines of the connection, and
// gives back its memory. The error is the failure that ended it: the end of ctx is one, also
// for a server that does not read, or has begun to send what is no answer.
func (c *conn) park(ctx context.Context) error {
	ended := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(ended)
		_ = c.fail(ctx.Err())
	})
	c.flush(true)
	c.mu.Lock()
	idle := make(chan struct{})
	c.idle = idle
	c.signalIdle()
	c.mu.Unlock()
	<-idle
	c.unwatch()
	c.running.Wait()
	if !stop() {
		<-ended
	}
	if err := c.failure(); err != nil {
		return err
	}
	c.mu.Lock()
	c.rounds, c.trace, c.timer, c.pending, c.queue, c.idle = nil, nil, nil, nil, nil, nil
	c.mu.Unlock()
	c.freeMemory()
	return nil
}

// resume makes a parked connection that of another probe.
func (c *conn) resume(rounds *smb.Rounds, trace smb.Trace) {
	c.mu.Lock()
	c.memory = memoryPool.Get().(*memory)
	c.in.Reset(c.nc)
	c.mu.Unlock()
	c.attach(rounds, trace)
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
	limit, isLimit := errors.AsType[*smb.TimeLimitError](err)
	if isLimit {
		c.err = &otherSilentError{limit.Limit}
	}
	if err := c.closeNetwork(); err != nil {
		c.err = err
	}
	c.stopTimer()
	for _, k := range slices.Concat(c.pending, c.queue) {
		k.err = c.err
		if isLimit && !k.sent.IsZero() && time.Since(k.sent) >= limit.Limit/2 {
			k.err = limit // it is silent as well
		}
		c.finish(k)
	}
	c.pending, c.queue = nil, nil
	c.signalIdle()
	return c.err
}

// signalIdle wakes up park. mu is held.
func (c *conn) signalIdle() {
	if c.idle != nil && len(c.pending) == 0 && len(c.queue) == 0 {
		close(c.idle)
		c.idle = nil
	}
}

// finish wakes up the goroutine that waits for a call. mu is held.
func (c *conn) finish(k *call) {
	k.done = true
	switch {
	case k.waiting:
		k.waiting = false
		k.rounds.Work(1)
		k.ready <- struct{}{}
	case k.rounds == nil:
		c.recycle(k)
	}
}

// closeNetwork closes the network connection, which ends a read or a write that
// waits. Its one error is a panic.
func (c *conn) closeNetwork() (err error) {
	defer func() { err = smb.Recovered(recover()) }()
	_ = c.nc.Close()
	return nil
}

// otherSilentError is the failure of calls that had no fair chance of an answer when the time
// limit of another one ended the connection.
type otherSilentError struct{ limit time.Duration }

func (e *otherSilentError) Error() string {
	return fmt.Sprintf("the session was ended because another call got no answer within %s", e.limit.Round(time.Millisecond))
}

func (e *otherSilentError) Unwrap() error { return context.DeadlineExceeded }

// connError makes the end of a connection smb.ErrConnectionLost.
func connError(err error) error {
	var network *net.OpError
	switch {
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.As(err, &network):
		return fmt.Errorf("%w: %w", smb.ErrConnectionLost, err)
	}
	return err
}

// watched is the context whose end fails the connection.
type watched struct {
	done  <-chan struct{}
	stop  func() bool
	ended chan struct{} // closed when what stop could not prevent has ended
}

// lastWrites limits writes after the context has ended that is watched.
const lastWrites = time.Second

// watch makes the end of ctx end the connection while calls are waited for, so that it ends
// a write that the server does not read. If none is, it limits the writes to come. Contexts
// with the same Done channel are watched once.
func (c *conn) watch(ctx context.Context) {
	c.watchMu.Lock()
	defer c.watchMu.Unlock()
	if ctx.Done() == c.watched.done {
		return
	}
	c.stopWatching()
	ended := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(ended)
		if c.isWaitedFor() {
			_ = c.fail(ctx.Err())
		} else {
			_ = c.nc.SetWriteDeadline(time.Now().Add(lastWrites))
		}
	})
	c.watched = watched{ctx.Done(), stop, ended}
}

// isWaitedFor reports whether a call that is waited for is under way.
func (c *conn) isWaitedFor() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	waited := func(k *call) bool { return k.rounds != nil }
	return slices.ContainsFunc(c.pending, waited) || slices.ContainsFunc(c.queue, waited)
}

// unwatch ends watch, and waits for what it started.
func (c *conn) unwatch() {
	c.watchMu.Lock()
	defer c.watchMu.Unlock()
	c.stopWatching()
}

// stopWatching is unwatch with watchMu held.
func (c *conn) stopWatching() {
	if w := c.watched; w.stop != nil && !w.stop() {
		<-w.ended
		_ = c.nc.SetWriteDeadline(time.Time{})
	}
	c.watched = watched{}
}
