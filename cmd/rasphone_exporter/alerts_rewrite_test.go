package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/common/model"
	"go.yaml.in/yaml/v3"
)

const (
	// hurry is how much faster the tests' rules and notifications are than the shipped ones: what
	// takes minutes takes seconds.
	hurry = 60
	// longest is how long the rules take for what takes longer than 15 minutes.
	longest = model.Duration(15 * time.Second)
	// scrapeInterval is of the probes, and is not made shorter as much: a range of the rules
	// bridges at least one missed scrape.
	scrapeInterval = 4 * time.Second
	shortestRange  = model.Duration(3 * scrapeInterval)

	dashboardsFolder = "../../dashboards"
)

// shorten divides the durations under the keys named by hurry, wherever in a YAML document they
// stand, and leaves everything else as it is.
func shorten(n *yaml.Node, keys ...string) error {
	return rewrite(n, func(key, value string) (string, error) {
		if !slices.Contains(keys, key) {
			return value, nil
		}
		d, err := model.ParseDuration(value)
		return (d / hurry).String(), err
	})
}

// shortenRules divides what the rules wait for by hurry: "for", "keep_firing_for", the groups'
// intervals, and the ranges of expressions, without which what they bridge would outlast the
// test. None gets longer than longest; no range gets shorter than shortestRange.
func shortenRules(n *yaml.Node) error {
	return rewrite(n, func(key, value string) (string, error) {
		switch key {
		case "for", "keep_firing_for", "interval":
			d, err := model.ParseDuration(value)
			return min(d/hurry, longest).String(), err
		case "expr":
			return shortenRanges(value)
		}
		return value, nil
	})
}

func shortenRanges(expr string) (string, error) {
	var failed error
	short := regexp.MustCompile(`\[\w+\]`).ReplaceAllStringFunc(expr, func(r string) string {
		d, err := model.ParseDuration(strings.Trim(r, "[]"))
		if err != nil {
			failed = err
		}
		return "[" + max(min(d/hurry, longest), shortestRange).String() + "]"
	})
	return short, failed
}

// rewrite changes the values of all keys of a YAML document that are text.
func rewrite(n *yaml.Node, change func(key, value string) (string, error)) error {
	for i, child := range n.Content {
		if err := rewrite(child, change); err != nil {
			return err
		}
		if n.Kind != yaml.MappingNode || i%2 == 0 || child.Kind != yaml.ScalarNode {
			continue
		}
		key := n.Content[i-1].Value
		value, err := change(key, child.Value)
		if err != nil {
			return fmt.Errorf("line %d: %s: %w", child.Line, key, err)
		}
		child.Value = value
	}
	return nil
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

func writeYAML(t *testing.T, name string, content any) {
	t.Helper()
	text, err := yaml.Marshal(content)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	writeFile(t, name, string(text))
}

// hurriedRules are the shipped rules as shortenRules makes them, in a folder of their own. It
// returns a pattern of the files.
func hurriedRules(t *testing.T) string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dashboardsFolder, "rules", "*.yml"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no rules in %s: %v", dashboardsFolder, err)
	}
	folder := t.TempDir()
	for _, name := range files {
		rules := readYAML(t, name)
		if err := shortenRules(rules); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		writeYAML(t, filepath.Join(folder, filepath.Base(name)), rules)
	}
	return filepath.Join(folder, "*.yml")
}

// hurriedAlertmanager is the shipped configuration of Alertmanager with shorter waits. Each
// receiver notifies a webhook, URL/NAME; mail goes to a server on loopback, too.
func hurriedAlertmanager(t *testing.T, webhooks, mailServer string) string {
	t.Helper()
	document := readYAML(t, filepath.Join(dashboardsFolder, "alertmanager", "alertmanager.yml"))
	if err := shorten(document, "group_wait", "group_interval", "repeat_interval"); err != nil {
		t.Fatal(err)
	}
	var config map[string]any
	if err := document.Decode(&config); err != nil {
		t.Fatal(err)
	}
	templates, err := filepath.Abs(filepath.Join(dashboardsFolder, "alertmanager", "templates", "*.tmpl"))
	if err != nil {
		t.Fatal(err)
	}
	config["templates"] = []string{templates}
	global := config["global"].(map[string]any)
	global["smtp_smarthost"], global["smtp_require_tls"] = mailServer, false
	for _, r := range config["receivers"].([]any) {
		receiver := r.(map[string]any)
		receiver["webhook_configs"] = []any{map[string]any{
			"url": fmt.Sprintf("%s/%s", webhooks, receiver["name"]), "send_resolved": true,
		}}
	}
	name := filepath.Join(t.TempDir(), "alertmanager.yml")
	writeYAML(t, name, config)
	return name
}

func TestShortenRules(t *testing.T) {
	const before = `groups:
    - name: a
      interval: 30s
      rules:
        - alert: A
          expr: max_over_time(x[10m]) + avg_over_time(y[14m]) + rate(z[1h]) > 0
          for: 10m
          keep_firing_for: 1h
          labels: {window: 15m}
`
	const after = `groups:
    - name: a
      interval: 500ms
      rules:
        - alert: A
          expr: max_over_time(x[12s]) + avg_over_time(y[14s]) + rate(z[15s]) > 0
          for: 10s
          keep_firing_for: 15s
          labels: {window: 15m}
`
	var document yaml.Node
	if err := yaml.Unmarshal([]byte(before), &document); err != nil {
		t.Fatal(err)
	}
	if err := shortenRules(&document); err != nil {
		t.Fatal(err)
	}
	got, err := yaml.Marshal(&document)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(after, string(got)); diff != "" {
		t.Error(diff)
	}
	for _, bad := range []string{"for: soon", "expr: x[soon]"} {
		if err := yaml.Unmarshal([]byte(bad), &document); err != nil {
			t.Fatal(err)
		}
		if err := shortenRules(&document); err == nil {
			t.Errorf("%s: no error", bad)
		}
	}
}
