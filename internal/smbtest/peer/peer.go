package peer

import (
	"errors"
	"net"
	"net/netip"
	"sync"
	"testing"
	"time"
)

// Peer is a scripted server that runs until the end of its test.
type Peer struct {
	t        testing.TB
	script   Script
	listener *net.TCPListener
	done     chan struct{} // closed when the peer stops
	running  sync.WaitGroup

	mu          sync.Mutex
	changed     *sync.Cond // a connection came or ended
	connections []*Connection
}

// Start starts a peer on a free port. The end of the test stops it and waits for
// all that it runs.
func Start(t testing.TB, script Script) *Peer {
	t.Helper()
	if !script.Listen.IsValid() {
		script.Listen = netip.AddrFrom4([4]byte{127, 0, 0, 1})
	}
	p := &Peer{t: t, script: script, done: make(chan struct{})}
	p.changed = sync.NewCond(&p.mu)
	var err error
	p.listener, err = net.ListenTCP("tcp", net.TCPAddrFromAddrPort(netip.AddrPortFrom(script.Listen, 0)))
	if err != nil {
		t.Fatalf("starting a scripted server: %v", err)
	}
	p.running.Go(p.accept)
	t.Cleanup(p.stop)
	return p
}

// Silent starts a listener that accepts connections and says nothing.
func Silent(t testing.TB) *Peer {
	t.Helper()
	return Start(t, Script{Faults: map[Step]Fault{StepAccept: {Kind: Hang}}})
}

// Addr returns where the peer listens.
func (p *Peer) Addr() netip.AddrPort { return p.listener.Addr().(*net.TCPAddr).AddrPort() }

// Port returns the TCP port that the peer listens on.
func (p *Peer) Port() uint16 { return p.Addr().Port() }

// Accepted returns the number of connections that came up to now.
func (p *Peer) Accepted() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.connections)
}

// Connections returns what was received up to now, in the order in which the
// connections came.
func (p *Peer) Connections() []Connection {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.copies()
}

// Finished waits until every connection that came is closed, and returns what
// was received on them. It fails the test where that takes a minute.
func (p *Peer) Finished() []Connection {
	p.t.Helper()
	expired := false
	timer := time.AfterFunc(time.Minute, func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		expired = true
		p.changed.Broadcast()
	})
	defer timer.Stop()
	p.mu.Lock()
	defer p.mu.Unlock()
	for !p.allEnded() {
		if expired {
			p.t.Errorf("a connection to the scripted server is still open: %+v", p.copies())
			break
		}
		p.changed.Wait()
	}
	return p.copies()
}

func (p *Peer) allEnded() bool {
	for _, c := range p.connections {
		if !c.Ended {
			return false
		}
	}
	return true
}

func (p *Peer) copies() []Connection {
	all := make([]Connection, 0, len(p.connections))
	for _, c := range p.connections {
		all = append(all, c.clone())
	}
	return all
}

func (p *Peer) stop() {
	close(p.done)
	if err := p.listener.Close(); err != nil {
		p.t.Errorf("stopping a scripted server: %v", err)
	}
	p.running.Wait()
}

func (p *Peer) accept() {
	for {
		conn, err := p.listener.AcceptTCP()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			p.t.Errorf("accepting a connection: %v", err)
			return
		}
		c := newConversation(p, conn)
		p.mu.Lock()
		p.connections = append(p.connections, c.record)
		p.mu.Unlock()
		p.running.Go(c.run)
	}
}
