package smb

import (
	"context"
	"sync/atomic"
)

// Rounds counts the round trips that a probe waited for, one after another.
// Requests that are in flight together cost one: a request belongs to the
// round after the last one that was answered when it was sent, so the count is
// the longest chain of requests each of which had to wait for the one before.
// The same figure can be taken from a packet capture.
//
// Rounds that NewRounds returns also count the branches of the probe that work: a
// connection collects the requests of all branches, and sends them together once every
// branch waits for an answer.
//
// The zero value is ready, and does not count branches; the methods may be called from
// several goroutines.
type Rounds struct {
	answered atomic.Int64
	branches *branches // nil: not counted
	expected atomic.Int64
}

// branches counts the branches of a probe that work, as opposed to those that wait for an
// answer.
type branches struct {
	working atomic.Int64
	idle    atomic.Pointer[func()] // called when none works any more
}

// NewRounds returns a count of which one branch works: the caller.
func NewRounds() *Rounds {
	r := new(struct {
		Rounds
		branches branches
	})
	r.Rounds.branches = &r.branches
	r.branches.working.Store(1)
	return &r.Rounds
}

// Expect tells how many round trips the branch will need from now on, as far as that can be
// known. If a server takes fewer requests than there are, those of the branch that needs
// most go first.
func (r *Rounds) Expect(rounds int) { r.expected.Store(int64(rounds)) }

// Left returns how many round trips the branch needs, this one included, and counts it.
func (r *Rounds) Left() int { return int(r.expected.Add(-1) + 1) }

// CountsBranches reports whether the branches that work are counted.
func (r *Rounds) CountsBranches() bool { return r.branches != nil }

// Idle reports whether no branch works: each waits, or they are not counted.
func (r *Rounds) Idle() bool { return r.branches == nil || r.branches.working.Load() <= 0 }

// Work adds to the number of branches that work: a positive number before they start or
// go on, a negative one when they wait or have ended. A branch that waits for something else
// than an answer of the server stops working meanwhile, so that it does not delay the
// requests of others.
func (r *Rounds) Work(branches int) {
	if r.branches == nil {
		return
	}
	if r.branches.working.Add(int64(branches)) <= 0 && branches < 0 {
		if idle := r.branches.idle.Load(); idle != nil {
			(*idle)()
		}
	}
}

// OnIdle sets what Work calls when no branch works any more. It replaces what was set.
func (r *Rounds) OnIdle(idle func()) {
	if r.branches != nil {
		r.branches.idle.Store(&idle)
	}
}

// Sent returns the round that a request sent now belongs to.
func (r *Rounds) Sent() int64 { return r.answered.Load() + 1 }

// Answered records that a request of this round was answered, or refused like a
// connection to a closed port.
func (r *Rounds) Answered(round int64) {
	for {
		old := r.answered.Load()
		if round <= old || r.answered.CompareAndSwap(old, round) {
			return
		}
	}
}

// ForkInto makes f, which must be new, the count of a branch of the probe that runs in
// parallel with others. It starts at r's count, and the round trips of the others do not
// count in it. Join merges it.
func (r *Rounds) ForkInto(f *Rounds) {
	f.branches = r.branches
	f.expected.Store(r.expected.Load())
	f.answered.Store(r.answered.Load())
}

// Join merges a branch that has ended: the longest of all branches counts.
func (r *Rounds) Join(branch *Rounds) { r.Answered(branch.answered.Load()) }

type roundsKey struct{}

// RoundsContext is a context whose requests count in Rounds.
type RoundsContext struct {
	context.Context
	Rounds Rounds
}

// Value implements context.Context.
func (c *RoundsContext) Value(key any) any {
	if key == (roundsKey{}) {
		return &c.Rounds
	}
	return c.Context.Value(key)
}

// RoundsFrom returns the rounds of the branch that ctx belongs to, or fallback.
func RoundsFrom(ctx context.Context, fallback *Rounds) *Rounds {
	if r, ok := ctx.Value(roundsKey{}).(*Rounds); ok {
		return r
	}
	return fallback
}

// Count returns the round trips so far.
func (r *Rounds) Count() int { return int(r.answered.Load()) }
