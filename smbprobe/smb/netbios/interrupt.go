package netbios

import (
	"context"
	"errors"
	"net"
	"time"
)

// interruptWith makes what waits on conn fail when ctx ends. The caller calls
// release when it is done: that waits for what was started here and takes the
// deadline away again.
func interruptWith(ctx context.Context, conn net.Conn) (release func()) {
	ended := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(ended)
		_ = conn.SetDeadline(time.Unix(1, 0)) // fails only on a closed connection, where nobody waits
	})
	return func() {
		if !stop() {
			<-ended
		}
		_ = conn.SetDeadline(time.Time{}) // the same
	}
}

// isTimeout reports whether a deadline ended a read or a write.
func isTimeout(err error) bool {
	network, ok := errors.AsType[net.Error](err)
	return ok && network.Timeout()
}
