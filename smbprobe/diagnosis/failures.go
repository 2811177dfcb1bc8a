package diagnosis

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/rasphone-exporter/rasphone_exporter/smbprobe"
)

// Limits of the rules of evidence. They passed a simulation of schedules of calls: every
// 5 minutes, hourly, every four hours, in business hours, at night, in bursts.
const (
	// recentCall is how long a failure counts as ongoing after its last call, whatever the
	// calls before it.
	recentCall = 15 * time.Minute
	// twoCalls is how far apart two calls may be to tell when the next one is due.
	twoCalls = 2 * time.Hour
	// longestWait bounds how long the next call is waited for.
	longestWait = 8 * time.Hour
	// shortestWait is what frequent calls, at most so far apart, are waited for at least.
	shortestWait = 30 * time.Minute

	unbrokenCalls = 6
	unbrokenTime  = 6 * time.Hour

	// dayOfEvents is how long an event names an entry that is dialed.
	dayOfEvents = 24 * time.Hour
)

// dialFailure is the failures to dial of one entry and code.
type dialFailure struct {
	smbprobe.FailureCount                       // in the smallest window that holds one, or calls outside of all
	window                string                // the label of that window; empty: outside of all
	last                  time.Time             // the end of the last call; zero: not known
	calls                 *smbprobe.CallHistory // nil: not known
	lately                bool                  // in the last 24 hours
	expected              bool                  // no call that was due has failed to leave an event
	resolved              string                // what was seen since that repaired it; empty: nothing
	explained             string                // the cause that was found and explains it; empty: none
}

// ongoing reports whether nothing that is seen now contradicts a failure.
func (f *dialFailure) ongoing() bool { return f.expected && f.resolved == "" }

// unbroken reports whether each call of the last six hours or more failed, as far as calls
// leave events: successful ones leave none.
func (f *dialFailure) unbroken() bool {
	h := f.calls
	return f.ongoing() && h != nil && h.UnbrokenCalls >= unbrokenCalls && h.LastEnd.Sub(h.UnbrokenSince) >= unbrokenTime
}

// isExpected reports whether the last call of a history ended so shortly ago that no call
// which was due since then has succeeded, as far as the calls before it tell.
func isExpected(h *smbprobe.CallHistory, now time.Time) bool {
	since := now.Sub(h.LastEnd)
	if since <= recentCall {
		return true
	}
	switch {
	case h.Calls < 2 || len(h.Gaps) == 0:
		return false
	case h.Calls == 2:
		return h.Gaps[0] <= twoCalls && since <= h.Gaps[0]*3/2
	}
	wait := h.MedianGap * 3 / 2
	if h.MedianGap <= shortestWait {
		wait = max(wait, shortestWait)
	}
	return since <= min(wait, longestWait)
}

// pair identifies the failures that are told apart.
type pair struct{ entry, code string }

// dialFailures returns each pair of entry and code once, those of the shortest window
// first. A window that is not known tells nothing, and neither does a larger one.
func dialFailures(r *smbprobe.Result) []dialFailure {
	c := &evidence{Result: r}
	now, clockKnown := c.serverTime()
	last, calls := lastFailures(r), callHistories(r)
	seen := make(map[pair]bool)
	var all []dialFailure
	add := func(f dialFailure, shortest bool) {
		p := pair{f.Entry, f.Code}
		seen[p] = true
		f.last, f.calls = last[p], calls[p]
		if f.calls != nil { // they move with the server's clock
			f.last = f.calls.LastEnd
		}
		switch {
		case f.calls != nil && clockKnown:
			f.expected = isExpected(f.calls, now)
		case !f.last.IsZero() && clockKnown:
			f.expected = now.Sub(f.last) <= recentCall
		default:
			f.expected = shortest
		}
		f.lately = f.last.IsZero() || !clockKnown || now.Sub(f.last) <= dayOfEvents
		f.resolved = c.resolution(&f, now.Add(r.Duration+smbprobe.ClockSlack), clockKnown)
		all = append(all, f)
	}
	windows := slices.Clone(r.Eventlog.Windows)
	slices.SortStableFunc(windows, func(a, b smbprobe.WindowResult) int { return cmp.Compare(a.Duration, b.Duration) })
	for i, w := range windows {
		if w.Failures == nil {
			break
		}
		for _, n := range w.ByError {
			if n.N > 0 && !seen[pair{n.Entry, n.Code}] {
				add(dialFailure{FailureCount: n, window: w.Label}, i == 0)
			}
		}
	}
	for _, h := range r.Eventlog.Calls { // of which a window may not reach back far enough
		if seen[pair{h.Entry, h.Code}] || h.Calls <= 0 || !clockKnown || now.Sub(h.LastEnd) > dayOfEvents {
			continue
		}
		name, _ := lookupCode(h.Code)
		add(dialFailure{FailureCount: smbprobe.FailureCount{Entry: h.Entry, Code: h.Code, Error: name.Name, N: h.Calls}}, false)
	}
	return all
}

func lastFailures(r *smbprobe.Result) map[pair]time.Time {
	last := make(map[pair]time.Time)
	for _, l := range r.Eventlog.LastFailures {
		if p := (pair{l.Entry, l.Code}); l.At.After(last[p]) {
			last[p] = l.At
		}
	}
	return last
}

func callHistories(r *smbprobe.Result) map[pair]*smbprobe.CallHistory {
	calls := make(map[pair]*smbprobe.CallHistory)
	for i := range r.Eventlog.Calls {
		h := &r.Eventlog.Calls[i]
		calls[pair{h.Entry, h.Code}] = h
	}
	return calls
}

// resolution returns what was seen after the last failure that repaired it, by content: the
// time of the phone book's file proves nothing, as Windows NT may write it at each call by
// hand. What seems to be later than latest was noted while the clock was wrong.
func (c *evidence) resolution(f *dialFailure, latest time.Time, clockKnown bool) string {
	since := func(at *time.Time) bool {
		return at != nil && !f.last.IsZero() && at.After(f.last) && (!clockKnown || !at.After(latest))
	}
	healthy := c.Share == smbprobe.ShareOK && c.Phonebook.State == smbprobe.PhonebookOK && (c.Phonebook.Entries == nil || *c.Phonebook.Entries > 0)
	changed := func(kind smbprobe.PhonebookChangeKind, matches func(entry string) bool) *smbprobe.PhonebookChange {
		for i := range c.Phonebook.Changes {
			change := &c.Phonebook.Changes[i]
			if change.Kind == kind && matches(change.Entry) && since(&change.At) {
				return change
			}
		}
		return nil
	}
	same := func(entry string) bool { return sameEntry(entry, f.Entry) }
	switch f.Code {
	case "5", "53", "67":
		if healthy && since(c.FaultSeen) {
			return fmt.Sprintf("The share or the phone book was at fault after that, at %s, and both are healthy now.", timeText(*c.FaultSeen))
		}
	case "621", "622", "625":
		if healthy && sound(&c.Phonebook) && since(c.PhonebookFaultSeen) {
			return fmt.Sprintf("The phone book was at fault after that, at %s, and is sound now.", timeText(*c.PhonebookFaultSeen))
		}
	case "623":
		if added := changed(smbprobe.EntryAdded, same); added != nil && c.phonebookHolds(f.Entry) {
			return fmt.Sprintf("The entry was added to the phone book after that; the probe at %s saw it first.", timeText(added.At))
		}
	case "87":
		removed := changed(smbprobe.EntryRemoved, same)
		if removed == nil || !tooLong(f.Entry) || c.phonebookHolds(f.Entry) {
			break
		}
		added := changed(smbprobe.EntryAdded, func(entry string) bool { return !tooLong(entry) && c.phonebookHolds(entry) })
		switch {
		case added == nil:
		case added.At.Equal(removed.At):
			return fmt.Sprintf("The entry was renamed to %q after that, which is short enough; the probe at %s saw it first.", added.Entry, timeText(added.At))
		default:
			return fmt.Sprintf("The entry was removed after that, and %q added, whose name is short enough; the probe at %s saw it first.", added.Entry, timeText(added.At))
		}
	case "615":
		if rewired := changed(smbprobe.EntryRewired, same); rewired != nil {
			return fmt.Sprintf("The entry's port or device was changed after that; the probe at %s saw it first.", timeText(rewired.At))
		}
	}
	return ""
}

// sameEntry compares names without regard to case, as RAS does.
func sameEntry(a, b string) bool {
	return a != "" && strings.EqualFold(strings.TrimSpace(a), strings.TrimSpace(b))
}

// claimsCodes returns the claims of a rule for every failure with one of some codes.
func claimsCodes(codes ...string) func(*evidence, dialFailure) bool {
	return func(_ *evidence, f dialFailure) bool { return slices.Contains(codes, f.Code) }
}

// anyOngoing reports whether at least one failure is ongoing.
func anyOngoing(failures []dialFailure) bool {
	return slices.ContainsFunc(failures, func(f dialFailure) bool { return f.ongoing() })
}

// anyUnbroken reports whether at least one failure is unbroken.
func anyUnbroken(failures []dialFailure) bool {
	return slices.ContainsFunc(failures, func(f dialFailure) bool { return f.unbroken() })
}

// failed returns the failures with one of some codes, in decimal, whatever explains them.
func (c *evidence) failed(codes ...string) []dialFailure {
	return c.failedWhere(func(f dialFailure) bool { return slices.Contains(codes, f.Code) })
}

// failedWhere returns the failures that a function picks.
func (c *evidence) failedWhere(pick func(dialFailure) bool) []dialFailure {
	var picked []dialFailure
	for _, f := range c.failures {
		if pick(f) {
			picked = append(picked, f)
		}
	}
	return picked
}

// deniedNow reports whether calls fail with access denied, as far as is known now.
func (c *evidence) deniedNow() bool { return anyOngoing(c.failed("5")) }

// explains reports whether a remedy has to deal with one of some codes: its cause explains
// failures with it, or nothing is known.
func (c *evidence) explains(cause string, codes ...string) bool {
	return c.general || slices.ContainsFunc(c.failed(codes...), func(f dialFailure) bool { return f.explained == cause })
}

// withFailures completes a finding that rests on failures; their sentences go before its
// own evidence. The severity is ifOngoing if one of them is ongoing, and critical if one is
// unbroken; otherwise ifSeen, that of other evidence which is seen now. If there is none of
// that either, the finding is information; without failures it is nil.
func (c *evidence) withFailures(failures []dialFailure, ifOngoing, ifSeen smbprobe.Severity, own finding) *finding {
	if len(failures) == 0 && ifSeen == "" {
		return nil
	}
	f := own // only a finding that is returned takes memory
	events := make([]string, 0, len(failures)+len(f.evidence)+2)
	for i := range failures {
		events = append(events, failures[i].sentence())
	}
	f.evidence = append(events, f.evidence...)
	switch {
	case anyUnbroken(failures):
		f.severity = smbprobe.SeverityCritical
	case anyOngoing(failures) && (ifSeen == "" || rank(ifOngoing) < rank(ifSeen)):
		f.severity = ifOngoing
	case ifSeen != "":
		f.severity = ifSeen
	default:
		f.severity = smbprobe.SeverityInfo
		suffix := " (not since it was repaired)"
		if slices.ContainsFunc(failures, func(f dialFailure) bool { return f.resolved == "" }) {
			suffix = " (none in the last 15 minutes)"
			f.evidence = append(f.evidence, notLately)
		}
		if i := slices.IndexFunc(failures, func(f dialFailure) bool { return f.resolved != "" }); i >= 0 {
			f.evidence = append(f.evidence, failures[i].resolved+" Nothing has failed since; the next call will show.")
		}
		f.headline += suffix
	}
	return &f
}

const notLately = "None in the last 15 minutes. If no call was due since then, the fault may still be there."
