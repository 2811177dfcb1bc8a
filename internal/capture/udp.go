package capture

import (
	"fmt"
	"net"
	"net/netip"
	"time"
)

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

// Write captures before it sends, so that no answer comes before its question.
func (u *udpConn) Write(b []byte) (int, error) {
	u.datagram(u.local, u.remote, b)
	return u.Conn.Write(b)
}

func (u *udpConn) datagram(from, to netip.AddrPort, payload []byte) {
	u.capture.mu.Lock()
	defer u.capture.mu.Unlock()
	packet, err := udpPacket(from, to, payload)
	if err != nil {
		u.capture.fail(fmt.Errorf("make a packet of the capture, from %s to %s: %w", from, to, err))
		return
	}
	u.capture.write(time.Now(), packet)
}
