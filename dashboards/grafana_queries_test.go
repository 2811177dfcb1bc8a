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

// seriesOf returns the metrics of a collector as series of the last minutes.
func seriesOf(t *testing.T, g prometheus.Gatherer, labels string) []history {
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
	var all []history
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
		all = append(all, history{name + "{" + strings.Trim(labels+","+own, ",") + "}", value, 10, 0})
	}
	return all
}

// scraped returns the series of one server.
func scraped(t *testing.T, r *smbprobe.Result, labels string) []history {
	t.Helper()
	registry := prometheus.NewRegistry()
	registry.MustRegister(collector.New(r))
	return append(seriesOf(t, registry, labels), history{"up{" + labels + "}", 1, 10, 0})
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
	moments := map[string]int{"Share gone": 3, "Share back": 6, "Phone book changed": 7}
	var tests []exprTest
	for _, d := range readDashboards(t) {
		for _, a := range d.Annotations.List {
			if a.Expr == "" {
				continue
			}
			for minute := range 10 {
				test := exprTest{"count(" + filled(a.Expr, "rasphone", "a") + ")", fmt.Sprintf("%dm", minute), nil}
				if minute == moments[a.Name] {
					test.ExpSamples = []sample{{"{}", 1}}
				}
				tests = append(tests, test)
			}
		}
	}
	testQueries(t, series, tests)
}

// TestAvailabilityOfAPair: a minute without mail that one Prometheus of a pair knows of counts,
// for a server and for its site.
func TestAvailabilityOfAPair(t *testing.T) {
	var series []inputSeries
	for replica, available := range map[string]string{"a": "0.5", "b": "1"} {
		series = append(series, inputSeries{
			fmt.Sprintf(`instance:rasphone_available:ratio30d{job="nt",instance="exch01",site="hq",prometheus="p",replica=%q}`, replica), available + "x3",
		})
	}
	want := map[string][]sample{
		"Sites":                 {{`{site="hq"}`, 0.5}},
		"Least mail in 30 days": {{`{job="nt",instance="exch01",site="hq",go="hq"}`, 0.5}},
	}
	var tests []exprTest
	for _, p := range readDashboards(t)["fleet"].Panels {
		for _, q := range p.Targets {
			if strings.Contains(q.Expr, "ratio30d") {
				tests = append(tests, exprTest{filled(q.Expr, "nt", ""), "3m", want[p.Title]})
			}
		}
	}
	if len(tests) != len(want) {
		t.Errorf("%d panels show the availability, want %d", len(tests), len(want))
	}
	testQueries(t, series, tests)
}
