package prober_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/rasphone-exporter/rasphone_exporter/internal/smbtest"
	"github.com/rasphone-exporter/rasphone_exporter/internal/smbtest/peer"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/prober"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/smb"
)

const (
	// silence is how long a probe of a server has that says nothing more.
	silence = 300 * time.Millisecond
	// late is when its result is late. The goodbye alone would take longer, were
	// it not for the probe's own limit.
	late = 900 * time.Millisecond
)

// probeSilent probes within silence.
func probeSilent(t *testing.T, target smbprobe.Target) *smbprobe.Result {
	t.Helper()
	p := newProber(t, prober.Options{})
	ctx, cancel := context.WithTimeout(t.Context(), silence)
	defer cancel()
	begin := time.Now()
	r := p.Probe(ctx, target)
	if took := time.Since(begin); took > late {
		t.Errorf("took %s of %s", took, silence)
	}
	return r
}

// TestSilence: a server that stops answering at any step costs no more than the
// time that was given, and leaves nothing behind.
func TestSilence(t *testing.T) {
	timeout, unread := share(smbprobe.ShareTimeout, smb.StatusOK), book(smbprobe.PhonebookUnknown)
	tests := []struct {
		step  peer.Step
		after int
		want  outcome
	}{
		{peer.StepAccept, 0, timeout},
		{peer.StepSessionRequest, 0, timeout},
		{peer.StepNegotiate, 0, timeout},
		{peer.StepSessionSetup, 0, timeout},
		{peer.StepTreeConnect, 1, timeout}, // the one in the chain was left out
		{peer.StepOpen, 0, unread},
		{peer.StepRead, 0, unread},
		{peer.StepClose, 0, allWell()},
		{peer.StepTreeDisconnect, 0, allWell()},
		{peer.StepLogoff, 0, allWell()},
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
			wantOutcome(t, "silent", tt.want, probeSilent(t, target))
			if got := len(server.Finished()); got != 1 {
				t.Errorf("%d connections, want 1", got)
			}
			goleak.VerifyNone(t, before)
		})
	}
}

// TestSilenceInSMB2: the same for each answer of an SMB2 server.
func TestSilenceInSMB2(t *testing.T) {
	timeout, unread := share(smbprobe.ShareTimeout, smb.StatusOK), book(smbprobe.PhonebookUnknown)
	samba := smbtest.StartSamba(t, smbtest.SambaOptions{MinProtocol: "SMB3_11"})
	for n, want := range []outcome{timeout, timeout, timeout, timeout, unread, unread, allWell()} {
		t.Run(fmt.Sprint("answer ", n), func(t *testing.T) {
			server := spoil(t, samba.Addr(), func(i int, answer []byte) ([]byte, bool) {
				if i >= n {
					return nil, true
				}
				return framed(answer), true
			})
			target := direct(server.addr, "dialect: smb2").target(t)
			before := goleak.IgnoreCurrent()
			wantOutcome(t, "silent", want, probeSilent(t, target))
			server.wantConnections(t, 1)
			goleak.VerifyNone(t, before)
		})
	}
}
