package lockout

import (
	"slices"
	"time"
)

const (
	firstTargetHold    = 15 * time.Minute
	firstAuthorityHold = 31 * time.Minute
	longestHold        = 4 * time.Hour

	// countingTime is how long failures count after the last one ended: the 30
	// minutes of a controller, and one for the time that a failure takes to get
	// from there to us.
	countingTime = 31 * time.Minute

	anyTargetPlaces = 3 // for any target
	places          = 4 // all of them

	// preferenceTime is how long targets that are more likely to accept a login go
	// before the others.
	preferenceTime = 2 * time.Minute

	// answerTime is how long a login has to be under way until an accepted one
	// proves that the controller does not refuse it: a controller that works
	// answers sooner.
	answerTime = 500 * time.Millisecond
)

// authorityKey names an authority. All parts are folded.
type authorityKey struct {
	domain, user string
	target       string // only if domain is ""
}

// authority is what is known of an account: what the controller may have counted,
// and when it may be used again.
type authority struct {
	key         authorityKey
	credentials *credentials
	accepted    bool // since the start
	prompted    bool // the next login is sent regardless of holds
	wasPrompted bool
	replaced    bool // by an authority with other credentials, or not configured any more

	hold
	pending bool // a hold began, and no login was accepted since
	permit  bool // Forget permits one login

	counted      []*login // refused, in doubt or under way, of all processes
	underWay     []*login // of this process, counted or not
	lastAccepted time.Time
	lastTarget   mac // that accepted; zero if none

	waiters    []*waiter
	dispatched time.Time // when they were last decided on
	newest     *target   // that accepted, while that was its last login; nil: to be searched

	targets []*target
	byID    map[mac]*target // nil: not built yet

	id           mac
	recorded     *authorityRecord     // as it was last read from the file, or written to it
	otherTargets []targetRecord       // that are not configured here
	noted        map[*target]struct{} // that the file has to mention
}

// target is what is known of an authority's account on one target.
type target struct {
	name       string
	id         mac
	configured bool // false: kept for its hold, or the refusals that its own account counts
	hold
	acceptedAt time.Time // zero: never
	last       lastLogin
	refused    bool // and not accepted since
	doubtUsed  bool // the doubt without a hold that an accepted login permits

	// What the target's own accounts may have counted, if it asks no controller: wrong
	// passwords in a row, less than countingTime apart, this one or others.
	refusals  int
	refusedAt time.Time

	domain mac // that it announced; zero: unknown
	state  string
	status uint32
}

// lastLogin is how the last login on a target ended.
type lastLogin uint8

const (
	lastUnknown lastLogin = iota
	lastAccepted
	lastRefused
	lastInDoubt
	lastGuest
)

// countRefusal adds a wrong password to those in a row.
func (t *target) countRefusal(now time.Time) {
	if !now.Before(t.refusedAt.Add(countingTime)) {
		t.refusals = 0
	}
	t.refusals, t.refusedAt = t.refusals+1, now
}

// full reports whether one more wrong password might lock an account of the target's own.
func (t *target) full(now time.Time) bool {
	return t.refusals >= places && now.Before(t.refusedAt.Add(countingTime))
}

// hold is a time without logins.
type hold struct {
	until   time.Time
	length  time.Duration // of this hold
	doubled time.Duration // of the last one that a wrong password caused
}

// begin starts a hold, of the first length or, for wrong passwords, twice the last
// one. It never ends an earlier one sooner.
func (h *hold) begin(now time.Time, first time.Duration, double bool) {
	length := first
	if double {
		length = min(max(first, 2*h.doubled), longestHold)
		h.doubled = length
	}
	if until := now.Add(length); until.After(h.until) {
		h.until, h.length = until, length
	}
}

// login is one login that counts, or is under way.
type login struct {
	authority *authority
	id        loginID
	target    *target // nil if the configuration does not have it
	targetID  mac
	domain    mac // announced; zero: unknown

	state loginState
	sent  time.Time
	end   time.Time // while under way: when it will have ended at the latest

	own       bool // of this process
	released  bool // own, and its outcome is known
	exempt    bool // a doubt does not hold the target
	permitted bool // by Forget
	prompted  bool // sent regardless of holds
}

// loginState is what is known of a login that counts.
type loginState uint8

const (
	loginUnderWay loginState = iota
	loginInDoubt
	loginRefused
)

// advance applies the passing of time.
func (a *authority) advance(now time.Time) {
	a.endOrphans(now)
	a.expire(now)
}

// expire empties the count if its time is over. A login under way that was sent
// before that time may have been counted by the controller since.
func (a *authority) expire(now time.Time) {
	zero := a.countZeroAt()
	if zero.IsZero() || now.Before(zero) {
		return
	}
	for _, l := range a.counted {
		if l.state == loginUnderWay && l.sent.Before(zero) {
			return
		}
	}
	a.counted = slices.DeleteFunc(a.counted, func(l *login) bool { return l.state != loginUnderWay })
}

// countZeroAt returns when the failures stop counting; zero if there are none.
func (a *authority) countZeroAt() time.Time {
	var last time.Time
	for _, l := range a.counted {
		if l.state != loginUnderWay && l.end.After(last) {
			last = l.end
		}
	}
	if last.IsZero() {
		return last
	}
	return last.Add(countingTime)
}

// failures returns how many of the counted logins have ended.
func (a *authority) failures() int { return len(a.counted) - a.countUnderWay() }

// countUnderWay returns how many of the counted logins are under way, in any process.
func (a *authority) countUnderWay() int {
	n := 0
	for _, l := range a.counted {
		if l.state == loginUnderWay {
			n++
		}
	}
	return n
}

// lastCountedAt returns when the last counted login got its place.
func (a *authority) lastCountedAt() time.Time {
	var last time.Time
	for _, l := range a.counted {
		at := l.end
		if l.state == loginUnderWay {
			at = l.sent
		}
		if at.After(last) {
			last = at
		}
	}
	return last
}

// held reports whether no target of the authority may log in.
func (a *authority) held(now time.Time) bool {
	return a.until.After(now) || a.failures() >= places && now.Before(a.countZeroAt())
}

// doubtUnderWay reports whether a login is under way on a target whose last login
// was in doubt.
func (a *authority) doubtUnderWay() bool {
	inDoubt := func(l *login) bool {
		return l.state == loginUnderWay && l.target != nil && l.target.last == lastInDoubt
	}
	return slices.ContainsFunc(a.underWay, inDoubt) || slices.ContainsFunc(a.counted, inDoubt)
}

// otherFirst reports whether a target that is more likely to accept a login should go
// before t: the one that accepted last and was not refused since or, if there is none,
// one that was not refused, and not a guest. A target that is held is not waited for.
func (a *authority) otherFirst(t *target, now time.Time) bool {
	promising := func(t *target) bool { return !t.refused && t.last != lastGuest && !t.until.After(now) }
	if best := a.acceptedLast(promising); best != nil {
		return best != t
	}
	if promising(t) {
		return false
	}
	for _, o := range a.targets {
		if o.configured && promising(o) {
			return true
		}
	}
	return false
}

// newestAccepted returns the target that accepted last, of those whose last login was
// accepted; nil if there is none. It is asked for each waiting login.
func (a *authority) newestAccepted() *target {
	if a.newest == nil || a.newest.last != lastAccepted {
		a.newest = a.acceptedLast(func(t *target) bool { return t.last == lastAccepted })
	}
	return a.newest
}

// acceptedLast returns the target, of those that qualify, that accepted last; nil if
// none did.
func (a *authority) acceptedLast(qualifies func(*target) bool) *target {
	var best *target
	for _, t := range a.targets {
		if t.configured && !t.acceptedAt.IsZero() && (best == nil || t.acceptedAt.After(best.acceptedAt)) && qualifies(t) {
			best = t
		}
	}
	return best
}
