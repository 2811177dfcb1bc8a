package simnt

import (
	"errors"
	"fmt"
	"net"
	"sync"
	"time"

	"github.com/rasphone-exporter/rasphone_exporter/internal/simnt/rpc"
)

// ErrClosed is what Serve returns after Close.
var ErrClosed = errors.New("simnt: the host is closed")

// Phase is how a host behaves towards connections.
type Phase int

// The phases.
const (
	PhaseAnswering Phase = iota
	PhaseHung            // accepts connections and requests, and never answers
	PhaseRefusing        // closes every connection at once
)

// maxConnections is how many connections a host has at most; one more is closed at once.
const maxConnections = 1024

// Host is a simulated server. It is safe for concurrent use, and may be changed while it serves.
type Host struct {
	options  Options
	system   *rpc.System
	counters counters
	serving  sync.WaitGroup // connections, and calls of Serve
	done     chan struct{}  // closed by Close

	mu        sync.Mutex // guards what follows; never held over I/O
	accounts  map[string]*account
	shares    map[string]*share
	disk      *node // of drive C:
	phase     Phase
	refusal   byte // the code that session requests are refused with; 0: none
	closed    bool
	listeners map[net.Listener]bool
	conns     map[*conn]bool
	sessions  int
}

// New makes a host with the shares ADMIN$, C$ and IPC$, a sound phone book in
// C:\WINNT\System32\Ras, and the event logs' files. It has no account yet.
func New(o Options) (*Host, error) {
	o, err := o.complete()
	if err != nil {
		return nil, err
	}
	h := &Host{
		options:   o,
		accounts:  map[string]*account{},
		shares:    newShares(),
		listeners: map[net.Listener]bool{},
		conns:     map[*conn]bool{},
		done:      make(chan struct{}),
	}
	h.system = rpc.NewSystem(rpc.Options{
		Name:             o.Name,
		Domain:           o.Domain,
		Major:            o.major(),
		Server:           !o.Workstation,
		DomainController: o.DomainController,
		Now:              h.now,
		Started:          h.now().Add(-72 * time.Hour),
		FragmentSize:     o.RPCFragmentSize,
		LongFragments:    o.RPCLongFragments,
	})
	h.system.SetShares(h.listShares)
	h.newRegistry()
	h.newVolume()
	return h, nil
}

// newRegistry writes the options to the registry.
func (h *Host) newRegistry() {
	const (
		currentVersion = `SOFTWARE\Microsoft\Windows NT\CurrentVersion`
		parameters     = `SYSTEM\CurrentControlSet\Services\LanmanServer\Parameters`
		lsa            = `SYSTEM\CurrentControlSet\Control\Lsa`
	)
	r, o := h.system.Registry(), h.options
	r.CreateKey(parameters)
	if o.ServicePack > 0 {
		r.SetText(currentVersion, "CSDVersion", fmt.Sprintf("Service Pack %d", o.ServicePack))
	}
	if o.Signing != SigningOff {
		r.SetNumber(parameters, "EnableSecuritySignature", 1)
	}
	if o.Signing == SigningRequired {
		r.SetNumber(parameters, "RequireSecuritySignature", 1)
	}
	if o.LMCompatibility > 0 {
		r.SetNumber(lsa, "LMCompatibilityLevel", uint32(o.LMCompatibility))
	}
}

// now returns the time by the server's clock.
func (h *Host) now() time.Time { return h.options.Now().Add(h.options.ClockOffset) }

// System returns the programs behind the pipes: event logs, registry, services.
func (h *Host) System() *rpc.System { return h.system }

// Statistics returns the numbers so far.
func (h *Host) Statistics() Statistics { return h.counters.get() }

// SetPhase sets the phase, also for existing connections: PhaseHung leaves their requests
// unanswered, PhaseRefusing closes them.
func (h *Host) SetPhase(p Phase) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.phase = p
	if p == PhaseRefusing {
		h.endConnections()
	}
}

func (h *Host) currentPhase() Phase {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.phase
}

// SetSessionRefusal makes the host refuse every NetBIOS session request with a code
// (RFC 1002 4.3.4); 0: it accepts them as usual. Existing sessions go on. An NT 4.0
// whose Server service is stopped refuses with CodeCalledNameNotPresent, because the NetBT
// driver keeps port 139 open (Q241041), or with CodeNotListening while the name is still
// registered.
func (h *Host) SetSessionRefusal(code byte) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.refusal = code
}

func (h *Host) currentRefusal() byte {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.refusal
}

// endConnections ends all connections. Host.mu is held.
func (h *Host) endConnections() {
	for c := range h.conns {
		c.end()
	}
}

// Serve accepts connections until the host or the listener is closed; it closes the listener.
// The error is ErrClosed after Close. Other errors of the listener, such as too many open
// files, do not end it: it tries again after a while.
func (h *Host) Serve(l net.Listener) error {
	if !h.addListener(l) {
		_ = l.Close()
		return ErrClosed
	}
	defer h.removeListener(l)
	const shortest, longest = 5 * time.Millisecond, time.Second
	for wait := shortest; ; {
		nc, err := l.Accept()
		switch {
		case err == nil:
			wait = shortest
			h.serve(nc)
			continue
		case h.isClosed():
			return ErrClosed
		case errors.Is(err, net.ErrClosed):
			return fmt.Errorf("simnt: %s: accepting connections on %s: %w", h.options.Name, l.Addr(), err)
		}
		select {
		case <-time.After(wait):
		case <-h.done:
			return ErrClosed
		}
		wait = min(2*wait, longest)
	}
}

// addListener registers a listener, and reports whether the host is still open.
func (h *Host) addListener(l net.Listener) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed {
		return false
	}
	h.listeners[l] = true
	h.serving.Add(1)
	return true
}

func (h *Host) removeListener(l net.Listener) {
	h.mu.Lock()
	delete(h.listeners, l)
	h.mu.Unlock()
	_ = l.Close() // fails if Close has closed it
	h.serving.Done()
}

func (h *Host) isClosed() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.closed
}

// serve starts the goroutine of a connection, or closes it.
func (h *Host) serve(nc net.Conn) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed || h.phase == PhaseRefusing || len(h.conns) >= maxConnections {
		_ = nc.Close() // nothing was sent on it
		return
	}
	c := newConn(h, nc)
	h.conns[c] = true
	h.counters.change(func(s *Statistics) {
		s.Connections++
		s.ConnectionsNow++
	})
	h.serving.Go(func() {
		c.run()
		h.mu.Lock()
		delete(h.conns, c)
		h.mu.Unlock()
		h.counters.change(func(s *Statistics) { s.ConnectionsNow-- })
	})
}

// Close ends all connections and calls of Serve, and waits for them. The host cannot serve
// afterwards.
func (h *Host) Close() error {
	h.mu.Lock()
	if !h.closed {
		h.closed = true
		close(h.done)
	}
	var err error
	for l := range h.listeners {
		if closeErr := l.Close(); closeErr != nil && !errors.Is(closeErr, net.ErrClosed) {
			err = errors.Join(err, fmt.Errorf("simnt: %s: %w", h.options.Name, closeErr))
		}
	}
	h.endConnections()
	h.mu.Unlock()
	h.serving.Wait()
	return err
}

// Statistics are the numbers that a host counts. Those without "Now" are totals since New.
type Statistics struct {
	Connections    int // accepted
	ConnectionsNow int
	Dropped        int // connections that the server closed because of what the client sent
	Logins         int // session setups, including anonymous ones
	LoginsRefused  int
	Messages       int // SMBs received
	MaxInFlight    int // the most unanswered requests of one connection at a time
	SessionsNow    int
	TreesNow       int
	FilesNow       int // files and folders open
	PipesNow       int // pipes open
}

// counters are the statistics with a lock of their own, which is held for nothing else.
type counters struct {
	mu sync.Mutex
	s  Statistics
}

func (c *counters) change(f func(*Statistics)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	f(&c.s)
}

func (c *counters) get() Statistics {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.s
}
