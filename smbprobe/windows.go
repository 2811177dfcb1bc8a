package smbprobe

import (
	"cmp"
	"slices"
	"strconv"
	"time"

	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/raserror"
)

// The entry and the code of failures that are not told apart.
const (
	UnknownCode = "unknown" // the code could not be read
	Other       = "other"   // entries and codes beyond the ones listed
)

// maxErrorRows bounds the pairs of entry and code that a Result tells apart.
const maxErrorRows = 20

// ClockSlack is how far in the future, by the server's clock as we know it,
// an event may be that was logged just now.
const ClockSlack = 5 * time.Second

// WindowResult is the failures to dial in a window of time that ends now, by the
// server's clock.
type WindowResult struct {
	Label    string // as the configuration spells it
	Duration time.Duration
	Failures *int           // nil: not known, because events were forgotten
	ByError  []FailureCount // the same, split; the 20 pairs with the most events in the largest window, then the rest as "other"
	Covered  bool           // the oldest record is at or before the window's start
}

// FailureCount is how often a connection could not be made for one error.
type FailureCount struct {
	Entry string // "other" for the rest
	Code  string // decimal; "unknown" where it could not be read, "other" for the rest
	Error string // symbolic name of the code, empty where it has none
	N     int
}

// LastFailure is when a connection could last not be made for one error.
type LastFailure struct {
	Entry string
	Code  string
	At    time.Time // by the server's clock
}

// countWindows counts the failures that a memory holds.
func countWindows(m *logMemory, windows []Window, now time.Time) []WindowResult {
	row, rows := m.errorRows(now)
	var results []WindowResult
	for _, w := range windows {
		start := now.Add(-w.Duration)
		result := WindowResult{Label: w.Label, Duration: w.Duration, Covered: m.oldest != 0 && !m.oldestAt.After(start)}
		if m.forgotten.IsZero() || m.forgotten.Before(start) {
			result.Failures = new(int)
			counts := slices.Clone(rows)
			for _, e := range m.failures {
				if inWindow(e.at, start, now) {
					*result.Failures++
					counts[row[e.pair]].N++
				}
			}
			result.ByError = slices.DeleteFunc(counts, func(c FailureCount) bool { return c.N == 0 })
		}
		results = append(results, result)
	}
	return results
}

func inWindow(at, start, now time.Time) bool {
	return !at.Before(start) && !at.After(now.Add(ClockSlack))
}

// errorRows returns the rows of a split, and for each pair of the memory the row that
// it counts in.
func (m *logMemory) errorRows(now time.Time) (row []int, rows []FailureCount) {
	events := make([]int, len(m.pairs))
	for _, e := range m.failures {
		if !e.at.After(now.Add(ClockSlack)) {
			events[e.pair]++
		}
	}
	order := make([]int, len(m.pairs))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int {
		return cmp.Or(events[b]-events[a], cmp.Compare(m.pairs[a].entry, m.pairs[b].entry), cmp.Compare(m.pairs[a].code, m.pairs[b].code))
	})
	row = make([]int, len(m.pairs))
	rest, split := -1, 0
	for _, i := range order {
		p := m.pairs[i]
		if p == (failurePair{Other, Other}) || split == maxErrorRows {
			if rest < 0 {
				rest = len(rows)
				rows = append(rows, FailureCount{Entry: Other, Code: Other})
			}
			row[i] = rest
			continue
		}
		split++
		row[i] = len(rows)
		rows = append(rows, FailureCount{Entry: p.entry, Code: p.code, Error: errorName(p.code)})
	}
	return row, rows
}

// lastFailures returns the newest failure of each row, the newest first.
func lastFailures(m *logMemory, now time.Time) []LastFailure {
	row, rows := m.errorRows(now)
	var last []LastFailure
	seen := make([]bool, len(rows))
	failures := slices.SortedStableFunc(slices.Values(m.failures), func(a, b failureEvent) int { return b.at.Compare(a.at) })
	for _, e := range failures {
		if r := row[e.pair]; !seen[r] && !e.at.After(now.Add(ClockSlack)) {
			seen[r] = true
			last = append(last, LastFailure{Entry: rows[r].Entry, Code: rows[r].Code, At: e.at})
		}
	}
	return last
}

// errorName returns the symbolic name of a decimal code, empty where it has none.
func errorName(code string) string {
	n, err := strconv.ParseUint(code, 10, 32)
	if err != nil {
		return ""
	}
	e, _ := raserror.Lookup(uint32(n))
	return e.Name
}
