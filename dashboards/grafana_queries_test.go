package dashboards_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/common/expfmt"
	"go.uber.org/goleak"

	"github.com/rasphone-exporter/rasphone_exporter/collector"
	"github.com/rasphone-exporter/rasphone_exporter/internal/config"
	"github.com/rasphone-exporter/rasphone_exporter/internal/simnt/fleet"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/diagnosis"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/prober"
)

// The parts of a file of promtool's unit tests that the tests write.
type (
	inputSeries struct {
		Series string `json:"series"`
		Values string `json:"values"`
	}
	sample struct {
		Labels string  `json:"labels"`
		Value  float64 `json:"value"`
	}
	exprTest struct {
		Expr       string   `json:"expr"`
		EvalTime   string   `json:"eval_time"`
		ExpSamples []sample `json:"exp_samples"`
	}
)

// testQueries evaluates queries on series that have a sample each minute, and compares the
// results with the expected ones.
func testQueries(t *testing.T, series []inputSeries, tests []exprTest) {
	t.Helper()
	program, err := exec.LookPath("promtool")
	if err != nil {
		t.Fatalf("%v: install Debian's package prometheus", err)
	}
	file, err := json.Marshal(map[string]any{
		"evaluation_interval": "1m",
		"tests":               []any{map[string]any{"interval": "1m", "input_series": series, "promql_expr_test": tests}},
	})
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "queries.yml") // JSON is YAML
	if err := os.WriteFile(path, file, 0o600); err != nil {
		t.Fatal(err)
	}
	if output, err := exec.CommandContext(t.Context(), program, "test", "rules", path).CombinedOutput(); err != nil {
		t.Errorf("promtool test rules: %v\n%s", err, output)
	}
}

// seriesOf returns the metrics of a collector as series with constant values.
func seriesOf(t *testing.T, g prometheus.Gatherer, labels string) []inputSeries {
	t.Helper()
	families, err := g.Gather()
	if err != nil {
		t.Fatal(err)
	}
	var text bytes.Buffer
	for _, f := range families {
		if _, err := expfmt.MetricFamilyToText(&text, f); err != nil {
			t.Fatal(err)
		}
	}
	var all []inputSeries
	for line := range strings.Lines(text.String()) {
		if strings.HasPrefix(line, "#") {
			continue
		}
		space := strings.LastIndex(line, " ")
		name, own, _ := strings.Cut(strings.TrimSuffix(line[:space], "}"), "{")
		var value float64
		if _, err := fmt.Sscan(line[space+1:], &value); err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		all = append(all, inputSeries{name + "{" + strings.Trim(labels+","+own, ",") + "}", fmt.Sprintf("%f+0x10", value)})
	}
	return all
}

// scraped returns the series of one server.
func scraped(t *testing.T, r *smbprobe.Result, labels string) []inputSeries {
	t.Helper()
	registry := prometheus.NewRegistry()
	registry.MustRegister(collector.New(r))
	return append(seriesOf(t, registry, labels), inputSeries{"up{" + labels + "}", "1+0x10"})
}

// patientTimeout is enough for a healthy server on a busy machine. The module of the server
// that never answers has a timeout of a few seconds, which stays.
const patientTimeout = time.Minute

// probeFleet probes the simulated servers with these names, or all of them.
func probeFleet(t *testing.T, names ...string) ([]fleet.Server, []*smbprobe.Result) {
	t.Helper()
	t.Cleanup(func() { goleak.VerifyNone(t) })
	servers, err := fleet.Fleet(time.Now)
	if err != nil {
		t.Fatal(err)
	}
	configuration, err := config.Parse("", fleet.Config(servers), nil)
	if err != nil {
		t.Fatal(err)
	}
	if len(names) > 0 {
		servers = slices.DeleteFunc(servers, func(s fleet.Server) bool { return !slices.Contains(names, s.Name) })
	}
	network, err := fleet.Listen(t.Context(), servers)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := network.Close(); err != nil {
			t.Error(err)
		}
	})
	prober, err := prober.New(prober.Options{Resolver: network, Dial: network.Dial})
	if err != nil {
		t.Fatal(err)
	}
	results := make([]*smbprobe.Result, len(servers))
	var ended sync.WaitGroup
	defer ended.Wait()
	for i, s := range servers {
		target, err := configuration.Target(s.Name, "")
		if err != nil {
			t.Fatal(err)
		}
		if target.Module.Timeout > patientTimeout/10 {
			target.Module.Timeout = patientTimeout
		}
		ended.Go(func() { results[i] = prober.Probe(t.Context(), target) })
	}
	return servers, results
}

// filled replaces the variables of a dashboard by values. The dashboard of a server has one
// instance.
func filled(query, instance string) string {
	return strings.NewReplacer(
		`instance="$instance"`, fmt.Sprintf("instance=%q", instance),
		"$instance", ".+", "$job", "rasphone", "$site", ".*", "$__rate_interval", "4m",
	).Replace(query)
}

// emptyIsGood are the panels that are empty for a healthy server, and have a text for it.
func emptyIsGood() []string {
	return []string{
		"Windows that are not covered", "Logs that cannot be read", "Probes without a definite answer", "Where logins are held back",
		"Causes", "Alerts", "Last failures", "Findings",
	}
}

// TestHealthyServerFillsEveryPanel: "No data" for a healthy server would look like a fault.
func TestHealthyServerFillsEveryPanel(t *testing.T) {
	const name = "healthy-signing.demo"
	servers, results := probeFleet(t, name)
	if len(servers) != 1 || len(results[0].Causes) > 0 {
		t.Fatalf("%d servers, %v", len(servers), results)
	}
	own := collector.NewExporter(time.Unix(1, 0), collector.Counts{Targets: func() int { return 2 }, LoginsHeldBack: func() int { return 0 }, EventlogsForgotten: func() int { return 0 }})
	series := slices.Concat(
		scraped(t, results[0], fmt.Sprintf("job=%q,instance=%q", "rasphone", name)),
		seriesOf(t, own.Registry(), `job="exporter",instance="exporter:10196"`))

	var tests []exprTest
	empty := emptyIsGood()
	for _, d := range readDashboards(t) {
		for _, p := range d.Panels {
			var counts []string
			for _, q := range p.Targets {
				counts = append(counts, "count("+filled(q.Expr, name)+")")
			}
			if counts == nil {
				continue // a heading
			}
			want := []sample{{"{}", 1}}
			if i := slices.Index(empty, p.Title); i >= 0 {
				empty = slices.Delete(empty, i, i+1)
				want = nil
			}
			tests = append(tests, exprTest{"(" + strings.Join(counts, " or ") + ") > bool 0", "8m", want})
		}
	}
	if len(empty) > 0 {
		t.Errorf("no panels: %q", empty)
	}
	testQueries(t, series, tests)
}

// TestVerdictsAreTheExporters: the query for the verdicts agrees with the code in each state,
// and for each server of the fleet.
func TestVerdictsAreTheExporters(t *testing.T) {
	rank := map[smbprobe.Verdict]float64{smbprobe.VerdictOK: 0, smbprobe.VerdictUnknown: 1, smbprobe.VerdictWarning: 2, smbprobe.VerdictCritical: 3}
	var series []inputSeries
	expect := func(labels string, v smbprobe.Verdict) {
		series = append(series, inputSeries{"wanted{" + labels + "}", fmt.Sprintf("%f+0x10", rank[v])})
	}
	add := func(r *smbprobe.Result, instance, more string) {
		r.Causes = diagnosis.Causes(r)
		labels := fmt.Sprintf("job=%q,instance=%q%s", "rasphone", instance, more)
		series = append(series, scraped(t, r, labels)...)
		expect(labels, r.Verdict())
	}
	for _, s := range smbprobe.ShareStates() {
		add(&smbprobe.Result{Share: s, Success: s.Definite(), Phonebook: smbprobe.PhonebookResult{State: smbprobe.PhonebookUnknown}}, "share "+string(s), "")
	}
	for _, s := range smbprobe.PhonebookStates() {
		add(&smbprobe.Result{Share: smbprobe.ShareOK, Success: true, Phonebook: smbprobe.PhonebookResult{State: s}}, "book "+string(s), "")
	}
	add(&smbprobe.Result{Share: smbprobe.ShareOK, Phonebook: smbprobe.PhonebookResult{State: smbprobe.PhonebookOK}}, "another check got no answer", "")
	servers, results := probeFleet(t)
	for i, s := range servers {
		add(results[i], s.Name, fmt.Sprintf(",site=%q", s.Labels["site"]))
	}
	// One that was scraped only once.
	const lost = `job="rasphone",instance="lost"`
	series = append(series, inputSeries{"up{" + lost + "}", "1 0+0x9"}, inputSeries{"rasphone_admin_share_reachable{" + lost + "}", "1 stale"})
	expect(lost, smbprobe.VerdictCritical)

	all := readDashboards(t)
	one := panelOf(t, all["server"], "Verdict").Targets[0].Expr
	several := strings.ReplaceAll(one, `instance="$instance"`, `instance=~"$instance"`)
	for i, number := range []string{"3", "2", "1", "0"} {
		if got, want := panelOf(t, all["fleet"], "Servers by verdict").Targets[i].Expr, "sum("+several+" == bool "+number+")"; got != want {
			t.Errorf("fleet does not count the verdicts of server:\n%s", got)
		}
	}
	table := panelOf(t, all["fleet"], "Servers").Targets[0].Expr
	if !strings.Contains(table, indented(several)) {
		t.Errorf("fleet does not list the verdicts of server:\n%s", table)
	}

	judged := filled(several, "")
	tests := []exprTest{
		{"label_replace(" + judged + ` != on (job, site, instance) wanted, "is", "judged differently", "", "")`, "8m", nil},
		{"count(wanted) - count(" + judged + ")", "8m", []sample{{"{}", 0}}},
		// Each server is in the table, and those that are scraped are in the timelines.
		{"count(wanted) - count(count by (job, instance) (" + filled(table, "") + "))", "8m", []sample{{"{}", 0}}},
	}
	for _, title := range []string{"Shares", "Phone books"} {
		timeline := filled(panelOf(t, all["fleet"], title).Targets[0].Expr, "")
		tests = append(tests, exprTest{"count(wanted) - count(" + timeline + ")", "8m", []sample{{"{}", 1}}})
	}
	testQueries(t, series, tests)
}

// indented returns a query as it is written within another one.
func indented(query string) string { return strings.ReplaceAll(query, "\n", "\n  ") }

// TestAnnotationsMarkTheMoment: each annotation marks only the minute of the change.
func TestAnnotationsMarkTheMoment(t *testing.T) {
	const server = `{job="rasphone",instance="a"}`
	state := func(s string) string {
		return fmt.Sprintf(`rasphone_admin_share_state{job="rasphone",instance="a",state=%q}`, s)
	}
	series := []inputSeries{
		{state("ok"), "1 1 1 0 0 0 1 1 1 1"},
		{state("share_missing"), "0 0 0 1 1 1 0 0 0 0"},
		{"rasphone_phonebook_modified_timestamp_seconds" + server, "5 5 5 stale _ _ 5 4 4 4"}, // an older book is restored
	}
	moments := map[string]int{"Share gone": 3, "Share back": 6, "Book changed": 7}
	var tests []exprTest
	for _, d := range readDashboards(t) {
		for _, a := range d.Annotations.List {
			if a.Expr == "" {
				continue
			}
			for minute := range 10 {
				test := exprTest{"count(" + filled(a.Expr, "a") + ")", fmt.Sprintf("%dm", minute), nil}
				if minute == moments[a.Name] {
					test.ExpSamples = []sample{{"{}", 1}}
				}
				tests = append(tests, test)
			}
		}
	}
	testQueries(t, series, tests)
}
