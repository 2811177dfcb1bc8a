package prober_test

import (
	"context"
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
