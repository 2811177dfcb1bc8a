package web

import (
	"slices"
	"strconv"
	"time"

	"github.com/prometheus/common/model"

	"github.com/rasphone-exporter/rasphone_exporter/smbprobe"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/raserror"
)

// recentFailures is the failures to dial in one window.
type recentFailures struct {
	Label    string
	Failures *int // nil: not known
}

// Any reports whether there is a failure.
func (f recentFailures) Any() bool { return f.Failures != nil && *f.Failures > 0 }

// shortestWindow returns the window that reaches back least, nil if there is
// none. A window's label is its duration as the configuration spells it.
func shortestWindow(windows []smbprobe.WindowResult) *recentFailures {
	var shortest *recentFailures
	var length model.Duration
	for _, w := range windows {
		d, err := model.ParseDuration(w.Label)
		if err != nil {
			continue // its length is not known
		}
		if shortest == nil || d < length {
			shortest, length = &recentFailures{w.Label, w.Failures}, d
		}
	}
	return shortest
}

// events are the failures to dial in the event log.
type events struct {
	State string // whether it was readable
	Level string
	Rows  []failureRow
}

// failureRow is one pair of entry and error.
type failureRow struct {
	Entry   string // empty: not known
	Code    string // as smbprobe.FailureCount has it
	Name    string // symbolic name of the code; empty if it has none
	Meaning string // empty where none is known
	Counts  []string
	Last    *time.Time // nil: not known
}

func newEvents(e *smbprobe.EventlogResult) events {
	v := events{Rows: failureRows(e)}
	v.State, v.Level = readState(e.Readable)
	return v
}

// failureRows turns the windows' splits into rows with a count for each window.
func failureRows(e *smbprobe.EventlogResult) []failureRow {
	var rows []failureRow
	row := func(entry, code string) *failureRow {
		i := slices.IndexFunc(rows, func(r failureRow) bool { return r.Entry == entry && r.Code == code })
		if i < 0 {
			i = len(rows)
			rows = append(rows, newFailureRow(entry, code, e.Windows))
		}
		return &rows[i]
	}
	for i, w := range e.Windows {
		for _, c := range w.ByError {
			row(c.Entry, c.Code).Counts[i] = strconv.Itoa(c.N)
		}
	}
	for _, l := range e.LastFailures {
		row(l.Entry, l.Code).Last = &l.At
	}
	return rows
}

// newFailureRow is a row that has no event in the windows that are known.
func newFailureRow(entry, code string, windows []smbprobe.WindowResult) failureRow {
	r := failureRow{Entry: entry, Code: code, Counts: make([]string, len(windows))}
	for i, w := range windows {
		r.Counts[i] = "0"
		if w.Failures == nil {
			r.Counts[i] = unknown
		}
	}
	if n, err := strconv.ParseUint(code, 10, 32); err == nil {
		known, _ := raserror.Lookup(uint32(n))
		r.Name, r.Meaning = known.Name, known.Meaning
	}
	return r
}
