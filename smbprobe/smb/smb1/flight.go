package smb1

import (
	"bufio"
	"cmp"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/smb"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/smb/netbios"
)

// flushable reports whether what is queued is to be sent now. mu is held.
func (c *conn) flushable() bool {
	switch {
	case len(c.queue) == 0:
		return false
	case len(c.pending) >= c.maxInFlight:
		if room, _ := c.room(); room == 0 {
			return false
		}
	case !c.rounds.CountsBranches():
		return true
	}
	return len(c.pending) == 0 && c.rounds.Idle()
}

// lateAfter is how long a request takes no room from others. A few calls that a server never
// answers would keep back everything else.
const lateAfter = 500 * time.Millisecond

// room returns how many more requests may be sent now, and after how much time that may be
// more although none is answered; 0: never. mu is held.
func (c *conn) room() (n int, more time.Duration) {
	most := c.maxInFlight
	for _, k := range c.pending {
		if left := lateAfter - time.Since(k.sent); left <= 0 {
			most++
		} else if more == 0 || left < more {
			more = left
		}
	}
	return max(min(most, max(c.maxInFlight, c.maxMpx))-len(c.pending), 0), more
}

// flushIfIdle sends what is queued if no branch of the probe works and nothing is in flight.
func (c *conn) flushIfIdle() {
	c.mu.Lock()
	flush := c.flushable()
	c.mu.Unlock()
	if flush {
		c.flush(false)
	}
}

// armTimer sees to it that what is queued is sent after a while, even if a branch of the
// probe works on or an answer is late. mu is held.
func (c *conn) armTimer() {
	if c.rounds.CountsBranches() {
		c.flushWithin(c.delay)
	}
}

// flushWithin sees to it that what is queued is sent after d at the latest, if there is room
// for it then. mu is held.
func (c *conn) flushWithin(d time.Duration) {
	at := time.Now().Add(d)
	switch {
	case c.timerArmed && !at.Before(c.timerAt):
		return
	case c.timerArmed && !c.timer.Stop():
		return // flushLate is about to run
	case !c.timerArmed:
		c.timerArmed = true
		c.running.Add(1)
	}
	c.timerAt = at
	if c.timer == nil {
		c.timer = time.AfterFunc(d, c.flushLate)
		return
	}
	c.timer.Reset(d)
}

// stopTimer ends armTimer. mu is held.
func (c *conn) stopTimer() {
	if c.timerArmed && c.timer.Stop() {
		c.timerArmed = false
		c.running.Done()
	}
}

func (c *conn) flushLate() {
	defer c.running.Done()
	defer func() {
		if err := smb.Recovered(recover()); err != nil {
			_ = c.fail(err)
		}
	}()
	c.mu.Lock()
	c.timerArmed = false
	c.mu.Unlock()
	c.flush(true)
}

// flush sends what is queued in one write, as far as the server accepts more requests.
// late: although branches work or requests are in flight.
func (c *conn) flush(late bool) {
	c.writeMu.Lock()
	defer c.writeMu.Unlock()
	c.mu.Lock()
	if c.err != nil || len(c.queue) == 0 || !late && !c.flushable() {
		c.mu.Unlock()
		return
	}
	room, more := c.room()
	n := min(len(c.queue), room)
	if n < len(c.queue) {
		slices.SortStableFunc(c.queue, func(a, b *call) int { return cmp.Compare(b.left, a.left) })
	}
	c.number(c.queue[:n])
	c.queue = slices.Delete(c.queue, 0, n)
	for _, k := range c.queue {
		k.delayed = true
	}
	if n > 0 && more == 0 {
		more = lateAfter
	}
	switch {
	case len(c.queue) == 0:
		c.stopTimer()
	case more > 0:
		c.flushWithin(more)
	}
	if n > 0 && !c.reading {
		c.reading = true
		c.running.Go(c.read)
	}
	c.mu.Unlock()
	if n == 0 {
		return
	}
	if err := c.write(c.out); err != nil {
		_ = c.fail(err)
	}
}

// write writes to the network. A panic is an error, because calls of other goroutines wait
// for what is written.
func (c *conn) write(b []byte) (err error) {
	defer func() {
		if panicked := smb.Recovered(recover()); panicked != nil {
			err = panicked
			c.writes++ // it is not known how much was sent
		}
	}()
	n, err := c.nc.Write(b)
	if n == len(b) {
		c.writes++
	}
	return err
}

// writeCount returns how many flights may have been sent as a whole. It waits for a write under way.
func (c *conn) writeCount() int {
	c.writeMu.Lock()
	defer c.writeMu.Unlock()
	return c.writes
}

// number completes requests, appends them to out and makes them pending. writeMu and mu are
// held.
func (c *conn) number(calls []*call) {
	c.out = c.out[:0]
	now := time.Now()
	for _, k := range calls {
		k.mid, k.sent = c.nextMID(), now
		if k.rounds != nil {
			k.round = k.rounds.Sent()
			if k.delayed {
				k.round = max(k.round, c.lastFreed+1)
			}
		}
		m := k.builder.finish(k.mid)
		if c.signer != nil {
			k.signed, k.seq = true, c.signer.sign(m)
		}
		c.out = append(c.out, k.builder.b...)
		k.builder.release()
		k.builder = nil
		c.pending = append(c.pending, k)
	}
}

// nextMID returns a multiplex identifier that no request in flight has. They start again
// after 65,534 requests, which a kept session sends in hours. mu is held.
func (c *conn) nextMID() uint16 {
	for {
		c.lastMID++
		inUse := func(k *call) bool { return k.mid == c.lastMID }
		if c.lastMID != 0 && c.lastMID != oplockMID && !slices.Contains(c.broken, c.lastMID) && !slices.ContainsFunc(c.pending, inUse) {
			return c.lastMID
		}
	}
}

// readBuffer is the size of a connection's reads: what a server of that age has room for
// in one answer.
const readBuffer = 4356

// read delivers answers as long as requests are in flight.
func (c *conn) read() {
	defer func() {
		if err := smb.Recovered(recover()); err != nil {
			_ = c.fail(err)
		}
	}()
	for {
		in, frame, more := c.nextRead()
		if !more {
			return
		}
		frame, err := netbios.ReadFrame(in, frame, maxFrame)
		if err == nil {
			err = c.deliver(frame)
		} else if c.isFirst() && errors.Is(err, smb.ErrProtocol) {
			err = fmt.Errorf("%w (%s)", smb.ErrNotSMB, err.Error()) // not ErrProtocol any more
		}
		if err != nil {
			_ = c.fail(err)
			return
		}
		c.flushBeside()
	}
}

// flushBeside sends what waits for room, if no goroutine is about to do so. The goroutine
// that reads must not write: a server may not read before its answers are read.
func (c *conn) flushBeside() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.err != nil || !c.flushable() {
		return
	}
	c.running.Go(func() {
		defer func() {
			if err := smb.Recovered(recover()); err != nil {
				_ = c.fail(err)
			}
		}()
		c.flush(false)
	})
}

// isFirst reports whether no request was answered yet.
func (c *conn) isFirst() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return !c.answered
}

// nextRead returns the reader and memory for the next answer. There is none to come if no
// request is in flight: then the goroutine that reads has to end.
func (c *conn) nextRead() (in *bufio.Reader, frame []byte, more bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.err != nil || len(c.pending) == 0 && netbios.SkipKeepAlives(c.in) == 0 {
		c.reading = false
		return nil, nil, false
	}
	if n := len(c.frames); n > 0 {
		frame, c.frames = c.frames[n-1], c.frames[:n-1]
	}
	return c.in, frame, true
}

// deliver hands a frame to the call that it answers.
func (c *conn) deliver(frame []byte) error {
	h, err := parseHeader(frame)
	if err != nil {
		if err = c.deliverOther(frame, err); errors.Is(err, smb.ErrNotSMB) && !c.isFirst() {
			err = fmt.Errorf("%w: a message of %d bytes without an SMB header", smb.ErrProtocol, len(frame))
		}
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if h.mid == oplockMID && h.command == cmdLockingAndX {
		c.recycleFrame(frame)
		return nil // an oplock break; we hold no oplock
	}
	i := slices.IndexFunc(c.pending, func(k *call) bool { return k.mid == h.mid })
	if i < 0 && slices.Contains(c.broken, h.mid) {
		c.recycleFrame(frame)
		return nil
	}
	if i < 0 || c.pending[i].command != h.command || h.flags&flagReply == 0 {
		return fmt.Errorf("%w: %s with MID %d answers no request", smb.ErrProtocol, commandName(h.command), h.mid)
	}
	k := c.pending[i]
	if k.signed && !c.signer.verify(frame, k.seq) {
		return fmt.Errorf("%w: wrong signature on the answer to %s", smb.ErrSigning, k.op)
	}
	c.answered = true
	if k.rounds != nil {
		k.rounds.Answered(k.round)
	}
	c.recycleFrame(k.answer.raw) // of the message before
	k.answer, k.receivedAt = message{header: h, raw: frame}, time.Now()
	if k.onMessage != nil && !h.status.IsError() {
		last, err := k.onMessage(&k.answer)
		if err != nil { // of this answer alone; more messages of it may follow
			k.err = err
			c.broken = append(c.broken, k.mid)
		} else if !last {
			return nil
		}
	}
	c.trace.Answered(k.op, smb.Answer{Status: h.status, Bytes: int32(len(frame)), Round: int32(k.round), Took: k.receivedAt.Sub(k.sent)})
	c.pending = slices.Delete(c.pending, i, i+1)
	c.lastFreed = max(c.lastFreed, k.round)
	if len(c.queue) > 0 {
		c.armTimer()
	}
	c.finish(k)
	c.signalIdle()
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
