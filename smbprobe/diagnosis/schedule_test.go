package diagnosis

import (
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

// TestScheduleLimits: the rules of evidence at their limits.
func TestScheduleLimits(t *testing.T) {
	for _, test := range []struct {
		name     string
		events   []float64
		now      float64
		ongoing  bool
		unbroken bool
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
		var s server
		s.pass(test.events, test.now)
		got := s.judge(s.read(nil, test.now), test.now)
		if want := (verdictAt{test.ongoing, test.unbroken}); got != want {
			t.Errorf("%s: %+v, want %+v", test.name, got, want)
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
