package lockout

import (
	"slices"
	"time"
)

// worst returns the highest count of an account, if the controller's counter is zero
// only after 30 minutes without a failure, whatever it accepts in between.
func (s *sim) worst() int {
	worst := 0
	for _, failed := range s.failed {
		slices.Sort(failed)
		count, last := 0, -time.Hour
		for _, at := range failed {
			if at-last > 30*time.Minute {
				count = 0
			}
			count, last = count+1, at
			worst = max(worst, count)
		}
	}
	return worst
}

// back returns how long after a moment the last sound target was logged in to.
func (s *sim) back(since time.Duration) time.Duration {
	var longest time.Duration
	for i, accepted := range s.accepted {
		if !s.fleet[i] || !s.soundAt(i, since+time.Second) {
			continue
		}
		next := s.length
		if j, _ := slices.BinarySearch(accepted, since); j < len(accepted) {
			next = accepted[j]
		}
		longest = max(longest, next-since)
	}
	return longest
}

func (s *sim) soundAt(i int, t time.Duration) bool {
	b := s.behaviour(i, t)
	right := s.password(t) == s.config(t)
	return b == ownAccount || right && (b == sound || b == flaps)
}

// blind returns for how long sound targets were not logged in to between two moments,
// beyond the 75 seconds that are between two probes: the mean over the targets.
func (s *sim) blind(from, to time.Duration) time.Duration {
	var sum time.Duration
	n := 0
	for i, accepted := range s.accepted {
		if !s.soundAt(i, from+time.Second) || !s.soundAt(i, (from+to)/2) || !s.soundAt(i, to-time.Second) {
			continue
		}
		n++
		last := from
		for _, at := range append(slices.Clone(accepted), to) {
			if at >= from && at <= to {
				sum += max(0, at-last-75*time.Second)
				last = at
			}
		}
	}
	return sum / time.Duration(max(n, 1))
}
