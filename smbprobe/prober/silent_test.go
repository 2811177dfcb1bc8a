package prober_test

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/rasphone-exporter/rasphone_exporter/internal/smbtest"
	"github.com/rasphone-exporter/rasphone_exporter/internal/smbtest/peer"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/prober"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/smb"
)

// limit is a context whose deadline passes when a test calls expire, however fast the
// machine is.
type limit struct {
	context.Context
	expired chan struct{}
	once    sync.Once
}

func newLimit(ctx context.Context) *limit {
	return &limit{Context: ctx, expired: make(chan struct{})}
}

func (l *limit) expire() { l.once.Do(func() { close(l.expired) }) }

func (l *limit) Done() <-chan struct{} { return l.expired }

func (l *limit) Err() error {
	select {
	case <-l.expired:
		return context.DeadlineExceeded
	default:
		return nil
	}
}

// distant is a time limit that does not end a probe before patience ends.
const distant = time.Hour

// probeUntil probes without a time limit until over reports true, and then lets the time
// of the probe end. It returns the result also of a probe that ends before. An error is a
// probe that hangs.
func probeUntil(ctx context.Context, p *prober.Prober, target smbprobe.Target, over func() bool) (*smbprobe.Result, error) {
	target.Module.Timeout = distant
	time := newLimit(ctx)
	defer time.expire()
	results := make(chan *smbprobe.Result, 1)
	go func() { results <- p.Probe(time, target) }()
	r, err := awaitResult(results, over)
	if r != nil || err != nil {
		return r, err
	}
	time.expire()
	if r, _ = awaitResult(results, func() bool { return false }); r == nil {
		return nil, fmt.Errorf("the probe of %s goes on %s after the end of its time", target.Name, patience)
	}
	return r, nil
}

// awaitResult waits for a result. It returns none once over reports true.
func awaitResult(results <-chan *smbprobe.Result, over func() bool) (*smbprobe.Result, error) {
	hangs := time.NewTimer(patience)
	defer hangs.Stop()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for !over() {
		select {
		case r := <-results:
			return r, nil
		case <-hangs.C:
			return nil, fmt.Errorf("the probe has no result after %s, and the event that ends its time did not come", patience)
		case <-tick.C:
		}
	}
	return nil, nil
}

// probeUntilSilent is probeUntil for a server that stops answering.
func probeUntilSilent(t *testing.T, p *prober.Prober, target smbprobe.Target, silent func() bool) *smbprobe.Result {
	t.Helper()
	r, err := probeUntil(t.Context(), p, target, silent)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// probeLonger probes with more and more time, until the result is far enough: a busy machine
// may not get there in a second.
func probeLonger(t *testing.T, p *prober.Prober, target smbprobe.Target, far func(*smbprobe.Result) bool) *smbprobe.Result {
	t.Helper()
	var r *smbprobe.Result
	for timeout := time.Second; timeout < patience; timeout *= 5 {
		target.Module.Timeout = timeout
		if r = probe(t, p, target); far(r) {
			break
		}
	}
	return r
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
