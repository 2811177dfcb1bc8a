package capture

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"sync"
	"time"
)

// snapLength is the size in bytes of the longest packet in the file.
const snapLength = 65535

// ErrNotIP is the error of a connection that cannot be captured because it is not TCP or UDP
// between two IP addresses of the same family.
var ErrNotIP = errors.New("not a TCP or UDP connection between two IP addresses")

// Capture writes the traffic of connections to a pcap file (link type RAW, microseconds).
// It and its connections are safe for concurrent use.
type Capture struct {
	mu     sync.Mutex // guards what follows, and the state of all connections
	w      io.Writer
	record []byte // buffer for a packet with its header
	closed bool
	err    error
}

// New starts a capture by writing the file's header to w. Each packet is one Write, so that
// the file is valid up to its last packet however the program ends. The error is the
// writer's.
func New(w io.Writer) (*Capture, error) {
	c := &Capture{w: w}
	if _, err := w.Write(appendFileHeader(nil)); err != nil {
		return nil, fmt.Errorf("write the header of the capture: %w", err)
	}
	return c, nil
}

// Dial returns a dial function that connects with next and captures the TCP and UDP
// connections. A connection that cannot be captured still works, and the error of Close is
// then ErrNotIP.
func (c *Capture) Dial(next func(ctx context.Context, network, address string) (net.Conn, error)) func(ctx context.Context, network, address string) (net.Conn, error) {
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		begin := time.Now()
		conn, err := next(ctx, network, address)
		if err != nil {
			return nil, err
		}
		return c.watch(conn, begin), nil
	}
}

// Close ends the capture and returns its first error, after which nothing was written. It
// does not close the writer. Open connections go on without being captured.
func (c *Capture) Close() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.closed = true
	return c.err
}

// watch returns a captured conn. The attempt to connect began at begin.
func (c *Capture) watch(conn net.Conn, begin time.Time) net.Conn {
	local, remote := conn.LocalAddr(), conn.RemoteAddr()
	from, errFrom := addrPort(local)
	to, errTo := addrPort(remote)
	network := remote.Network()
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case errFrom != nil || errTo != nil || from.Addr().Is4() != to.Addr().Is4():
	case network == "tcp":
		return newTCPConn(c, conn, from, to, begin)
	case network == "udp":
		return &udpConn{Conn: conn, capture: c, local: from, remote: to}
	}
	c.fail(fmt.Errorf("capture %s from %s to %s: %w", network, local, remote, ErrNotIP))
	return conn
}

// addrPort returns the address of one end of a connection. An IPv4-mapped IPv6 address is
// the IPv4 address, which is what the packets have.
func addrPort(a net.Addr) (netip.AddrPort, error) {
	p, err := netip.ParseAddrPort(a.String())
	return netip.AddrPortFrom(p.Addr().Unmap(), p.Port()), err
}

// write writes one packet, from the IP header on. mu is held.
func (c *Capture) write(at time.Time, packet []byte) {
	if c.closed || c.err != nil {
		return
	}
	c.record = appendRecord(c.record[:0], at, packet)
	if _, err := c.w.Write(c.record); err != nil {
		c.fail(fmt.Errorf("write the capture: %w", err))
	}
}

// fail keeps the first error. mu is held.
func (c *Capture) fail(err error) {
	if c.err == nil {
		c.err = err
	}
}
