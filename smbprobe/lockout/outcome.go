package lockout

import (
	"slices"
	"time"
)

// end records how a login of this process ended.
func (a *authority) end(l *login, o Outcome, domain mac, now time.Time, oneFailure bool) {
	l.released = true
	a.underWay = remove(a.underWay, l)
	t := l.target
	if domain != (mac{}) {
		l.domain, t.domain = domain, domain
	}
	if o.Result != NotSent {
		t.state, t.status = o.State, o.Status
	}
	switch o.Result {
	case Accepted:
		a.acceptLogin(l, now)
	case Refused, Restricted:
		a.refuseLogin(l, now, o.Result == Refused, oneFailure)
	case Guest:
		a.counted = remove(a.counted, l)
		t.last = lastGuest
		t.begin(now, firstTargetHold, false)
		a.note(t)
		if a.pending {
			a.beginHold(l, now, false)
		}
	case NotSent:
		a.counted = remove(a.counted, l)
		a.permit = a.permit || l.permitted
		a.prompted = a.prompted || l.prompted
	default:
		a.doubtLogin(l, now, oneFailure)
	}
}

// acceptLogin ends the holds of the target and the authority, and takes the logins off
// the count that the controller cannot have counted, or has forgotten.
func (a *authority) acceptLogin(l *login, now time.Time) {
	if a.pending {
		a.permit = false
	}
	a.accepted, a.pending, a.hold = true, false, hold{}
	a.lastAccepted, a.lastTarget = now, l.targetID

	t := l.target
	t.hold, t.refused, t.doubtUsed, t.refusals = hold{}, false, false, 0
	t.last, t.acceptedAt = lastAccepted, now
	if t.configured {
		a.newest = t
	}
	delete(a.noted, t)

	a.counted = slices.DeleteFunc(a.counted, func(c *login) bool {
		switch {
		case c == l:
			return true
		case c.state == loginRefused, !c.sent.Before(l.sent), !sameDomain(c, l):
			return false
		}
		return c.state == loginInDoubt || now.Sub(c.sent) > answerTime
	})
}

// sameDomain reports whether two logins were sent to targets that announce the same
// domain. If that is not known, only logins to one target were.
func sameDomain(a, b *login) bool {
	if a.domain != (mac{}) && b.domain != (mac{}) {
		return a.domain == b.domain
	}
	return a.targetID == b.targetID
}

// refuseLogin counts a login even if it left the count, and holds its target.
func (a *authority) refuseLogin(l *login, now time.Time, wrong, oneFailure bool) {
	l.state, l.end = loginRefused, now
	if !slices.Contains(a.counted, l) {
		a.counted = append(a.counted, l)
	}
	t := l.target
	t.last, t.refused = lastRefused, true
	if wrong {
		t.countRefusal(now)
	}
	t.begin(now, firstTargetHold, wrong)
	a.note(t)
	if a.pending || !a.accepted || a.failures() >= places || oneFailure {
		a.beginHold(l, now, wrong)
	}
}

// doubtLogin holds the target of a login in doubt, and the authority if the login
// counts and is one too many.
func (a *authority) doubtLogin(l *login, now time.Time, oneFailure bool) {
	l.state, l.end = loginInDoubt, now
	if t := l.target; t != nil {
		exempt := !t.doubtUsed && (l.exempt || t.mayBeInDoubt())
		t.last, t.doubtUsed = lastInDoubt, true
		if !exempt {
			t.begin(now, firstTargetHold, false)
		}
		a.note(t)
	}
	if !slices.Contains(a.counted, l) {
		return // an accepted login took it off the count
	}
	failures := a.failures()
	if a.pending || !a.accepted && failures >= anyTargetPlaces || failures >= places || oneFailure {
		a.beginHold(l, now, false)
	}
}

// mayBeInDoubt reports whether a login in doubt does not hold the target, because it
// has accepted the credentials and was not in doubt since.
func (t *target) mayBeInDoubt() bool {
	return !t.acceptedAt.IsZero() && !t.refused && !t.doubtUsed
}

// note marks a target that the file has to mention.
func (a *authority) note(t *target) {
	if a.noted == nil {
		a.noted = make(map[*target]struct{})
	}
	a.noted[t] = struct{}{}
}

// beginHold holds the authority because of a login. If that was under way when the
// last hold began, the hold starts again, but is not doubled.
func (a *authority) beginHold(l *login, now time.Time, double bool) {
	if began := a.until.Add(-a.length); a.until.After(now) && l.sent.Before(began) {
		a.begin(now, a.length, false)
	} else {
		a.begin(now, firstAuthorityHold, double)
	}
	a.pending = true
}

// endOrphans treats logins of other processes that must have ended by now as in doubt:
// the processes ended before the answers came.
func (a *authority) endOrphans(now time.Time) {
	for _, l := range a.counted {
		if l.state == loginUnderWay && !l.own && !l.end.After(now) {
			a.doubtLogin(l, l.end, false)
		}
	}
}

func remove(logins []*login, l *login) []*login {
	return slices.DeleteFunc(logins, func(o *login) bool { return o == l })
}
