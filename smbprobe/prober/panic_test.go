package prober_test

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"github.com/rasphone-exporter/rasphone_exporter/smbprobe"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/prober"
)

// faultyConn panics at one of the writes of all connections that share its counter.
type faultyConn struct {
	net.Conn
	writes *atomic.Int64
	fault  int64
	at     func()
}

func (c *faultyConn) Write(b []byte) (int, error) {
	if c.writes.Add(1) == c.fault {
		c.at()
	}
	return c.Conn.Write(b)
}

// probeWithFault probes a simulated NT server, and calls at before the write whose
// number is fault. It returns how many writes there were.
func probeWithFault(t *testing.T, build func(prober.Options) *prober.Prober, target smbprobe.Target, ctx context.Context, fault int64, at func()) (*smbprobe.Result, *prober.Prober, int64) {
	t.Helper()
	var writes atomic.Int64
	exporter := build(prober.Options{Dial: func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := (&net.Dialer{}).DialContext(ctx, network, address)
		if err != nil {
			return nil, err
		}
		return &faultyConn{Conn: conn, writes: &writes, fault: fault, at: at}, nil
	}})
	return exporter.Probe(ctx, target), exporter, writes.Load()
}

// everything is a site whose module asks for all that a probe can ask for.
func everything(t *testing.T) smbprobe.Target {
	_, addr := startNT(t)
	return site{hosts: []string{addr.String()}, module: []string{
		"transport: netbios", "eventlog: {enabled: true}", "server: {registry: true, services: [MSExchangeIMC, RasMan]}",
	}}.target(t)
}

// TestPanic: wherever the client panics, the process lives, the result says that the
// target was not probed, nothing is left open, and the account can log in again.
func TestPanic(t *testing.T) {
	target := everything(t)
	build := func(o prober.Options) *prober.Prober {
		p := newProber(t, o)
		p.CountFlights()
		return p
	}
	_, _, writes := probeWithFault(t, build, target, t.Context(), 0, nil)
	if writes < 10 {
		t.Fatalf("%d writes: the probe does not ask for everything", writes)
	}
	before := goleak.IgnoreCurrent()
	notProbed := 0
	for fault := int64(1); fault <= writes; fault++ {
		r, p, _ := probeWithFault(t, build, target, t.Context(), fault, func() { panic("broken by the test") })
		switch {
		case r.Share == smbprobe.ShareNotProbed:
			notProbed++
			if r.Success || r.Verdict() != smbprobe.VerdictUnknown || !strings.Contains(r.ShareError, "broken by the test") {
				t.Errorf("write %d: success %v, verdict %s, error %q", fault, r.Success, r.Verdict(), r.ShareError)
			}
			if !strings.Contains(strings.Join(r.Trace.Lines(), "\n"), "faultyConn") {
				t.Errorf("write %d: no stack in the trace", fault)
			}
		case !r.Success: // panics after the last check, while logging off, lose nothing
			t.Errorf("write %d: share %s (%s), not complete", fault, r.Share, r.ShareError)
		}
		_ = p.Forget("corp") // a login whose sending panicked is in doubt
		if again := p.Probe(t.Context(), target); !again.Success {
			t.Errorf("write %d: the next probe: share %s (%s)", fault, again.Share, again.ShareError)
		}
	}
	if notProbed < int(writes)/2 {
		t.Errorf("%d of %d faults were seen", notProbed, writes)
	}
	goleak.VerifyNone(t, before)
}

// TestCanceled: a probe that is canceled shows nothing about the server.
func TestCanceled(t *testing.T) {
	target := everything(t)
	build := func(o prober.Options) *prober.Prober {
		p := newProber(t, o)
		p.CountFlights()
		return p
	}
	_, _, writes := probeWithFault(t, build, target, t.Context(), 0, nil)
	for fault := int64(1); fault <= writes; fault++ {
		ctx, cancel := context.WithCancel(t.Context())
		r, _, _ := probeWithFault(t, build, target, ctx, fault, cancel)
		cancel()
		if !r.Success && (r.Share != smbprobe.ShareNotProbed || r.Verdict() != smbprobe.VerdictUnknown || len(r.Causes) != 0) {
			t.Errorf("write %d: share %s (%s), verdict %s, %d causes", fault, r.Share, r.ShareError, r.Verdict(), len(r.Causes))
		}
	}
}

// TestPanicWhileConnecting: the goroutines that dial are covered as well.
func TestPanicWhileConnecting(t *testing.T) {
	target := site{hosts: []string{"10.1.2.3"}}.target(t)
	p := newProber(t, prober.Options{Dial: func(context.Context, string, string) (net.Conn, error) { panic("broken by the test") }})
	r := p.Probe(t.Context(), target)
	if r.Share != smbprobe.ShareNotProbed || !strings.Contains(r.ShareError, "broken by the test") {
		t.Errorf("share %s (%s)", r.Share, r.ShareError)
	}
}

// TestOwnShortage: what this computer lacks is not the server's fault.
func TestOwnShortage(t *testing.T) {
	target := site{hosts: []string{"10.1.2.3"}}.target(t)
	for _, errno := range []syscall.Errno{syscall.EMFILE, syscall.ENFILE, syscall.EADDRNOTAVAIL, syscall.ENOBUFS} {
		p := newProber(t, prober.Options{Dial: func(context.Context, string, string) (net.Conn, error) {
			return nil, &net.OpError{Op: "dial", Net: "tcp", Err: errno}
		}})
		r := p.Probe(t.Context(), target)
		want := outcome{Share: smbprobe.ShareNotProbed, Phonebook: smbprobe.PhonebookUnknown}
		if diff := cmp.Diff(want, outcomeOf(r)); diff != "" || !r.LocalShortage {
			t.Errorf("%v: local shortage %v, outcome (-want +got):\n%s", errno, r.LocalShortage, diff)
		}
	}
}

// recordingResolver records what it is asked, and fails.
type recordingResolver struct {
	names []string
	err   error
}

func (r *recordingResolver) LookupNetIP(_ context.Context, _, host string) ([]netip.Addr, error) {
	r.names = append(r.names, host)
	return nil, r.err
}

// TestNamesAreLookedUpAsWritten: a search list must not lead a name with a dot, and a
// login with it, to another host. A DNS server that fails shows nothing about the target.
func TestNamesAreLookedUpAsWritten(t *testing.T) {
	for _, tt := range []struct {
		host, lookedUp string
		err            *net.DNSError
		want           smbprobe.ShareState
	}{
		{"exch01.corp.example", "exch01.corp.example.", &net.DNSError{Err: "no such host", IsNotFound: true}, smbprobe.ShareNameNotResolved},
		{"exch01", "exch01", &net.DNSError{Err: "no such host", IsNotFound: true}, smbprobe.ShareNameNotResolved},
		{"exch01", "exch01", &net.DNSError{Err: "server misbehaving", IsTemporary: true}, smbprobe.ShareNotProbed},
		{"exch01", "exch01", &net.DNSError{Err: "i/o timeout", IsTimeout: true}, smbprobe.ShareNotProbed},
	} {
		t.Run(fmt.Sprintf("%s %s", tt.host, tt.err.Err), func(t *testing.T) {
			l := &recordingResolver{err: tt.err}
			r := newProber(t, prober.Options{Resolver: l}).Probe(t.Context(), site{hosts: []string{tt.host}}.target(t))
			if diff := cmp.Diff([]string{tt.lookedUp}, l.names); diff != "" {
				t.Errorf("looked up (-want +got):\n%s", diff)
			}
			if r.Share != tt.want {
				t.Errorf("share %s (%s), want %s", r.Share, r.ShareError, tt.want)
			}
		})
	}
}
