package fleet

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestTimes(t *testing.T) {
	at := func(minutes, seconds int) time.Time { return time.Date(2000, 1, 1, 12, minutes, seconds, 0, time.UTC) }
	for _, test := range []struct {
		name         string
		interval     time.Duration
		after, until time.Time
		want         []time.Time
	}{
		{"none", 5 * time.Minute, at(1, 0), at(4, 59), nil},
		{"the end counts", 5 * time.Minute, at(1, 0), at(5, 0), []time.Time{at(5, 0)}},
		{"the beginning does not", 5 * time.Minute, at(5, 0), at(9, 0), nil},
		{"several", 5 * time.Minute, at(4, 59), at(15, 1), []time.Time{at(5, 0), at(10, 0), at(15, 0)}},
		{"no interval", 0, at(0, 0), at(59, 0), nil},
		{"time that stands still", time.Minute, at(1, 0), at(1, 0), nil},
	} {
		if diff := cmp.Diff(test.want, times(test.interval, test.after, test.until)); diff != "" {
			t.Errorf("%s: %s", test.name, diff)
		}
	}
}

// TestLogWriterSteps: a log has each event once, however often it is written.
func TestLogWriterSteps(t *testing.T) {
	begun := time.Date(2000, 1, 1, 12, 0, 0, 0, time.UTC)
	d := &logWriter{begun: begun, plan: logPlan{
		every:    7 * time.Minute,
		failures: []failures{{entry: "a", code: "1", every: 5 * time.Minute, related: true}, {entry: "b", code: "2", ages: []time.Duration{time.Hour}}},
	}}
	from, until := begun.Add(-2*time.Hour), begun.Add(2*time.Hour)
	once := d.events(from, until)
	var often []any
	for t := from; t.Before(until); t = t.Add(17 * time.Second) {
		for _, e := range d.events(t, minTime(t.Add(17*time.Second), until)) {
			often = append(often, e)
		}
	}
	var want []any
	for _, e := range once {
		want = append(want, e)
	}
	if diff := cmp.Diff(want, often); diff != "" || len(once) != 34+2*48+1 {
		t.Errorf("%d events\n%s", len(once), diff)
	}
}

func minTime(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}
