package prober

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"runtime"
	"sync"
)

// systemResolver looks names up as the system is configured to. It does not take a failure
// for the answer that a name does not exist: the C library reports that when it has no
// descriptor left, and Go when one of several queries was answered so (A and AAAA, or each
// domain of the search list) and another one failed.
type systemResolver struct {
	dial     func(ctx context.Context, network, address string) (net.Conn, error) // to DNS servers
	preferGo bool                                                                 // also for the first attempt
}

// LookupNetIP implements Resolver.
func (r systemResolver) LookupNetIP(ctx context.Context, network, host string) ([]netip.Addr, error) {
	addrs, err := r.lookup(ctx, network, host, false)
	dns, ok := errors.AsType[*net.DNSError](err)
	// Windows tells the two apart itself, and has names that are not in DNS.
	if !ok || !dns.IsNotFound || runtime.GOOS == "windows" {
		return addrs, err
	}
	addrs = nil
	for _, family := range []string{"ip4", "ip6"} {
		found, failure := r.lookup(ctx, family, host, true)
		if dns, ok := errors.AsType[*net.DNSError](failure); failure != nil && !(ok && dns.IsNotFound) {
			return nil, failure
		}
		addrs = append(addrs, found...)
	}
	if len(addrs) == 0 {
		return nil, err
	}
	return addrs, nil
}

// lookupShortage is the error of a lookup that this computer lacked something for.
type lookupShortage struct {
	error    // of the lookup; its text describes the shortage
	shortage error
}

func (e *lookupShortage) Unwrap() []error { return []error{e.error, e.shortage} }

// lookup looks a name up once. strict makes every failed query a failure of the whole
// lookup. If this computer lacked what a query needs, the error wraps that as well: a
// net.DNSError has it as text alone.
func (r systemResolver) lookup(ctx context.Context, network, host string, strict bool) ([]netip.Addr, error) {
	var mu sync.Mutex // queries run in parallel, and beyond the end of ctx
	var shortage error
	resolver := net.Resolver{
		PreferGo:     strict || r.preferGo,
		StrictErrors: strict,
		Dial: func(ctx context.Context, network, address string) (net.Conn, error) {
			conn, err := r.dial(ctx, network, address)
			if isLocalShortage(err) {
				mu.Lock()
				defer mu.Unlock()
				shortage = err
			}
			return conn, err
		},
	}
	addrs, err := resolver.LookupNetIP(ctx, network, host)
	mu.Lock()
	defer mu.Unlock()
	if err != nil && shortage != nil {
		return nil, &lookupShortage{err, shortage}
	}
	return addrs, err
}
