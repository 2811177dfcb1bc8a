package prober

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"slices"
	"time"

	"github.com/rasphone-exporter/rasphone_exporter/smbprobe"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/smb"
)

const (
	// dialDelay is how long an attempt to connect has before the next one is started
	// beside it (the connection attempt delay of RFC 8305, section 5).
	dialDelay = 150 * time.Millisecond
	// maxAddresses is how many addresses of a name are tried.
	maxAddresses = 4
)

// resolve returns the addresses of the target, IPv4 first. A name is resolved once per
// probe; its connections go to these addresses.
func (r *run) resolve(ctx context.Context) (addrs []netip.Addr, err error) {
	err = r.log.step(smbprobe.StepResolve, func() error {
		addrs, err = lookup(ctx, r.prober.opts.Resolver, r.target)
		return err
	})
	return addrs, err
}

func lookup(ctx context.Context, resolver Resolver, t smbprobe.Target) ([]netip.Addr, error) {
	if t.Addr.IsValid() {
		return []netip.Addr{t.Addr}, nil
	}
	addrs, err := resolver.LookupNetIP(ctx, "ip", cmp.Or(t.LookupName, t.Host))
	if err == nil && len(addrs) == 0 {
		err = &net.DNSError{Err: "no address", Name: t.Host, IsNotFound: true}
	}
	if dns, ok := errors.AsType[*net.DNSError](err); ok && dns.IsNotFound {
		return nil, fmt.Errorf("resolve %s: DNS was asked, WINS and LMHOSTS are not, and an IP address works: %w", t.Host, err)
	}
	if err != nil {
		return nil, fmt.Errorf("resolve %s: %w", t.Host, err)
	}
	for i, a := range addrs {
		addrs[i] = a.Unmap()
	}
	// DNS servers that block names answer 0.0.0.0, which would lead to this computer.
	addrs = slices.DeleteFunc(addrs, func(a netip.Addr) bool {
		return a.IsUnspecified() || a.IsMulticast() || a == netip.AddrFrom4([4]byte{255, 255, 255, 255})
	})
	if len(addrs) == 0 {
		return nil, fmt.Errorf("resolve %s: %w", t.Host, &net.DNSError{Err: "no address of a host", Name: t.Host, IsNotFound: true})
	}
	slices.SortStableFunc(addrs, func(a, b netip.Addr) int { return a.BitLen() - b.BitLen() })
	addrs = slices.Compact(addrs)
	return addrs[:min(len(addrs), maxAddresses)], nil
}

// dialResult is the outcome of one attempt to connect.
type dialResult struct {
	conn net.Conn
	to   netip.AddrPort
	err  error
}

// dialFirst connects to the first of several addresses and ports that answers. An
// attempt starts when the previous one has failed or is dialDelay old (RFC 8305,
// section 5). Once one is connected, the others end, and their goroutines with them.
func (p *Prober) dialFirst(ctx context.Context, targets []netip.AddrPort, rounds *smb.Rounds, trace smb.Trace) (net.Conn, netip.AddrPort, error) {
	if len(targets) == 1 {
		conn, err := p.dial(ctx, targets[0], rounds, trace)
		return conn, targets[0], err
	}
	ctx, cancel := context.WithCancel(ctx)
	results := make(chan dialResult)
	next, running := 0, 0
	begin := func() {
		to := targets[next]
		next++
		running++
		go func() {
			d := dialResult{to: to}
			defer func() { results <- d }()
			defer recoverAsError(&d.err)
			d.conn, d.err = p.dial(ctx, to, rounds, trace)
		}()
	}
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
		case d := <-results:
			running--
			if d.err == nil {
				return d.conn, d.to, nil
			}
			errs = append(errs, d.err)
		case <-timer.C:
		}
		if next < len(targets) && ctx.Err() == nil {
			begin()
			timer.Reset(dialDelay)
		}
	}
	return nil, netip.AddrPort{}, bestDialError(errs)
}

// dial makes one connection. A closed port is an answer too, and counts as a round trip.
func (p *Prober) dial(ctx context.Context, to netip.AddrPort, rounds *smb.Rounds, trace smb.Trace) (net.Conn, error) {
	round, begin := rounds.Sent(), time.Now()
	conn, err := p.opts.Dial(ctx, "tcp", to.String())
	took := time.Since(begin).Round(time.Microsecond)
	if err != nil {
		if failureState(err) == smbprobe.SharePortClosed {
			rounds.Answered(round)
		}
		trace.Logf("connect to %s: %v, %s", to, err, took)
		return nil, &connectError{to, err}
	}
	rounds.Answered(round)
	trace.Logf("connect to %s: connected, round trip %d, %s", to, round, took)
	return conn, nil
}

// connectError is a failed attempt to connect. Its text has the address once.
type connectError struct {
	to  netip.AddrPort
	err error
}

func (e *connectError) Error() string {
	err := e.err
	if network, ok := errors.AsType[*net.OpError](err); ok && network.Op == "dial" {
		err = network.Err
	}
	if call, ok := errors.AsType[*os.SyscallError](err); ok {
		err = call.Err
	}
	return fmt.Sprintf("connect to %s: %v", e.to, err)
}

func (e *connectError) Unwrap() error { return e.err }

// bestDialError returns the most informative errors of several attempts, all of one kind: a
// host that refuses a connection does answer, and one that is silent may be filtered or off.
// What this computer could not try comes first: Windows NT 4.0 refuses 445, and listens on 139.
// For the same reason a silent 139 comes before a refused 445: the Server service may be running.
func bestDialError(errs []error) error {
	for _, err := range errs {
		if isLocalShortage(err) && !lacksIPv6(err) {
			return err
		}
	}
	for _, state := range []smbprobe.ShareState{smbprobe.SharePortClosed, smbprobe.ShareTimeout, smbprobe.ShareHostUnreachable} {
		var alike []error
		for _, err := range errs {
			if failureState(err) == state {
				alike = append(alike, err)
			}
		}
		if alike == nil {
			continue
		}
		if silent := silentNetBIOS(errs); silent != nil && state == smbprobe.SharePortClosed && !slices.ContainsFunc(alike, isNot445) {
			return joinErrors(append(silent, alike...))
		}
		return joinErrors(alike)
	}
	return joinErrors(errs)
}

// silentNetBIOS returns the errors of attempts on port 139 that got no answer.
func silentNetBIOS(errs []error) (silent []error) {
	for _, err := range errs {
		if failed, ok := errors.AsType[*connectError](err); ok && failed.to.Port() == portNetBIOS && failureState(err) == smbprobe.ShareTimeout {
			silent = append(silent, err)
		}
	}
	return silent
}

func isNot445(err error) bool {
	failed, ok := errors.AsType[*connectError](err)
	return !ok || failed.to.Port() != portDirect
}

// joinErrors is errors.Join with a text of one line.
func joinErrors(errs []error) error {
	joined := errs[0]
	for _, err := range errs[1:] {
		joined = fmt.Errorf("%w; %w", joined, err)
	}
	return joined
}

// lacksIPv6 reports whether an attempt failed because this computer has no IPv6 address,
// which is no shortage if the host has IPv4 addresses as well.
func lacksIPv6(err error) bool {
	network, ok := errors.AsType[*net.OpError](err)
	if !ok || !errors.Is(err, errnoNoAddress) {
		return false
	}
	to, ok := network.Addr.(*net.TCPAddr)
	return ok && to.IP.To4() == nil
}
