package prober

import (
	"context"
	"net/netip"
	"reflect"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/rasphone-exporter/rasphone_exporter/smbprobe"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/msrpc/eventlog"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/msrpc/srvsvc"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/msrpc/svcctl"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/smb"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/smb/smb1"
)

const (
	// keptFor is how long a session is kept: a new login shows that the account still works.
	keptFor = 15 * time.Minute
	// keptIdle is how many intervals between probes a session may be idle.
	keptIdle = 3
	// minGap is the shortest interval between probes that is taken for a regular one.
	minGap = 20 * time.Second
	// parkTimeout limits how long a server may take to close what a probe opened: clearing
	// an event log that is open may crash services.exe (Q159840).
	parkTimeout = 2 * time.Second
	// prepareTimeout limits how long opening the pipes of a new session may take.
	prepareTimeout = 10 * time.Second
	// sweepInterval is how often sessions are looked for that have been kept too long.
	sweepInterval = 15 * time.Second
	// maxClosing is how many sessions are logged off at a time.
	maxClosing = 64
	// closeAllTimeout is how long logging off from all servers may take.
	closeAllTimeout = 5 * time.Second
	// silentClockFor is how long a target counts as one that does not answer NetrRemoteTOD: it
	// may have been in trouble at that moment.
	silentClockFor = time.Hour
)

// keptSession is a session that stays between the probes of one target and module, with
// its pipes, and with what is not asked for in every probe.
type keptSession struct {
	target  smbprobe.Target // that it was made for
	session *smb1.Session
	info    smb.ServerInfo
	address string
	madeAt  time.Time
	usedAt  time.Time
	gap     time.Duration // between the last two probes; 0: there was one

	ipc      smb.Tree
	log      *eventlog.Conn // nil: not needed
	clock    *srvsvc.Conn
	managers []*svcctl.Manager
	pipes    []smb.Pipe // of all of them

	parked      bool
	silentClock bool // the server does not tell its time

	last   keptAnswers
	quick  int        // quick probes since the last full one
	opened [][]closer // by the last probe, on each pipe: to be closed before the session is parked
}

// keptAnswers are what the last full probe found, as far as quick ones do not ask for it.
type keptAnswers struct {
	phonebook smbprobe.PhonebookResult
	registry  smbprobe.RegistryResult
	services  []smbprobe.ServiceResult
	host      smbprobe.HostResult
	logSize   *int64
}

// closer is an open log or service.
type closer interface{ Close(context.Context) error }

// isDue reports whether a session has been kept, or idle, for too long.
func (k *keptSession) isDue(now time.Time) bool {
	return now.Sub(k.madeAt) >= keptFor || k.gap > 0 && now.Sub(k.usedAt) > keptIdle*max(k.gap, minGap)
}

// keptKey identifies what a session is kept for.
type keptKey struct{ target, module string }

func keptKeyOf(t smbprobe.Target) keptKey { return keptKey{strings.ToLower(t.Name), t.Module.Name} }

// isSameLogin reports whether two targets of one name lead to the same server with the same
// credentials.
func isSameLogin(a, b smbprobe.Target) bool {
	return a.Host == b.Host && a.Addr == b.Addr && slices.Equal(a.Ports, b.Ports) &&
		isSameAuth(a.Auth, b.Auth)
}

func isSameAuth(a, b smbprobe.Auth) bool {
	return a.Name == b.Name && a.Username == b.Username && a.Domain == b.Domain && a.NTLMv1 == b.NTLMv1 && a.Password.Equal(b.Password)
}

// keptSessions are the sessions that no probe uses now. A session that a probe uses belongs
// to the probe.
type keptSessions struct {
	running sync.WaitGroup  // goroutines that park or close sessions
	ctx     context.Context // of what they do
	stop    context.CancelFunc

	mu       sync.Mutex
	idle     map[keptKey]*keptSession
	parking  map[keptKey]chan struct{} // closed once the session is idle, or gone
	clocks   map[keptKey]silentClock   // targets that do not answer NetrRemoteTOD: none of their sessions is kept
	outdated func(*keptSession) bool   // reports whether a session is for what the configuration does not have; nil: none is
	timer    *time.Timer               // of the next sweep; nil: none is due
	closed   bool
}

// silentClock is a target that did not answer NetrRemoteTOD.
type silentClock struct {
	target smbprobe.Target
	seenAt time.Time
}

func newKeptSessions() *keptSessions {
	ctx, stop := context.WithCancel(context.Background())
	return &keptSessions{ctx: ctx, stop: stop, idle: map[keptKey]*keptSession{}, parking: map[keptKey]chan struct{}{}, clocks: map[keptKey]silentClock{}}
}

// run runs f in a goroutine that close waits for; after close, in the caller's.
func (s *keptSessions) run(f func()) {
	s.mu.Lock()
	closed := s.closed
	if !closed {
		s.running.Go(f)
	}
	s.mu.Unlock()
	if closed {
		f()
	}
}

// take returns the session that is kept for a target, nil if there is none that is good. It
// waits for one that is being parked, but leaves time for a new one.
func (s *keptSessions) take(ctx context.Context, t smbprobe.Target) *keptSession {
	key := keptKeyOf(t)
	s.mu.Lock()
	parking := s.parking[key]
	s.mu.Unlock()
	if parking != nil {
		left := t.Module.Timeout
		if deadline, ok := ctx.Deadline(); ok {
			left = time.Until(deadline)
		}
		ctx, cancel := context.WithTimeout(ctx, left/optionalCallShare)
		defer cancel()
		select {
		case <-parking:
		case <-ctx.Done():
			return nil
		}
	}
	s.mu.Lock()
	k := s.idle[key]
	delete(s.idle, key)
	s.mu.Unlock()
	if k == nil {
		return nil
	}
	if k.isDue(time.Now()) || !isSameLogin(k.target, t) || !reflect.DeepEqual(k.target.Module, t.Module) {
		s.discard(k)
		return nil
	}
	return k
}

// keeps reports whether sessions with a target are kept.
func (s *keptSessions) keeps(t smbprobe.Target) bool {
	if t.Module.Session != smbprobe.SessionKept {
		return false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	clock, silent := s.clocks[keptKeyOf(t)]
	return !s.closed && !(silent && time.Since(clock.seenAt) < silentClockFor && isSameLogin(clock.target, t))
}

// park closes, in a goroutine, what the last probe opened, and makes the session available to
// the next probe. It does not keep one of which that fails.
func (s *keptSessions) park(k *keptSession) {
	key, done := keptKeyOf(k.target), make(chan struct{})
	s.mu.Lock()
	s.parking[key] = done
	s.mu.Unlock()
	s.run(func() {
		defer close(done)
		s.mu.Lock()
		closed := s.closed
		s.mu.Unlock()
		if closed {
			k.close(s.ctx)
			return
		}
		err := k.settle(s.ctx)
		s.mu.Lock()
		if s.parking[key] == done {
			delete(s.parking, key)
		}
		superfluous := k
		if err == nil && !s.closed && (s.outdated == nil || !s.outdated(k)) {
			superfluous, s.idle[key] = s.idle[key], k
			s.armSweep()
		}
		if k.silentClock {
			s.clocks[key] = silentClock{k.target, time.Now()}
		}
		s.mu.Unlock()
		if superfluous != nil {
			superfluous.close(s.ctx)
		}
	})
}

// discard closes a session that is parked, in a goroutine.
func (s *keptSessions) discard(k *keptSession) { s.run(func() { k.close(s.ctx) }) }

// inForce is what the configuration has of a target, as far as kept sessions depend on it.
// Targets share auths and modules.
type inForce struct {
	host    string
	addr    netip.Addr
	ports   []uint16
	auth    *smbprobe.Auth
	modules []smbprobe.Module // nil: not known
	module  *smbprobe.Module  // nil: it is one of modules
}

// configure closes the sessions whose target, credentials or module are not in force; one that
// is in use, once its probe has ended.
func (s *keptSessions) configure(targets []smbprobe.Target) {
	byName := make(map[string]inForce, len(targets))
	auths := make(map[string]*smbprobe.Auth)
	for i := range targets {
		t := &targets[i]
		if known := auths[t.Auth.Name]; known == nil || !isSameAuth(*known, t.Auth) {
			auths[t.Auth.Name] = new(t.Auth)
		}
		now := inForce{host: t.Host, addr: t.Addr, ports: t.Ports, auth: auths[t.Auth.Name], modules: t.Modules}
		if t.Modules == nil {
			now.module = new(t.Module)
		}
		byName[strings.ToLower(t.Name)] = now
	}
	outdated := notInForce(byName)
	s.mu.Lock()
	s.outdated = outdated
	for key := range s.clocks {
		if _, there := byName[key.target]; !there {
			delete(s.clocks, key)
		}
	}
	s.mu.Unlock()
	s.run(func() { s.closeIf(s.ctx, outdated) })
}

// notInForce returns what reports whether a session is for something else than these
// targets.
func notInForce(byName map[string]inForce) func(*keptSession) bool {
	return func(k *keptSession) bool {
		now, there := byName[strings.ToLower(k.target.Name)]
		return !there || !isSameLogin(k.target, smbprobe.Target{Host: now.host, Addr: now.addr, Ports: now.ports, Auth: *now.auth}) ||
			!now.has(k.target.Module)
	}
}

// has reports whether a target is probed with a module as it is. One of another name is taken
// for granted if the target's modules are not known.
func (f *inForce) has(m smbprobe.Module) bool {
	if f.module != nil {
		return f.module.Name != m.Name || reflect.DeepEqual(*f.module, m)
	}
	return slices.ContainsFunc(f.modules, func(now smbprobe.Module) bool { return reflect.DeepEqual(now, m) })
}

// sweep closes the sessions that have been kept too long.
func (s *keptSessions) sweep() {
	now := time.Now()
	s.closeIf(s.ctx, func(k *keptSession) bool { return k.isDue(now) })
	s.mu.Lock()
	defer s.mu.Unlock()
	s.timer = nil
	s.armSweep()
}

// armSweep makes sweep run after a while, if there is anything to look after. mu is held.
func (s *keptSessions) armSweep() {
	if s.timer == nil && !s.closed && len(s.idle) > 0 {
		s.running.Add(1)
		s.timer = time.AfterFunc(sweepInterval, func() {
			defer s.running.Done()
			s.sweep()
		})
	}
}

// closeIf closes idle sessions, some at a time, and waits for that. Once ctx ends, it does
// not log off any more.
func (s *keptSessions) closeIf(ctx context.Context, due func(*keptSession) bool) {
	s.mu.Lock()
	var all []*keptSession
	for key, k := range s.idle {
		if due(k) {
			delete(s.idle, key)
			all = append(all, k)
		}
	}
	s.mu.Unlock()
	closing := make(semaphore, maxClosing)
	var wait sync.WaitGroup
	for _, k := range all {
		_ = closing.acquire(context.Background())
		wait.Go(func() {
			defer closing.release()
			k.close(ctx)
		})
	}
	wait.Wait()
}

// close closes all sessions, and keeps none from now on. Sessions that are being parked or
// closed have the same time for it.
func (s *keptSessions) close() {
	s.mu.Lock()
	s.closed = true
	if s.timer != nil && s.timer.Stop() {
		s.running.Done()
	}
	s.mu.Unlock()
	last := time.AfterFunc(closeAllTimeout, s.stop)
	defer last.Stop()
	s.closeIf(s.ctx, func(*keptSession) bool { return true })
	s.running.Wait()
}
