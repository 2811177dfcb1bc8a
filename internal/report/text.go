// Package report writes what a probe or lint found: as text for a person to read,
// and as JSON for a program.
package report

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/rasphone-exporter/rasphone_exporter/smbprobe"
)

// maxRows is how many things of a kind the text lists; the JSON has all that the result
// has.
const maxRows = 10

// Text writes a report for a person, at most 80 columns wide. Its first line alone
// may be longer: it is the one line that a monitoring plugin shows, see Headline.
// With colour it holds escape sequences for a terminal.
func Text(w io.Writer, r *smbprobe.Result, colour bool) error {
	t := &text{palette: palette{on: colour}}
	// A monitoring system takes what follows a | for performance data.
	headline := strings.ReplaceAll(oneLine(r.Target+": "+Headline(r)), "|", "/")
	t.line("%s %s", t.palette.verdict(r.Verdict()), headline)
	t.steps(r)
	t.found(r)
	for i := range r.Causes {
		t.cause(&r.Causes[i], i+1, len(r.Causes))
	}
	t.ruledOut(r)
	_, err := io.WriteString(w, t.b.String())
	return err
}

// ruledOut writes what was seen that excludes causes, if there is something to explain.
func (t *text) ruledOut(r *smbprobe.Result) {
	if len(r.Causes) == 0 || len(r.RuledOut) == 0 {
		return
	}
	t.heading("Ruled out")
	for _, o := range r.RuledOut {
		t.hanging("  -", 4, o.Why)
	}
}

// text is a report that is being written.
type text struct {
	palette palette
	b       strings.Builder
}

func (t *text) line(format string, args ...any) { fmt.Fprintf(&t.b, format+"\n", args...) }

// heading begins a part of the report.
func (t *text) heading(s string) { t.line("\n%s", t.palette.bold(s)) }

// hanging writes a text that begins with a mark of at most indent columns; all lines of
// the text are indented.
func (t *text) hanging(mark string, indent int, s string) {
	for _, l := range wrap(s, columns-indent) {
		t.line("%-*s%s", indent, mark, l)
		mark = ""
	}
}

// row writes one thing that was found.
func (t *text) row(label, s string) { t.hanging("  "+label, 15, s) }

// more says that not all rows are shown.
func (t *text) more(label string, shown, all int) {
	if all > shown {
		t.row(label, fmt.Sprintf("and %d more; --output=json has them", all-shown))
	}
}

// steps writes what was tried. Steps may run side by side: their times need not
// add up to the whole.
func (t *text) steps(r *smbprobe.Result) {
	if len(r.Steps) == 0 {
		t.heading("Nothing was tried")
		return
	}
	t.heading(fmt.Sprintf("Tried in %s, with %s", shortDuration(r.Duration), number(r.RoundTrips, "round trip", "round trips")))
	for _, s := range r.Steps {
		mark := fmt.Sprintf("  %-11s%9s", s.Step, shortDuration(s.Duration))
		if s.Error == "" {
			t.line("%s", mark)
			continue
		}
		const indent = 24
		for i, l := range wrap(s.Error, columns-indent) {
			if i > 0 {
				mark = ""
			}
			t.line("%-*s%s", indent, mark, t.palette.bad(l))
		}
	}
}

// shortDuration is a duration in milliseconds or seconds, to a tenth; what a network
// takes is not known better.
func shortDuration(d time.Duration) string {
	if d < time.Second {
		return fmt.Sprintf("%.1f ms", float64(d.Microseconds())/1000)
	}
	return fmt.Sprintf("%.1f s", d.Seconds())
}

func utc(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05 UTC") }

func number(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}
