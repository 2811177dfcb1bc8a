package prober_test

import (
	"context"
	"net"
	"net/netip"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/rasphone-exporter/rasphone_exporter/internal/smbtest"
	"github.com/rasphone-exporter/rasphone_exporter/internal/smbtest/peer"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/prober"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/smb"
)

// Where a probe may dial several addresses, these tests use a fake clock: a second attempt
// begins when the first one failed, and never because the machine is busy.

// TestPorts: 445 and 139 are tried, and the one that answered comes first next time.
func TestPorts(t *testing.T) {
	t.Parallel()
	const direct, session = ntAddress + ":445", ntAddress + ":139"
	tests := []struct {
		name        string
		open        []string // others are closed
		silent      string
		want        outcome
		dialed      []string
		next        []string
		wantAddress string
	}{
		{"445 open", []string{direct}, "", allWell(), []string{direct}, []string{direct}, direct},
		{"both open", []string{direct, session}, "", allWell(), []string{direct}, []string{direct}, direct},
		{"445 closed", []string{session}, "", allWell(), []string{direct, session}, []string{session}, session},
		{"445 silent", []string{session}, direct, allWell(), []string{direct, session}, []string{session}, session},
		{"both closed", nil, "", share(smbprobe.SharePortClosed, smb.StatusOK), []string{direct, session}, []string{direct, session}, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			onDirect, onSession := peer.Start(t, peer.Healthy(smbtest.Phonebook())), peer.Start(t, withNames(peer.NetBIOS{}))
			n := &network{routes: map[string]netip.AddrPort{direct: closedPort(t), session: closedPort(t)}}
			for _, address := range tt.open {
				n.routes[address] = map[string]*peer.Peer{direct: onDirect, session: onSession}[address].Addr()
			}
			delete(n.routes, tt.silent)
			synctest.Test(t, func(t *testing.T) {
				p, target := newProber(t, prober.Options{Dial: n.dial}), site{hosts: []string{ntAddress}}.target(t)
				for i, want := range [][]string{tt.dialed, tt.next} {
					r := probe(t, p, target)
					wantOutcome(t, tt.name, tt.want, r)
					if r.Address != tt.wantAddress {
						t.Errorf("probe %d: address %q, want %q", i, r.Address, tt.wantAddress)
					}
					if diff := cmp.Diff(want, n.dialedSince()); diff != "" {
						t.Errorf("probe %d: dialed (-want +got):\n%s", i, diff)
					}
				}
			})
			onDirect.Finished()
			onSession.Finished()
		})
	}
}

// TestRememberedPortIsClosed: the other one is tried, and remembered then.
func TestRememberedPortIsClosed(t *testing.T) {
	t.Parallel()
	const direct, session = ntAddress + ":445", ntAddress + ":139"
	onDirect, onSession := peer.Start(t, peer.Healthy(smbtest.Phonebook())), peer.Start(t, withNames(peer.NetBIOS{}))
	n := &network{routes: map[string]netip.AddrPort{direct: closedPort(t), session: onSession.Addr()}}
	synctest.Test(t, func(t *testing.T) {
		p, target := newProber(t, prober.Options{Dial: n.dial}), site{hosts: []string{ntAddress}}.target(t)
		wantOutcome(t, "on 139", allWell(), probe(t, p, target))
		n.routes = map[string]netip.AddrPort{direct: onDirect.Addr(), session: closedPort(t)}
		n.dialedSince()
		wantOutcome(t, "on 445", allWell(), probe(t, p, target))
		wantOutcome(t, "on 445 again", allWell(), probe(t, p, target))
		if diff := cmp.Diff([]string{session, direct, direct}, n.dialedSince()); diff != "" {
			t.Errorf("dialed (-want +got):\n%s", diff)
		}
	})
}

// TestNameIsResolvedOnce: a name is resolved once in a probe, and dialed by address, IPv4
// first.
func TestNameIsResolvedOnce(t *testing.T) {
	t.Parallel()
	server := peer.Start(t, peer.Healthy(smbtest.Phonebook()))
	n := &network{routes: map[string]netip.AddrPort{
		"10.1.2.3:445": closedPort(t), "10.1.2.3:139": closedPort(t), "[fd00::3]:445": server.Addr(),
	}}
	synctest.Test(t, func(t *testing.T) {
		var lookups atomic.Int32
		p := newProber(t, prober.Options{Dial: n.dial, Resolver: lookup(func(_ context.Context, host string) ([]netip.Addr, error) {
			lookups.Add(1)
			if want := ntHost + "."; host != want {
				t.Errorf("%s is looked up, want %s", host, want)
			}
			return []netip.Addr{netip.MustParseAddr("fd00::3"), netip.MustParseAddr("::ffff:10.1.2.3")}, nil
		})})
		r := probe(t, p, site{hosts: []string{ntHost}}.target(t))
		wantOutcome(t, "over IPv6 at last", allWell(), r)
		if diff := cmp.Diff([]string{"10.1.2.3:445", "10.1.2.3:139", "[fd00::3]:445"}, n.dialedSince()); diff != "" {
			t.Errorf("dialed (-want +got):\n%s", diff)
		}
		if got := lookups.Load(); got != 1 {
			t.Errorf("%d lookups, want 1", got)
		}
		if want := "[fd00::3]:445"; r.Address != want {
			t.Errorf("address %s, want %s", r.Address, want)
		}
		if want := 2 + 6; r.RoundTrips != want {
			t.Errorf("%d round trips, want %d: that a port is closed is an answer", r.RoundTrips, want)
		}
	})
}

// TestManyAddresses: four addresses of a name are tried.
func TestManyAddresses(t *testing.T) {
	t.Parallel()
	var addrs []netip.Addr
	for a := netip.MustParseAddr("10.1.2.1"); len(addrs) < 200; a = a.Next() {
		addrs = append(addrs, a)
	}
	closed := closedPort(t)
	n := &network{routes: map[string]netip.AddrPort{}}
	for _, a := range addrs {
		n.routes[netip.AddrPortFrom(a, 445).String()] = closed
	}
	synctest.Test(t, func(t *testing.T) {
		p := newProber(t, prober.Options{Dial: n.dial, Resolver: lookup(func(context.Context, string) ([]netip.Addr, error) { return addrs, nil })})
		wantOutcome(t, "all closed", share(smbprobe.SharePortClosed, smb.StatusOK), probe(t, p, site{hosts: []string{ntHost + ":445"}}.target(t)))
		if got := len(n.dialedSince()); got != 4 {
			t.Errorf("%d addresses were dialed, want 4", got)
		}
	})
}

// TestSlowLookup: a lookup ends with the time of the probe.
func TestSlowLookup(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := newProber(t, prober.Options{Resolver: lookup(func(ctx context.Context, _ string) ([]netip.Addr, error) {
			<-ctx.Done()
			return nil, ctx.Err()
		})})
		r := probe(t, p, site{hosts: []string{ntHost}, module: []string{"timeout: 1s"}}.target(t))
		wantOutcome(t, "slow", share(smbprobe.ShareTimeout, smb.StatusOK), r)
		if r.Duration != time.Second {
			t.Errorf("the probe took %s of a second", r.Duration)
		}
	})
}

// smb2Answer answers any negotiate in SMB2, with all of it that SMB1 looks at, and hangs
// up at the next request.
func smb2Answer(c net.Conn) {
	defer c.Close()
	if _, err := readMessage(c); err != nil {
		return
	}
	answer := make([]byte, 64+65)
	copy(answer, "\xFESMB\x40")
	answer[64], answer[68], answer[69] = 65, 0xFF, 0x02 // dialect revision 0x02FF
	_, _ = c.Write(framed(answer))                      // the client may be gone
	_, _ = readMessage(c)
}

// TestNoWayBackToSMB1: a target that has spoken SMB2 is not logged in to over SMB1, whatever
// it speaks now. Other targets are.
func TestNoWayBackToSMB1(t *testing.T) {
	t.Parallel()
	samba := smbtest.StartSamba(t, smbtest.SambaOptions{MinProtocol: "SMB3_11"})
	encrypting := smbtest.StartSamba(t, smbtest.SambaOptions{MinProtocol: "SMB3_11", Encrypt: true})
	for name, first := range map[string]struct {
		server     netip.AddrPort
		dialect    string
		want       smbprobe.ShareState // of the first probe
		remembered bool
	}{
		"answered in SMB2":                  {serve(t, smb2Answer), "auto", smbprobe.ShareProtocolError, false},
		"logged in over SMB2":               {samba.Addr(), "auto", smbprobe.ShareOK, true},
		"logged in over SMB2 as configured": {samba.Addr(), "smb2", smbprobe.ShareOK, true},
		"logged in, encryption required":    {encrypting.Addr(), "auto", smbprobe.ShareEncryptionRequired, true},
	} {
		t.Run(name, func(t *testing.T) {
			const host = ntAddress + ":445"
			n := &network{routes: map[string]netip.AddrPort{host: first.server}}
			p := newProber(t, prober.Options{Dial: n.dial})
			before := probe(t, p, site{hosts: []string{host}, module: []string{"dialect: " + first.dialect}}.target(t))
			if before.Share != first.want {
				t.Errorf("at first: share %s (%s), want %s", before.Share, before.ShareError, first.want)
			}

			old := peer.Start(t, peer.Healthy(smbtest.Phonebook()))
			n.routes[host] = old.Addr()
			r := probe(t, p, site{hosts: []string{host}}.target(t))
			if !first.remembered {
				// One answer without a login, which a third party can send, changes nothing.
				wantOutcome(t, "after an answer without a login", allWell(), r)
				return
			}
			if r.Share == smbprobe.ShareOK || r.LoginHeldBack {
				t.Errorf("share %s, held back %t: a third party can force a login over SMB1", r.Share, r.LoginHeldBack)
			}
			for _, c := range old.Finished() {
				if len(c.Commands) > 0 {
					t.Errorf("SMB1 was spoken: %v", c.Commands)
				}
			}
			// A configured one is allowed.
			wantOutcome(t, "smb1", allWell(), probe(t, p, site{hosts: []string{host}, module: []string{"dialect: smb1"}}.target(t)))
			n.routes["10.1.2.4:445"] = old.Addr()
			wantOutcome(t, "another target", allWell(), probe(t, p, site{hosts: []string{"10.1.2.4:445"}}.target(t)))
		})
	}
}

// TestDialectIsRemembered: the second probe of an SMB2 server takes one connection, without
// the negotiate that finds out the dialect.
func TestDialectIsRemembered(t *testing.T) {
	t.Parallel()
	samba := smbtest.StartSamba(t, smbtest.SambaOptions{MinProtocol: "SMB3_11"})
	n := &network{routes: map[string]netip.AddrPort{"10.1.2.3:445": samba.Addr()}}
	p, target := newProber(t, prober.Options{Dial: n.dial}), site{hosts: []string{"10.1.2.3:445"}}.target(t)
	type cost struct{ Connections, RoundTrips int }
	for i, want := range []cost{{2, 10}, {1, 8}, {1, 8}} {
		r := probe(t, p, target)
		wantOutcome(t, "SMB2", allWell(), r)
		if diff := cmp.Diff(want, cost{len(n.dialedSince()), r.RoundTrips}); diff != "" {
			t.Errorf("probe %d (-want +got):\n%s", i, diff)
		}
	}
}

// TestDialectNotSpoken: SMB2 with an SMB1 server, and the reverse. There is no login, and
// the account is not held back.
func TestDialectNotSpoken(t *testing.T) {
	t.Parallel()
	for protocol, dialect := range map[string]string{"NT1": "smb2", "SMB3_11": "smb1"} {
		samba := smbtest.StartSamba(t, smbtest.SambaOptions{MinProtocol: protocol})
		p := newProber(t, prober.Options{})
		r := probe(t, p, direct(samba.Addr(), "dialect: "+dialect).target(t))
		if r.Share.Definite() || r.Success {
			t.Errorf("%s to %s: share %s, success %t", dialect, protocol, r.Share, r.Success)
		}
		if got := samba.Logins(); got != 0 {
			t.Errorf("%s to %s: %d logins, want 0", dialect, protocol, got)
		}
		if got := p.LoginsHeldBack(); got != 0 {
			t.Errorf("%s to %s: %d logins held back, want 0", dialect, protocol, got)
		}
	}
}
