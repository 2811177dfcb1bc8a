package dialfailures

import (
	"cmp"
	"slices"
	"strconv"
	"time"

	"github.com/rasphone-exporter/rasphone_exporter/smbprobe"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/raserror"
)

// maxErrorRows bounds the pairs of entry and code that a Result tells apart.
const maxErrorRows = 20

// countWindows counts the failures that a memory holds.
func CountWindows(m *Memory, windows []smbprobe.Window, now time.Time) []smbprobe.WindowResult {
	row, rows := m.errorRows(now)
	var results []smbprobe.WindowResult
	for _, w := range windows {
		start := now.Add(-w.Duration)
		result := smbprobe.WindowResult{Label: w.Label, Duration: w.Duration, Covered: m.Oldest != 0 && !m.OldestAt.After(start)}
		if m.forgotten.IsZero() || m.forgotten.Before(start) {
			result.Failures = new(int)
			counts := slices.Clone(rows)
			for _, e := range m.failures {
				if inWindow(e.at, start, now) {
					*result.Failures++
					counts[row[e.pair]].N++
				}
			}
			result.ByError = slices.DeleteFunc(counts, func(c smbprobe.FailureCount) bool { return c.N == 0 })
		}
		results = append(results, result)
	}
	return results
}

func inWindow(at, start, now time.Time) bool {
	return !at.Before(start) && !at.After(now.Add(smbprobe.ClockSlack))
}

// errorRows returns the rows of a split, and for each pair of the memory the row that
// it counts in.
func (m *Memory) errorRows(now time.Time) (row []int, rows []smbprobe.FailureCount) {
	events := make([]int, len(m.pairs))
	for _, e := range m.failures {
		if !e.at.After(now.Add(smbprobe.ClockSlack)) {
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
		if p == (failurePair{smbprobe.Other, smbprobe.Other}) || split == maxErrorRows {
			if rest < 0 {
				rest = len(rows)
				rows = append(rows, smbprobe.FailureCount{Entry: smbprobe.Other, Code: smbprobe.Other})
			}
			row[i] = rest
			continue
		}
		split++
		row[i] = len(rows)
		rows = append(rows, smbprobe.FailureCount{Entry: p.entry, Code: p.code, Error: errorName(p.code)})
	}
	return row, rows
}

// lastFailures returns the newest failure of each row, the newest first.
func LastFailures(m *Memory, now time.Time) []smbprobe.LastFailure {
	row, rows := m.errorRows(now)
	var last []smbprobe.LastFailure
	seen := make([]bool, len(rows))
	failures := slices.SortedStableFunc(slices.Values(m.failures), func(a, b failureEvent) int { return b.at.Compare(a.at) })
	for _, e := range failures {
		if r := row[e.pair]; !seen[r] && !e.at.After(now.Add(smbprobe.ClockSlack)) {
			seen[r] = true
			last = append(last, smbprobe.LastFailure{Entry: rows[r].Entry, Code: rows[r].Code, At: e.at})
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
