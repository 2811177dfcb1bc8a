package main

import (
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/common/expfmt"
	"golang.org/x/term"

	"github.com/rasphone-exporter/rasphone_exporter/collector"
	"github.com/rasphone-exporter/rasphone_exporter/internal/report"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe"
)

// probeOutput prints results in the order in which the targets were typed, whatever
// the order in which they come.
type probeOutput struct {
	out      io.Writer
	format   string // outputText, outputJSON, outputMetrics
	colour   bool
	progress progress

	results  []*smbprobe.Result // by place; nil: not there yet
	printed  int                // how many results, from the first on, were printed
	verdicts []smbprobe.Verdict
}

func newProbeOutput(std streams, format string, targets int) *probeOutput {
	return &probeOutput{
		out: std.out, format: format, colour: wantsColour(std.out),
		progress: progress{w: std.err, on: targets > 1 && isTerminal(std.err), of: targets},
		results:  make([]*smbprobe.Result, targets),
	}
}

// take takes a result, and prints those that have no earlier one to wait for.
func (o *probeOutput) take(place int, r *smbprobe.Result) error {
	o.results[place] = r
	o.verdicts = append(o.verdicts, r.Verdict())
	o.progress.clear()
	for o.format != outputJSON && o.printed < len(o.results) && o.results[o.printed] != nil {
		if err := o.print(o.results[o.printed]); err != nil {
			return err
		}
		o.printed++
	}
	o.progress.end("probed", fmt.Sprintf("%.40s %s", r.Target, r.Verdict()))
	return nil
}

// end prints what takes all results at once.
func (o *probeOutput) end() error {
	if o.format != outputJSON {
		return nil
	}
	all := make([]*report.Probe, len(o.results))
	for i, r := range o.results {
		all[i] = report.NewProbe(r)
	}
	return report.WriteJSON(o.out, all)
}

func (o *probeOutput) print(r *smbprobe.Result) error {
	if o.format == outputMetrics {
		return printMetrics(o.out, r)
	}
	if o.printed > 0 {
		if _, err := fmt.Fprintln(o.out); err != nil {
			return err
		}
	}
	return report.Text(o.out, r, o.colour)
}

// printMetrics prints what Prometheus would get.
func printMetrics(w io.Writer, r *smbprobe.Result) error {
	registry := prometheus.NewPedanticRegistry()
	if err := registry.Register(collector.New(r)); err != nil {
		return err
	}
	families, err := registry.Gather()
	if err != nil {
		return err
	}
	var b strings.Builder
	for _, family := range families {
		if _, err := expfmt.MetricFamilyToText(&b, family); err != nil {
			return err
		}
	}
	_, err = io.WriteString(w, b.String())
	return err
}

// progress shows on one line of a terminal, written over each time, how far a command
// with several targets or files is.
type progress struct {
	w     io.Writer
	on    bool
	of    int
	done  int
	shown bool
}

// begin shows what is worked on.
func (p *progress) begin(doing, what string) {
	p.done++
	p.show(doing, what)
}

// end shows that one more is done; not the last one, after which everything is printed.
func (p *progress) end(did, what string) {
	if p.done++; p.done < p.of {
		p.show(did, what)
	}
}

func (p *progress) show(doing, what string) {
	if p.on {
		fmt.Fprintf(p.w, "%s %d of %d: %.60s", doing, p.done, p.of, what)
		p.shown = true
	}
}

// clear takes the line away (ECMA-48 8.3.41), so that something else can be printed.
func (p *progress) clear() {
	if p.shown {
		fmt.Fprint(p.w, "\r\x1b[K")
		p.shown = false
	}
}

func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}
