package report

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/rasphone-exporter/rasphone_exporter/smbprobe"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/raserror"
)

// maxRelatedEvents is how many of the events that tell more of a failure the text shows.
const maxRelatedEvents = 3

// logNever is the retention of an event log that never overwrites its records.
const logNever = 0xFFFFFFFF

// eventlog writes what is known of the event log.
func (t *text) eventlog(e *smbprobe.EventlogResult, g *smbprobe.RegistryResult) {
	var about []string
	switch {
	case e.Readable == nil:
	case !*e.Readable:
		about = append(about, stateLine("not readable", e.Error))
	case e.Records != nil:
		text := number(*e.Records, "record", "records")
		if e.Oldest != nil {
			text += " since " + utc(*e.Oldest)
		}
		about = append(about, text)
	}
	if text := join(append(about, logSizeText(e, g))...); text != "" {
		t.row("event log", text)
	}
	if e.Readable == nil || !*e.Readable {
		return
	}
	if e.Error != "" {
		t.row("failures", e.Error)
	}
	var counts []string
	for _, w := range e.Windows {
		counts = append(counts, windowText(&w))
	}
	if len(counts) > 0 {
		t.row("failures", join(counts...))
	}
	rows := failureRows(e)
	for _, f := range rows[:min(maxRows, len(rows))] {
		t.row("", f)
	}
	t.more("", maxRows, len(rows))
	for _, c := range e.RelatedEvents[:min(maxRelatedEvents, len(e.RelatedEvents))] {
		t.row("event 4037", utc(c.At)+", "+c.Text)
	}
	t.more("event 4037", maxRelatedEvents, len(e.RelatedEvents))
}

// logSizeText says how large the log is and may become; empty where nothing is known.
func logSizeText(e *smbprobe.EventlogResult, g *smbprobe.RegistryResult) string {
	var size, limit, overwrites string
	if e.Size != nil {
		size = fmt.Sprintf("%d bytes", *e.Size)
	}
	if v := g.LogMaxSize; v != nil && v.Set {
		limit = fmt.Sprintf("at most %d bytes", v.Value)
	}
	if v := g.LogRetention; v != nil && v.Set {
		switch v.Value {
		case 0:
			overwrites = "overwrites as needed"
		case logNever:
			overwrites = "never overwrites"
		default:
			overwrites = fmt.Sprintf("overwrites what is older than %.4g days", float64(v.Value)/(24*60*60))
		}
	}
	return join(size, limit, overwrites)
}

func windowText(w *smbprobe.WindowResult) string {
	text := "an unknown number in " + w.Label
	if w.Failures != nil {
		text = fmt.Sprintf("%d in %s", *w.Failures, w.Label)
	}
	if !w.Covered {
		text += " (the log does not reach back so far)"
	}
	return text
}

// failureRows says for each pair of entry and code how often it failed, in which
// windows, and when last.
func failureRows(e *smbprobe.EventlogResult) []string {
	type pair struct{ entry, code string }
	var order []pair
	counts := make(map[pair][]string)
	add := func(p pair, text string) {
		if !slices.Contains(order, p) {
			order = append(order, p)
		}
		counts[p] = append(counts[p], text)
	}
	for _, w := range e.Windows {
		for _, c := range w.ByError {
			add(pair{c.Entry, c.Code}, fmt.Sprintf("%d in %s", c.N, w.Label))
		}
	}
	for _, l := range e.LastFailures {
		add(pair{l.Entry, l.Code}, "last "+utc(l.At))
	}
	rows := make([]string, len(order))
	for i, p := range order {
		rows[i] = fmt.Sprintf("%q code %s: %s", p.entry, codeText(p.code), strings.Join(counts[p], ", "))
	}
	return rows
}

// codeText is a code with its symbolic name and meaning, where it has them.
func codeText(code string) string {
	known, ok := lookup(code)
	if !ok {
		return code
	}
	return fmt.Sprintf("%s %s (%s)", code, known.Name, known.Meaning)
}

// lookup returns what is known of a code as a Result has it.
func lookup(code string) (raserror.Error, bool) {
	n, err := strconv.ParseUint(code, 10, 32)
	if err != nil {
		return raserror.Error{}, false // "unknown", "other"
	}
	return raserror.Lookup(uint32(n))
}
