package prober

import (
	"context"
	"crypto/rand"
	"errors"
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

// closeTime bounds the goodbye to a server.
const closeTime = time.Second

// Options are what a Prober needs of the world. The zero value of each means the
// real thing.
type Options struct {
	Now      func() time.Time
	Resolver interface {
		LookupNetIP(ctx context.Context, network, host string) ([]netip.Addr, error)
	}
	Dial           func(ctx context.Context, network, address string) (net.Conn, error)
	CallingName    string // our NetBIOS name; empty: from the host name
	NodeStatusPort uint16 // UDP; 0: 137
}

// Prober probes targets, and remembers between probes what spares the next one
// attempts, and which logins must not be tried. It may probe many targets at once.
type Prober struct {
	opts       Options
	hints      *hintCache
	logins     *lockout.Guard
	logs       *dialfailures.Store
	recoveries *recoveryTracker

	forgotten atomic.Int64 // event logs whose memory gave way to another
}

// New makes a Prober.
func New(opts Options) (*Prober, error) {
	if opts.Now == nil {
		opts.Now = time.Now
	}
	if opts.Resolver == nil {
		opts.Resolver = net.DefaultResolver
	}
	if opts.Dial == nil {
		opts.Dial = (&net.Dialer{}).DialContext
	}
	if opts.CallingName == "" {
		hostname, _ := os.Hostname() // none: netbios has a default
		opts.CallingName = netbios.CallingName(hostname)
	}
	if opts.NodeStatusPort == 0 {
		opts.NodeStatusPort = portNodeStatus
	}
	m, err := newHintCache()
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
	return &Prober{opts: opts, hints: m, logins: lockout.New(opts.Now), logs: logs, recoveries: recoveries}, nil
}

// ForgetRefusals ends the holding back of logins: the configuration, and with it the
// passwords, was read anew.
func (p *Prober) ForgetRefusals() { p.logins.Reset() }

// Forget permits a login with an auth although logins are held back.
func (p *Prober) Forget(auth string) error {
	_ = auth // the guard knows no way to forget one alone
	p.logins.Reset()
	return nil
}

// LoginsHeldBack counts the pairs of auth and target that are not logged in to
// at present, and the auths that are held back everywhere.
func (p *Prober) LoginsHeldBack() int { return p.logins.HeldBack() }

// EventlogsForgotten counts the event logs whose memory gave way to that of another
// one, since the start.
func (p *Prober) EventlogsForgotten() int { return int(p.forgotten.Load()) }

// Probe probes a target within the time that ctx and its module allow. It
// always returns a result; a failure is in it.
func (p *Prober) Probe(ctx context.Context, t smbprobe.Target) *smbprobe.Result {
	ctx, cancel := context.WithTimeout(ctx, t.Module.Timeout)
	defer cancel()
	log := newRecorder(p.opts.Now)
	deadline, _ := ctx.Deadline()
	timeout := time.Until(deadline)

	r := newRun(p, t, log)
	err := r.probe(ctx)
	if errors.Is(err, smb.ErrConnectionLost) && !r.loginInDoubt && ctx.Err() == nil {
		// Another program on our host may have logged in with VcNumber 0, which
		// makes an NT server drop our connection.
		log.logf("connection lost; once more from the start")
		r = r.retry(ctx)
	}
	result := r.result
	result.RoundTrips = r.rounds.Count()
	result.Timeout = timeout
	result.Success = r.progress() == complete
	log.finish(result)
	p.recoveries.update(result, p.opts.Now())
	result.Causes = diagnosis.Causes(result)
	return result
}

// run is one probe under way.
type run struct {
	prober *Prober
	target smbprobe.Target
	log    *recorder
	trace  smb.Trace
	rounds smb.Rounds
	result *smbprobe.Result

	loginInDoubt        bool     // a login was sent and not answered: another one might be a second refusal
	ipc                 smb.Tree // IPC$; nil where it was not asked for, or could not be connected
	rpc                 rpcHealth
	logSize             *int64 // bytes of the event log's file; nil: not known
	win2000PlaceRefused bool   // the server refused to show where Windows 2000 keeps the book, which is an answer
}

func newRun(p *Prober, t smbprobe.Target, log *recorder) *run {
	return &run{
		prober: p,
		target: t,
		log:    log,
		trace:  log.log,
		result: &smbprobe.Result{
			Target:    t.Name,
			Module:    t.Module.Name,
			Auth:      t.Auth.Name,
			ShareName: t.Module.Share,
			Share:     smbprobe.ShareNotProbed,
			Phonebook: smbprobe.PhonebookResult{State: smbprobe.PhonebookUnknown},
		},
	}
}

// retry begins anew, counts on, and returns the run that told more: the second one
// may have had too little time left.
func (r *run) retry(ctx context.Context) *run {
	steps := r.log.takeSteps()
	second := newRun(r.prober, r.target, r.log)
	second.rounds.Answered(int64(r.rounds.Count()))
	_ = second.probe(ctx) // the result has it
	if second.progress() >= r.progress() {
		return second
	}
	r.log.logf("that told less: the first attempt stands")
	r.log.putSteps(steps)
	r.rounds.Answered(int64(second.rounds.Count()))
	return r
}

// How much a run told.
const (
	noAnswer        = iota // no definite answer on the share
	shareProbed            // and none on the phone book
	phonebookProbed        // but some other check got no answer
	complete               // a definite answer to every check
)

// told says how much a run told.
func (r *run) progress() int {
	switch {
	case !r.result.Share.Definite():
		return noAnswer
	case r.result.Share == smbprobe.ShareOK && r.result.Phonebook.State == smbprobe.PhonebookUnknown && !r.win2000PlaceRefused:
		return shareProbed
	case r.rpc.anyUnanswered():
		return phonebookProbed
	}
	return complete
}

// probe takes the steps in order. The error is for the trace; the result has it
// already.
func (r *run) probe(ctx context.Context) error {
	var addrs []netip.Addr
	err := r.log.step(smbprobe.StepResolve, func() (err error) {
		addrs, err = r.prober.resolve(ctx, r.target)
		return err
	})
	if err != nil {
		return r.recordShareError(failureState(err), err)
	}
	var l *link
	err = r.log.step(smbprobe.StepConnect, func() (err error) {
		l, err = r.connect(ctx, addrs)
		return err
	})
	if err != nil {
		return r.recordShareError(failureState(err), err)
	}
	session, err := r.openSession(ctx, l)
	if session == nil {
		return err
	}
	defer func() {
		ctx, cancel := context.WithTimeout(ctx, closeTime)
		defer cancel()
		if err := session.Close(ctx); err != nil {
			r.log.logf("goodbye: %v", err)
		}
	}()
	info := session.Server()
	r.recordServerInfo(info)

	return r.runChecks(ctx, session)
}

// recordShareError notes why the share could not be opened.
func (r *run) recordShareError(state smbprobe.ShareState, err error) error {
	r.result.Share = state
	r.result.ShareStatus = smb.StatusOf(err)
	r.result.ShareError = err.Error()
	return err
}

// recordServerInfo notes what the server said of itself.
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
