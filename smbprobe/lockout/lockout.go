package lockout

import (
	"context"
	"sync"
	"time"

	"github.com/rasphone-exporter/rasphone_exporter/smbprobe"
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
type Guard struct {
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
	refusal Refusal
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
type Refusal struct {
	State  smbprobe.ShareState
	Status smb.Status
}

// held says that a login is held back.
type Held struct {
	Until   time.Time // zero where it waited for other logins of the auth to end
	Refusal Refusal   // the last one on this target; ShareLoginFailed where there was none
	Why     string
}

// loginOutcome is how a login ended.
type loginOutcome int

const (
	LoginUnanswered loginOutcome = iota // nothing was learnt: the connection was lost, say
	LoginHung                           // no answer in time
	LoginAccepted
	LoginRefused
)

func New(now func() time.Time) *Guard {
	return &Guard{now: now, auths: make(map[string]*authLogins)}
}

// acquire asks for leave to log in, and waits while too many logins of the auth
// are under way. Either held is nil, and done has to be called when the login
// has ended, or there must be no login.
func (l *Guard) Acquire(ctx context.Context, auth, target string) (done func(loginOutcome, Refusal), h *Held) {
	for {
		a, slow, wait, h := l.try(auth, target)
		switch {
		case h != nil:
			return nil, h
		case wait == nil:
			return func(o loginOutcome, r Refusal) { l.release(a, target, slow, o, r) }, nil
		}
		select {
		case <-wait:
		case <-ctx.Done():
			return nil, &Held{Refusal: Refusal{State: smbprobe.ShareNotProbed}, Why: "waited for other logins with the same account to be answered"}
		}
	}
}

// try takes a place if there is one, and reports whether it is the one for targets that
// hung; else wait is closed when it is worth trying again.
func (l *Guard) try(auth, target string) (a *authLogins, slow bool, wait <-chan struct{}, h *Held) {
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
		return a, false, nil, &Held{Until: t.until, Refusal: t.refusal, Why: "the server refused the last login"}
	case a.until.After(now):
		return a, false, nil, &Held{Until: a.until, Refusal: t.refusal, Why: "three logins in a row with this auth were refused"}
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
	return &targetLogins{refusal: Refusal{State: smbprobe.ShareLoginFailed}}
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

func (l *Guard) release(a *authLogins, target string, slow bool, o loginOutcome, r Refusal) {
	l.mu.Lock()
	defer l.mu.Unlock()
	a.inFlight--
	if slow {
		a.slow--
	}
	t := a.target(target)
	t.hung = o == LoginHung
	switch o {
	case LoginAccepted:
		a.hold, a.refusals = hold{}, 0
		t.hold = hold{}
	case LoginRefused:
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
func (l *Guard) Reset() {
	l.mu.Lock()
	defer l.mu.Unlock()
	clear(l.auths)
}

// heldBack counts the pairs of auth and target that are held back now, and the
// auths that are held back everywhere.
func (l *Guard) HeldBack() int {
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
