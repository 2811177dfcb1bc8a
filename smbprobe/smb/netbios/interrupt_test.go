package netbios

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/smb"
)

// slowConn takes a second to set a deadline in the past, and records what was set.
type slowConn struct {
	net.Conn
	deadlines []time.Time
}

func (c *slowConn) SetDeadline(t time.Time) error {
	if !t.IsZero() {
		time.Sleep(time.Second) // of the test's own clock
	}
	c.deadlines = append(c.deadlines, t)
	return nil
}

// Release waits for an interruption that is under way, so that no deadline is left.
func TestInterruptReleaseWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		conn := &slowConn{}
		release := interruptWith(ctx, conn)
		cancel()
		synctest.Wait()
		if err := release(); err != nil {
			t.Error(err)
		}
		if diff := cmp.Diff([]time.Time{time.Unix(1, 0), {}}, conn.deadlines); diff != "" {
			t.Errorf("deadlines (-want +got):\n%s", diff)
		}
	})
}

// panickyConn panics when a deadline is set.
type panickyConn struct{ net.Conn }

func (panickyConn) SetDeadline(time.Time) error { panic("no deadlines") }

// A panic of the goroutine that interrupts is the error of the call that waits.
func TestInterruptPanic(t *testing.T) {
	for name, call := range map[string]func(context.Context, net.Conn) error{
		"session": func(ctx context.Context, conn net.Conn) error {
			return RequestSession(ctx, conn, "EXCH1", "RASPHONE", new(smb.Rounds))
		},
		"node status": func(ctx context.Context, conn net.Conn) error {
			dial := func(context.Context, string, string) (net.Conn, error) { return conn, nil }
			_, err := NodeStatus(ctx, dial, netip.MustParseAddrPort("192.0.2.1:137"), new(smb.Rounds))
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			ours, theirs := net.Pipe()
			defer func() { _ = theirs.Close() }()
			ctx, cancel := context.WithCancel(t.Context())
			cancel()
			err := call(ctx, panickyConn{ours})
			if p, ok := errors.AsType[*smb.PanicError](err); !ok || p.Value != "no deadlines" {
				t.Error(err)
			}
		})
	}
}
