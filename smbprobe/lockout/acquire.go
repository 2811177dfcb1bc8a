package lockout

import (
	"cmp"
	"crypto/rand"
	"slices"
	"time"
)

const (
	// recheckInterval is how often a waiting login is decided on again because time
	// has passed; in between, each login of this process that ends does that.
	recheckInterval = time.Second

	// recheckFileInterval is the same if another process may have ended a login.
	recheckFileInterval = 250 * time.Millisecond

	// maxLoginTime bounds how long a login of another process is believed to be under
	// way, and is the guess if its context has no deadline.
	maxLoginTime = 2 * time.Minute
)

// waiter is a login that is not decided on yet.
type waiter struct {
	authority *authority
	target    *target
	announced string
	sequence  uint64
	atMost    time.Duration // that the login takes
	permitted bool          // by Forget, once no other is under way

	decided chan struct{} // closed when login or err is set
	login   *login
	err     error
}

// begin decides on a login, or queues it.
func (g *Guard) begin(t Target, announced string, atMost time.Duration) *waiter {
	w := &waiter{announced: announced, decided: make(chan struct{}), atMost: min(max(atMost, 0), maxLoginTime)}
	g.mu.Lock()
	defer g.mu.Unlock()
	as := g.inForce(t)
	if as == nil {
		w.fail(ErrNotInForce)
		return w
	}
	w.authority, w.target = as.authority, as.target
	g.sequence++
	w.sequence = g.sequence
	g.transact(func(now time.Time) {
		w.authority.advance(now)
		if g.try(w, now) == wait {
			w.authority.waiters = append(w.authority.waiters, w)
		}
	})
	return w
}

// try decides on one login.
func (g *Guard) try(w *waiter, now time.Time) action {
	a, t := w.authority, w.target
	v := a.decide(t, now, g.file.readOnly)
	if v.action == admit && g.file.lockedByOther && !a.accepted && !a.prompted {
		v = verdict{action: wait} // each of many processes would send one
	}
	w.permitted = v.permitted
	switch v.action {
	case admit:
		w.login = g.admit(w, now)
		close(w.decided)
	case holdBack:
		w.fail(&HeldError{Target: t.name, Until: g.toWall(v.until), Reason: v.reason, State: t.state, Status: t.status})
	}
	return v.action
}

// admit counts a login that is about to be sent.
func (g *Guard) admit(w *waiter, now time.Time) *login {
	a, t := w.authority, w.target
	domain := t.domain
	if w.announced != "" {
		domain = g.file.domainMAC(w.announced)
	}
	l := &login{
		authority: a,
		target:    t,
		targetID:  t.id,
		domain:    domain,
		sent:      now,
		end:       now.Add(w.atMost),
		own:       true,
		exempt:    t.mayBeInDoubt(),
		permitted: w.permitted,
		prompted:  a.prompted,
	}
	_, _ = rand.Read(l.id[:])
	if w.permitted {
		a.permit = false
	}
	a.prompted = false
	t.domain = domain
	a.counted = append(a.counted, l)
	a.underWay = append(a.underWay, l)
	g.file.changed = true
	return l
}

// dispatch decides on the waiting logins again: first those on targets that accepted
// last, then those that wait longest.
func (g *Guard) dispatch(a *authority, now time.Time) {
	a.dispatched = now
	a.advance(now)
	if len(a.waiters) == 0 {
		return
	}
	queue := a.waiters
	slices.SortFunc(queue, func(v, w *waiter) int {
		if v.permitted != w.permitted {
			if v.permitted {
				return -1
			}
			return 1
		}
		if c := w.target.rank().Compare(v.target.rank()); c != 0 {
			return c
		}
		return cmp.Compare(v.sequence, w.sequence)
	})
	a.waiters = nil
	for _, w := range queue {
		if g.try(w, now) == wait {
			a.waiters = append(a.waiters, w)
		}
	}
}

// rank orders waiting targets: those whose last login was accepted go first.
func (t *target) rank() time.Time {
	if t.last == lastAccepted {
		return t.acceptedAt
	}
	return time.Time{}
}

// release records how a login ended, and lets those go on that waited for it.
func (g *Guard) release(l *login, o Outcome) {
	g.mu.Lock()
	defer g.mu.Unlock()
	a := l.authority
	if l.released || a.replaced {
		return // what the old credentials do does not count against the new ones
	}
	g.transact(func(now time.Time) {
		a.advance(now)
		var domain mac
		if o.Domain != "" {
			domain = g.file.domainMAC(o.Domain)
		}
		a.end(l, o, domain, now, g.file.readOnly)
		g.file.changed = true
		g.file.durable = g.file.durable || o.Result == Refused || o.Result == Restricted || o.Result == InDoubt
		g.dispatch(a, now)
	})
}

// recheck decides on a waiting login, and on those of the same authority, because time
// has passed.
func (g *Guard) recheck(w *waiter) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if w.isDecided() || g.opts.Now().Sub(w.authority.dispatched) < g.recheckInterval()/2 {
		return
	}
	g.transact(func(now time.Time) { g.dispatch(w.authority, now) })
}

func (g *Guard) recheckInterval() time.Duration {
	if g.opts.store != nil {
		return recheckFileInterval
	}
	return recheckInterval
}

// abandon ends the wait of a login whose context has ended. It returns the reason if the
// login is held back.
func (g *Guard) abandon(w *waiter) error {
	g.mu.Lock()
	if a := w.authority; !w.isDecided() {
		a.waiters = slices.DeleteFunc(a.waiters, func(o *waiter) bool { return o == w })
		if w.permitted {
			g.transact(func(now time.Time) { g.dispatch(a, now) })
		}
	}
	g.mu.Unlock()
	if w.login != nil {
		g.release(w.login, Outcome{Result: NotSent})
	}
	return w.err
}

func (w *waiter) fail(err error) {
	w.err = err
	close(w.decided)
}

func (w *waiter) isDecided() bool { return w.login != nil || w.err != nil }
