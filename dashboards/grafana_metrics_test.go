package dashboards_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/rasphone-exporter/rasphone_exporter/collector"
)

// metricsIn returns the metrics that a query names.
func metricsIn(query string) []string {
	for _, noise := range []string{
		`"(?:[^"\\]|\\.)*"`, `\{[^}]*\}`, `\[[^\]]*\]`, `\boffset \w+`,
		`\b(?:by|on|without|ignoring|group_left|group_right) ?\([^)]*\)`, `\s(?:and|or|unless|bool)\b`,
	} {
		query = regexp.MustCompile(noise).ReplaceAllString(query, " ")
	}
	var names []string
	for _, m := range regexp.MustCompile(`\b[a-zA-Z_:][\w:]*\b *\(?`).FindAllString(query, -1) {
		if !strings.HasSuffix(m, "(") { // of a function or an aggregation
			names = append(names, strings.TrimSpace(m))
		}
	}
	return names
}

// recordingRules returns the metrics that the rules record.
func recordingRules(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("rules", "*.yml"))
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, f := range files {
		text, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range regexp.MustCompile(`(?m)^\s*-? *record: *(\S+)`).FindAllStringSubmatch(string(text), -1) {
			names = append(names, m[1])
		}
	}
	return names
}

func TestDashboardsShowEveryMetricAndNoOther(t *testing.T) {
	shown := map[string]bool{}
	for _, d := range readDashboards(t) {
		for _, q := range queries(d) {
			for _, name := range metricsIn(q) {
				shown[strings.TrimSuffix(name, "_bucket")] = true
			}
		}
	}
	exists := map[string]bool{"up": true, "ALERTS": true}
	for _, name := range recordingRules(t) {
		exists[name] = true
	}
	for _, m := range collector.Metrics() {
		exists[m.Name] = true
		// Names and addresses are for texts and groups of alerts, and need no panel.
		// Causes are shown as they are recorded.
		if !shown[m.Name] && !((strings.HasSuffix(m.Name, "_info") || m.Name == "rasphone_diagnosis") && namedInRules(t, m.Name)) {
			t.Errorf("no panel shows %s", m.Name)
		}
	}
	for name := range shown {
		if !exists[name] {
			t.Errorf("metric %s does not exist", name)
		}
	}
}

func namedInRules(t *testing.T, metric string) bool {
	t.Helper()
	return slices.ContainsFunc(readRules(t, "recording.yml"), func(r rule) bool { return strings.Contains(r.Expr, metric) })
}
