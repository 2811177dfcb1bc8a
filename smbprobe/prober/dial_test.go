package prober

import (
	"context"
	"net"
	"net/netip"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/rasphone-exporter/rasphone_exporter/smbprobe"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/smb"
)

// countedConn counts its closing.
type countedConn struct {
	net.Conn
	closed *atomic.Int32
}

func (c countedConn) Close() error {
	c.closed.Add(1)
	return c.Conn.Close()
}

// TestRaceClosesTheLosers: connections that stand when another one has won.
func TestRaceClosesTheLosers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var dialled, closed atomic.Int32
		p, err := New(Options{Dial: func(_ context.Context, _, address string) (net.Conn, error) {
			dialled.Add(1)
			// All connect at the same time, though they began one after another,
			// and heed no context.
			time.Sleep(time.Second - time.Duration(dialled.Load()-1)*dialDelay)
			ours, theirs := net.Pipe()
			t.Cleanup(func() { theirs.Close() })
			return countedConn{ours, &closed}, nil
		}})
		if err != nil {
			t.Fatal(err)
		}
		var targets []netip.AddrPort
		for _, to := range []string{"10.1.2.3:445", "10.1.2.3:139", "10.1.2.4:445"} {
			targets = append(targets, netip.MustParseAddrPort(to))
		}
		var rounds smb.Rounds
		conn, _, err := p.dialFirst(t.Context(), targets, &rounds, nil)
		if err != nil {
			t.Fatal(err)
		}
		if dialled.Load() != 3 || closed.Load() != 2 {
			t.Errorf("%d dialled and %d closed, want 3 and 2", dialled.Load(), closed.Load())
		}
		if got := rounds.Count(); got != 1 {
			t.Errorf("%d round trips, want 1", got)
		}
		conn.Close()
	})
}

// TestRaceDelay: the next attempt begins when the one before failed or has had its
// time, and all end with the context.
func TestRaceDelay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begin := time.Now()
		began := make(chan time.Duration, 4)
		p, err := New(Options{Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
			began <- time.Since(begin)
			<-ctx.Done()
			return nil, &net.OpError{Op: "dial", Net: "tcp", Err: ctx.Err()}
		}})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		to := netip.MustParseAddrPort("10.1.2.3:445")
		var rounds smb.Rounds
		_, _, err = p.dialFirst(ctx, []netip.AddrPort{to, to, to}, &rounds, nil)
		if err == nil || failureState(err) != smbprobe.ShareTimeout {
			t.Errorf("error %v, want a timeout", err)
		}
		if took := time.Since(begin); took != 10*time.Second {
			t.Errorf("took %s, want 10 s", took)
		}
		close(began)
		var after []time.Duration
		for d := range began {
			after = append(after, d)
		}
		if diff := cmp.Diff([]time.Duration{0, dialDelay, 2 * dialDelay}, after); diff != "" {
			t.Errorf("attempts began after (-want +got):\n%s", diff)
		}
		if got := rounds.Count(); got != 0 {
			t.Errorf("%d round trips without an answer", got)
		}
	})
}
