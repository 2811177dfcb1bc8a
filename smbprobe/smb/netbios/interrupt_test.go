package netbios

import (
	"context"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

// slowConn takes a second to set a deadline in the past, and notes what was set.
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

// Release waits for an interruption that is under way, so that the last word on
// the deadline is that there is none.
func TestInterruptReleaseWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		conn := &slowConn{}
		release := interruptWith(ctx, conn)
		cancel()
		synctest.Wait()
		release()
		if diff := cmp.Diff([]time.Time{time.Unix(1, 0), {}}, conn.deadlines); diff != "" {
			t.Errorf("deadlines (-want +got):\n%s", diff)
		}
	})
}
