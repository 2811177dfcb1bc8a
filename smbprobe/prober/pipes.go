package prober

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/rasphone-exporter/rasphone_exporter/smbprobe"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/msrpc"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/smb"
)

const (
	// maxPipeOpens is how often a pipe is opened that has no free instance: Windows NT
	// creates one after the other, and several opens of one pipe at once may find none.
	maxPipeOpens = 4
	// pauseBeforeReopen is the pause before the second open; it doubles.
	pauseBeforeReopen = 50 * time.Millisecond
)

// openPipe opens a pipe, and tries again if no instance of it is free yet.
func openPipe(ctx context.Context, tree smb.Tree, name string) (smb.Pipe, error) {
	pause := pauseBeforeReopen
	for open := 1; ; open++ {
		pipe, err := tree.OpenPipe(ctx, name)
		if err == nil || !pipeBusy(err) || open == maxPipeOpens {
			return pipe, err
		}
		if ended := wait(ctx, pause); ended != nil {
			return nil, fmt.Errorf("%w; it was to be opened again, but %w", err, ended)
		}
		pause *= 2
	}
}

// wait waits, and lets the requests of other branches go meanwhile. The error is that ctx
// ended.
func wait(ctx context.Context, d time.Duration) error {
	if rounds := smb.RoundsFrom(ctx, nil); rounds != nil {
		rounds.Work(-1)
		defer rounds.Work(1)
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func pipeBusy(err error) bool {
	switch smb.StatusOf(err) {
	case smb.StatusPipeNotAvailable, smb.StatusInstanceNotAvailable, smb.StatusPipeBusy:
		return true
	}
	return false
}

// rpcHealth collects how the pipes of a session answered. Several branches of the probe
// report to it.
type rpcHealth struct {
	mu           sync.Mutex
	answered     bool            // an RPC server answered, even if it refused
	disconnected bool            // a pipe has no server process
	busy         map[string]bool // pipes without a free instance
	noAnswer     bool            // a pipe got no definite answer
	inconclusive bool            // a failure that does not show whether a server process exists
}

// record adds the outcome of one pipe.
func (h *rpcHealth) record(pipe string, err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if err != nil && !isAnswer(err) {
		h.noAnswer = true
	}
	switch {
	case err == nil || isRPCAnswer(err):
		h.answered = true
	case errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled):
		h.inconclusive = true
	case pipeBusy(err):
		if h.busy == nil {
			h.busy = make(map[string]bool)
		}
		h.busy[pipe] = true
	case pipeDisconnected(err):
		h.disconnected = true
	default:
		h.inconclusive = true
	}
}

// state returns what the pipes show of the programs behind them. That these are gone is
// known only if the share works: otherwise the whole server may be in trouble.
func (h *rpcHealth) state(share smbprobe.ShareState) smbprobe.RPCState {
	h.mu.Lock()
	defer h.mu.Unlock()
	switch {
	case h.answered:
		return smbprobe.RPCAnswers
	case h.inconclusive || share != smbprobe.ShareOK:
		return ""
	case h.disconnected || len(h.busy) > 1: // a single pipe may be busy
		return smbprobe.RPCDead
	}
	return ""
}

// anyUnanswered reports whether a pipe got no definite answer.
func (h *rpcHealth) anyUnanswered() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.noAnswer
}

// isRPCAnswer reports whether an error comes from the program behind the pipe rather
// than from the Server service in front of it.
func isRPCAnswer(err error) bool {
	if _, ok := errors.AsType[msrpc.Fault](err); ok {
		return true
	}
	if _, ok := errors.AsType[msrpc.Win32Error](err); ok {
		return true
	}
	if errors.Is(err, msrpc.ErrRejected) || errors.Is(err, errLogChanged) {
		return true
	}
	switch smb.StatusOf(err) {
	case smb.StatusEventlogFileCorrupt, smb.StatusEventlogCantStart, smb.StatusEventlogFileChanged:
		return true // return codes of the call itself
	}
	return false
}

// pipeDisconnected reports whether a status means that no program serves a pipe.
func pipeDisconnected(err error) bool {
	switch smb.StatusOf(err) {
	case smb.StatusObjectNameNotFound, smb.StatusPipeDisconnected, smb.StatusPipeClosing, smb.StatusPipeEmpty, smb.StatusPipeBroken:
		return true
	}
	return false
}
