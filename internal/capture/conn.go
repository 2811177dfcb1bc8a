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

// tcpConn is a captured TCP connection. The capture's mu guards its state.
type tcpConn struct {
	net.Conn
	capture *Capture
	client  endpoint
	server  endpoint
	ended   bool // we closed it, or it was reset: nothing more is captured
}

// endpoint is one end of a connection, and the state of what it sends.
type endpoint struct {
	addr    netip.AddrPort
	next    uint32 // sequence number of the next byte
	finSent bool
	stream  stream
}

// newTCPConn captures the handshake of a connection: the SYN has the time when the
// attempt began, the rest the present time. The capture's mu is held.
func newTCPConn(c *Capture, conn net.Conn, local, remote netip.AddrPort, begin time.Time) *tcpConn {
	t := &tcpConn{
		Conn:    conn,
		capture: c,
		client:  endpoint{addr: local, stream: stream{client: true}},
		server:  endpoint{addr: remote},
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
	t.captureBytes(&t.server, &t.client, b[:n])
	switch {
	case errors.Is(err, io.EOF):
		t.sendFIN(&t.server, &t.client)
	case errors.Is(err, syscall.ECONNRESET):
		t.reset()
	}
	return n, err
}

// Write captures before it sends, so that a request comes before its answer.
func (t *tcpConn) Write(b []byte) (int, error) {
	t.capture.mu.Lock()
	t.captureBytes(&t.client, &t.server, b)
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
		t.sendFIN(&t.client, &t.server)
		t.ended = true
	}
	t.capture.mu.Unlock()
	return t.Conn.Close()
}

// captureBytes captures the frames that b completes.
func (t *tcpConn) captureBytes(from, to *endpoint, b []byte) {
	if t.ended || from.finSent {
		return
	}
	from.stream.add(b, func(piece []byte) { t.payload(from, to, piece) })
}

// flush captures the beginning of a frame whose rest has not arrived.
func (t *tcpConn) flush(from, to *endpoint) {
	from.stream.flush(func(piece []byte) { t.payload(from, to, piece) })
}

// sendFIN captures the FIN of one end.
func (t *tcpConn) sendFIN(from, to *endpoint) {
	if t.ended || from.finSent {
		return
	}
	t.flush(from, to)
	from.finSent = true
	now := time.Now()
	t.segment(now, from, to, flagFIN|flagACK, nil)
	if from == &t.server {
		t.acknowledge(now, to, from) // whether the peer acknowledges our FIN is not known
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
func (t *tcpConn) payload(from, to *endpoint, piece []byte) {
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

func (t *tcpConn) acknowledge(at time.Time, from, to *endpoint) {
	t.segment(at, from, to, flagACK, nil)
}

// segment captures one segment, and counts its sequence numbers: SYN and FIN take one
// each (RFC 9293 3.4).
func (t *tcpConn) segment(at time.Time, from, to *endpoint, flags byte, payload []byte) {
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
		t.capture.fail(fmt.Errorf("build a packet of the capture, from %s to %s: %w", from.addr, to.addr, err))
		return
	}
	t.capture.write(at, packet)
}

// udpConn is a captured, connected UDP socket: NetBIOS node status, which holds no
// secret.
type udpConn struct {
	net.Conn
	capture       *Capture
	local, remote netip.AddrPort
}

func (u *udpConn) Read(b []byte) (int, error) {
	n, err := u.Conn.Read(b)
	if err == nil {
		u.datagram(u.remote, u.local, b[:n])
	}
	return n, err
}

// Write captures before it sends, so that a request comes before its answer.
func (u *udpConn) Write(b []byte) (int, error) {
	u.datagram(u.local, u.remote, b)
	return u.Conn.Write(b)
}

func (u *udpConn) datagram(from, to netip.AddrPort, payload []byte) {
	u.capture.mu.Lock()
	defer u.capture.mu.Unlock()
	packet, err := udpPacket(from, to, payload)
	if err != nil {
		u.capture.fail(fmt.Errorf("build a packet of the capture, from %s to %s: %w", from, to, err))
		return
	}
	u.capture.write(time.Now(), packet)
}
