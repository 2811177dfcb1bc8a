package prober

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/msrpc/eventlog"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/msrpc/srvsvc"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/msrpc/svcctl"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/msrpc/winreg"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/smb"
)

// Some servers never answer one call of an interface while they answer the others:
// JFileServer does so with NetrRemoteTOD. Such a call must not cost each probe its whole
// time. Once a pipe has answered a call, each further one gets a third of the probe's
// time; a call that was silent twice in a row is left out for a while.
const (
	silentBeforeSkipping = 2
	probesSkipped        = 9
	optionalCallShare    = 3 // the part of the probe's time: one third
)

// errCallSkipped: the call was not made, because it was not answered before.
var errCallSkipped = errors.New("the server did not answer it twice in a row, so it is left out for some probes")

// callID identifies a call: the pipe and the number of the operation.
type callID struct {
	pipe  string
	opnum uint16
}

// callNames are the calls that a probe makes (MS-SRVS, MS-SCMR, MS-RRP, MS-EVEN 3.1.4).
var callNames = map[callID]string{
	{srvsvc.PipeName, 16}:   "NetrShareGetInfo",
	{srvsvc.PipeName, 21}:   "NetrServerGetInfo",
	{srvsvc.PipeName, 28}:   "NetrRemoteTOD",
	{svcctl.PipeName, 6}:    "RQueryServiceStatus",
	{svcctl.PipeName, 15}:   "ROpenSCManagerW",
	{svcctl.PipeName, 16}:   "ROpenServiceW",
	{svcctl.PipeName, 17}:   "RQueryServiceConfigW",
	{winreg.PipeName, 2}:    "OpenLocalMachine",
	{winreg.PipeName, 9}:    "BaseRegEnumKey",
	{winreg.PipeName, 15}:   "BaseRegOpenKey",
	{winreg.PipeName, 17}:   "BaseRegQueryValue",
	{eventlog.PipeName, 4}:  "ElfrNumberOfRecords",
	{eventlog.PipeName, 5}:  "ElfrOldestRecord",
	{eventlog.PipeName, 7}:  "ElfrOpenELW",
	{eventlog.PipeName, 10}: "ElfrReadELW",
}

func (id callID) String() string {
	if name, ok := callNames[id]; ok {
		return name
	}
	return fmt.Sprintf("call %d of %s", id.opnum, id.pipe)
}

// requestOf returns the call that a message makes; ok is false for a message that is not
// a request (C706, section 12.6.4.9: packet type 0, operation number at offset 22).
func requestOf(pipe string, message []byte) (id callID, ok bool) {
	if len(message) < 24 || message[2] != 0 {
		return callID{}, false
	}
	return callID{pipe, binary.LittleEndian.Uint16(message[22:])}, true
}

// silence is what is remembered of a call that was not answered.
type silence struct {
	inARow int // probes in which it was made and not answered
	skip   int // probes that leave it out from now on
}

// callWatch limits the calls of one probe, and collects which were silent.
type callWatch struct {
	limit   time.Duration
	earlier map[callID]silence // not changed

	mu     sync.Mutex
	made   map[callID]bool
	silent map[callID]bool // true: skipped
	pipes  int             // that answered a call
}

// tree returns a tree whose pipes are watched.
func (w *callWatch) tree(t smb.Tree) smb.Tree { return watchedTree{t, w} }

type watchedTree struct {
	smb.Tree
	watch *callWatch
}

func (t watchedTree) OpenPipe(ctx context.Context, name string) (smb.Pipe, error) {
	pipe, err := t.Tree.OpenPipe(ctx, name)
	if err != nil {
		return nil, err
	}
	watched := &watchedPipe{Pipe: pipe, name: name, watch: t.watch}
	watched.limiter, _ = pipe.(smb.CallLimiter)
	if ahead, ok := pipe.(smb.ReadAheader); ok {
		return &watchedAheadPipe{watched, ahead}, nil
	}
	return watched, nil
}

// watchedPipe gives each call after the first one that was answered a part of the time.
type watchedPipe struct {
	smb.Pipe
	limiter  smb.CallLimiter // nil: the pipe cannot limit its calls
	name     string
	watch    *callWatch
	call     callID // the last one
	answered bool   // a call, not only the bind
}

func (p *watchedPipe) Transact(ctx context.Context, message []byte, limit int) (answer []byte, err error) {
	id, isCall := requestOf(p.name, message)
	if isCall {
		p.call = id
		if p.watch.skips(id) {
			return nil, fmt.Errorf("%s: %w", id, errCallSkipped)
		}
		p.watch.recordCall(id)
	}
	limited, cancel := p.limited(ctx)
	defer cancel()
	answer, err = p.Pipe.Transact(limited, message, limit)
	if isCall && err == nil && !p.answered {
		p.answered = true
		p.watch.recordPipe()
		if p.limiter != nil {
			p.limiter.LimitCalls(p.watch.limit)
		}
	}
	return answer, p.silent(limited, err)
}

func (p *watchedPipe) Read(ctx context.Context, limit int) (answer []byte, err error) {
	limited, cancel := p.limited(ctx)
	defer cancel()
	answer, err = p.Pipe.Read(limited, limit)
	return answer, p.silent(limited, err)
}

// limited returns the context of a call, with its own time limit if the pipe has none.
func (p *watchedPipe) limited(ctx context.Context) (context.Context, context.CancelFunc) {
	if !p.answered || p.limiter != nil {
		return ctx, func() {}
	}
	return context.WithTimeoutCause(ctx, p.watch.limit, &smb.TimeLimitError{Limit: p.watch.limit})
}

// silent records a call as silent that its own time limit ended, not that of the probe.
func (p *watchedPipe) silent(limited context.Context, err error) error {
	if err == nil {
		return nil
	}
	if _, ok := errors.AsType[*smb.TimeLimitError](err); !ok {
		limit, ok := errors.AsType[*smb.TimeLimitError](context.Cause(limited))
		if !ok {
			return err
		}
		err = fmt.Errorf("%w: %w", limit, err)
	}
	p.watch.record(p.call, false)
	return fmt.Errorf("%s: %w", p.call, err)
}

// watchedAheadPipe is a watchedPipe on which several reads may be in flight.
type watchedAheadPipe struct {
	*watchedPipe
	ahead smb.ReadAheader
}

func (p *watchedAheadPipe) ReadMessages(ctx context.Context, n, limit int) (messages [][]byte, err error) {
	limited, cancel := p.limited(ctx)
	defer cancel()
	messages, err = p.ahead.ReadMessages(limited, n, limit)
	return messages, p.silent(limited, err)
}

// skips reports whether a call is left out, and records it.
func (w *callWatch) skips(id callID) bool {
	if w.earlier[id].skip == 0 {
		return false
	}
	w.record(id, true)
	return true
}

func (w *callWatch) record(id callID, skipped bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.silent == nil {
		w.silent = make(map[callID]bool)
	}
	w.silent[id] = skipped
}

func (w *callWatch) recordCall(id callID) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.made == nil {
		w.made = make(map[callID]bool)
	}
	w.made[id] = true
}

func (w *callWatch) recordPipe() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.pipes++
}

// next returns what to remember for the next probe: nothing if no pipe answered a call, which
// is a fault of the server as a whole.
func (w *callWatch) next() map[callID]silence {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.pipes == 0 {
		return nil
	}
	next := make(map[callID]silence)
	for id, s := range w.earlier {
		if !w.made[id] { // another module of the target makes it
			next[id] = s
		}
	}
	for id, skipped := range w.silent {
		s := w.earlier[id]
		switch {
		case skipped:
			s.skip--
		case s.inARow+1 >= silentBeforeSkipping:
			// If the retry after the pause is silent, the next pause follows at once.
			s = silence{inARow: s.inARow, skip: probesSkipped}
		default:
			s.inARow++
		}
		next[id] = s
	}
	return next
}

// names returns the calls that were silent or left out, sorted.
func (w *callWatch) names() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	var names []string
	for id := range w.silent {
		names = append(names, id.String())
	}
	slices.Sort(names)
	return names
}
