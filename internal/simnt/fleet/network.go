package fleet

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/netip"
	"os"
	"slices"
	"strings"
	"sync"
	"syscall"

	"github.com/rasphone-exporter/rasphone_exporter/internal/simnt"
)

// The ports that a server may have open.
const (
	portNetBIOS = 139
	portDirect  = 445
)

// Network is a resolver and dialer that maps the names and addresses of servers to their
// listeners on the loopback interface. It is safe for concurrent use.
type Network struct {
	addrs     map[string]netip.Addr
	listeners map[netip.AddrPort]netip.AddrPort // by a server's port: the address on the loopback interface
	hosts     []*simnt.Host
	serving   sync.WaitGroup

	mu  sync.Mutex
	err error // of listeners that failed
}

// Listen makes servers listen on free ports of 127.0.0.1 until Close. The context is used for
// the start only.
func Listen(ctx context.Context, servers []Server) (*Network, error) {
	n := &Network{addrs: map[string]netip.Addr{}, listeners: map[netip.AddrPort]netip.AddrPort{}}
	for _, s := range servers {
		n.addrs[s.Name] = s.addr
		n.hosts = append(n.hosts, s.Host)
		if len(s.ports) == 0 {
			continue
		}
		l, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
		if err != nil {
			return nil, errors.Join(fmt.Errorf("fleet: %s: %w", s.Name, err), n.Close())
		}
		at := netip.MustParseAddrPort(l.Addr().String())
		for _, port := range s.ports {
			n.listeners[netip.AddrPortFrom(s.addr, port)] = at
		}
		n.serving.Go(func() { n.ended(s.Host.Serve(l)) })
	}
	return n, nil
}

// ended keeps the error of a server that ended before it was closed.
func (n *Network) ended(err error) {
	if errors.Is(err, simnt.ErrClosed) {
		return
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	n.err = errors.Join(n.err, err)
}

// Close ends the servers, their connections and their goroutines. The error is that of
// servers that failed before.
func (n *Network) Close() error {
	for _, h := range n.hosts {
		n.ended(h.Close())
	}
	n.serving.Wait()
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.err
}

// LookupNetIP returns the address of a server by its name, without regard to case and to a
// trailing dot.
func (n *Network) LookupNetIP(_ context.Context, _, host string) ([]netip.Addr, error) {
	addr, found := n.addrs[strings.TrimSuffix(strings.ToLower(host), ".")]
	if !found {
		return nil, &net.DNSError{Err: "not a server of the fleet", Name: host, IsNotFound: true}
	}
	return []netip.Addr{addr}, nil
}

// Dial connects to a port of a server at the address that LookupNetIP returns. Closed ports
// refuse, and so do all ports over UDP.
func (n *Network) Dial(ctx context.Context, network, address string) (net.Conn, error) {
	to, err := netip.ParseAddrPort(address)
	if err != nil {
		return nil, fmt.Errorf("fleet: dial %q: %w", address, err)
	}
	if at, open := n.listeners[to]; open && strings.HasPrefix(network, "tcp") {
		return new(net.Dialer).DialContext(ctx, network, at.String())
	}
	refusal := syscall.EHOSTUNREACH
	if slices.Contains(slices.Collect(maps.Values(n.addrs)), to.Addr()) {
		refusal = syscall.ECONNREFUSED
	}
	return nil, &net.OpError{
		Op: "dial", Net: network, Addr: net.TCPAddrFromAddrPort(to), Err: os.NewSyscallError("connect", refusal),
	}
}
