package capture

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"syscall"
	"time"
)

// tcpConn is a captured TCP connection. Its flow is guarded by the capture's mu.
type tcpConn struct {
	net.Conn
	capture *Capture
	client  half
	server  half
	ended   bool // by us, or by a reset: nothing more is captured
}

// half is one end of a connection, and what it sends.
type half struct {
	addr   netip.AddrPort
	next   uint32 // sequence number of the next byte
	fin    bool   // has sent its FIN
	stream stream
}

// newTCPConn captures the handshake of a connection: the SYN at the time when the
// attempt began, the rest now. The capture's mu is held.
func newTCPConn(c *Capture, conn net.Conn, local, remote netip.AddrPort, begin time.Time) *tcpConn {
	t := &tcpConn{
		Conn:    conn,
		capture: c,
		client:  half{addr: local, stream: stream{client: true}},
		server:  half{addr: remote},
	}
	t.segment(begin, &t.client, &t.server, flagSYN, nil)
	now := time.Now()
	t.segment(now, &t.server, &t.client, flagSYN|flagACK, nil)
	t.acknowledge(now, &t.client, &t.server)
	return t
}

func (t *tcpConn) Read(b []byte) (int, error) {
	n, err := t.Conn.Read(b)
	t.capture.mu.Lock()
	defer t.capture.mu.Unlock()
	t.carry(&t.server, &t.client, b[:n])
	switch {
	case errors.Is(err, io.EOF):
		t.finish(&t.server, &t.client)
	case errors.Is(err, syscall.ECONNRESET):
		t.reset()
	}
	return n, err
}

// Write captures before it sends, so that no answer comes before its question.
func (t *tcpConn) Write(b []byte) (int, error) {
	t.capture.mu.Lock()
	t.carry(&t.client, &t.server, b)
	t.capture.mu.Unlock()
	n, err := t.Conn.Write(b)
	if errors.Is(err, syscall.ECONNRESET) {
		t.capture.mu.Lock()
		defer t.capture.mu.Unlock()
		t.reset()
	}
	return n, err
}

func (t *tcpConn) Close() error {
	t.capture.mu.Lock()
	if !t.ended {
		t.flush(&t.server, &t.client)
		t.finish(&t.client, &t.server)
		t.ended = true
	}
	t.capture.mu.Unlock()
	return t.Conn.Close()
}

// carry captures the frames that b completes.
func (t *tcpConn) carry(from, to *half, b []byte) {
	if t.ended || from.fin {
		return
	}
	from.stream.add(b, func(piece []byte) { t.payload(from, to, piece) })
}

// flush captures what waits for the rest of its frame.
func (t *tcpConn) flush(from, to *half) {
	from.stream.flush(func(piece []byte) { t.payload(from, to, piece) })
}

// finish captures the FIN of one end.
func (t *tcpConn) finish(from, to *half) {
	if t.ended || from.fin {
		return
	}
	t.flush(from, to)
	from.fin = true
	now := time.Now()
	t.segment(now, from, to, flagFIN|flagACK, nil)
	if from == &t.server {
		t.acknowledge(now, to, from) // ours; that the peer acknowledges our FIN is not known
	}
}

// reset captures the peer's RST.
func (t *tcpConn) reset() {
	if t.ended {
		return
	}
	t.flush(&t.client, &t.server)
	t.flush(&t.server, &t.client)
	t.segment(time.Now(), &t.server, &t.client, flagRST|flagACK, nil)
	t.ended = true
}

// payload captures a piece of a stream in segments, and its acknowledgement.
func (t *tcpConn) payload(from, to *half, piece []byte) {
	now := time.Now()
	for len(piece) > 0 {
		n := min(len(piece), maxSegment)
		flags := byte(flagACK)
		if n == len(piece) {
			flags |= flagPSH
		}
		t.segment(now, from, to, flags, piece[:n])
		piece = piece[n:]
	}
	t.acknowledge(now, to, from)
}

func (t *tcpConn) acknowledge(at time.Time, from, to *half) {
	t.segment(at, from, to, flagACK, nil)
}

// segment captures one segment with the flags that it has, and counts its sequence
// numbers: SYN and FIN take one each (RFC 9293 3.4).
func (t *tcpConn) segment(at time.Time, from, to *half, flags byte, payload []byte) {
	s := tcpSegment{seq: from.next, flags: flags}
	if s.has(flagACK) {
		s.ack = to.next
	}
	from.next += uint32(len(payload))
	if s.has(flagSYN | flagFIN) {
		from.next++
	}
	packet, err := tcpPacket(from.addr, to.addr, s, payload)
	if err != nil {
		t.capture.fail(fmt.Errorf("make a packet of the capture, from %s to %s: %w", from.addr, to.addr, err))
		return
	}
	t.capture.write(at, packet)
}
