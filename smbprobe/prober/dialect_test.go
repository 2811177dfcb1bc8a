package prober_test

import (
	"net"
	"net/netip"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rasphone-exporter/rasphone_exporter/internal/smbtest"
	"github.com/rasphone-exporter/rasphone_exporter/internal/smbtest/peer"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/prober"
)

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

// TestNoWayBackToSMB1: a target that has accepted a login over SMB2 is not logged in to
// over SMB1, whatever it speaks now; another target is. One answer without a login, which
// a third party can send, changes nothing.
func TestNoWayBackToSMB1(t *testing.T) {
	t.Parallel()
	samba := smbtest.StartSamba(t, smbtest.SambaOptions{MinProtocol: "SMB3_11"})
	for name, first := range map[string]struct {
		server  netip.AddrPort
		dialect string
		want    bool // the first probe succeeds, and SMB1 is refused from then on
	}{
		"answered in SMB2":                {serve(t, smb2Answer), "auto", false},
		"logged in over SMB2":             {samba.Addr(), "auto", true},
		"logged in over SMB2, configured": {samba.Addr(), "smb2", true},
	} {
		t.Run(name, func(t *testing.T) {
			const host = ntAddress + ":445"
			n := &network{routes: map[string]netip.AddrPort{host: first.server}}
			p := newProber(t, prober.Options{Dial: n.dial})
			before := probe(t, p, site{hosts: []string{host}, module: []string{"dialect: " + first.dialect}}.target(t))
			if (before.Share == smbprobe.ShareOK) != first.want {
				t.Errorf("at first: share %s", before.Share)
			}

			old := peer.Start(t, peer.Healthy(smbtest.Phonebook()))
			n.routes[host] = old.Addr()
			r := probe(t, p, site{hosts: []string{host}}.target(t))
			if !first.want {
				wantOutcome(t, "after an answer without a login", allWell(), r)
				return
			}
			if r.Share == smbprobe.ShareOK || r.LoginHeldBack {
				t.Errorf("share %s, held back %t: a third party makes us log in over SMB1", r.Share, r.LoginHeldBack)
			}
			for _, c := range old.Finished() {
				if len(c.Commands) > 0 {
					t.Errorf("SMB1 was spoken: %v", c.Commands)
				}
			}
			// One that was asked for in so many words is made.
			wantOutcome(t, "smb1", allWell(), probe(t, p, site{hosts: []string{host}, module: []string{"dialect: smb1"}}.target(t)))
			n.routes["10.1.2.4:445"] = old.Addr()
			wantOutcome(t, "another target", allWell(), probe(t, p, site{hosts: []string{"10.1.2.4:445"}}.target(t)))
		})
	}
}

// TestDialectIsRemembered: the second probe of an SMB2 server takes one connection,
// and the negotiate that found out is spared.
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

// TestSMB2AgainstSMB1Server, and the other way round: no login, and the account is
// not held back.
func TestDialectThatIsNotSpoken(t *testing.T) {
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
