package web

import (
	"bytes"
	"fmt"
	"net/http"
	"strings"
	"text/tabwriter"
	"time"
	"unicode"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/common/expfmt"

	"github.com/rasphone-exporter/rasphone_exporter/collector"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe"
)

// reusedNote is above the trace of a result that is used again.
const reusedNote = "Reused: this is the trace of an earlier probe, within the module's min_interval.\n"

// writeDebug answers with everything about one probe, as text; for a browser inside a page.
func (s *Server) writeDebug(w http.ResponseWriter, r *http.Request, result *smbprobe.Result, note string) {
	text, err := debugText(result)
	if err != nil {
		s.fail(w, "cannot make a trace of a result", err)
		return
	}
	text = append([]byte(note), text...)
	w.Header().Add("Vary", "Accept")
	if !wantsPage(r) {
		s.writeText(w, text)
		return
	}
	heading := "Probe of " + result.Target + " at " + moment(result.Started)
	s.writePage(w, r, http.StatusOK, "text.html", textPage{
		frame: s.newFrame(r, heading, "servers", verdictState(result.Verdict())), Heading: heading, Text: string(text),
		Target: &targetLink{result.Target, flightKey{result.Target, result.Module}.query()},
	})
}

// debugText is the trace of a probe, the steps with their times, and the metrics.
func debugText(r *smbprobe.Result) ([]byte, error) {
	var b bytes.Buffer
	fmt.Fprintf(&b, "Probe of %s with module %s, started %s, took %s of %s\n",
		printable(r.Target), printable(r.Module), r.Started.UTC().Format(time.RFC3339), tenths(r.Duration), tenths(r.Timeout))
	fmt.Fprintf(&b, "Share: %s%s\n", r.Share, reason(r.ShareError))
	fmt.Fprintf(&b, "Phone book: %s%s\n", r.Phonebook.State, reason(r.Phonebook.Error))

	b.WriteString("\nTrace:\n")
	for _, line := range r.Trace.Lines() {
		fmt.Fprintf(&b, "  %s\n", printable(line))
	}

	b.WriteString("\nSteps:\n")
	table := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	for _, step := range r.Steps {
		fmt.Fprintf(table, "  %s\t%s\t%s\n", step.Step, tenths(step.Duration), printable(step.Error))
	}
	if err := table.Flush(); err != nil {
		return nil, fmt.Errorf("table of steps: %w", err)
	}

	b.WriteString("\nMetrics:\n")
	registry := prometheus.NewRegistry()
	if err := registry.Register(collector.New(r)); err != nil {
		return nil, fmt.Errorf("register metrics: %w", err)
	}
	families, err := registry.Gather()
	if err != nil {
		return nil, fmt.Errorf("gather metrics: %w", err)
	}
	for _, f := range families {
		if _, err := expfmt.MetricFamilyToText(&b, f); err != nil {
			return nil, fmt.Errorf("write metric %s: %w", f.GetName(), err)
		}
	}
	return b.Bytes(), nil
}

// reason returns why a state holds, in brackets; empty if that is not known.
func reason(text string) string {
	if text == "" {
		return ""
	}
	return " (" + printable(text) + ")"
}

// printable replaces what would end a line or control a terminal.
func printable(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return unicode.ReplacementChar
	}, text)
}
