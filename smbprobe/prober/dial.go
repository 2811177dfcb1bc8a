package prober

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"time"

	"github.com/rasphone-exporter/rasphone_exporter/smbprobe"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/smb"
)

const (
	// dialDelay is how long the first port has before the second one is tried
	// beside it.
	dialDelay = 150 * time.Millisecond
	// maxAddresses bounds the addresses of a name that are tried.
	maxAddresses = 4
)

// resolve returns the addresses of the target, IPv4 first. A name is resolved once a
// probe, and dialled by what came of it.
func (p *Prober) resolve(ctx context.Context, t smbprobe.Target) ([]netip.Addr, error) {
	if t.Addr.IsValid() {
		return []netip.Addr{t.Addr}, nil
	}
	addrs, err := p.opts.Resolver.LookupNetIP(ctx, "ip", t.Host)
	if err != nil {
		return nil, fmt.Errorf("resolve %s: %w", t.Host, err)
	}
	if len(addrs) == 0 {
		return nil, fmt.Errorf("resolve %s: %w", t.Host, &net.DNSError{Err: "no address", Name: t.Host, IsNotFound: true})
	}
	for i, a := range addrs {
		addrs[i] = a.Unmap()
	}
	slices.SortStableFunc(addrs, func(a, b netip.Addr) int { return a.BitLen() - b.BitLen() })
	addrs = slices.Compact(addrs)
	return addrs[:min(len(addrs), maxAddresses)], nil
}

// dialled is the outcome of one attempt to connect.
type dialResult struct {
	conn net.Conn
	to   netip.AddrPort
	err  error
}

// race connects to the first of several addresses and ports that answers. An
// attempt begins when the one before failed, or has had dialDelay; when one
// is connected, the others end, and their goroutines with them.
func (p *Prober) dialFirst(ctx context.Context, targets []netip.AddrPort, rounds *smb.Rounds, trace smb.Trace) (net.Conn, netip.AddrPort, error) {
	ctx, cancel := context.WithCancel(ctx)
	results := make(chan dialResult)
	next, running := 0, 0
	begin := func() {
		to := targets[next]
		next++
		running++
		go func() {
			conn, err := p.dial(ctx, to, rounds, trace)
			results <- dialResult{conn, to, err}
		}()
	}
	var won dialResult
	defer func() {
		cancel()
		for ; running > 0; running-- {
			if d := <-results; d.conn != nil {
				_ = d.conn.Close()
			}
		}
	}()

	var errs []error
	timer := time.NewTimer(dialDelay)
	defer timer.Stop()
	for begin(); running > 0; {
		select {
		case won = <-results:
			running--
			if won.err == nil {
				return won.conn, won.to, nil
			}
			errs = append(errs, won.err)
		case <-timer.C:
		}
		if next < len(targets) && ctx.Err() == nil {
			begin()
			timer.Reset(dialDelay)
		}
	}
	return nil, netip.AddrPort{}, bestDialError(errs)
}

// dial makes one connection. That a port is closed is an answer too, and a round trip.
func (p *Prober) dial(ctx context.Context, to netip.AddrPort, rounds *smb.Rounds, trace smb.Trace) (net.Conn, error) {
	round, begin := rounds.Sent(), p.opts.Now()
	conn, err := p.opts.Dial(ctx, "tcp", to.String())
	took := p.opts.Now().Sub(begin).Round(time.Microsecond)
	if err != nil {
		if failureState(err) == smbprobe.SharePortClosed {
			rounds.Answered(round)
		}
		trace.Log(fmt.Sprintf("connect to %s: %v, %s", to, err, took))
		return nil, fmt.Errorf("connect to %s: %w", to, err)
	}
	rounds.Answered(round)
	trace.Log(fmt.Sprintf("connect to %s: connected, round trip %d, %s", to, round, took))
	return conn, nil
}

// bestDialError returns the error that tells most of several attempts: a host that
// refuses a connection answers at least, and one that is silent may be
// filtered or off.
func bestDialError(errs []error) error {
	for _, state := range []smbprobe.ShareState{smbprobe.SharePortClosed, smbprobe.ShareTimeout, smbprobe.ShareHostUnreachable} {
		for _, err := range errs {
			if failureState(err) == state {
				return err
			}
		}
	}
	return errors.Join(errs...)
}
