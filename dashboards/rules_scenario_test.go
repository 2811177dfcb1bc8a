package dashboards_test

import (
	"cmp"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
)

var (
	promtool = flag.String("promtool", "promtool", "the program that tests the rules")
)

// A scenario is a story of servers, of the exporter and of Prometheus, minute by minute, and
// every alert that fires in it.
type scenario struct {
	name     string
	interval int // minutes between scrapes; 0: 1
	often    int // scrapes in a minute, each with a moment of its own; 0: 1
	targets  []target
	series   []inputSeries // others, written as promtool has them
	fires    []firing      // all of them
	samples  []exprTest    // further expectations
}

// firing is an alert that fires without a break, from minute to minute, both included. If to
// is 0, when it ends is left open.
type firing struct {
	alert    string // "NAME severity [instance]"
	from, to int
	labels   string // others, as `site="hq",page="exch01"`
	// about allows for a minute more or less at either end: ranges include their start up to
	// Prometheus 2, and exclude it since 3.
	about bool
}

// target is what Prometheus has of one target, from minute 0.
type target struct {
	labels  string // `job="nt",instance="exch01",site="hq"`
	metric  string // labels that the scraped series have, and "up" lacks
	moments []moment
}

// moment is what one scrape brings.
type moment struct {
	values map[string]string // by series without the target's labels, "name{label="value"}"
	up     string            // value of up
	kind   momentKind
	labels string // replaces target.labels from here on, if not empty
}

type momentKind int

const (
	wasScraped momentKind = iota
	missed                // the scrape failed: up is 0, everything else is marked as gone
	removed               // the target was removed: everything is marked as gone
	nothing               // no sample and no mark: Prometheus is down, or the site is dark
)

// for_ repeats moments n times.
func for_(n int, moments ...moment) []moment {
	var all []moment
	for range n {
		all = append(all, moments...)
	}
	return all
}

func then(parts ...[]moment) []moment { return slices.Concat(parts...) }

// always is a number of minutes longer than any scenario.
const always = 1 << 20

// relabelled returns moments with other labels of the target.
func relabelled(labels string, moments []moment) []moment {
	all := slices.Clone(moments)
	for i := range all {
		all[i].labels = labels
	}
	return all
}

// input returns the target's series in promtool's notation.
func (s *scenario) input(t target) []inputSeries {
	values := map[string][]string{} // by series
	stale := map[string]bool{}
	labels := t.labels
	step := max(s.interval, 1)
	for i := 0; i < len(t.moments); i += step {
		m := t.moments[i]
		labels = cmp.Or(m.labels, labels)
		now := map[string]string{}
		if m.up != "" && m.kind != removed && m.kind != nothing {
			now["up{"+labels+"}"] = m.up
		}
		if m.kind == wasScraped {
			for series, value := range m.values {
				now[withLabels(series, labels, t.metric)] = value
			}
		}
		at := i / step
		for series := range now {
			for len(values[series]) < at {
				values[series] = append(values[series], "_")
			}
		}
		for series := range values {
			switch value, ok := now[series]; {
			case ok:
				values[series] = append(values[series], value)
				stale[series] = false
			case m.kind == nothing || stale[series]:
				values[series] = append(values[series], "_")
			default:
				values[series] = append(values[series], "stale")
				stale[series] = true
			}
		}
	}
	var all []inputSeries
	for _, series := range slices.Sorted(maps.Keys(values)) {
		all = append(all, inputSeries{series, runLengths(values[series])})
	}
	return all
}

func withLabels(series, labels, more string) string {
	name, own, _ := strings.Cut(strings.TrimSuffix(series, "}"), "{")
	return name + "{" + strings.Join(slices.DeleteFunc([]string{labels, more, own}, func(s string) bool { return s == "" }), ",") + "}"
}

// runLengths writes values as promtool does: 1x2 is 1 1 1, and _x2 is _ _.
func runLengths(values []string) string {
	var parts []string
	for i := 0; i < len(values); {
		n := 1
		for i+n < len(values) && values[i+n] == values[i] {
			n++
		}
		switch {
		case values[i] == "_":
			parts = append(parts, fmt.Sprintf("_x%d", n))
		case n == 1 || values[i] == "stale":
			parts = append(parts, values[i])
			n = 1
		default:
			parts = append(parts, fmt.Sprintf("%sx%d", values[i], n-1))
		}
		i += n
	}
	return strings.Join(parts, " ")
}

// minutes returns how long the scenario is.
func (s *scenario) minutes() int {
	n := 0
	for _, t := range s.targets {
		n = max(n, len(t.moments))
	}
	return n / max(s.often, 1)
}

const firingAlerts = `ALERTS{alertstate="firing"}`

// tests returns what promtool is to expect.
func (s *scenario) tests() []exprTest {
	end := fmt.Sprintf("%dm", s.minutes())
	ever := exprTest{
		Expr: `group by (alertname, severity, instance) (present_over_time(` + firingAlerts + `[30d]))`, EvalTime: end,
	}
	seen := map[string]bool{}
	var tests []exprTest
	for _, f := range s.fires {
		selector := f.selector()
		if labels := "{" + selector + "}"; !seen[labels] {
			seen[labels] = true
			ever.ExpSamples = append(ever.ExpSamples, sample{labels, 1})
		}
		expr := fmt.Sprintf("count_over_time(ALERTS{alertstate=\"firing\",%s}[30d])", strings.Join(slices.DeleteFunc([]string{selector, f.labels}, func(s string) bool { return s == "" }), ","))
		expr = "max without (__name__) (" + expr + ")"
		to := min(f.to, s.minutes())
		if f.to == 0 {
			tests = append(tests, exprTest{"max(" + expr + ")", fmt.Sprintf("%dm", f.from), []sample{{"{}", 1}}})
			continue
		}
		if f.about {
			tests = append(tests,
				exprTest{"max(" + expr + ")", fmt.Sprintf("%dm", f.from-2), nil},
				exprTest{"max(" + expr + ") > bool 0", fmt.Sprintf("%dm", f.from+1), []sample{{"{}", 1}}},
				exprTest{fmt.Sprintf("abs(max(%s) - %d) <= bool 2", expr, to-f.from+1), fmt.Sprintf("%dm", min(to+2, s.minutes())), []sample{{"{}", 1}}},
				exprTest{fmt.Sprintf("abs(max(%s) - %d) <= bool 2", expr, to-f.from+1), end, []sample{{"{}", 1}}})
			continue
		}
		for _, at := range []struct{ minute, count int }{{f.from, 1}, {to, to - f.from + 1}, {s.minutes(), to - f.from + 1}} {
			tests = append(tests, exprTest{"max(" + expr + ")", fmt.Sprintf("%dm", at.minute), []sample{{"{}", float64(at.count)}}})
		}
	}
	return slices.Concat([]exprTest{ever}, tests, s.samples)
}

// selector returns the labels of "NAME severity [instance]".
func (f *firing) selector() string {
	fields := strings.Fields(f.alert)
	labels := fmt.Sprintf("alertname=%q,severity=%q", fields[0], fields[1])
	if len(fields) > 2 {
		labels = fmt.Sprintf("alertname=%q,instance=%q,severity=%q", fields[0], fields[2], fields[1])
	}
	return labels
}

// write returns scenarios as a file of promtool's unit tests.
func write(title string, scenarios []scenario) string {
	var b strings.Builder
	fmt.Fprintf(&b, `# %s: promtool test rules FILE. Written by go test ./dashboards -run Scenarios -update.
rule_files:
  - ../recording.yml
  - ../alerts.yml

evaluation_interval: 1m
group_eval_order:
  - rasphone-recording
  - rasphone-availability
  - rasphone-exporter
  - rasphone-server
  - rasphone-share
  - rasphone-phonebook
  - rasphone-dialup
  - rasphone-eventlog

tests:
`, title)
	for _, s := range scenarios {
		fmt.Fprintf(&b, "  - name: %s\n    interval: %ds\n    input_series:\n", quoted(s.name), 60*max(s.interval, 1)/max(s.often, 1))
		for _, t := range s.targets {
			for _, i := range s.input(t) {
				fmt.Fprintf(&b, "      - series: %s\n        values: %s\n", quoted(i.Series), quoted(i.Values))
			}
		}
		for _, i := range s.series {
			fmt.Fprintf(&b, "      - series: %s\n        values: %s\n", quoted(i.Series), quoted(i.Values))
		}
		fmt.Fprint(&b, "    promql_expr_test:\n")
		for _, e := range s.tests() {
			fmt.Fprintf(&b, "      - expr: %s\n        eval_time: %s\n", quoted(e.Expr), e.EvalTime)
			if len(e.ExpSamples) == 0 {
				fmt.Fprint(&b, "        exp_samples: []\n")
				continue
			}
			fmt.Fprint(&b, "        exp_samples:\n")
			for _, x := range e.ExpSamples {
				fmt.Fprintf(&b, "          - labels: %s\n            value: %g\n", quoted(x.Labels), x.Value)
			}
		}
		fmt.Fprintln(&b)
	}
	return strings.TrimRight(b.String(), "\n") + "\n"
}

func quoted(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }

// scenarioFiles are the files of unit tests that are written from scenarios.
var scenarioFiles = []struct {
	name, title string
	scenarios   []scenario
}{
	{"flapping.yml", "Faults that come and go", flappingScenarios},
	{"nothing.yml", "Nothing is watched", nothingScenarios},
	{"once.yml", "One page for each fault", onceScenarios},
	{"login.yml", "Accounts that cannot log in", loginScenarios},
	{"causes.yml", "The alert of each cause", causeScenarios},
	{"ok.yml", "A server that is not OK has an alert", okScenarios},
	{"held.yml", "Faults that outlive missing answers, and end", heldScenarios},
	{"timing.yml", "Other intervals, pairs and upgrades", timingScenarios},
	{"quiet.yml", "What does not page", quietScenarios},
}

func TestScenarios(t *testing.T) {
	for _, f := range scenarioFiles {
		path := filepath.Join(rulesFolder, "tests", f.name)
		want := write(f.title, f.scenarios)
		if *update {
			if err := os.WriteFile(path, []byte(want), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		got, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if diff := gocmp.Diff(want, string(got)); diff != "" {
			t.Errorf("%s is not what the scenarios are; run this test with -update (-scenarios +file):\n%s", path, diff)
		}
	}
}
