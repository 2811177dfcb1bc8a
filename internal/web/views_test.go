package web

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/rasphone-exporter/rasphone_exporter/smbprobe"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/phonebook"
)

// TestHoursChart: bars, and what the log does not reach.
func TestHoursChart(t *testing.T) {
	end := time.Date(2001, 2, 3, 4, 30, 0, 0, time.UTC)
	h := &smbprobe.HourlyCounts{End: end, KnownFrom: end.Add(-22*time.Hour - time.Minute)}
	h.Failures[1], h.Failures[2], h.Failures[23] = 1, 4, 12
	c := newHoursChart(h)
	const want = "Calls that failed in the 24 hours before 2001-02-03 04:30 UTC: 17 in all, in 3 hours, most between 03:30 and 04:30: 12, the event log does not fully cover the first 2 hours"
	if c.Text != want || c.Max != 12 || c.Start != "2001-02-02 04:30" || c.Mid != "16:30" {
		t.Errorf("%+v, want the text %q", c, want)
	}
	var got []string
	for i, b := range c.Bars {
		if !b.Known || b.Height > 0 {
			got = append(got, fmt.Sprintf("%d: x %d, y %d, height %d, %s", i, b.X, b.Y, b.Height, b.Text))
		}
	}
	if diff := cmp.Diff([]string{
		"0: x 2, y 70, height 0, 04:30 to 05:30: the event log does not reach back so far",
		"1: x 27, y 65, height 5, 05:30 to 06:30: at least 1 failed; the event log does not cover the whole hour",
		"2: x 52, y 50, height 20, 06:30 to 07:30: 4 failed",
		"23: x 577, y 10, height 60, 03:30 to 04:30: 12 failed",
	}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if newHoursChart(nil) != nil {
		t.Error("a chart of nothing")
	}
	f := newPageFixture(t)
	r := rowResult("exch01.corp.example", pageTime(), smbprobe.VerdictOK)
	r.Eventlog.ByHour = h
	f.server.history.add(r)
	inOrder(t, content(f.do(http.MethodGet, "/target?target=exch01.corp.example")), `<svg class="plot"`, `role="img" aria-labelledby="hours-text"><title id="hours-text">Calls that failed`, `fill="url(#hatch)"`, `<rect class="bar"`)
}

// TestHoursChartTies: of hours that are equally bad the last one is named.
func TestHoursChartTies(t *testing.T) {
	end := time.Date(2001, 2, 3, 12, 59, 0, 0, time.UTC)
	h := &smbprobe.HourlyCounts{End: end, KnownFrom: end.Add(-25 * time.Hour)}
	for i := range h.Failures {
		h.Failures[i] = 12
	}
	if c := newHoursChart(h); !strings.Contains(c.Text, "288 in all, in 24 hours, most between 11:59 and 12:59: 12") {
		t.Error(c.Text)
	}
}

// TestWaterfall: bars lie inside the whole, and are never too thin to be seen.
func TestWaterfall(t *testing.T) {
	w := newWaterfall(&smbprobe.Result{Duration: 100 * time.Millisecond, Steps: []smbprobe.StepResult{
		{Step: smbprobe.StepResolve, Duration: 10 * time.Microsecond},
		{Step: smbprobe.StepConnect, Start: 100 * time.Millisecond, Duration: 100 * time.Millisecond, Error: "reset"},
	}})
	if diff := cmp.Diff(waterfall{Took: "200 ms", Total: 200, Rows: []waterfallRow{
		{smbprobe.StepResolve, "0.0", "1.0", "0.0 ms", ""}, {smbprobe.StepConnect, "100.0", "100.0", "100 ms", "reset"},
	}}, w); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if w := newWaterfall(&smbprobe.Result{Steps: []smbprobe.StepResult{{}}}); w.Rows[0].X != "0.0" {
		t.Errorf("%+v", w)
	}
}

// TestBookView: findings stand under their lines; those without a line that is shown, apart.
func TestBookView(t *testing.T) {
	p := &smbprobe.PhonebookResult{
		State: smbprobe.PhonebookOK, Intact: new(false), Text: "[ISP]\nPort=COM1\n\n[B]",
		Findings: []phonebook.Finding{
			{Check: phonebook.CheckMediaMissing, Class: phonebook.ClassEntry, Line: 4, Entry: "B"},
			{Check: phonebook.CheckNameOver20, Class: phonebook.ClassOddity, Line: 4, Entry: "B", Detail: "27 characters"},
			{Check: phonebook.CheckNameOver20, Class: phonebook.ClassOddity, Line: 4, Entry: "B", Detail: "27 characters"},
			{Check: phonebook.CheckEmptyFile, Class: phonebook.ClassFile},
			{Check: phonebook.CheckMalformedLine, Class: phonebook.ClassFile, Line: 99},
		},
	}
	v := newBookView(p, false)
	var got []string
	for i, l := range v.Lines {
		var checks []string
		for _, f := range l.Findings {
			checks = append(checks, string(f.Check))
		}
		got = append(got, fmt.Sprintf("%d %s header %t %s %s", i+1, l.Text, l.Header, l.Level, strings.Join(checks, " ")))
	}
	if diff := cmp.Diff([]string{
		"1 [ISP] header true  ", "2 Port=COM1 header false  ", "3  header false  ", "4 [B] header true warning media_missing name_over_20",
	}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if len(v.Whole) != 2 || v.Whole[0].Line != 0 || v.Whole[1].Line != 99 {
		t.Errorf("findings apart: %+v", v.Whole)
	}
	p.Text = strings.Repeat("\n", smbprobe.MaxPhonebookText)
	if v := newBookView(p, false); len(v.Lines) != maxBookLines || !v.Cut {
		t.Errorf("%d lines, cut %t", len(v.Lines), v.Cut)
	}
}

// TestRelatedEventsAreGrouped: 256 events of the same text are one row.
func TestRelatedEventsAreGrouped(t *testing.T) {
	var all []smbprobe.RelatedEvent
	for i := range 256 {
		all = append(all, smbprobe.RelatedEvent{At: pageTime().Add(-time.Duration(i) * time.Minute), Text: []string{"0xc0000005", "0xc0000006"}[i/250]})
	}
	want := []relatedEvents{
		{"0xc0000005", 250, pageTime().Add(-249 * time.Minute), pageTime()},
		{"0xc0000006", 6, pageTime().Add(-255 * time.Minute), pageTime().Add(-250 * time.Minute)},
	}
	if diff := cmp.Diff(want, groupRelated(all)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestCauseThatIsOver: an OK server shows what is over folded, not as something to do.
func TestCauseThatIsOver(t *testing.T) {
	f := newPageFixture(t)
	f.server.history.add(rowResult("exch01.corp.example", pageTime(), smbprobe.VerdictOK, smbprobe.Cause{
		Name: "port_taken", Severity: smbprobe.SeverityInfo, Headline: "The port was taken", Remedy: fixes("`net stop`"),
	}))
	body := content(f.do(http.MethodGet, "/target?target=exch01.corp.example"))
	inOrder(t, body, "✔ OK", `<details id="cause-port_taken"><summary>For information: The port was taken`, "net stop")
	if strings.Contains(body, "Do this at") {
		t.Errorf("there is something to do:\n%s", body)
	}
}

// TestThinnedResult: the page says that details are not kept.
func TestThinnedResult(t *testing.T) {
	f := newFixture(t, func(o *Options) { o.Now, o.HistorySize = pageTime, 1 })
	r := longResult("exch01.corp.example", pageTime())
	r.Phonebook.Intact = new(true)
	f.server.history.add(r)
	inOrder(t, content(f.do(http.MethodGet, "/target?target=exch01.corp.example")), "✖ CRITICAL", "taken", "--web.history-size is used up")
}

func TestRootOf(t *testing.T) {
	for path, want := range map[string]string{"/": "", "/target": "", "/target/trace": "../", "/runbooks/a%2fb": "../", "/api/v1/targets/x": "../../../", "//": "../", "*": ""} {
		if got := rootOf(path); got != want {
			t.Errorf("%s: %q, want %q", path, got, want)
		}
	}
}
