package smb2

import (
	"encoding/binary"
	"net"
)

// watchedConn tells of every frame that comes in before its last byte is read.
type watchedConn struct {
	net.Conn
	onFrame func(frame []byte) // without the transport header
	seen    []byte
}

func (c *watchedConn) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	c.seen = append(c.seen, b[:n]...)
	for len(c.seen) >= transportHeader {
		end := transportHeader + int(binary.BigEndian.Uint32(c.seen)&0xFFFFFF)
		if len(c.seen) < end {
			break
		}
		c.onFrame(c.seen[transportHeader:end])
		c.seen = c.seen[end:]
	}
	return n, err
}
