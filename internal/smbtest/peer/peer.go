package peer

import (
	"errors"
	"net"
	"net/netip"
	"slices"
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
	changed     *sync.Cond // a connection was accepted or has ended
	connections []*Connection
}

// Start starts a peer on a free port. The end of the test stops it and waits for its goroutines.
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

// Silent starts a listener that accepts connections and sends nothing.
func Silent(t testing.TB) *Peer {
	t.Helper()
	return Start(t, Script{Faults: map[Step]Fault{StepAccept: {Kind: Hang}}})
}

// Addr returns the address that the peer listens on.
func (p *Peer) Addr() netip.AddrPort { return p.listener.Addr().(*net.TCPAddr).AddrPort() }

// Port returns the TCP port that the peer listens on.
func (p *Peer) Port() uint16 { return p.Addr().Port() }

// Accepted returns the number of connections so far.
func (p *Peer) Accepted() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.connections)
}

// Connections returns what was received so far, in the order of the connections.
func (p *Peer) Connections() []Connection {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.copies()
}

// Finished waits until every connection is closed, and returns what was received on them. It
// fails the test after a minute.
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

// Connection is what a peer received on one connection.
type Connection struct {
	Commands    []Step   // every command, including those of chains
	Frames      int      // requests: a chain is one
	CalledNames []string // without padding and suffix
	CallingName string
	Dialects    []string
	Logins      []Attempt
	Shares      []string // paths of tree connects
	Paths       []string // of opens
	MaxInFlight int      // the most unanswered requests at a time
	Malformed   []string // what could not be decoded
	Ended       bool     // the connection is closed
}

// Attempt is one SESSION_SETUP_ANDX.
type Attempt struct {
	Username, Domain       string
	LMResponse, NTResponse []byte
	Flags2                 uint16
	VcNumber               uint16
	MaxMpxCount            uint16
	MaxBufferSize          uint16
	Capabilities           uint32
}

func (c *Connection) clone() Connection {
	d := *c
	d.Commands = slices.Clone(c.Commands)
	d.CalledNames = slices.Clone(c.CalledNames)
	d.Dialects = slices.Clone(c.Dialects)
	d.Logins = slices.Clone(c.Logins)
	d.Shares = slices.Clone(c.Shares)
	d.Paths = slices.Clone(c.Paths)
	d.Malformed = slices.Clone(c.Malformed)
	return d
}
