package smb

import "sync/atomic"

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

// Answered notes that a request of this round was answered (or refused, as a
// connection to a closed port is).
func (r *Rounds) Answered(round int64) {
	for {
		old := r.answered.Load()
		if round <= old || r.answered.CompareAndSwap(old, round) {
			return
		}
	}
}

// Count returns the round trips waited for up to now.
func (r *Rounds) Count() int { return int(r.answered.Load()) }
