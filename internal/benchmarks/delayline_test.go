//go:build peers

package benchmarks

import (
	"fmt"
	"io"
	"net"
	"net/netip"
	"sync"
	"testing"
	"time"
)

// delayLine passes connections on to a server, each byte half a round trip later, and
// counts what it passes on.
type delayLine struct {
	listener net.Listener
	server   netip.AddrPort
	half     time.Duration

	mu       sync.Mutex
	requests int // messages of clients
	flights  int // what they wait for: handshakes, and each message or more that is sent after an answer
	bytes    int
}

func startDelayLine(t *testing.T, server netip.AddrPort, roundTrip time.Duration) *delayLine {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	d := &delayLine{listener: l, server: server, half: roundTrip / 2}
	var running sync.WaitGroup
	running.Go(func() {
		for {
			client, err := l.Accept()
			if err != nil {
				return
			}
			running.Go(func() { d.pass(client) })
		}
	})
	t.Cleanup(func() {
		_ = l.Close()
		running.Wait()
	})
	return d
}

func (d *delayLine) port() uint16 { return uint16(d.listener.Addr().(*net.TCPAddr).Port) }

// take returns the counts since the last call.
func (d *delayLine) take() (requests, flights, bytes int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	requests, flights, bytes = d.requests, d.flights, d.bytes
	d.requests, d.flights, d.bytes = 0, 0, 0
	return requests, flights, bytes
}

// pass passes one connection on. The handshake, which takes no time here, is added to the
// first bytes.
func (d *delayLine) pass(client net.Conn) {
	defer client.Close()
	server, err := net.Dial("tcp", d.server.String())
	if err != nil {
		return
	}
	defer server.Close()
	accepted := time.Now()
	d.count(0, 1, 0)
	var mu sync.Mutex
	answered := true // since the client's last message
	var passing sync.WaitGroup
	passing.Go(func() {
		var f frames
		copyLate(server, client, func() time.Time { return later(accepted.Add(2*d.half), time.Now()).Add(d.half) }, func(b []byte) {
			mu.Lock()
			defer mu.Unlock()
			flights := 0
			if answered {
				answered, flights = false, 1
			}
			d.count(f.add(b), flights, len(b))
		})
		_ = server.(*net.TCPConn).CloseWrite()
	})
	passing.Go(func() {
		copyLate(client, server, func() time.Time { return time.Now().Add(d.half) }, func(b []byte) {
			mu.Lock()
			defer mu.Unlock()
			answered = true
			d.count(0, 0, len(b))
		})
		_ = client.Close()
	})
	passing.Wait()
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

func (d *delayLine) count(requests, flights, bytes int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.requests += requests
	d.flights += flights
	d.bytes += bytes
}

// chunk is what was read at once, and when it is to be written.
type chunk struct {
	at   time.Time
	data []byte
}

// copyLate copies until the end.
func copyLate(to io.Writer, from io.Reader, due func() time.Time, seen func([]byte)) {
	chunks := make(chan chunk, 4096)
	var writing sync.WaitGroup
	writing.Go(func() {
		for c := range chunks {
			time.Sleep(time.Until(c.at))
			if _, err := to.Write(c.data); err != nil {
				break
			}
		}
		for range chunks { // the rest is of no use
		}
	})
	for {
		b := make([]byte, 64<<10)
		n, err := from.Read(b)
		if n > 0 {
			seen(b[:n])
			chunks <- chunk{due(), b[:n]}
		}
		if err != nil {
			break
		}
	}
	close(chunks)
	writing.Wait()
}

func (d *delayLine) String() string { return fmt.Sprintf("127.0.0.1:%d", d.port()) }
