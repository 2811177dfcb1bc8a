package faultproxy

import (
	"cmp"
	"context"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"sync"
	"testing"
	"time"
)

// reorderPatience is how long Reorder waits for the next message.
const reorderPatience = 50 * time.Millisecond

// Proxy is a running proxy. It is safe for concurrent use.
type Proxy struct {
	server   netip.AddrPort
	rule     rule
	seed     uint64
	counts   Direction     // whose messages Messages counts
	interval time.Duration // between two bytes that are sent slowly
	patience time.Duration // for the message that is to come first

	listener *net.TCPListener
	running  sync.WaitGroup // all goroutines
	ctx      context.Context
	cancel   context.CancelFunc

	mu          sync.Mutex
	closed      bool
	open        map[*net.TCPConn]struct{} // both sides of every conversation
	connections int
	numbers     [2]int  // the next number of each direction
	struck      []Place // the messages that were spoiled
}

// Start starts a proxy before a server. The end of the test closes it.
func Start(t testing.TB, server netip.AddrPort, f Fault) *Proxy {
	t.Helper()
	p, err := Listen(server, f)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Close)
	return p
}

// Listen is Start without a test. The caller closes the proxy.
func Listen(server netip.AddrPort, f Fault) (*Proxy, error) {
	interval := cmp.Or(f.Interval, time.Second)
	return listen(&Proxy{server: server, rule: f, seed: f.Seed, counts: f.Toward, interval: interval, patience: reorderPatience})
}

func listen(p *Proxy) (*Proxy, error) {
	l, err := net.ListenTCP("tcp4", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		return nil, fmt.Errorf("starting a fault proxy before %s: %w", p.server, err)
	}
	p.listener, p.open = l, map[*net.TCPConn]struct{}{}
	p.ctx, p.cancel = context.WithCancel(context.Background())
	p.running.Go(p.accept)
	return p, nil
}

// Addr returns where the proxy listens, on 127.0.0.1.
func (p *Proxy) Addr() netip.AddrPort { return p.listener.Addr().(*net.TCPAddr).AddrPort() }

// Messages returns how many messages of the fault's direction came up to now; of a
// hostile proxy, those of the server. Those after the end of a spoiled connection,
// which nobody gets, do not count.
func (p *Proxy) Messages() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.numbers[p.counts]
}

// Fired reports whether a message was spoiled.
func (p *Proxy) Fired() bool {
	_, fired := p.Struck()
	return fired
}

// Struck returns the first message that was spoiled, if one was.
func (p *Proxy) Struck() (Place, bool) {
	all := p.AllStruck()
	if len(all) == 0 {
		return Place{}, false
	}
	return all[0], true
}

// AllStruck returns the messages that were spoiled, in their order.
func (p *Proxy) AllStruck() []Place {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.struck)
}

// Close ends all connections and waits for all that the proxy runs. It may be called
// more than once.
func (p *Proxy) Close() {
	p.mu.Lock()
	p.closed = true
	for conn := range p.open {
		_ = conn.Close()
	}
	p.mu.Unlock()
	p.cancel()
	_ = p.listener.Close()
	p.running.Wait()
}

// accept ends when the listener is closed.
func (p *Proxy) accept() {
	for {
		client, err := p.listener.AcceptTCP()
		if err != nil {
			return
		}
		p.mu.Lock()
		number := p.connections
		p.connections++
		p.mu.Unlock()
		p.running.Go(func() { p.converse(client, number) })
	}
}

// keep notes a connection, for Close to end it. It is false, and the connection
// closed, where Close was there before.
func (p *Proxy) keep(conn *net.TCPConn) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		_ = conn.Close()
		return false
	}
	p.open[conn] = struct{}{}
	return true
}

func (p *Proxy) drop(conn *net.TCPConn) {
	_ = conn.Close()
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.open, conn)
}

// place gives a message its number.
func (p *Proxy) place(d Direction, connection, index int) Place {
	p.mu.Lock()
	defer p.mu.Unlock()
	place := Place{Direction: d, Number: p.numbers[d], Connection: connection, Index: index}
	p.numbers[d]++
	return place
}

func (p *Proxy) strike(place Place) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.struck = append(p.struck, place)
}
