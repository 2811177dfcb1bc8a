package simnt

import (
	"bufio"
	"errors"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// idleTime is how long a client may be silent (MS-CIFS appendix A <6>).
	idleTime = 15 * time.Minute
	// writeTime is how long a client may leave an answer unread.
	writeTime = time.Minute
	// readAhead is the buffer of reads from the network, in bytes: the requests in it arrived
	// together.
	readAhead = 64 << 10
)

// conn is one connection. It has two goroutines: one reads requests, and the other owns all
// state and answers them one after another.
type conn struct {
	host   *Host
	nc     net.Conn
	client string // calling name, or address without NetBIOS; guarded by Host.mu

	inFlight atomic.Int64 // requests received and not answered
	answers  atomic.Int64 // sent

	negotiated         bool
	challenge          [8]byte
	clientBuffer       int    // bytes of the largest SMB that the client accepts; 0 before the first login
	clientCapabilities uint32 // of the first login
	signer             *signer
	sessions           map[uint16]*session
	trees              map[uint16]*tree
	opens              map[uint16]*open
	lastUID            uint16
	lastTID            uint16
	lastFID            uint16
	searches           map[uint16]*search
	lastSID            uint16
	delayed            []delayed // ordered by time
}

// delayed is an answer that is sent at a time.
type delayed struct {
	at     time.Time
	answer func()
}

func newConn(h *Host, nc net.Conn) *conn {
	const firstID = 0x0800 // as NT counts
	c := &conn{
		host:     h,
		nc:       nc,
		sessions: map[uint16]*session{},
		trees:    map[uint16]*tree{},
		opens:    map[uint16]*open{},
		searches: map[uint16]*search{},
		lastUID:  firstID - 1,
		lastTID:  firstID - 1,
		lastFID:  firstID - 1,
	}
	// An error means that the connection has ended: then the client is not needed.
	c.client, _, _ = net.SplitHostPort(nc.RemoteAddr().String())
	return c
}

// end closes the connection, which ends both goroutines. It is safe for concurrent use, and
// may be called more than once.
func (c *conn) end() { _ = c.nc.Close() }

// run serves the connection until it ends.
func (c *conn) run() {
	defer c.end()
	r := bufio.NewReaderSize(c.nc, readAhead)
	first, ok := c.startSession(r)
	if !ok {
		return
	}
	batches, stop := make(chan []*request), make(chan struct{})
	var reading sync.WaitGroup
	reading.Go(func() {
		defer close(batches)
		c.read(r, first, batches, stop)
	})
	c.serve(batches)
	c.end()
	close(stop)
	reading.Wait()
	c.closeAll()
}

// startSession answers the session request, if one comes first. Otherwise it returns the
// first packet, of direct TCP.
func (c *conn) startSession(r *bufio.Reader) (first *packet, ok bool) {
	p, err := c.readPacket(r)
	if err != nil {
		return nil, false
	}
	if p.kind != packetRequest {
		if c.host.options.NetBIOSOnly {
			c.dropped()
			return nil, false
		}
		return &p, true
	}
	if c.host.currentPhase() == PhaseHung {
		return nil, true // read on, without an answer
	}
	calling, code := c.host.sessionRequest(p.payload)
	answer := appendPacket(nil, packetPositive, nil)
	if code != 0 {
		answer = appendPacket(nil, packetNegative, []byte{code})
	}
	if !c.write(answer) || code != 0 {
		return nil, false
	}
	c.host.mu.Lock()
	c.client = calling
	c.host.mu.Unlock()
	return nil, true
}

func (c *conn) readPacket(r *bufio.Reader) (packet, error) {
	if err := c.nc.SetReadDeadline(time.Now().Add(idleTime)); err != nil {
		return packet{}, err
	}
	p, err := readPacket(r, int(c.host.options.MaxBufferSize))
	if errors.Is(err, errTooLong) {
		c.dropped()
	}
	return p, err
}

// read reads requests until the connection ends, or the client sends something that a server
// closes the connection for. Requests that arrived together are passed on together.
func (c *conn) read(r *bufio.Reader, first *packet, batches chan<- []*request, stop <-chan struct{}) {
	for ended := false; !ended; {
		var batch []*request
		for more := true; more && !ended; more = hasPacket(r) {
			var request *request
			request, ended = c.next(r, first)
			first = nil
			if request != nil {
				batch = append(batch, request)
			}
		}
		if len(batch) == 0 {
			continue
		}
		select {
		case batches <- batch:
		case <-stop:
			return
		}
	}
}

// next reads a packet and returns the request in it, nil for a keep-alive. ended reports
// whether the connection is over.
func (c *conn) next(r *bufio.Reader, first *packet) (_ *request, ended bool) {
	p := first
	if p == nil {
		read, err := c.readPacket(r)
		if err != nil {
			return nil, true
		}
		p = &read
	}
	if p.kind == packetKeepAlive {
		return nil, false
	}
	request, ok := parseRequest(p.payload)
	if p.kind != packetMessage || !ok || !c.admit(request) {
		c.dropped()
		return nil, true
	}
	return request, false
}

// admit counts a request, and reports whether the client may have this many in flight.
func (c *conn) admit(r *request) bool {
	r.answered, r.ignored = c.answers.Load(), c.host.currentPhase() == PhaseHung
	n := 0
	if r.command != cmdNTCancel && !r.ignored { // those are never answered
		n = int(c.inFlight.Add(1))
	}
	c.host.counters.change(func(s *Statistics) {
		s.Messages++
		s.MaxInFlight = max(s.MaxInFlight, n)
	})
	return n <= int(c.host.options.MaxMpxCount)
}

// dropped counts a connection that the server closes because of what the client sent.
func (c *conn) dropped() {
	c.host.counters.change(func(s *Statistics) { s.Dropped++ })
}

// serve answers requests until batches is closed.
func (c *conn) serve(batches <-chan []*request) {
	for {
		var due <-chan time.Time
		if len(c.delayed) > 0 {
			due = time.After(time.Until(c.delayed[0].at))
		}
		select {
		case batch, ok := <-batches:
			if !ok {
				return
			}
			for _, r := range batch {
				c.handle(r)
			}
		case <-due:
			first := c.delayed[0]
			c.delayed = c.delayed[1:]
			first.answer()
		}
	}
}

// answerLater sends an answer after a delay, which is the same for all answers of a host.
func (c *conn) answerLater(delay time.Duration, answer func()) {
	c.delayed = append(c.delayed, delayed{time.Now().Add(delay), answer})
}

// write writes to the network and reports whether that worked. If not, it ends the connection.
func (c *conn) write(b []byte) bool {
	err := c.nc.SetWriteDeadline(time.Now().Add(writeTime))
	if err == nil {
		_, err = c.nc.Write(b)
	}
	if err != nil {
		c.end()
	}
	return err == nil
}
