package diagnosis

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/rasphone-exporter/rasphone_exporter/smbprobe"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/raserror"
)

// dialFailure is the failures to dial for one entry and code.
type dialFailure struct {
	smbprobe.FailureCount               // in the smallest window that holds one
	window                    string    // the label of that window
	last                      time.Time // zero: not known
	recent                    bool      // that window is the shortest one
	resolvedByPhonebookChange bool      // share and book are sound, and the book was changed after the last one
	resolvedByRecovery        bool      // access was denied before share and book were seen sound again, after one was at fault
	claimed                   bool      // a rule other than dialup_failing explains it
}

// mended reports whether what caused a failure seems to be mended.
func (f dialFailure) resolved() bool { return f.resolvedByPhonebookChange || f.resolvedByRecovery }

// current reports whether nothing that is seen now speaks against a failure.
func (f dialFailure) ongoing() bool { return f.recent && !f.resolved() }

// dialFailures returns each pair of entry and code once, the pairs of the shortest
// window first. A window that is not known tells nothing, and neither does a larger one.
func dialFailures(r *smbprobe.Result) []dialFailure {
	type pair struct{ entry, code string }
	windows := slices.SortedStableFunc(slices.Values(r.Eventlog.Windows), func(a, b smbprobe.WindowResult) int { return cmp.Compare(a.Duration, b.Duration) })
	last := make(map[pair]time.Time)
	for _, l := range r.Eventlog.LastFailures {
		if p := (pair{l.Entry, l.Code}); l.At.After(last[p]) {
			last[p] = l.At
		}
	}
	sound := (&evidence{Result: r}).bookSound()
	now, clockKnown := (&evidence{Result: r}).serverTime()
	// happened reports whether something is known to have happened after a failure. What is in the
	// future was noted while the clock was wrong, and tells nothing.
	happened := func(at *time.Time, p pair) bool {
		if at == nil || clockKnown && at.After(now.Add(r.Duration+smbprobe.ClockSlack)) {
			return false
		}
		return sound && !last[p].IsZero() && last[p].Before(*at)
	}
	seen := make(map[pair]bool)
	var all []dialFailure
	for i, w := range windows {
		if w.Failures == nil {
			break
		}
		for _, f := range w.ByError {
			p := pair{f.Entry, f.Code}
			if f.N <= 0 || seen[p] {
				continue
			}
			seen[p] = true
			all = append(all, dialFailure{
				FailureCount:              f,
				window:                    w.Label,
				last:                      last[p],
				recent:                    i == 0,
				resolvedByPhonebookChange: happened(r.Phonebook.Modified, p),
				resolvedByRecovery:        f.Code == "5" && happened(r.HealthySince, p), // other codes are not the share's or the book's
			})
		}
	}
	return all
}

// claimsCodes returns the claims of a rule for every failure with one of some codes.
func claimsCodes(codes ...string) func(*evidence, dialFailure) bool {
	return func(_ *evidence, f dialFailure) bool { return slices.Contains(codes, f.Code) }
}

// failed returns the failures with one of some codes, in decimal.
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

// anyOngoing reports whether at least one failure is current.
func anyOngoing(failures []dialFailure) bool {
	return slices.ContainsFunc(failures, dialFailure.ongoing)
}

// conclude makes a finding of failures, whose evidence goes before the finding's
// own. Its severity is current where a failure is; else otherwise, the severity for
// other evidence that is seen now. Where there is none of that either, what caused the
// failures is over, and the finding is information; without failures there is none.
func (c *evidence) withFailures(failures []dialFailure, current, otherwise smbprobe.Severity, j finding) *finding {
	var events []string
	for _, f := range failures {
		events = append(events, f.sentence())
	}
	j.evidence = append(events, j.evidence...)
	switch {
	case anyOngoing(failures):
		j.severity = current
	case otherwise != "":
		j.severity = otherwise
	case len(failures) == 0:
		return nil
	case slices.ContainsFunc(failures, func(f dialFailure) bool { return f.resolvedByPhonebookChange }):
		j.severity = smbprobe.SeverityInfo
		j.headline += " (before the book was changed)"
		j.evidence = append(j.evidence, fmt.Sprintf("The book was changed after that, at %s; now the share is open and the book sound: it seems to be mended.", timeText(*c.Phonebook.Modified)))
	case slices.ContainsFunc(failures, func(f dialFailure) bool { return f.resolvedByRecovery }):
		j.severity = smbprobe.SeverityInfo
		j.headline += " (before share and book were sound)"
		j.evidence = append(j.evidence, fmt.Sprintf("The share or the book was at fault then; both were seen sound again at %s: it seems to be mended.", timeText(*c.HealthySince)))
	default:
		j.severity = smbprobe.SeverityInfo
		j.headline += " (old events)"
		j.evidence = append(j.evidence, "The shortest window holds no such event: it seems to be over.")
	}
	return &j
}

// accessDeniedEvents says that the Internet Mail Service met the same, where it did.
func (c *evidence) accessDeniedEvents() []string {
	var all []string
	for _, f := range c.failed("5") {
		all = append(all, f.sentence())
	}
	return all
}

// sentence says what the event log has of a failure.
func (f dialFailure) sentence() string {
	times := "once"
	if f.N > 1 {
		times = fmt.Sprintf("%d times", f.N)
	}
	text := fmt.Sprintf("Event 4106 reported %s for %s, %s in the last %s", codeText(f.Code), entryText(f.Entry, f.Code), times, f.window)
	if !f.last.IsZero() {
		text += ", the last time at " + timeText(f.last) + " by the server's clock"
	}
	return text + "."
}

// codeText writes a code with its name and meaning.
func codeText(code string) string {
	switch code {
	case smbprobe.UnknownCode:
		return "a code that could not be read"
	case smbprobe.Other:
		return "codes beyond those that are told apart"
	}
	if e, known := lookupCode(code); known {
		return fmt.Sprintf("[%s] %s (%s)", code, e.Name, e.Meaning)
	}
	return fmt.Sprintf("[%s] (a code without a name)", code)
}

// codeName writes a code with its name alone.
func codeName(code string) string {
	if e, known := lookupCode(code); known {
		return fmt.Sprintf("[%s] %s", code, e.Name)
	}
	return codeText(code)
}

func lookupCode(code string) (raserror.Error, bool) {
	n, err := strconv.ParseUint(code, 10, 32)
	if err != nil {
		return raserror.Error{}, false // no number: it has no name
	}
	return raserror.Lookup(uint32(n))
}

// entryText names the entry of a failure.
func entryText(entry, code string) string {
	switch {
	case entry == smbprobe.Other && code == smbprobe.Other:
		return "further entries"
	case entry == "":
		return "an entry whose name could not be read"
	}
	return fmt.Sprintf("entry %q", entry)
}
