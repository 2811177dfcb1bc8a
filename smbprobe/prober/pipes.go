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
	// maxPipeOpens is how often a pipe is opened of which no instance is free at the
	// moment: Windows NT makes one after the other, and several opens of one pipe at
	// once may find none.
	maxPipeOpens = 4
	// pauseBeforeReopen is the pause before the second open; it doubles.
	pauseBeforeReopen = 50 * time.Millisecond
)

// openPipe opens a pipe, again where no instance of it is free yet.
func openPipe(ctx context.Context, tree smb.Tree, name string) (smb.Pipe, error) {
	pause := pauseBeforeReopen
	for open := 1; ; open++ {
		pipe, err := tree.OpenPipe(ctx, name)
		if err == nil || !pipeBusy(err) || open == maxPipeOpens {
			return pipe, err
		}
		timer := time.NewTimer(pause)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return nil, fmt.Errorf("%w; it was to be opened again, but %w", err, ctx.Err())
		}
		pause *= 2
	}
}

func pipeBusy(err error) bool {
	switch smb.StatusOf(err) {
	case smb.StatusPipeNotAvailable, smb.StatusInstanceNotAvailable, smb.StatusPipeBusy:
		return true
	}
	return false
}

// rpcHealth notes how the pipes of a session answered. Several branches of the
// probe report to it.
type rpcHealth struct {
	mu           sync.Mutex
	answered     bool            // an RPC server answered, be it with a refusal
	disconnected bool            // nobody is behind a pipe
	busy         map[string]bool // pipes of which no instance was free
	noAnswer     bool            // a pipe got no definite answer
	inconclusive bool            // a failure that tells nothing of who is behind the pipe
}

// note takes the outcome of one pipe.
func (w *rpcHealth) record(pipe string, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if err != nil && !isAnswer(err) {
		w.noAnswer = true
	}
	switch {
	case err == nil || rpcAnswer(err):
		w.answered = true
	case errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled):
		w.inconclusive = true
	case pipeBusy(err):
		if w.busy == nil {
			w.busy = make(map[string]bool)
		}
		w.busy[pipe] = true
	case pipeDisconnected(err):
		w.disconnected = true
	default:
		w.inconclusive = true
	}
}

// state says what the pipes told. That nobody is behind them is known only where the
// share works: else the server as a whole may be in trouble.
func (w *rpcHealth) state(share smbprobe.ShareState) smbprobe.RPCState {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch {
	case w.answered:
		return smbprobe.RPCAnswers
	case w.inconclusive || share != smbprobe.ShareOK:
		return ""
	case w.disconnected || len(w.busy) > 1: // a single pipe may be busy
		return smbprobe.RPCDead
	}
	return ""
}

// unanswered reports whether a pipe got no definite answer.
func (w *rpcHealth) anyUnanswered() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.noAnswer
}

// rpcAnswer reports whether an error is the word of a program behind the pipe, and not of the
// Server service before it.
func rpcAnswer(err error) bool {
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
		return true // results of the call itself
	}
	return false
}

// pipeDisconnected reports whether a status means that the program behind a pipe is gone.
func pipeDisconnected(err error) bool {
	switch smb.StatusOf(err) {
	case smb.StatusObjectNameNotFound, smb.StatusPipeDisconnected, smb.StatusPipeClosing, smb.StatusPipeEmpty, smb.StatusPipeBroken:
		return true
	}
	return false
}
