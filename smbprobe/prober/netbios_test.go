package prober_test

import (
	"context"
	"net"
	"net/netip"
	"slices"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rasphone-exporter/rasphone_exporter/internal/smbtest"
	"github.com/rasphone-exporter/rasphone_exporter/internal/smbtest/peer"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/prober"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/smb"
)

// The name and the address of the server of these tests. Both lead to the peer.
const (
	ntHost    = "exch01.corp.example"
	ntAddress = "10.1.2.3"
	ntSession = ntAddress + ":139"
	ntNames   = ntAddress + ":137"
)

// ntNetwork returns a network that leads to the peer, and options that use it.
func ntNetwork(server *peer.Peer, names netip.AddrPort) (*network, prober.Options) {
	n := &network{routes: map[string]netip.AddrPort{ntSession: server.Addr(), ntNames: names}}
	return n, prober.Options{Dial: n.dial, CallingName: "MONITOR", Resolver: lookup(func(context.Context, string) ([]netip.Addr, error) {
		return []netip.Addr{netip.MustParseAddr(ntAddress)}, nil
	})}
}

// withNames returns the script of a server that accepts session requests for some names.
func withNames(service peer.NetBIOS) peer.Script {
	script := peer.Healthy(smbtest.Phonebook())
	script.NetBIOS = &service
	return script
}

// calledNames returns the names that were called, one for each connection.
func calledNames(t *testing.T, server *peer.Peer) []string {
	t.Helper()
	var names []string
	for _, c := range server.Finished() {
		names = append(names, c.CalledNames...)
		if c.CallingName != "MONITOR" {
			t.Errorf("calling name %q, want MONITOR", c.CallingName)
		}
		if len(c.Malformed) > 0 {
			t.Errorf("malformed: %q", c.Malformed)
		}
	}
	return names
}

func TestCalledNames(t *testing.T) {
	t.Parallel()
	const absent = 0x82
	refused := share(smbprobe.ShareSessionRefused, smb.StatusOK)
	tests := []struct {
		name   string
		host   string
		module []string
		server peer.NetBIOS
		want   outcome
		called []string
		again  []string // what the next probe calls
	}{
		{"own name", ntHost + ":139", nil, peer.NetBIOS{Names: map[string]byte{"EXCH01": 0}, Others: absent},
			allWell(), []string{"EXCH01"}, []string{"EXCH01"}},
		{"any server", ntHost + ":139", nil, peer.NetBIOS{Names: map[string]byte{"*SMBSERVER": 0}, Others: absent},
			allWell(), []string{"EXCH01", "*SMBSERVER"}, []string{"*SMBSERVER"}},
		{"node status", ntHost + ":139", nil, peer.NetBIOS{Names: map[string]byte{"NTBOX": 0}, Others: absent},
			allWell(), []string{"EXCH01", "*SMBSERVER", "NTBOX"}, []string{"NTBOX"}},
		{"by address", ntSession, nil, peer.NetBIOS{Names: map[string]byte{"NTBOX": 0}, Others: absent},
			allWell(), []string{"*SMBSERVER", "NTBOX"}, []string{"NTBOX"}},
		{"configured name", ntHost + ":139", []string{"netbios_name: VIRTUAL"}, peer.NetBIOS{Others: 0},
			allWell(), []string{"VIRTUAL"}, []string{"VIRTUAL"}},
		{"configured name that is wrong", ntHost + ":139", []string{"netbios_name: VIRTUAL"},
			peer.NetBIOS{Names: map[string]byte{"EXCH01": 0}, Others: 0x80},
			allWell(), []string{"VIRTUAL", "EXCH01"}, []string{"EXCH01"}},
		{"no name", ntHost + ":139", nil, peer.NetBIOS{Others: absent},
			refused, []string{"EXCH01", "*SMBSERVER", "NTBOX"}, []string{"EXCH01", "*SMBSERVER", "NTBOX"}},
		{"not listening for our name", ntHost + ":139", nil, peer.NetBIOS{Others: 0x81}, refused, []string{"EXCH01"}, []string{"EXCH01"}},
		{"no resources", ntHost + ":139", nil, peer.NetBIOS{Others: 0x83}, refused, []string{"EXCH01"}, []string{"EXCH01"}},
		{"unspecified", ntHost + ":139", nil, peer.NetBIOS{Names: map[string]byte{"*SMBSERVER": 0}, Others: 0x8F},
			allWell(), []string{"EXCH01", "*SMBSERVER"}, []string{"*SMBSERVER"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			server := peer.Start(t, withNames(tt.server))
			_, o := ntNetwork(server, peer.StartNodeStatus(t,
				peer.NodeName{Name: "NTBOX"}, peer.NodeName{Name: "CORP", Group: true}, peer.NodeName{Name: "NTBOX", Suffix: 0x20}))
			p, target := newProber(t, o), site{hosts: []string{tt.host}, module: tt.module}.target(t)
			r := probe(t, p, target)
			wantOutcome(t, "first", tt.want, r)
			if r.Address != ntSession {
				t.Errorf("address %q, want %s, which answered", r.Address, ntSession)
			}
			first := calledNames(t, server)
			if diff := cmp.Diff(tt.called, first); diff != "" {
				t.Errorf("called names (-want +got):\n%s", diff)
			}
			wantOutcome(t, "second", tt.want, probe(t, p, target))
			if diff := cmp.Diff(tt.again, calledNames(t, server)[len(first):]); diff != "" {
				t.Errorf("called names of the next probe (-want +got):\n%s", diff)
			}
		})
	}
}

// TestNodeStatusShortage: without a socket for the node status query it is not known whether
// the server's own name would have been accepted.
func TestNodeStatusShortage(t *testing.T) {
	t.Parallel()
	server := peer.Start(t, withNames(peer.NetBIOS{Names: map[string]byte{"NTBOX": 0}, Others: 0x82}))
	_, o := ntNetwork(server, closedPort(t))
	dial := o.Dial
	o.Dial = func(ctx context.Context, network, address string) (net.Conn, error) {
		if network == "udp" {
			return nil, &net.OpError{Op: "dial", Net: network, Err: syscall.EMFILE}
		}
		return dial(ctx, network, address)
	}
	r := probe(t, newProber(t, o), site{hosts: []string{ntHost + ":139"}}.target(t))
	wantOutcome(t, "no descriptor", share(smbprobe.ShareNotProbed, smb.StatusOK), r)
	if !r.LocalShortage {
		t.Error("no local shortage")
	}
}

// TestRememberedNameIsRefused: the server was renamed.
func TestRememberedNameIsRefused(t *testing.T) {
	t.Parallel()
	before := peer.Start(t, withNames(peer.NetBIOS{Names: map[string]byte{"*SMBSERVER": 0}, Others: 0x82}))
	after := peer.Start(t, withNames(peer.NetBIOS{Names: map[string]byte{"EXCH01": 0}, Others: 0x82}))
	n, o := ntNetwork(before, closedPort(t))
	p, target := newProber(t, o), site{hosts: []string{ntHost + ":139"}}.target(t)
	wantOutcome(t, "before", allWell(), probe(t, p, target))
	n.routes[ntSession] = after.Addr()
	wantOutcome(t, "after", allWell(), probe(t, p, target))
	if diff := cmp.Diff([]string{"*SMBSERVER", "EXCH01"}, calledNames(t, after)); diff != "" {
		t.Errorf("called names (-want +got):\n%s", diff)
	}
}

// TestTreePath: the server's name in it is the called name that was accepted, or the host.
func TestTreePath(t *testing.T) {
	t.Parallel()
	for called, want := range map[string]string{"EXCH01": `\\EXCH01\ADMIN$`, "*SMBSERVER": `\\` + ntHost + `\ADMIN$`} {
		server := peer.Start(t, withNames(peer.NetBIOS{Names: map[string]byte{called: 0}, Others: 0x82}))
		_, o := ntNetwork(server, closedPort(t))
		wantOutcome(t, called, allWell(), probe(t, newProber(t, o), site{hosts: []string{ntHost + ":139"}}.target(t)))
		conns := server.Finished()
		if diff := cmp.Diff([]string{want}, conns[len(conns)-1].Shares); diff != "" {
			t.Errorf("%s: tree connects (-want +got):\n%s", called, diff)
		}
	}
}

func TestKeepAlives(t *testing.T) {
	t.Parallel()
	script := withNames(peer.NetBIOS{})
	script.KeepAlives = true
	server := peer.Start(t, script)
	s := site{hosts: []string{server.Addr().String()}, module: []string{"transport: netbios"}}
	wantOutcome(t, "keep-alives", allWell(), probeOnce(t, s))
}

// TestRetarget: a retarget is followed once, to port 139 of an address that the configuration
// allows with the same account.
func TestRetarget(t *testing.T) {
	t.Parallel()
	refused := share(smbprobe.ShareSessionRefused, smb.StatusOK)
	tests := []struct {
		name  string
		to    string
		hosts []string
		want  outcome
		other int // connections to the address of the retarget
	}{
		{"allowed", "10.1.2.4:139", []string{ntSession, "10.1.2.4"}, allWell(), 1},
		{"not allowed", "10.1.2.4:139", []string{ntSession}, refused, 0},
		{"another port", "10.1.2.4:445", []string{ntSession, "10.1.2.4"}, refused, 0},
		{"a port that is allowed, and not 139", "10.1.2.4:1390", []string{ntSession, "10.1.2.4:1390"}, refused, 0},
		{"in a circle", ntSession, []string{ntSession}, refused, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			other := peer.Start(t, withNames(peer.NetBIOS{}))
			server := peer.Start(t, withNames(peer.NetBIOS{Retarget: netip.MustParseAddrPort(tt.to)}))
			n, o := ntNetwork(server, closedPort(t))
			if tt.to != ntSession {
				n.routes[tt.to] = other.Addr()
			}
			s := site{hosts: tt.hosts}
			target, err := s.config(t).Target(ntSession, "")
			if err != nil {
				t.Fatal(err)
			}
			r := probe(t, newProber(t, o), target)
			wantOutcome(t, "retarget", tt.want, r)
			if got := other.Accepted(); got != tt.other {
				t.Errorf("%d connections to the address of the retarget, want %d", got, tt.other)
			}
			if tt.to == ntSession && server.Accepted() != 2 {
				t.Errorf("%d connections, want 2: one retarget is followed", server.Accepted())
			}
			if tt.other > 0 && r.Address != tt.to {
				t.Errorf("address %s, want %s", r.Address, tt.to)
			}
			if tt.other == 0 && tt.to != ntSession && slices.Contains(n.dialedSince(), tt.to) {
				t.Errorf("%s was dialed", tt.to)
			}
		})
	}
}
