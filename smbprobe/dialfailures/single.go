package dialfailures

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/rasphone-exporter/rasphone_exporter/smbprobe"
)

// latest returns the newest failures, one by one. pairs are those of the texts.
func (m *Memory) latest(now time.Time, pairs []failurePair) []smbprobe.FailureEvent {
	newest := make([]failureEvent, 0, len(m.failures))
	for _, e := range m.failures {
		if countableAt(now, e) {
			newest = append(newest, e)
		}
	}
	slices.SortStableFunc(newest, func(a, b failureEvent) int { return cmp.Compare(b.at, a.at) })
	newest = newest[:min(len(newest), smbprobe.MaxLatestFailures)]
	texts := make(map[uint16]string) // one string for all events of a text
	all := make([]smbprobe.FailureEvent, len(newest))
	for i, e := range newest {
		text, done := texts[e.text]
		if !done && m.texts[e.text] != otherText {
			text = smbprobe.CleanText(strings.ReplaceAll(string(m.texts[e.text]), textSeparator, " "))
			texts[e.text] = text
		}
		p := pairs[e.text]
		all[i] = smbprobe.FailureEvent{At: e.time(), Entry: p.entry, Code: p.code, Text: text}
	}
	return all
}

// byHour counts the failures of each of the last 24 hours, as far as they are known.
func (m *Memory) byHour(windows []smbprobe.Window, now time.Time) *smbprobe.HourlyCounts {
	h := &smbprobe.HourlyCounts{End: now, KnownFrom: now}
	if m.Oldest != 0 {
		h.KnownFrom = m.OldestAt
	}
	var largest time.Duration
	for _, w := range windows {
		largest = max(largest, w.Duration)
	}
	for _, at := range []time.Time{now.Add(-largest), m.dropped, m.doubtful} {
		if at.After(h.KnownFrom) {
			h.KnownFrom = at
		}
	}
	for _, e := range m.failures {
		age := now.Sub(e.time())
		if !countableAt(now, e) || age > time.Duration(len(h.Failures))*time.Hour {
			continue
		}
		h.Failures[max(0, len(h.Failures)-1-int(max(0, age)/time.Hour))]++
	}
	return h
}
