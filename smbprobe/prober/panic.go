package prober

import (
	"context"
	"fmt"
	"net"
	"runtime/debug"
	"sync"

	"github.com/rasphone-exporter/rasphone_exporter/smbprobe"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/smb"
)

// recoverAsError makes a panic of the calling goroutine an error; call it with defer.
func recoverAsError(err *error) {
	if v := recover(); v != nil {
		*err = asPanicError(v)
	}
}

// asPanicError returns a *smb.PanicError for a recovered value, which may be one already:
// that of a goroutine whose panic was handed on.
func asPanicError(v any) *smb.PanicError {
	if p, ok := v.(*smb.PanicError); ok {
		return p
	}
	return &smb.PanicError{Value: v, Stack: debug.Stack()}
}

// runParallel runs branches of a probe in parallel and waits for all of them. The
// round trips of the longest branch count. A panic of a branch becomes one of the
// caller.
func (r *run) runParallel(ctx context.Context, branches ...func(context.Context)) {
	runParallel(ctx, r.rounds, branches...)
}

// runParallel is run.runParallel; rounds are those of a context that has none.
func runParallel(ctx context.Context, rounds *smb.Rounds, branches ...func(context.Context)) {
	rounds = smb.RoundsFrom(ctx, rounds)
	var wait sync.WaitGroup
	rounds.Work(len(branches) - 1) // instead of the caller
	running := make([]parallelBranch, len(branches))
	wait.Add(len(branches))
	for i := range running {
		b := &running[i]
		b.run, b.ctx.Context, b.wait = branches[i], ctx, &wait
		rounds.ForkInto(&b.ctx.Rounds)
		go b.start()
	}
	wait.Wait()
	rounds.Work(1)
	for i := range running {
		rounds.Join(&running[i].ctx.Rounds)
		if err := running[i].panicked; err != nil {
			panic(err)
		}
	}
}

// parallelBranch is one branch of runParallel.
type parallelBranch struct {
	run      func(context.Context)
	ctx      smb.RoundsContext
	wait     *sync.WaitGroup
	panicked error
}

func (b *parallelBranch) start() {
	defer b.wait.Done()
	defer b.ctx.Rounds.Work(-1)
	defer recoverAsError(&b.panicked)
	b.run(&b.ctx)
}

// expect tells the connection how many round trips a branch will need.
func expect(ctx context.Context, rounds int) {
	if r := smb.RoundsFrom(ctx, nil); r != nil {
		r.Expect(rounds)
	}
}

// recordPanic records that the probe ended in a panic, whose stack goes into the trace.
// It closes the connections that were left open.
func (r *run) recordPanic(v any) error {
	p := asPanicError(v)
	r.log.logf("%v\n%s", p, p.Stack)
	r.conns.closeAll()
	return r.discard(fmt.Errorf("a bug in the exporter (please report it with the trace): %w", p))
}

// discard replaces whatever the probe found by the result of a target that was not
// probed, for a reason of the exporter's own.
func (r *run) discard(err error) error {
	r.result = newRun(r.prober, r.target, r.log).result
	return r.recordShareError(smbprobe.ShareNotProbed, err)
}

// connections are those that a probe opened. Closing one twice is harmless.
type connections struct {
	mu  sync.Mutex
	all []net.Conn
}

func (c *connections) add(conn net.Conn) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.all = append(c.all, conn)
}

func (c *connections) closeAll() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, conn := range c.all {
		_ = conn.Close()
	}
}
