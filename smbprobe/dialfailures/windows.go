package dialfailures

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/rasphone-exporter/rasphone_exporter/smbprobe"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/raserror"
)

// maxErrorRows is how many pairs of entry and code a Result tells apart.
const maxErrorRows = 20

// failurePair is the connection that could not be made, and the error.
type failurePair struct {
	entry string
	code  string // decimal, or smbprobe.UnknownCode
}

func (p failurePair) compare(q failurePair) int {
	return cmp.Or(cmp.Compare(p.entry, q.entry), cmp.Compare(p.code, q.code))
}

// pairs returns the entry and code of each text. names are the known entries.
func (m *Memory) pairs(names []string) []failurePair {
	pairs := make([]failurePair, len(m.texts))
	known := newKnownNames(names)
	for i, text := range m.texts {
		if text == otherText {
			pairs[i] = failurePair{smbprobe.Other, smbprobe.Other}
			continue
		}
		entry, code, ok := known.parse(strings.Split(string(text), textSeparator))
		if !ok {
			code = smbprobe.UnknownCode
		}
		pairs[i] = failurePair{entry, code}
	}
	return pairs
}

// rows are the pairs that a Result tells apart, and the row of each text.
type rows struct {
	all []smbprobe.FailureCount // without numbers
	of  []int                   // by index of Memory.texts
	now time.Time
}

// countable reports whether an event counts: not one in the future, which was logged
// while the clock was wrong.
func (r rows) countable(e failureEvent) bool { return countableAt(r.now, e) }

func countableAt(now time.Time, e failureEvent) bool {
	return !e.time().After(now.Add(smbprobe.ClockSlack))
}

// rowsAt returns the pairs with the most events until now as rows, and a last one for the
// others. pairs are those of the texts.
func (m *Memory) rowsAt(now time.Time, pairs []failurePair) rows {
	r := rows{of: make([]int, len(m.texts)), now: now}
	events := make(map[failurePair]int)
	for _, e := range m.failures {
		if r.countable(e) {
			events[pairs[e.text]]++
		}
	}
	order := slices.Clone(pairs)
	slices.SortFunc(order, func(p, q failurePair) int { return cmp.Or(events[q]-events[p], p.compare(q)) })
	order = slices.Compact(order)
	row := make(map[failurePair]int)
	rest := -1
	r.all = slices.Grow(r.all, min(len(order), maxErrorRows+1))
	for _, p := range order {
		if p == (failurePair{smbprobe.Other, smbprobe.Other}) || len(row) == maxErrorRows {
			if rest < 0 {
				rest = len(r.all)
				r.all = append(r.all, smbprobe.FailureCount{Entry: smbprobe.Other, Code: smbprobe.Other})
			}
			continue
		}
		row[p] = len(r.all)
		r.all = append(r.all, smbprobe.FailureCount{Entry: p.entry, Code: p.code, Error: errorName(p.code)})
	}
	for i, p := range pairs {
		if n, ok := row[p]; ok {
			r.of[i] = n
		} else {
			r.of[i] = rest
		}
	}
	return r
}

// Summary is what a Memory shows of the failures until a point in time.
type Summary struct {
	Windows      []smbprobe.WindowResult
	LastFailures []smbprobe.LastFailure // of each pair of entry and code, the newest first
	Calls        []smbprobe.CallHistory // of the last seven days
	Latest       []smbprobe.FailureEvent
	ByHour       *smbprobe.HourlyCounts
}

// Summarize counts the failures in windows that end now, by the server's clock. names are
// the known entries; see Parse.
func (m *Memory) Summarize(windows []smbprobe.Window, now time.Time, names []string) Summary {
	if !m.forwardSince.IsZero() { // more is remembered than the windows hold
		var largest time.Duration
		for _, w := range windows {
			largest = max(largest, w.Duration)
		}
		view := *m
		view.failures = slices.DeleteFunc(slices.Clone(m.failures), func(e failureEvent) bool { return e.time().Before(now.Add(-largest)) })
		m = &view
	}
	pairs := m.pairs(names)
	rows := m.rowsAt(now, pairs)
	return Summary{
		Windows: m.windows(windows, rows), LastFailures: m.lastFailures(rows), Calls: m.callHistories(now, pairs),
		Latest: m.latest(now, pairs), ByHour: m.byHour(windows, now),
	}
}

func (m *Memory) windows(windows []smbprobe.Window, rows rows) []smbprobe.WindowResult {
	results := slices.Grow([]smbprobe.WindowResult(nil), len(windows))
	for _, w := range windows {
		start := rows.now.Add(-w.Duration)
		result := smbprobe.WindowResult{Label: w.Label, Duration: w.Duration, Covered: m.Oldest != 0 && !m.OldestAt.After(start)}
		if m.dropped.Before(start) && m.doubtful.Before(start) {
			result.Failures = new(int)
			counts := slices.Clone(rows.all)
			for _, e := range m.failures {
				if rows.countable(e) && !e.time().Before(start) {
					*result.Failures++
					counts[rows.of[e.text]].N++
				}
			}
			result.ByError = slices.DeleteFunc(counts, func(c smbprobe.FailureCount) bool { return c.N == 0 })
		}
		results = append(results, result)
	}
	return results
}

func (m *Memory) lastFailures(rows rows) []smbprobe.LastFailure {
	var last []smbprobe.LastFailure
	seen := make([]bool, len(rows.all))
	failures, newestFirst := m.failures, func(a, b failureEvent) int { return cmp.Compare(b.at, a.at) }
	if !slices.IsSortedFunc(failures, newestFirst) { // a clock was set
		failures = slices.Clone(failures)
		slices.SortStableFunc(failures, newestFirst)
	}
	for _, e := range failures {
		if n := rows.of[e.text]; !seen[n] && rows.countable(e) {
			seen[n] = true
			last = append(last, smbprobe.LastFailure{Entry: rows.all[n].Entry, Code: rows.all[n].Code, At: e.time()})
		}
	}
	return last
}

// errorName returns the symbolic name of a decimal code, empty if it has none.
func errorName(code string) string {
	if code == smbprobe.UnknownCode || code == smbprobe.Other {
		return ""
	}
	n, err := strconv.ParseUint(code, 10, 32)
	if err != nil {
		return ""
	}
	e, _ := raserror.Lookup(uint32(n))
	return e.Name
}
