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
// The zero value is ready; its methods may be called from several goroutines.
type Rounds struct {
	answered atomic.Int64
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

// Fork returns a count for a branch of the probe that runs in parallel with others.
// It starts at r's count, and the round trips of the others do not count in it. Join
// merges it.
func (r *Rounds) Fork() *Rounds {
	f := new(Rounds)
	f.answered.Store(r.answered.Load())
	return f
}

// Join merges a branch that has ended: the longest of all branches counts.
func (r *Rounds) Join(branch *Rounds) { r.Answered(branch.answered.Load()) }

type roundsKey struct{}

// ContextWithRounds returns a context whose requests count in r.
func ContextWithRounds(ctx context.Context, r *Rounds) context.Context {
	return context.WithValue(ctx, roundsKey{}, r)
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
