package prober_test

import (
	"fmt"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"github.com/rasphone-exporter/rasphone_exporter/internal/smbtest"
	"github.com/rasphone-exporter/rasphone_exporter/internal/smbtest/peer"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/prober"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/smb"
)

// TestConnectionLost: the probe starts again, unless a login was sent and not answered:
// another one might be the second of three that lock the account.
func TestConnectionLost(t *testing.T) {
	t.Parallel()
	lost, unread := share(smbprobe.ShareConnectionLost, smb.StatusOK), book(smbprobe.PhonebookUnknown)
	tests := []struct {
		step   peer.Step
		after  int
		want   outcome
		conns  int
		logins int
	}{
		{peer.StepAccept, 0, lost, 2, 0},
		{peer.StepSessionRequest, 0, lost, 2, 0},
		{peer.StepNegotiate, 0, lost, 2, 0},
		{peer.StepSessionSetup, 0, lost, 1, 1},
		{peer.StepTreeConnect, 1, lost, 2, 2},
		{peer.StepOpen, 0, unread, 2, 2},
		{peer.StepRead, 0, unread, 2, 2},
		{peer.StepLogoff, 0, allWell(), 1, 1},
	}
	for _, kind := range []peer.FaultKind{peer.Close, peer.Reset} {
		for _, tt := range tests {
			if kind == peer.Reset && tt.step == peer.StepAccept {
				continue // it may come before the connection is established, which then fails
			}
			t.Run(string(tt.step), func(t *testing.T) {
				script := peer.Healthy(smbtest.Phonebook())
				script.NetBIOS = &peer.NetBIOS{}
				script.ChainCutShort = tt.step == peer.StepTreeConnect
				script.Faults = map[peer.Step]peer.Fault{tt.step: {Kind: kind, After: tt.after}}
				server := peer.Start(t, script)
				s := site{hosts: []string{server.Addr().String()}, module: []string{"transport: netbios"}}
				wantOutcome(t, "lost", tt.want, probeOnce(t, s))
				conns := server.Finished()
				if logins := countLogins(conns); len(conns) != tt.conns || logins != tt.logins {
					t.Errorf("%d connections and %d logins, want %d and %d", len(conns), logins, tt.conns, tt.logins)
				}
			})
		}
	}
}

// countLogins returns how many logins a peer has received.
func countLogins(conns []peer.Connection) int {
	n := 0
	for _, c := range conns {
		n += len(c.Logins)
	}
	return n
}

// TestConnectionLostInSMB2: the same for each answer of an SMB2 server that is healthy the
// second time.
func TestConnectionLostInSMB2(t *testing.T) {
	t.Parallel()
	samba := smbtest.StartSamba(t, smbtest.SambaOptions{MinProtocol: "SMB3_11"})
	type got struct {
		Outcome outcome
		Logins  int // whose response the server has received
	}
	lost := share(smbprobe.ShareConnectionLost, smb.StatusOK)
	for n, tt := range []struct {
		want  got
		conns int
	}{
		{got{allWell(), 1}, 2}, // there is no login before the answer to the negotiate
		{got{allWell(), 1}, 2}, // nor before the challenge
		{got{lost, 1}, 1},
		{got{allWell(), 2}, 2},
		{got{allWell(), 2}, 2},
		{got{allWell(), 2}, 2},
		{got{allWell(), 1}, 1},
	} {
		var spoilt atomic.Bool
		server := spoil(t, samba.Addr(), func(i int, answer []byte) ([]byte, bool) {
			if i == n && spoilt.CompareAndSwap(false, true) {
				return []byte{}, false
			}
			return framed(answer), true
		})
		logins := samba.Logins()
		outcome := outcomeOf(probeOnce(t, direct(server.addr, "dialect: smb2")))
		server.wantConnections(t, tt.conns)
		if diff := cmp.Diff(tt.want, got{outcome, samba.Logins() - logins}); diff != "" {
			t.Errorf("connection closed in place of answer %d (-want +got):\n%s", n, diff)
		}
	}
}

// TestRoundTripsOfRetry: the round trips of both attempts are counted.
func TestRoundTripsOfRetry(t *testing.T) {
	t.Parallel()
	var spoilt atomic.Bool
	samba := smbtest.StartSamba(t, smbtest.SambaOptions{})
	server := spoil(t, samba.Addr(), func(i int, answer []byte) ([]byte, bool) {
		if i == 2 && spoilt.CompareAndSwap(false, true) {
			return []byte{}, false // in place of the answer to the open
		}
		return framed(answer), true
	})
	r := probeOnce(t, direct(server.addr))
	wantOutcome(t, "the second time", allWell(), r)
	if want := 3 + 6; r.RoundTrips != want {
		t.Errorf("%d round trips, want %d", r.RoundTrips, want)
	}
}

// TestSilentLogin: a login without an answer is not repeated, neither in the probe nor in the
// next one: it may have been refused.
func TestSilentLogin(t *testing.T) {
	t.Parallel()
	script := peer.Healthy(smbtest.Phonebook())
	script.Faults = map[peer.Step]peer.Fault{peer.StepSessionSetup: {Kind: peer.Hang}}
	server := peer.Start(t, script)
	p, target := newProber(t, prober.Options{}), direct(server.Addr()).target(t)
	silent := share(smbprobe.ShareTimeout, smb.StatusOK)
	r := probeUntilSilent(t, p, target, func() bool { return countLogins(server.Connections()) == 1 })
	wantOutcome(t, "no answer to the login", silent, r)
	silent.HeldBack = true
	wantOutcome(t, "the next probe", silent, probe(t, p, target))
	if conns := server.Finished(); len(conns) != 2 || countLogins(conns) != 1 {
		t.Errorf("%d connections and %d logins, want 2 and 1", len(conns), countLogins(conns))
	}
}

// frames returns how many requests a peer has received.
func frames(server *peer.Peer) int {
	n := 0
	for _, c := range server.Connections() {
		n += c.Frames
	}
	return n
}

// TestSilence: a server stops answering at a step. The probe ends with its time, sends
// nothing more, and leaves nothing behind.
func TestSilence(t *testing.T) {
	timeout, unread := share(smbprobe.ShareTimeout, smb.StatusOK), book(smbprobe.PhonebookUnknown)
	tests := []struct {
		step   peer.Step
		after  int
		want   outcome
		frames int // requests that the server has received when it is silent, and at the end
	}{
		{peer.StepAccept, 0, timeout, 1},
		{peer.StepSessionRequest, 0, timeout, 1},
		{peer.StepNegotiate, 0, timeout, 2},
		{peer.StepSessionSetup, 0, timeout, 3},
		{peer.StepTreeConnect, 1, timeout, 4}, // the one in the chain was left out
		{peer.StepOpen, 0, unread, 4},
		{peer.StepRead, 0, unread, 5},
		{peer.StepClose, 0, allWell(), 8},
		{peer.StepTreeDisconnect, 0, allWell(), 8},
		{peer.StepLogoff, 0, allWell(), 8},
	}
	for _, tt := range tests {
		t.Run(string(tt.step), func(t *testing.T) {
			script := peer.Healthy(smbtest.Phonebook())
			script.NetBIOS = &peer.NetBIOS{}
			script.ChainCutShort = tt.step == peer.StepTreeConnect
			script.Faults = map[peer.Step]peer.Fault{tt.step: {Kind: peer.Hang, After: tt.after}}
			server := peer.Start(t, script)
			target := site{hosts: []string{server.Addr().String()}, module: []string{"transport: netbios"}}.target(t)
			before := goleak.IgnoreCurrent()
			r := probeUntilSilent(t, newProber(t, prober.Options{}), target, func() bool { return frames(server) == tt.frames })
			wantOutcome(t, "silent", tt.want, r)
			if conns := server.Finished(); len(conns) != 1 || frames(server) != tt.frames {
				t.Errorf("%d connections and %d requests, want 1 and %d", len(conns), frames(server), tt.frames)
			}
			goleak.VerifyNone(t, before)
		})
	}
}

// TestLogoffEndsWithTheProbe: the time limit of the probe also holds for the logoff, whose own
// limit is a second. On a busy machine that second may be over first, so the test tries again.
func TestLogoffEndsWithTheProbe(t *testing.T) {
	t.Parallel()
	for range 20 {
		script := peer.Healthy(smbtest.Phonebook())
		script.Faults = map[peer.Step]peer.Fault{peer.StepLogoff: {Kind: peer.Hang}}
		server := peer.Start(t, script)
		p, target := newProber(t, prober.Options{}), direct(server.Addr()).target(t)
		r := probeUntilSilent(t, p, target, func() bool { return frames(server) == 7 })
		wantOutcome(t, "no answer to the logoff", allWell(), r)
		if trace := strings.Join(r.Trace.Lines(), "\n"); strings.Contains(trace, "log off: ") && strings.Contains(trace, errExpired{}.Error()) {
			return
		}
	}
	t.Error("the logoff goes on after the end of the probe's time")
}

// TestSilenceInSMB2: the same for each answer of an SMB2 server.
func TestSilenceInSMB2(t *testing.T) {
	timeout, unread := share(smbprobe.ShareTimeout, smb.StatusOK), book(smbprobe.PhonebookUnknown)
	samba := smbtest.StartSamba(t, smbtest.SambaOptions{MinProtocol: "SMB3_11"})
	for n, want := range []outcome{timeout, timeout, timeout, timeout, unread, unread, allWell()} {
		t.Run(fmt.Sprint("answer ", n), func(t *testing.T) {
			var silent atomic.Bool
			server := spoil(t, samba.Addr(), func(i int, answer []byte) ([]byte, bool) {
				if i >= n {
					silent.Store(true)
					return nil, true
				}
				return framed(answer), true
			})
			target := direct(server.addr, "dialect: smb2").target(t)
			before := goleak.IgnoreCurrent()
			wantOutcome(t, "silent", want, probeUntilSilent(t, newProber(t, prober.Options{}), target, silent.Load))
			server.wantConnections(t, 1)
			goleak.VerifyNone(t, before)
		})
	}
}
