package smbprobe

import (
	"context"
	"sync"
	"time"

	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/smb"
)

const (
	firstHold       = 15 * time.Minute
	longestHold     = 4 * time.Hour
	refusalsPerAuth = 3 // in a row, on whichever targets, before an auth is held back everywhere
)

// logins holds back logins that would lock an account. After a server refused
// a login, that auth is not tried there for 15 minutes, then twice as long each
// time, 4 hours at most; after three refusals in a row it is not tried anywhere
// for that time.
//
// Probes run side by side, so logins that are not answered yet count as
// refusals to be: no more of them are under way at once than may be refused.
// Targets whose last login hung share one of these places, so that servers that
// hang cannot keep the others from being logged in to.
type logins struct {
	now func() time.Time

	mu    sync.Mutex // guards what follows
	auths map[string]*authLogins
}

// authLogins is what is known of one auth.
type authLogins struct {
	hold
	refusals int // in a row
	inFlight int
	slow     int // of inFlight, those on targets that hung before
	targets  map[string]*targetLogins
	released chan struct{} // closed, and made anew, when a login ends
}

// targetLogins is what is known of one auth on one target.
type targetLogins struct {
	hold
	refusal refusal
	hung    bool
}

// hold is a time of no logins, and how long the last one was.
type hold struct {
	until  time.Time
	length time.Duration
}

func (h *hold) extend(now time.Time) {
	h.length = min(max(firstHold, 2*h.length), longestHold)
	h.until = now.Add(h.length)
}

// refusal is how a server refused a login.
type refusal struct {
	state  ShareState
	status smb.Status
}

// held says that a login is held back.
type held struct {
	until   time.Time // zero where it waited for other logins of the auth to end
	refusal refusal   // the last one on this target; ShareLoginFailed where there was none
	why     string
}

// loginOutcome is how a login ended.
type loginOutcome int

const (
	loginUnanswered loginOutcome = iota // nothing was learnt: the connection was lost, say
	loginHung                           // no answer in time
	loginAccepted
	loginRefused
)

func newLogins(now func() time.Time) *logins {
	return &logins{now: now, auths: make(map[string]*authLogins)}
}

// acquire asks for leave to log in, and waits while too many logins of the auth
// are under way. Either held is nil, and done has to be called when the login
// has ended, or there must be no login.
func (l *logins) acquire(ctx context.Context, auth, target string) (done func(loginOutcome, refusal), h *held) {
	for {
		a, slow, wait, h := l.try(auth, target)
		switch {
		case h != nil:
			return nil, h
		case wait == nil:
			return func(o loginOutcome, r refusal) { l.release(a, target, slow, o, r) }, nil
		}
		select {
		case <-wait:
		case <-ctx.Done():
			return nil, &held{refusal: refusal{state: ShareNotProbed}, why: "waited for other logins with the same account to be answered"}
		}
	}
}

// try takes a place if there is one, and reports whether it is the one for targets that
// hung; else wait is closed when it is worth trying again.
func (l *logins) try(auth, target string) (a *authLogins, slow bool, wait <-chan struct{}, h *held) {
	l.mu.Lock()
	defer l.mu.Unlock()
	a = l.auths[auth]
	if a == nil {
		a = &authLogins{targets: make(map[string]*targetLogins), released: make(chan struct{})}
		l.auths[auth] = a
	}
	t := a.target(target)
	switch now := l.now(); {
	case t.until.After(now):
		return a, false, nil, &held{until: t.until, refusal: t.refusal, why: "the server refused the last login"}
	case a.until.After(now):
		return a, false, nil, &held{until: a.until, refusal: t.refusal, why: "three logins in a row with this auth were refused"}
	}
	free := max(1, refusalsPerAuth-a.refusals) - a.inFlight
	if free <= 0 || t.hung && a.slow > 0 {
		return a, false, a.released, nil
	}
	a.inFlight++
	if t.hung {
		a.slow++
	}
	return a, t.hung, nil, nil
}

// target returns what is known of a target, which is kept only once keep was called.
func (a *authLogins) target(name string) *targetLogins {
	if t := a.targets[name]; t != nil {
		return t
	}
	return &targetLogins{refusal: refusal{state: ShareLoginFailed}}
}

// keep remembers a target unless there is nothing to remember: a walk through a
// range costs nothing.
func (a *authLogins) keep(name string, t *targetLogins) {
	if t.length == 0 && !t.hung {
		delete(a.targets, name)
		return
	}
	a.targets[name] = t
}

func (l *logins) release(a *authLogins, target string, slow bool, o loginOutcome, r refusal) {
	l.mu.Lock()
	defer l.mu.Unlock()
	a.inFlight--
	if slow {
		a.slow--
	}
	t := a.target(target)
	t.hung = o == loginHung
	switch o {
	case loginAccepted:
		a.hold, a.refusals = hold{}, 0
		t.hold = hold{}
	case loginRefused:
		t.extend(l.now())
		t.refusal = r
		a.refusals++
		if a.refusals >= refusalsPerAuth {
			a.extend(l.now())
		}
	}
	a.keep(target, t)
	close(a.released)
	a.released = make(chan struct{})
}

// reset forgets everything: the configuration was read anew.
func (l *logins) reset() {
	l.mu.Lock()
	defer l.mu.Unlock()
	clear(l.auths)
}

// heldBack counts the pairs of auth and target that are held back now, and the
// auths that are held back everywhere.
func (l *logins) heldBack() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	n := 0
	for _, a := range l.auths {
		if a.until.After(l.now()) {
			n++
		}
		for _, t := range a.targets {
			if t.until.After(l.now()) {
				n++
			}
		}
	}
	return n
}
