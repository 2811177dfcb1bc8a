package diagnosis

import (
	"slices"
	"testing"
	"time"

	"github.com/rasphone-exporter/rasphone_exporter/smbprobe"
)

// schedules are the times of calls, in minutes from the start.
var schedules = map[string]func(days int) []float64{
	"every 5 minutes": func(days int) []float64 { return every(5, days) },
	"half-hourly":     func(days int) []float64 { return every(30, days) },
	"hourly":          func(days int) []float64 { return every(60, days) },
	"four-hourly":     func(days int) []float64 { return every(240, days) },
	"nightly": func(days int) []float64 {
		var all []float64
		for d := range days {
			all = append(all, float64(d*1440+120))
		}
		return all
	},
	"business hours": func(days int) []float64 {
		var all []float64
		for d := range days {
			for h := 8; h < 18 && d%7 < 5; h++ {
				all = append(all, float64(d*1440+h*60))
			}
		}
		return all
	},
}

func every(minutes, days int) []float64 {
	var all []float64
	for m := 0; m < days*1440; m += minutes {
		all = append(all, float64(m))
	}
	return all
}

// history sums up events as the reader of the event log does: calls, their gaps, and the
// latest calls without a larger gap.
func history(events []float64, now float64) smbprobe.CallHistory {
	type call struct{ start, end float64 }
	var calls []call
	for _, e := range events {
		if e > now || now-e > 7*1440 {
			continue
		}
		if n := len(calls); n > 0 && e-calls[n-1].start < 4 {
			calls[n-1].end = e
			continue
		}
		calls = append(calls, call{e, e})
	}
	h := smbprobe.CallHistory{Entry: "Provider", Code: "676", Calls: len(calls)}
	if len(calls) == 0 {
		return h
	}
	at := func(m float64) time.Time { return probedAt().Add(time.Duration(m * float64(time.Minute))) }
	span := func(m float64) time.Duration { return time.Duration(m * float64(time.Minute)) }
	last := calls[len(calls)-1]
	h.LastStart, h.LastEnd = at(last.start), at(last.end)
	var gaps []float64 // the newest first
	for i := len(calls) - 1; i > 0; i-- {
		gaps = append(gaps, calls[i].start-calls[i-1].start)
	}
	for _, g := range gaps[:min(5, len(gaps))] {
		h.Gaps = append(h.Gaps, span(g))
	}
	if len(h.Gaps) > 0 {
		sorted := slices.Sorted(slices.Values(h.Gaps))
		h.MedianGap = sorted[(len(sorted)-1)/2]
	}
	h.UnbrokenCalls, h.UnbrokenSince = 1, h.LastStart
	for n := 1; n <= min(len(gaps), 300); n++ {
		sorted := slices.Sorted(slices.Values(gaps[:n]))
		median := (sorted[(n-1)/2] + sorted[n/2]) / 2
		if sorted[n-1] > max(1.5*median, 20) {
			break
		}
		h.UnbrokenCalls, h.UnbrokenSince = n+1, at(calls[len(calls)-1-n].start)
	}
	return h
}

// judge returns whether the failures of events are ongoing and unbroken at a minute.
func judge(events []float64, now float64) (ongoing, unbroken bool) {
	h := history(events, now)
	if h.Calls == 0 {
		return false, false
	}
	f := dialFailure{calls: &h, expected: isExpected(&h, probedAt().Add(time.Duration(now*float64(time.Minute))))}
	return f.ongoing(), f.unbroken()
}

// between returns the events from a minute on up to another.
func between(events []float64, from, to float64) []float64 {
	var all []float64
	for _, e := range events {
		if e >= from && e < to {
			all = append(all, e)
		}
	}
	return all
}

// TestSchedules: failures that last are ongoing, and unbroken after six hours; once they end,
// both end soon.
func TestSchedules(t *testing.T) {
	for _, test := range []struct {
		name            string
		ongoingFrom     float64 // minutes after the first failure from which it is ongoing while it lasts; -1: not throughout
		unbrokenFrom    float64 // the same of unbroken; -1: never
		ongoingAfterFix float64 // minutes after the last failure until which it may be ongoing
	}{
		{"every 5 minutes", 0, 368, 31},
		{"half-hourly", 31, 368, 46},
		{"hourly", 61, 368, 91},
		{"four-hourly", 481, 1208, 361},
		{"business hours", -1, 368, 91},
		{"nightly", -1, -1, 481},
	} {
		t.Run(test.name, func(t *testing.T) {
			const first, fixed = 6 * 60, 4*1440 + 11*60
			events := between(schedules[test.name](7), first, fixed)
			begin, last := events[0], events[len(events)-1]
			seenUnbroken := -1.0
			for m := begin; m < 6*1440; m += 7 {
				ongoing, unbroken := judge(events, m)
				if m <= last && test.ongoingFrom >= 0 && m >= begin+test.ongoingFrom && !ongoing {
					t.Fatalf("not ongoing %g minutes after the first failure", m-begin)
				}
				if unbroken && seenUnbroken < 0 {
					seenUnbroken = m - begin
				}
				if m > last+test.ongoingAfterFix && (ongoing || unbroken) {
					t.Fatalf("ongoing %t, unbroken %t, %g minutes after the last failure", ongoing, unbroken, m-last)
				}
			}
			if (seenUnbroken < 0) != (test.unbrokenFrom < 0) || test.unbrokenFrom >= 0 && (seenUnbroken < 359 || seenUnbroken > test.unbrokenFrom) {
				t.Errorf("unbroken %g minutes after the first failure, want %g", seenUnbroken, test.unbrokenFrom)
			}
		})
	}
}

// TestScheduleLimits: the rules of evidence at their limits.
func TestScheduleLimits(t *testing.T) {
	for _, test := range []struct {
		name          string
		events        []float64
		now           float64
		want, unbroke bool
	}{
		{"one call, 15 minutes ago", []float64{0}, 15, true, false},
		{"one call, longer ago", []float64{0}, 15.1, false, false},
		{"a burst is one call", []float64{0, 1, 2, 3}, 18.1, false, false},
		{"two calls two hours apart", []float64{0, 120}, 300, true, false},
		{"and later", []float64{0, 120}, 301, false, false},
		{"two calls further apart", []float64{0, 121}, 137, false, false},
		{"three calls, 1.5 times the median", []float64{0, 60, 120}, 210, true, false},
		{"and later", []float64{0, 60, 120}, 211, false, false},
		{"the lower of two medians", []float64{0, 60, 300}, 390, true, false},
		{"at least 30 minutes", []float64{0, 5, 10}, 40, true, false},
		{"and later", []float64{0, 5, 10}, 41, false, false},
		{"at most 8 hours", []float64{0, 1440, 2880}, 2880 + 480, true, false},
		{"and later", []float64{0, 1440, 2880}, 2880 + 481, false, false},
		{"five calls over six hours", []float64{0, 100, 200, 300, 400}, 401, true, false},
		{"six calls over less", []float64{0, 60, 120, 180, 240, 300}, 301, true, false},
		{"seven calls over six hours", []float64{0, 60, 120, 180, 240, 300, 360}, 361, true, true},
		{"with a gap", []float64{0, 60, 120, 180, 240, 300, 395}, 396, true, false},
	} {
		if ongoing, unbroken := judge(test.events, test.now); ongoing != test.want || unbroken != test.unbroke {
			t.Errorf("%s: ongoing %t, unbroken %t", test.name, ongoing, unbroken)
		}
	}
}

// TestRandomFailures: a line that is busy now and then is never unbroken.
func TestRandomFailures(t *testing.T) {
	state := uint32(1)
	var events []float64
	for _, e := range schedules["every 5 minutes"](4) {
		state = state*1664525 + 1013904223
		if state>>24 < 26 { // 10 %
			events = append(events, e)
		}
	}
	for m := 0.0; m < 4*1440; m++ {
		if _, unbroken := judge(events, m); unbroken {
			t.Fatalf("unbroken at minute %g", m)
		}
	}
}

// TestUnbrokenIsCritical: whatever the code, if each call of six hours failed.
func TestUnbrokenIsCritical(t *testing.T) {
	for code, cause := range eventCodes() {
		r := healthy()
		if code == "317" || code == "4264763456" {
			servicePack(3)(r)
		}
		dials(r, "Provider", code, lately)
		h := &r.Eventlog.Calls[0]
		h.Calls, h.UnbrokenCalls, h.UnbrokenSince = 8, 7, h.LastEnd.Add(-6*time.Hour)
		c, ok := causeOf(Causes(r), cause)
		if !ok || c.Severity != smbprobe.SeverityCritical {
			t.Errorf("[%s]: %+v", code, c)
		}
		h.UnbrokenCalls = 5
		if c, _ := causeOf(Causes(r), "line_or_answer_missing"); code == "676" && c.Severity != smbprobe.SeverityWarning {
			t.Errorf("[%s] with five calls: %s", code, c.Severity)
		}
	}
}

// eventCodes are a code for each cause that rests on one.
func eventCodes() map[string]string {
	return map[string]string{
		"5": "dialup_access_denied", "53": "phonebook_not_reachable_by_service", "621": "phonebook_not_reachable_by_service",
		"1130": "phonebook_not_reachable_by_service", "623": "entry_not_in_book", "711": "rasman_cannot_start", "2": "dialup_network_card_key_stale",
		"317": "nt4_dial_bug", "4264763456": "nt4_dial_bug", "633": "port_taken", "676": "line_or_answer_missing", "677": "line_or_answer_missing",
		"678": "line_or_answer_missing", "679": "line_or_answer_missing", "680": "line_or_answer_missing", "692": "modem_or_port_failed",
		"720": "dial_out_not_allowed", "614": "dialup_failing", "615": "dialup_failing", "657": "dialup_failing", "659": "dialup_failing",
		"691": "dialup_failing", "87": "dialup_failing", "unknown": "dialup_failing",
	}
}
