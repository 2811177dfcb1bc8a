package web

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/rasphone-exporter/rasphone_exporter/smbprobe"
)

// hoursChart is the failed calls of 24 hours as bars.
type hoursChart struct {
	Text       string // the same for a person who does not see it
	Max        int
	Bars       []bar
	Start, Mid string // of the axis
}

// bar is one hour.
type bar struct {
	X, Y, Height int
	Known        bool // else the log does not reach back to it
	Text         string
}

// Measures of the chart, in units of its own.
const (
	barPitch   = 25
	chartFoot  = 70 // where the bars stand
	chartTall  = 60
	hourFormat = "15:04"
)

// newHoursChart returns nil if nothing is known.
func newHoursChart(h *smbprobe.HourlyCounts) *hoursChart {
	if h == nil {
		return nil
	}
	end := h.End.UTC()
	first := end.Add(-time.Duration(len(h.Failures)) * time.Hour)
	c := &hoursChart{Max: slices.Max(h.Failures[:]), Start: first.Format("2006-01-02 15:04"), Mid: first.Add(12 * time.Hour).Format(hourFormat)}
	all, hours, unknown, worst := 0, 0, 0, 0
	for i, n := range h.Failures {
		from := first.Add(time.Duration(i) * time.Hour)
		b := bar{X: i*barPitch + 2, Y: chartFoot, Known: h.Known(i)}
		span := from.Format(hourFormat) + " to " + from.Add(time.Hour).Format(hourFormat)
		switch {
		case !b.Known:
			unknown++
			b.Text = span + ": the event log does not reach back so far"
			if n > 0 {
				b.Text = fmt.Sprintf("%s: at least %d failed; the event log does not cover the whole hour", span, n)
			}
		default:
			b.Text = fmt.Sprintf("%s: %d failed", span, n)
		}
		if n > 0 {
			hours++
			all += n
			b.Height = max(1, n*chartTall/c.Max)
			b.Y = chartFoot - b.Height
			if n >= h.Failures[worst] { // of equal hours the last one: the first may have its like today still to come
				worst = i
			}
		}
		c.Bars = append(c.Bars, b)
	}
	parts := []string{fmt.Sprintf("Calls that failed in the 24 hours before %s: %d in all", end.Format("2006-01-02 15:04 UTC"), all)}
	if all > 0 {
		parts = append(parts, fmt.Sprintf("in %s", number(hours, "hour")),
			fmt.Sprintf("most between %s and %s: %d", first.Add(time.Duration(worst)*time.Hour).Format(hourFormat), first.Add(time.Duration(worst+1)*time.Hour).Format(hourFormat), h.Failures[worst]))
	}
	if unknown > 0 {
		parts = append(parts, fmt.Sprintf("the event log does not fully cover the first %s", number(unknown, "hour")))
	}
	c.Text = strings.Join(parts, ", ")
	return c
}

// waterfall is the steps of a probe as bars.
type waterfall struct {
	Took  string
	Total float64 // milliseconds
	Rows  []waterfallRow
}

type waterfallRow struct {
	Step     smbprobe.Step
	X, Width string // of Total
	Took     string
	Error    string
}

func newWaterfall(r *smbprobe.Result) waterfall {
	end := r.Duration
	for _, s := range r.Steps {
		end = max(end, s.Start+s.Duration)
	}
	w := waterfall{Took: milliseconds(end), Total: max(1, float64(end.Microseconds())/1000)}
	steps := slices.SortedStableFunc(slices.Values(r.Steps), func(a, b smbprobe.StepResult) int { return cmp.Compare(a.Start, b.Start) })
	for _, s := range steps {
		width := max(float64(s.Duration.Microseconds())/1000, w.Total/200) // visible
		x := min(float64(s.Start.Microseconds())/1000, w.Total-width)
		w.Rows = append(w.Rows, waterfallRow{s.Step, decimal(x), decimal(width), milliseconds(s.Duration), s.Error})
	}
	return w
}

func decimal(f float64) string { return strconv.FormatFloat(max(0, f), 'f', 1, 64) }
