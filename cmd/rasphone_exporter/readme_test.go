package main

import (
	"flag"
	"fmt"
	"os"
	"path"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v3"

	"github.com/rasphone-exporter/rasphone_exporter/collector"
	"github.com/rasphone-exporter/rasphone_exporter/internal/config"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/diagnosis"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/phonebook"
)

const readmeFile = "../../README.md"

var update = flag.Bool("update", false, "write the README's tables anew")

// TestREADMETables holds every table of the README that has a mark around it
// against the code.
func TestREADMETables(t *testing.T) {
	readme := readREADME(t)
	want := readme
	for name, table := range map[string]string{
		"keys":             keysTable(),
		"flags":            flagsTable(),
		"metrics":          metricsTable(),
		"share-states":     shareStatesTable(),
		"phonebook-states": phonebookStatesTable(),
		"checks":           checksTable(),
		"causes":           causesTable(),
		"alerts":           alertsTable(t),
		"report":           "```\n" + readGolden(t, "probe_share_removed.txt") + "```\n",
	} {
		before, rest, ok := strings.Cut(want, marker(name, "begin"))
		_, after, ok2 := strings.Cut(rest, marker(name, "end"))
		if !ok || !ok2 {
			t.Fatalf("the README has no marks for %s", name)
		}
		want = before + marker(name, "begin") + table + marker(name, "end") + after
	}
	if *update {
		if err := os.WriteFile(readmeFile, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(want, readme); diff != "" {
		t.Errorf("the README differs from the code; run this test with -update:\n%s", diff)
	}
}

// TestREADMEExample: the configuration that the README shows is one.
func TestREADMEExample(t *testing.T) {
	_, rest, _ := strings.Cut(readREADME(t), marker("example", "begin")+"```yaml\n")
	example, _, ok := strings.Cut(rest, "```\n"+marker("example", "end"))
	if !ok {
		t.Fatal("the README has no example")
	}
	folder := t.TempDir()
	writeFile(t, folder+"/exch01.password", "secret")
	writeFile(t, folder+"/rasphone.yml", example)
	c, err := config.Load(folder+"/rasphone.yml", os.LookupEnv)
	if err != nil {
		t.Fatal(err)
	}
	if warnings := c.Warnings(); len(warnings) > 0 {
		t.Error(warnings)
	}
	if target, err := c.Target("10.1.2.3", ""); err != nil || target.Auth.Username != "rasphone" {
		t.Error(target.Auth.Username, err)
	}
}

// readGolden reads a report that the tests of the report hold against the code.
func readGolden(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile("../../internal/report/testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func readREADME(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile(readmeFile)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func marker(name, end string) string { return "<!-- " + name + ":" + end + " -->\n" }

// table writes a table in Markdown.
func table(head []string, rows [][]string) string {
	var b strings.Builder
	line := func(cells []string) {
		for _, c := range cells {
			fmt.Fprintf(&b, "| %s ", strings.ReplaceAll(strings.ReplaceAll(c, "|", `\|`), "\n", " "))
		}
		b.WriteString("|\n")
	}
	line(head)
	b.WriteString(strings.Repeat("|---", len(head)) + "|\n")
	for _, r := range rows {
		line(r)
	}
	return b.String()
}

// code sets text in code font; empty stays empty.
func code(text string) string {
	if text == "" {
		return ""
	}
	return "`" + text + "`"
}

func keysTable() string {
	var rows [][]string
	for _, k := range config.Keys() {
		rows = append(rows, []string{code(k.Path), code(k.Default), k.Meaning})
	}
	return table([]string{"key", "default", "meaning"}, rows)
}

func flagsTable() string {
	app, _, _ := application()
	model := app.Model()
	var rows [][]string
	for _, f := range model.Flags {
		if !f.Hidden {
			rows = append(rows, []string{"", code("--" + f.Name), code(strings.Join(f.Default, " ")), f.Help})
		}
	}
	for _, c := range model.Commands {
		if c.Name == "help" {
			continue
		}
		var args string
		for _, a := range c.Args {
			args += " " + strings.ToUpper(a.Name) + "..."
		}
		rows = append(rows, []string{code(c.Name + args), "", "", c.Help})
		for _, f := range c.Flags {
			rows = append(rows, []string{code(c.Name), code("--" + f.Name), code(strings.Join(f.Default, " ")), f.Help})
		}
	}
	return table([]string{"command", "flag", "default", "meaning"}, rows)
}

func metricsTable() string {
	var rows [][]string
	for _, m := range collector.Metrics() {
		where := "`/probe`"
		if m.OwnMetric {
			where = "`/metrics`"
		}
		name := m.Name
		if len(m.Labels) > 0 {
			name += "{" + strings.Join(m.Labels, ", ") + "}"
		}
		rows = append(rows, []string{code(name), m.Type, where, m.Help})
	}
	return table([]string{"metric", "type", "where", "meaning"}, rows)
}

func shareStatesTable() string {
	var rows [][]string
	for _, s := range smbprobe.ShareStates() {
		mark := ""
		if !s.Definite() {
			mark = " *"
		}
		rows = append(rows, []string{code(string(s)) + mark, s.Meaning()})
	}
	return table([]string{"state", "meaning"}, rows)
}

func phonebookStatesTable() string {
	var rows [][]string
	for _, s := range smbprobe.PhonebookStates() {
		exists := "absent"
		if there, known := s.Exists(); known {
			exists = map[bool]string{true: "1", false: "0"}[there]
		}
		rows = append(rows, []string{code(string(s)), exists, s.Meaning()})
	}
	return table([]string{"state", "`rasphone_phonebook_exists`", "meaning"}, rows)
}

func checksTable() string {
	var rows [][]string
	for _, c := range phonebook.Checks() {
		meaning := c.Meaning
		if c.Article != "" {
			meaning += " (" + c.Article + ")"
		}
		rows = append(rows, []string{code(string(c.Check)), string(c.Class), meaning, c.Remedy})
	}
	return table([]string{"check", "class", "meaning", "remedy"}, rows)
}

func causesTable() string {
	var rows [][]string
	for _, c := range diagnosis.Known() {
		var severities, articles []string
		for _, s := range c.Severities {
			severities = append(severities, string(s))
		}
		for _, a := range c.Articles {
			articles = append(articles, code(a))
		}
		name := fmt.Sprintf("[`%s`](dashboards/runbooks/%s.md)", c.Name, c.Name)
		rows = append(rows, []string{name, strings.Join(severities, ", "), c.Evidence, c.Remedy, strings.Join(articles, ", ")})
	}
	return table([]string{"cause", "severity", "what it takes", "remedy", "articles"}, rows)
}

// alertsTable is made of the rules as they stand, in their order.
func alertsTable(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("../../dashboards/rules/alerts.yml")
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Groups []struct {
			Rules []struct {
				Alert               string
				For                 string
				Labels, Annotations map[string]string
			}
		}
	}
	if err := yaml.Unmarshal(text, &file); err != nil {
		t.Fatal(err)
	}
	var rows [][]string
	for _, g := range file.Groups {
		for _, r := range g.Rules {
			severity := r.Labels["severity"]
			if strings.Contains(severity, "{{") {
				severity = "as the cause's"
			}
			runbook := path.Base(r.Annotations["runbook_url"])
			link := fmt.Sprintf("[%s](dashboards/runbooks/%s)", runbook, runbook)
			if strings.Contains(runbook, "{{") {
				link = "the cause's"
			}
			rows = append(rows, []string{code(r.Alert), severity, r.For, r.Annotations["summary"], link})
		}
	}
	return table([]string{"alert", "severity", "after", "what", "runbook"}, rows)
}
