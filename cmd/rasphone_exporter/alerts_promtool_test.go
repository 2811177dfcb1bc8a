package main

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"go.yaml.in/yaml/v3"
)

const dashboardsFolder = "../../dashboards"

// What promtool writes of a unit test that fails.
var (
	alertLine       = regexp.MustCompile(`^alertname: \w+, time: (\S+),$`)
	labelsLine      = regexp.MustCompile(`^Labels:\{(.*)\}$`)
	annotationsLine = regexp.MustCompile(`^Annotations:\{(.*)\},?$`)
	expressionLine  = regexp.MustCompile(`^expr: ("(?:[^"\\]|\\.)*"), time: [^,]+,( err: .*)?$`)
	pair            = regexp.MustCompile(`(\w+)=("(?:[^"\\]|\\.)*")`)
)

// firedAlert is an alert that fires.
type firedAlert struct{ labels, annotations map[string]string }

// evaluation is what promtool makes of a timeline with the shipped rules.
type evaluation struct {
	firing map[time.Duration]map[string]firedAlert // by time, and by its labels
	found  map[string]bool                         // expressions that have a value at one of their times
	failed map[string]string                       // and those that have an error
}

type expression struct {
	Expr string `yaml:"expr"`
	At   string `yaml:"eval_time"`
}

// evaluate evaluates the rules over a timeline, and expressions at some times of it.
func (l *timeline) evaluate(t *testing.T, expressions []string, times []time.Duration) *evaluation {
	t.Helper()
	// Each instance is a test of its own: one of all exceeds promtool's limit of samples.
	const files = 4
	groups, alerts := groupsAndAlerts(t)
	chunks := make([][]any, files)
	for i, instance := range slices.Sorted(maps.Keys(l.instances)) {
		chunks[i%files] = append(chunks[i%files], l.unitTest(instance, alerts, expressions, times))
	}
	outputs := make([]string, files)
	var running sync.WaitGroup
	for i, chunk := range chunks {
		running.Go(func() { outputs[i] = runUnitTests(t, groups, chunk) })
	}
	running.Wait()
	e := &evaluation{firing: map[time.Duration]map[string]firedAlert{}, found: map[string]bool{}, failed: map[string]string{}}
	for _, output := range outputs {
		if err := e.read(output); err != nil {
			t.Fatalf("promtool: %v in\n%s", err, output)
		}
	}
	return e
}

// unitTest returns one of promtool's unit tests. It expects no alert ever, and no expression
// to have a value, so that promtool writes down all that there are.
func (l *timeline) unitTest(instance string, alertNames, expressions []string, times []time.Duration) any {
	type series struct {
		Series string `yaml:"series"`
		Values string `yaml:"values"`
	}
	type alertTest struct {
		At    string `yaml:"eval_time"`
		Alert string `yaml:"alertname"`
	}
	var input []series
	for _, name := range slices.Sorted(maps.Keys(l.instances[instance])) {
		input = append(input, series{name, l.instances[instance][name].String()})
	}
	var alerts []alertTest
	for _, name := range alertNames {
		if name == "RasphoneFleetLoginFailing" {
			continue // each server is alone here, and all of its job
		}
		for step := range l.steps {
			alerts = append(alerts, alertTest{(time.Duration(step) * scrapeInterval).String(), name})
		}
	}
	var asked []expression
	for _, expr := range expressions {
		for _, at := range times {
			asked = append(asked, expression{expr, at.String()})
		}
	}
	return map[string]any{
		"interval": scrapeInterval.String(), "name": instance, "input_series": input,
		"alert_rule_test": alerts, "promql_expr_test": asked,
	}
}

// ruleFiles are the shipped rules.
func ruleFiles(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dashboardsFolder, "rules", "*.yml"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no rules in %s: %v", dashboardsFolder, err)
	}
	for i := range files {
		if files[i], err = filepath.Abs(files[i]); err != nil {
			t.Fatal(err)
		}
	}
	return files
}

// readYAML reads a file of the dashboards' folder.
func readYAML(t *testing.T, name string) *yaml.Node {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	document := new(yaml.Node)
	if err := yaml.Unmarshal(text, document); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return document
}

// groupsAndAlerts returns the names of the groups of the shipped rules, the recording ones
// first, and of the alerts in them.
func groupsAndAlerts(t *testing.T) (groups, alerts []string) {
	t.Helper()
	for _, name := range ruleFiles(t) {
		var file struct {
			Groups []struct {
				Name  string
				Rules []struct{ Record, Alert string }
			}
		}
		if err := readYAML(t, name).Decode(&file); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		for _, g := range file.Groups {
			if g.Rules[0].Record != "" {
				groups = slices.Insert(groups, 0, g.Name)
			} else {
				groups = append(groups, g.Name)
			}
			for _, r := range g.Rules {
				if r.Alert != "" && !slices.Contains(alerts, r.Alert) {
					alerts = append(alerts, r.Alert)
				}
			}
		}
	}
	return groups, alerts
}

// runUnitTests returns what promtool writes of unit tests. They fail, as is meant.
func runUnitTests(t *testing.T, groups []string, tests []any) string {
	text, err := yaml.Marshal(map[string]any{
		"rule_files": ruleFiles(t), "evaluation_interval": evaluationInterval.String(), "group_eval_order": groups, "tests": tests,
	})
	if err != nil {
		t.Error(err)
		return ""
	}
	name := filepath.Join(t.TempDir(), "timeline.yml")
	writeFile(t, name, string(text))
	command := exec.CommandContext(t.Context(), "promtool", "test", "rules", name)
	output, err := command.CombinedOutput()
	if exit, ok := errors.AsType[*exec.ExitError](err); err != nil && (!ok || exit.ExitCode() != 1) {
		t.Errorf("promtool (Debian's package prometheus has it): %v\n%s", err, output)
	}
	return string(output)
}

// read reads what promtool writes of unit tests that fail.
func (e *evaluation) read(output string) error {
	var at time.Duration
	var labels map[string]string
	for line := range strings.Lines(output) {
		line = strings.TrimSpace(line)
		name, _, _ := strings.Cut(line, ":")
		var err error
		var parts []string
		switch name {
		case "alertname":
			if parts = alertLine.FindStringSubmatch(line); parts != nil {
				at, err = time.ParseDuration(parts[1])
			}
		case "Labels":
			if parts = labelsLine.FindStringSubmatch(line); parts != nil {
				labels, err = pairs(parts[1])
			}
		case "Annotations":
			if parts = annotationsLine.FindStringSubmatch(line); parts != nil {
				a := firedAlert{labels: labels}
				a.annotations, err = pairs(parts[1])
				if e.firing[at] == nil {
					e.firing[at] = map[string]firedAlert{}
				}
				e.firing[at][fmt.Sprint(labels)] = a
			}
		case "expr":
			if parts = expressionLine.FindStringSubmatch(line); parts != nil {
				var text string
				text, err = strconv.Unquote(parts[1])
				e.found[text] = true
				if parts[2] != "" {
					e.failed[text] = parts[2]
				}
			}
		default:
			continue
		}
		if err == nil && parts == nil {
			err = errors.New("not understood")
		}
		if err != nil {
			return fmt.Errorf("%w: %s", err, line)
		}
	}
	return nil
}

// pairs reads name="value", ...
func pairs(text string) (map[string]string, error) {
	all := map[string]string{}
	for _, m := range pair.FindAllStringSubmatch(text, -1) {
		value, err := strconv.Unquote(m[2])
		if err != nil {
			return nil, fmt.Errorf("%s: %w", m[0], err)
		}
		all[m[1]] = value
	}
	return all, nil
}
