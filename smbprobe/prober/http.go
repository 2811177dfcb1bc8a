package prober

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"time"

	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/smb"
)

const (
	httpDelay   = 2 * time.Second // how long an SMB server may take before HTTP is tried, or a third of the time left
	httpTimeout = 2 * time.Second
)

// errHTTP is a port on which HTTP is spoken, such as the exporter's own.
var errHTTP = fmt.Errorf("%w, but a web server: HTTP is spoken on this port; leave the port out, or give 139 or 445", smb.ErrNotSMB)

// negotiateUnlessHTTP is negotiate, and ends early on a port of a web server. Such a server
// waits for the end of a line, which an SMB message does not have, so that the whole time of
// the probe would pass. The ports of SMB are spared the question.
func (r *run) negotiateUnlessHTTP(ctx context.Context, l *link) (client, error) {
	to := l.to
	if to.Port() == portDirect || to.Port() == portNetBIOS {
		return r.negotiate(ctx, l)
	}
	delay := httpDelay
	if deadline, ok := ctx.Deadline(); ok {
		delay = min(delay, time.Until(deadline)/3)
	}
	negotiating, end := context.WithCancelCause(ctx)
	watched := make(chan error, 1)
	go func() {
		var err error
		defer func() { watched <- err }()
		defer recoverAsError(&err)
		select {
		case <-time.After(delay):
		case <-negotiating.Done():
			return
		}
		if r.speaksHTTP(negotiating, to) {
			end(errHTTP)
		}
	}()
	c, err := r.negotiate(negotiating, l)
	cause := context.Cause(negotiating)
	end(nil)
	panicked := <-watched
	switch {
	case panicked != nil:
		if err == nil {
			c.Close()
		}
		return nil, panicked
	case err == nil:
		return c, nil
	case errors.Is(cause, errHTTP), errors.Is(err, smb.ErrNotSMB) && r.speaksHTTP(ctx, to):
		return nil, fmt.Errorf("negotiate: %w", errHTTP)
	}
	return nil, err
}

// speaksHTTP reports whether a web server answers on a port.
func (r *run) speaksHTTP(ctx context.Context, to netip.AddrPort) bool {
	ctx, cancel := context.WithTimeout(ctx, httpTimeout)
	defer cancel()
	conn, err := r.prober.opts.Dial(ctx, "tcp", to.String())
	if err != nil {
		return false
	}
	defer func() { _ = conn.Close() }()
	stop := context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	if _, err := io.WriteString(conn, "GET / HTTP/1.0\r\n\r\n"); err != nil {
		return false
	}
	const begin = "HTTP/"
	answer := make([]byte, len(begin))
	_, err = io.ReadFull(conn, answer)
	isHTTP := err == nil && string(answer) == begin
	r.log.logf("HTTP on %s: %t", to, isHTTP)
	return isHTTP
}
