package main

import (
	"bytes"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rasphone-exporter/rasphone_exporter/internal/config"
	"github.com/rasphone-exporter/rasphone_exporter/internal/simnt/fleet"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/prober"
)

// sampleServer is the server of the demo fleet whose report the documents show.
const sampleServer = "share-disabled.demo"

// TestSampleReport compares the report in the documents with what the program prints about
// a simulated server, but for what differs from run to run.
func TestSampleReport(t *testing.T) {
	want := "```\n" + sampleReport(t) + "```\n"
	checkSection(t, filepath.Join(docsFolder, "diagnosis.md"), "report", want, comparableReport)
}

// sampleReport probes the sample server and returns the report that "probe" prints.
func sampleReport(t *testing.T) string {
	t.Helper()
	// The server logs a failed call at each full five minutes. A report that begins before
	// such a time and ends after it may have one more or one less in its windows.
	const callInterval = 5 * time.Minute
	for {
		begun := time.Now().Truncate(callInterval)
		report := probeSample(t)
		if time.Now().Truncate(callInterval).Equal(begun) {
			return report
		}
	}
}

func probeSample(t *testing.T) string {
	t.Helper()
	servers, err := fleet.Fleet(time.Now)
	if err != nil {
		t.Fatal(err)
	}
	network, err := fleet.Listen(t.Context(), servers)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := network.Close(); err != nil {
			t.Error(err)
		}
	}()
	c, err := config.Parse("", fleet.Config(servers), nil)
	if err != nil {
		t.Fatal(err)
	}
	target, err := c.Target(sampleServer, "")
	if err != nil {
		t.Fatal(err)
	}
	prober, err := prober.New(prober.Options{Resolver: network, Dial: network.Dial})
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	output := newProbeOutput(streams{out: &out, err: &out}, outputText, 1)
	if err := probeAll(t.Context(), prober.Probe, []smbprobe.Target{target}, output.take); err != nil {
		t.Fatal(err)
	}
	if err := output.end(); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// varying are the parts of a report that differ between two runs, and what to compare instead:
// durations with the blanks that align them, times of day, the number of round trips.
var varying = []struct {
	pattern *regexp.Regexp
	by      string
}{
	{regexp.MustCompile(` +[0-9.]+ (ms|s)\b`), " TIME"},
	{regexp.MustCompile(`\b[0-9.]+(ns|µs|ms|s) (ahead of|behind)\b`), "OFFSET"},
	{regexp.MustCompile(`\b[0-9]{4}-[0-9]{2}-[0-9]{2}\s+[0-9]{2}:[0-9]{2}:[0-9]{2}\s+UTC\b`), "DATE"},
	{regexp.MustCompile(`\b[0-9]+ round trips\b`), "ROUND TRIPS"},
}

// comparableReport returns a report without what differs between two runs. The last steps run side by
// side and are listed as they began, so it sorts the lines of the steps.
func comparableReport(report string) string {
	for _, v := range varying {
		report = v.pattern.ReplaceAllString(report, v.by)
	}
	before, rest, _ := strings.Cut(report, "\nTried ")
	steps, after, _ := strings.Cut(rest, "\n\n")
	lines := strings.Split(steps, "\n")
	slices.Sort(lines)
	return before + "\n" + strings.Join(lines, "\n") + "\n\n" + after
}
