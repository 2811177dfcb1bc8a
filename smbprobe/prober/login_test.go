package prober_test

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/rasphone-exporter/rasphone_exporter/internal/smbtest"
	"github.com/rasphone-exporter/rasphone_exporter/internal/smbtest/peer"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/lockout"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/prober"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/smb"
)

// TestWrongPassword: one login, and no other until the hold is over. Meanwhile the state is
// that of the last login.
func TestWrongPassword(t *testing.T) {
	t.Parallel()
	for _, protocol := range []string{"NT1", "SMB3_11"} {
		t.Run(protocol, func(t *testing.T) {
			samba := smbtest.StartSamba(t, smbtest.SambaOptions{MinProtocol: protocol})
			clock := newClock()
			p := newProber(t, prober.Options{Guard: newGuard(t, clock)})
			wrong := direct(samba.Addr())
			wrong.password = "wrong-1998"
			target := wrong.target(t)
			refused := share(smbprobe.ShareLoginFailed, smb.StatusLogonFailure)
			held := refused
			held.HeldBack = true
			wantLogins := func(what string, want int) {
				t.Helper()
				if got := samba.Logins(); got != want {
					t.Errorf("%s: %d logins, want %d", what, got, want)
				}
			}

			wantOutcome(t, "first", refused, probe(t, p, target))
			until := clock.Now().Add(31 * time.Minute)
			for range 3 {
				r := probe(t, p, target)
				wantOutcome(t, "held back", held, r)
				if !r.HeldBackUntil.Equal(until) || r.ShareError == "" || strings.Contains(r.ShareError, "wrong-1998") {
					t.Errorf("held back until %s, want %s: %q", r.HeldBackUntil, until, r.ShareError)
				}
				if r.Address != samba.Addr().String() {
					t.Errorf("address %q, want %s: a held back probe connects", r.Address, samba.Addr())
				}
				clock.forward(10 * time.Minute)
			}
			wantLogins("in the first 31 minutes", 1)
			clock.forward(time.Minute + time.Second)
			wantOutcome(t, "after 31 minutes", refused, probe(t, p, target))
			wantLogins("after 31 minutes", 2)
			clock.forward(61 * time.Minute)
			wantOutcome(t, "held back twice as long", held, probe(t, p, target))
			wantLogins("held back twice as long", 2)

			// The configuration now has the right password.
			wantOutcome(t, "right password", allWell(), probe(t, p, direct(samba.Addr()).target(t)))
			wantLogins("right password", 3)
			if got := p.LoginsHeldBack(); got != 0 {
				t.Errorf("%d logins held back, want 0", got)
			}
		})
	}
}

// newGuard returns a guard without a file whose clock the test sets.
func newGuard(t *testing.T, c *clock) *lockout.Guard {
	t.Helper()
	guard, err := lockout.New(lockout.Options{Now: c.Now})
	if err != nil {
		t.Fatal(err)
	}
	return guard
}

// TestHeldBackHangsUp: the connection that found out the dialect is closed.
func TestHeldBackHangsUp(t *testing.T) {
	t.Parallel()
	script := peer.Healthy(smbtest.Phonebook())
	script.Login.Status = peer.Status(smb.StatusLogonFailure)
	old := peer.Start(t, script)
	p, target := newProber(t, prober.Options{}), direct(old.Addr()).target(t)
	probe(t, p, target)
	if r := probe(t, p, target); !r.LoginHeldBack {
		t.Error("SMB1: the login is not held back")
	}
	if got := len(old.Finished()); got != 2 {
		t.Errorf("SMB1: %d connections, want 2", got)
	}

	samba := smbtest.StartSamba(t, smbtest.SambaOptions{MinProtocol: "SMB3_11"})
	server := spoil(t, samba.Addr(), func(_ int, answer []byte) ([]byte, bool) { return framed(answer), true })
	wrong := direct(server.addr, "dialect: smb2")
	wrong.password = "wrong-1998"
	target = wrong.target(t)
	probe(t, p, target)
	if r := probe(t, p, target); !r.LoginHeldBack {
		t.Error("SMB2: the login is not held back")
	}
	server.wantConnections(t, 2)
}

// sameAccount is a site of hosts that are all one Samba server, so that the test can count
// their logins together.
func sameAccount(samba *smbtest.Samba, hosts int) (site, *network) {
	n := &network{routes: map[string]netip.AddrPort{}}
	var s site
	for i := range hosts {
		host := fmt.Sprintf("10.1.2.%d:445", i+1)
		s.hosts = append(s.hosts, host)
		n.routes[host] = samba.Addr()
	}
	return s, n
}

// TestWrongPasswordFromTheStart: before credentials were accepted once, the first refusal
// holds the account back everywhere, however many targets are probed at once.
func TestWrongPasswordFromTheStart(t *testing.T) {
	t.Parallel()
	samba := smbtest.StartSamba(t, smbtest.SambaOptions{})
	s, n := sameAccount(samba, 100)
	s.password = "wrong-1998"
	clock := newClock()
	p := newProber(t, prober.Options{Guard: newGuard(t, clock), Dial: n.dial})
	targets := s.targets(t)
	results := make(chan outcome)
	for _, target := range targets {
		go func() { results <- outcomeOf(p.Probe(t.Context(), target)) }()
	}
	got := map[outcome]int{}
	for range targets {
		got[<-results]++
	}
	refused := share(smbprobe.ShareLoginFailed, smb.StatusLogonFailure)
	held := share(smbprobe.ShareNotProbed, smb.StatusOK)
	held.HeldBack = true
	want := map[outcome]int{refused: 1, held: 99}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("outcomes (-want +got):\n%s", diff)
	}
	if got := samba.Logins(); got != 1 {
		t.Errorf("%d logins, want 1", got)
	}
	if got := p.LoginsHeldBack(); got != 100 {
		t.Errorf("%d targets held back, want 100", got)
	}
	s.password = ""
	wantOutcome(t, "right password", allWell(), probe(t, p, s.targets(t)[3]))
}

// TestPasswordChangedOnTheServer: after credentials were accepted, no more than four logins
// fail before the account is held back everywhere.
func TestPasswordChangedOnTheServer(t *testing.T) {
	t.Parallel()
	samba := smbtest.StartSamba(t, smbtest.SambaOptions{})
	s, n := sameAccount(samba, 10)
	clock := newClock()
	p := newProber(t, prober.Options{Guard: newGuard(t, clock), Dial: n.dial})
	for _, target := range s.targets(t) {
		wantOutcome(t, target.Name, allWell(), probe(t, p, target))
		clock.forward(time.Second)
	}
	accepted := samba.Logins()
	samba.SetPassword("changed-1998")
	for range 6 {
		// The fourth place is that of the target that accepted last: others would wait for it.
		for _, target := range slices.Backward(s.targets(t)) {
			probe(t, p, target)
		}
		clock.forward(time.Minute)
	}
	if got := samba.Logins() - accepted; got < 1 || got > 4 {
		t.Errorf("%d logins failed within six minutes, want one to four", got)
	}
}

// TestGuest: an unknown user becomes a guest, which does not count as a login.
func TestGuest(t *testing.T) {
	t.Parallel()
	for _, protocol := range []string{"NT1", "SMB3_11"} {
		samba := smbtest.StartSamba(t, smbtest.SambaOptions{MinProtocol: protocol, MapToGuest: "Bad User"})
		unknown := direct(samba.Addr())
		unknown.username = "nosuch"
		wantOutcome(t, protocol, share(smbprobe.ShareGuestOnly, smb.StatusOK), probeOnce(t, unknown))
		wantOutcome(t, protocol, allWell(), probeOnce(t, direct(samba.Addr())))
	}
}

// TestNTLMv1IsRefused: the server accepts only NTLMv2.
func TestNTLMv1IsRefused(t *testing.T) {
	t.Parallel()
	samba := smbtest.StartSamba(t, smbtest.SambaOptions{NTLMv2Only: true})
	s := direct(samba.Addr())
	wantOutcome(t, "NTLMv2", allWell(), probeOnce(t, s))
	s.ntlm = "v1"
	wantOutcome(t, "NTLMv1", share(smbprobe.ShareLoginFailed, smb.StatusLogonFailure), probeOnce(t, s))
}

// TestSignedSession: impacket's server signs, and verifies signatures.
func TestSignedSession(t *testing.T) {
	t.Parallel()
	for _, ntlm := range []string{"v1", "v2"} {
		for _, signing := range []string{"signing: auto", "signing: required"} {
			t.Run("NTLM"+ntlm+", "+signing, func(t *testing.T) {
				server := smbtest.StartImpacket(t, smbtest.ImpacketOptions{SigningRequired: true})
				s := direct(server.Addr(), signing)
				s.ntlm = ntlm
				r := probeOnce(t, s)
				wantOutcome(t, "signed", allWell(), r)
				if r.Server == nil || !r.Server.Signed {
					t.Errorf("server %+v, want a signed session", r.Server)
				}
				if right, wrong := server.Signatures(); right == 0 || wrong != 0 {
					t.Errorf("%d right and %d wrong signatures", right, wrong)
				}
				if got := server.Logins(); got != 1 {
					t.Errorf("%d logins, want 1", got)
				}
			})
		}
	}
}

// TestUnsignedSamba: Samba requires signing and does not sign SMB1 without extended security.
// The session goes on unsigned unless the module requires signing.
func TestUnsignedSamba(t *testing.T) {
	t.Parallel()
	samba := smbtest.StartSamba(t, smbtest.SambaOptions{SigningMandatory: true})
	r := probeOnce(t, direct(samba.Addr()))
	wantOutcome(t, "auto", allWell(), r)
	if r.Server == nil || r.Server.Signed {
		t.Errorf("server %+v, want a session that is not signed", r.Server)
	}
	wantOutcome(t, "required", share(smbprobe.ShareSigningRefused, smb.StatusOK), probeOnce(t, direct(samba.Addr(), "signing: required")))
}

// TestServerWithoutSigning: if the module requires signing, a server that cannot sign gets no
// login, and no login is held back.
func TestServerWithoutSigning(t *testing.T) {
	t.Parallel()
	server := peer.Start(t, peer.Healthy(smbtest.Phonebook()))
	p := newProber(t, prober.Options{})
	for range 2 {
		r := probe(t, p, direct(server.Addr(), "signing: required").target(t))
		wantOutcome(t, "required", share(smbprobe.ShareSigningRefused, smb.StatusOK), r)
	}
	for _, c := range server.Finished() {
		if len(c.Logins) != 0 {
			t.Errorf("logins to a server that does not sign: %+v", c.Logins)
		}
	}
	wantOutcome(t, "auto", allWell(), probe(t, p, direct(server.Addr()).target(t)))
}

// TestUnwritableName: a user name that the server's character set does not have is never sent,
// and holds nothing back.
func TestUnwritableName(t *testing.T) {
	t.Parallel()
	script := peer.Healthy(smbtest.Phonebook())
	script.Negotiate.Capabilities &^= peer.CapUnicode
	server := peer.Start(t, script)
	p := newProber(t, prober.Options{})
	s := direct(server.Addr())
	s.username = "администратор"
	for range 2 {
		r := probe(t, p, s.target(t))
		wantOutcome(t, s.username, share(smbprobe.ShareProtocolError, smb.StatusOK), r)
	}
	for _, c := range server.Finished() {
		if len(c.Logins) != 0 {
			t.Errorf("logins: %+v", c.Logins)
		}
	}
}
