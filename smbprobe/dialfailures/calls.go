package dialfailures

import (
	"cmp"
	"slices"
	"time"

	"github.com/rasphone-exporter/rasphone_exporter/smbprobe"
)

const (
	// callLength is how long after the first event of a call further ones belong to it.
	callLength = 4 * time.Minute
	// callsKept is how long calls are remembered.
	callsKept = 7 * 24 * time.Hour
	// maxCalls is how many calls of one log are remembered: those of two entries that
	// fail every five minutes, for seven days.
	maxCalls = 4096
	// maxGaps is how many gaps a CallHistory lists.
	maxGaps = 5
	// minUnbrokenCalls is how many calls can be an unbroken series.
	minUnbrokenCalls = 6
	// maxUnbrokenCalls limits how far back an unbroken series is followed.
	maxUnbrokenCalls = 300
	// regularGap is a gap that never breaks a series.
	regularGap = 20 * time.Minute
	// minClockJump is how far the server's clock must have moved against ours to have
	// been set.
	minClockJump = time.Minute
)

// call is the events of one text within callLength of the first; see
// smbprobe.CallHistory. Seconds since 1970 are what event records have, too.
type call struct {
	start  uint32
	length uint16 // seconds
	text   uint16 // index of Memory.texts
}

func (c call) startTime() time.Time { return time.Unix(int64(c.start), 0).UTC() }
func (c call) endTime() time.Time   { return c.startTime().Add(time.Duration(c.length) * time.Second) }

// callLog is the calls that are remembered of one log, the oldest first.
type callLog struct {
	spans []call

	// The server's clock, and ours, when the log was last read.
	server, local time.Time
}

// observe compares the server's clock with ours. If it was set since the last time, the
// times of the calls move with it. It returns by how much it was set, or is adjusted.
func (l *callLog) observe(server, local time.Time) (jump time.Duration) {
	if !l.local.IsZero() {
		jump = server.Sub(l.server) - local.Sub(l.local)
		if jump.Abs() >= minClockJump {
			for i := range l.spans {
				l.spans[i].start = uint32(max(0, int64(l.spans[i].start)+int64(jump/time.Second)))
			}
		}
	}
	l.server, l.local = server, local
	return jump
}

// add adds an event. An event that was added before changes nothing.
func (l *callLog) add(at time.Time, text int) {
	second := at.Unix()
	if second < 0 || second > 1<<32-1 {
		return
	}
	t := uint32(second)
	const length = uint32(callLength / time.Second)
	i, _ := slices.BinarySearchFunc(l.spans, t, func(c call, t uint32) int { return cmp.Compare(c.start, t) })
	for j := i - 1; j >= 0 && t-l.spans[j].start < length; j-- {
		if int(l.spans[j].text) == text {
			l.spans[j].length = max(l.spans[j].length, uint16(t-l.spans[j].start))
			return
		}
	}
	for j := i; j < len(l.spans) && l.spans[j].start-t < length; j++ {
		if c := l.spans[j]; int(c.text) == text {
			c.length += uint16(c.start - t)
			c.start = t
			l.spans = slices.Insert(slices.Delete(l.spans, j, j+1), i, c)
			return
		}
	}
	l.spans = slices.Insert(l.spans, i, call{start: t, text: uint16(text)})
}

// prune drops calls that are too old, and the oldest of too many.
func (l *callLog) prune(now time.Time) {
	start := now.Add(-callsKept)
	l.spans = slices.DeleteFunc(l.spans, func(c call) bool { return c.startTime().Before(start) })
	if extra := len(l.spans) - maxCalls; extra > 0 {
		l.spans = slices.Delete(l.spans, 0, extra)
	}
}

// callHistories returns the history of each entry and code. pairs are those of the
// texts. Calls in the future, logged while the clock was wrong, do not count.
func (m *Memory) callHistories(now time.Time, pairs []failurePair) []smbprobe.CallHistory {
	latest := now.Add(smbprobe.ClockSlack)
	calls := slices.DeleteFunc(slices.Clone(m.calls.spans), func(c call) bool { return c.startTime().After(latest) })
	if len(calls) == 0 {
		return nil
	}
	slices.SortFunc(calls, func(a, b call) int {
		if a.text != b.text {
			if order := pairs[a.text].compare(pairs[b.text]); order != 0 {
				return order
			}
		}
		return cmp.Compare(a.start, b.start)
	})
	all := make([]smbprobe.CallHistory, 0, min(len(calls), len(pairs)))
	for len(calls) > 0 {
		p := pairs[calls[0].text]
		end := slices.IndexFunc(calls, func(c call) bool { return pairs[c.text] != p })
		if end < 0 {
			end = len(calls)
		}
		all = append(all, history(p, joined(calls[:end])))
		calls = calls[end:]
	}
	return all
}

// joined merges the calls of several texts that mean the same entry and code, in their own
// memory.
func joined(calls []call) []call {
	all := calls[:0]
	for _, c := range calls {
		if n := len(all); n > 0 && c.startTime().Sub(all[n-1].startTime()) < callLength {
			end := max(all[n-1].endTime().Unix(), c.endTime().Unix())
			all[n-1].length = uint16(end - int64(all[n-1].start))
			continue
		}
		all = append(all, c)
	}
	return all
}

func history(p failurePair, calls []call) smbprobe.CallHistory {
	last := calls[len(calls)-1]
	h := smbprobe.CallHistory{Entry: p.entry, Code: p.code, Calls: len(calls), LastStart: last.startTime(), LastEnd: last.endTime()}
	gaps := make([]time.Duration, 0, len(calls)-1) // the newest first
	for i := len(calls) - 1; i > 0; i-- {
		gaps = append(gaps, calls[i].startTime().Sub(calls[i-1].startTime()))
	}
	h.Gaps = append(h.Gaps, gaps[:min(len(gaps), maxGaps)]...)
	h.MedianGap = median(h.Gaps)
	h.UnbrokenCalls = unbroken(gaps)
	if h.UnbrokenCalls > 0 {
		h.UnbrokenSince = calls[len(calls)-h.UnbrokenCalls].startTime()
	}
	return h
}

// unbroken returns how many of the last calls are an unbroken series, whose gaps are given,
// the newest first; 0: too few.
func unbroken(gaps []time.Duration) (calls int) {
	sorted := make([]time.Duration, 0, min(len(gaps), maxUnbrokenCalls))
	for _, gap := range gaps[:min(len(gaps), maxUnbrokenCalls-1)] {
		i, _ := slices.BinarySearch(sorted, gap)
		sorted = slices.Insert(sorted, i, gap)
		n := len(sorted)
		if n < minUnbrokenCalls-1 {
			continue
		}
		if sorted[n-1] > max(sorted[(n-1)/2]*3/2, regularGap) { // the longest, the median
			break
		}
		calls = n + 1
	}
	return calls
}

// median returns the median, the lower of two; 0 of none.
func median(gaps []time.Duration) time.Duration {
	if len(gaps) == 0 {
		return 0
	}
	sorted := slices.Clone(gaps)
	slices.Sort(sorted)
	return sorted[(len(sorted)-1)/2]
}
