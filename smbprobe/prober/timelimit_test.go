package prober_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/rasphone-exporter/rasphone_exporter/smbprobe"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/prober"
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
		return errExpired{}
	default:
		return nil
	}
}

// errExpired is a context.DeadlineExceeded that a trace tells from that of another limit.
type errExpired struct{}

func (errExpired) Error() string        { return "the test ended the time" }
func (errExpired) Is(target error) bool { return target == context.DeadlineExceeded }

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
