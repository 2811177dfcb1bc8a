package prober_test

import (
	"context"
	"encoding/binary"
	"net"
	"sync"
)

// requestCounter is a dial function that counts the messages that are sent.
type requestCounter struct {
	mu    sync.Mutex
	sent  int
	bytes int // both ways
}

func (c *requestCounter) dial(ctx context.Context, kind, address string) (net.Conn, error) {
	conn, err := (&net.Dialer{}).DialContext(ctx, kind, address)
	if err != nil {
		return nil, err
	}
	return &countedRequests{Conn: conn, counter: c}, nil
}

func (c *requestCounter) count(messages, bytes int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.sent += messages
	c.bytes += bytes
}

// sentSince returns how many messages were sent, and begins anew.
func (c *requestCounter) sentSince() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	n := c.sent
	c.sent = 0
	return n
}

// countedRequests finds the messages in what is written, each behind a header of
// four bytes (RFC 1002 4.3.1).
type countedRequests struct {
	net.Conn
	counter *requestCounter
	left    int    // bytes of the message that is being written
	header  []byte // as much as is there of the next header
}

func (c *countedRequests) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	c.counter.count(0, n)
	return n, err
}

func (c *countedRequests) Write(b []byte) (int, error) {
	c.counter.count(0, len(b))
	for rest := b; len(rest) > 0; {
		if c.left > 0 {
			n := min(c.left, len(rest))
			c.left, rest = c.left-n, rest[n:]
			continue
		}
		c.header, rest = append(c.header, rest[0]), rest[1:]
		if len(c.header) == 4 {
			c.left = int(binary.BigEndian.Uint32(c.header) & 0xFFFFFF)
			c.header = nil
			c.counter.count(1, 0)
		}
	}
	return c.Conn.Write(b)
}
