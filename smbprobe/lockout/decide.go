package lockout

import (
	"slices"
	"time"
)

// action is what becomes of a login.
type action uint8

const (
	wait action = iota
	admit
	holdBack
)

// verdict is what the rules say about a login now.
type verdict struct {
	action
	permitted bool      // by Forget: admitted, or next when none is under way
	reason    Reason    // for holdBack
	until     time.Time // for holdBack
}

// decide applies the rules to a login that would be sent now. oneFailure: the first
// failed login of this process is the last.
func (a *authority) decide(t *target, now time.Time, oneFailure bool) verdict {
	if a.prompted {
		return verdict{action: admit}
	}
	v := a.rules(t, now, oneFailure)
	switch {
	case v.action == holdBack && a.permit && len(a.counted) < places && !t.full(now):
		v = verdict{action: admit, permitted: true}
		if a.countUnderWay() > 0 {
			v.action = wait
		}
	case v.action == admit && a.permitInUse():
		v.action = wait
	}
	return v
}

// permitInUse reports whether a login that Forget permitted is under way, or waits
// until it is alone.
func (a *authority) permitInUse() bool {
	return slices.ContainsFunc(a.underWay, func(l *login) bool { return l.permitted }) ||
		a.permit && slices.ContainsFunc(a.waiters, func(w *waiter) bool { return w.permitted })
}

// rules applies the rules that hold without Forget and a prompt.
func (a *authority) rules(t *target, now time.Time, oneFailure bool) verdict {
	switch {
	case a.until.After(now):
		return verdict{action: holdBack, reason: AuthorityHeld, until: later(a.until, t.until)}
	case t.until.After(now):
		return verdict{action: holdBack, reason: t.holdReason(), until: t.until}
	case t.full(now):
		return verdict{action: holdBack, reason: CountFull, until: t.refusedAt.Add(countingTime)}
	case t.last == lastInDoubt && a.doubtUnderWay():
		return verdict{action: wait}
	case (a.pending || !a.accepted || oneFailure) && a.mustWait(now):
		return verdict{action: wait}
	case a.pending:
		return a.afterHold(t, now)
	}
	switch count := len(a.counted); {
	case count < anyTargetPlaces:
		return verdict{action: admit}
	case count < places && t.last == lastAccepted:
		return verdict{action: a.lastPlace(t, now)}
	case a.countUnderWay() > 0:
		return verdict{action: wait}
	}
	return verdict{action: holdBack, reason: CountFull, until: a.countZeroAt()}
}

// mustWait reports whether other logins keep one from being alone. Those of another
// process do not if the credentials were accepted just now: between the many logins of
// an exporter there may be no moment without one.
func (a *authority) mustWait(now time.Time) bool {
	known := !a.pending && !a.lastAccepted.IsZero() && now.Sub(a.lastAccepted) < preferenceTime
	for _, l := range a.counted {
		if l.state == loginUnderWay && (l.own || !known) {
			return true
		}
	}
	return false
}

// afterHold decides on the one login after a hold.
func (a *authority) afterHold(t *target, now time.Time) verdict {
	if len(a.counted) >= places {
		return verdict{action: holdBack, reason: CountFull, until: a.countZeroAt()}
	}
	if end := a.until.Add(preferenceTime); now.Before(end) && a.otherFirst(t, now) {
		return verdict{action: holdBack, reason: AnotherFirst, until: end}
	}
	return verdict{action: admit}
}

// lastPlace decides on a login for the fourth place, on a target whose last login was
// accepted.
func (a *authority) lastPlace(t *target, now time.Time) action {
	third := a.lastCountedAt()
	if a.lastAccepted.After(third) || !now.Before(third.Add(preferenceTime)) ||
		a.newestAccepted() == t {
		return admit
	}
	return wait
}

// holdReason returns why the target is held.
func (t *target) holdReason() Reason {
	switch t.last {
	case lastInDoubt:
		return TargetInDoubt
	case lastGuest:
		return TargetGuest
	default:
		return TargetRefused
	}
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}
