// Package prober probes servers: it opens the phone book of an Exchange server the
// way its Internet Mail Service does, reads what else tells why dialing fails, and
// returns it all as a smbprobe.Result.
//
// A probe is Prober.Probe, which reads from top to bottom; each step has a file of its
// own. A Prober remembers between probes what saves the next one round trips, what was
// read of event logs, and which logins must not be tried.
package prober

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"sync/atomic"
	"time"

	"github.com/rasphone-exporter/rasphone_exporter/smbprobe"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/diagnosis"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/dialfailures"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/lockout"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/smb"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/smb/netbios"
)

// closeTimeout limits how long a probe waits for the server to answer a logoff.
const closeTimeout = time.Second

// Options are the outside world of a Prober. The zero value of each field stands for
// the real one.
type Options struct {
	Guard          *lockout.Guard // nil: one that keeps no file
	Resolver       Resolver
	Dial           func(ctx context.Context, network, address string) (net.Conn, error)
	CallingName    string // NetBIOS name of this computer; empty: from the host name
	NodeStatusPort uint16 // UDP; 0: 137
}

// Resolver looks names up; net.Resolver is one.
type Resolver interface {
	LookupNetIP(ctx context.Context, network, host string) ([]netip.Addr, error)
}

// Prober probes targets. It may probe many of them at once.
type Prober struct {
	opts       Options
	hints      *hintCache
	smb2       *smb2Targets
	guard      *lockout.Guard
	adopted    adoptedTargets
	logs       *dialfailures.Store
	recoveries *recoveryTracker
	parsing    semaphore
	kept       *keptSessions
	maxDelay   time.Duration // see smb1.Options; for tests that count flights

	forgotten atomic.Int64 // event logs that were evicted from logs
}

// New returns a Prober.
func New(opts Options) (*Prober, error) {
	if opts.Guard == nil {
		guard, err := lockout.New(lockout.Options{})
		if err != nil {
			return nil, err
		}
		opts.Guard = guard
	}
	if opts.Resolver == nil {
		opts.Resolver = systemResolver{dial: (&net.Dialer{}).DialContext}
	}
	if opts.Dial == nil {
		opts.Dial = (&net.Dialer{KeepAlive: -1}).DialContext // a probe is over before the first keep-alive
	}
	if opts.CallingName == "" {
		hostname, _ := os.Hostname() // without one, netbios has a default
		opts.CallingName = netbios.CallingName(hostname)
	}
	if opts.NodeStatusPort == 0 {
		opts.NodeStatusPort = portNodeStatus
	}
	hints, err := newHintCache()
	if err != nil {
		return nil, err
	}
	logs, err := dialfailures.NewStore()
	if err != nil {
		return nil, err
	}
	recoveries, err := newRecoveryTracker()
	if err != nil {
		return nil, err
	}
	return &Prober{opts: opts, hints: hints, smb2: newSMB2Targets(), guard: opts.Guard, logs: logs, recoveries: recoveries, parsing: make(semaphore, maxParsing), kept: newKeptSessions()}, nil
}

// Close logs off from the servers that sessions are kept with, which takes some seconds at
// most, and waits for the goroutines that do so. Later probes keep no session.
func (p *Prober) Close() { p.kept.close() }

// EventlogsForgotten returns how many remembered event logs were evicted to make room
// for others since the start.
func (p *Prober) EventlogsForgotten() int { return int(p.forgotten.Load()) }

// Probe probes a target within the time that ctx and the target's module allow. It
// always returns a result; failures, a panic of the probe included, are recorded in it.
func (p *Prober) Probe(ctx context.Context, t smbprobe.Target) *smbprobe.Result {
	ctx, cancel := context.WithTimeout(ctx, t.Module.Timeout)
	defer cancel()
	lines := usualTrace
	if t.Module.Session == smbprobe.SessionKept {
		lines = usualKeptTrace
	}
	log := newRecorder(lines)
	deadline, _ := ctx.Deadline()
	timeout := time.Until(deadline)

	r := newRun(p, t, log)
	if !r.probeKept(ctx) {
		r = r.probeNew(ctx)
	}
	if errors.Is(ctx.Err(), context.Canceled) && r.progress() != complete {
		_ = r.discard(fmt.Errorf("the probe was canceled: %w", ctx.Err()))
	}
	result := r.result
	result.RoundTrips = r.rounds.Count()
	result.Timeout = timeout
	result.Success = r.progress() == complete
	log.finish(result)
	p.recoveries.update(result, time.Now())
	result.Causes, result.RuledOut = diagnosis.Diagnose(result)
	return result
}

// probeNew probes with a new session, and with another one if the connection was lost: once
// in a probe, also if it was a kept session that was lost.
func (r *run) probeNew(ctx context.Context) *run {
	lost := r.keptFailed
	if lost {
		_ = r.log.takeSteps()
		rounds := r.rounds.Count()
		r = newRun(r.prober, r.target, r.log)
		r.rounds.Answered(int64(rounds))
	}
	err := r.probe(ctx)
	if errors.Is(err, smb.ErrConnectionLost) && !lost && !r.loginInDoubt && ctx.Err() == nil {
		// Another program on this computer may have logged in with VcNumber 0, which
		// makes an NT server drop our connection.
		r.log.logf("connection lost: retry from the start")
		return r.retry(ctx)
	}
	return r
}

// run is one probe in progress.
type run struct {
	prober *Prober
	target smbprobe.Target
	log    *recorder
	trace  smb.Trace
	rounds *smb.Rounds
	result *smbprobe.Result

	onKept                 bool     // the probe uses a kept session
	keptFailed             bool     // a kept session was of no use
	loginInDoubt           bool     // a login was sent and got no usable answer: a retry might be a second refusal
	ipc                    smb.Tree // IPC$; nil if it is not needed or could not be connected
	rpc                    rpcHealth
	calls                  *callWatch // nil: no pipe is used
	conns                  connections
	eventlog               logRead
	logSize                *int64 // bytes of the event log's file; nil: not known
	win2000PlaceUnanswered bool   // the Windows 2000 place was to be looked at, and that got no answer
}

func newRun(p *Prober, t smbprobe.Target, log *recorder) *run {
	return &run{
		prober: p,
		target: t,
		log:    log,
		trace:  log.record,
		rounds: smb.NewRounds(),
		result: &smbprobe.Result{
			Target:        t.Name,
			Module:        t.Module.Name,
			Auth:          t.Auth.Name,
			Account:       t.Auth.Username,
			NTLMv1:        t.Auth.NTLMv1,
			ShareName:     t.Module.Share,
			PhonebookPath: t.Module.Phonebook.Path,
			Share:         smbprobe.ShareNotProbed,
			Phonebook:     smbprobe.PhonebookResult{State: smbprobe.PhonebookUnknown},
		},
	}
}

// retry probes again from the start, and returns the run that got further: the second
// one may have had too little time left.
func (r *run) retry(ctx context.Context) *run {
	steps := r.log.takeSteps()
	second := newRun(r.prober, r.target, r.log)
	second.rounds.Answered(int64(r.rounds.Count()))
	_ = second.probe(ctx) // recorded in the result
	if second.progress() >= r.progress() {
		return second
	}
	r.log.logf("the retry got less far: the first attempt stands")
	r.log.putSteps(steps)
	r.rounds.Answered(int64(second.rounds.Count()))
	return r
}

// How far a run got.
const (
	noAnswer        = iota // no definite answer about the share
	shareProbed            // and none about the phone book
	phonebookProbed        // but another check got no answer
	complete               // a definite answer to every check
)

// progress returns how far the run got.
func (r *run) progress() int {
	switch {
	case !r.result.Share.Definite():
		return noAnswer
	case r.result.Share == smbprobe.ShareOK && r.result.Phonebook.State == smbprobe.PhonebookUnknown:
		return shareProbed
	case r.rpc.anyUnanswered() || r.win2000PlaceUnanswered:
		return phonebookProbed
	}
	return complete
}

// probe runs the steps in order. The error is already recorded in the result. If a
// step panics, the whole result is that of a target that was not probed.
func (r *run) probe(ctx context.Context) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = r.recordPanic(v)
		} else if p, ok := errors.AsType[*smb.PanicError](err); ok {
			err = r.recordPanic(p)
		}
	}()
	addrs, err := r.resolve(ctx)
	if err != nil {
		return r.recordShareError(failureState(err), err)
	}
	l, err := r.connect(ctx, addrs)
	if err != nil {
		return r.recordShareError(failureState(err), err)
	}
	session, err := r.openSession(ctx, l)
	if session == nil {
		return err
	}
	keep := false
	defer func() {
		if !keep {
			r.closeSession(ctx, session)
		}
	}()
	r.recordServerInfo(session.Server())
	err = r.runChecks(ctx, session)
	keep = err == nil && r.keep(session)
	return err
}

// closeSession logs off and closes the connection.
func (r *run) closeSession(ctx context.Context, session smb.Session) {
	ctx, cancel := context.WithTimeout(ctx, closeTimeout)
	defer cancel()
	if err := session.Close(ctx); err != nil {
		r.log.logf("log off: %v", err)
	}
}

// recordShareError records why the share could not be opened.
func (r *run) recordShareError(state smbprobe.ShareState, err error) error {
	r.result.Share = state
	r.result.ShareStatus = smb.StatusOf(err)
	r.result.ShareError = errorText(err)
	r.result.LocalShortage = isLocalShortage(err)
	return err
}

// recordServerInfo records what the server announced about itself.
func (r *run) recordServerInfo(info smb.ServerInfo) {
	r.result.Server = &info
	if !info.Time.IsZero() {
		offset := info.Time.Sub(info.TimeSeenAt)
		r.result.ClockOffset = &offset
	}
}

func clientNonce() (nonce [8]byte) {
	_, _ = rand.Read(nonce[:]) // never fails
	return nonce
}
