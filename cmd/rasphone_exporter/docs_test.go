package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/common/model"
	"go.yaml.in/yaml/v3"

	"github.com/rasphone-exporter/rasphone_exporter/collector"
	"github.com/rasphone-exporter/rasphone_exporter/internal/config"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/diagnosis"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/phonebook"
)

// The root of the module, and its documents.
const (
	rootFolder = "../.."
	docsFolder = rootFolder + "/docs"
	readmeFile = rootFolder + "/README.md"
)

var update = flag.Bool("update", false, "rewrite the generated parts of the documents")

// TestDocumentTables compares each generated table of the documents with the code.
func TestDocumentTables(t *testing.T) {
	for _, test := range []struct{ file, section, want string }{
		{"configuration.md", "keys", keysTable()},
		{"commands.md", "flags", flagsTable()},
		{"metrics.md", "metrics", metricsTable()},
		{"metrics.md", "alerts", alertsTable(t)},
		{"diagnosis.md", "share-states", shareStatesTable()},
		{"diagnosis.md", "causes", causesTable()},
		{"phone-book.md", "phonebook-states", phonebookStatesTable()},
		{"phone-book.md", "checks", checksTable()},
		{"operations.md", "make", makeTable(t)},
	} {
		t.Run(test.section, func(t *testing.T) {
			checkSection(t, filepath.Join(docsFolder, test.file), test.section, test.want, verbatim)
		})
	}
}

// TestHTTPDocument: the table of paths has every path that the exporter answers.
func TestHTTPDocument(t *testing.T) {
	document := readFile(t, docsFolder+"/http.md")
	route := regexp.MustCompile(`mux\.Handle(?:Func)?\("[A-Z]+ (/[^"]*)"`)
	routes := route.FindAllStringSubmatch(readFile(t, rootFolder+"/internal/web/server.go"), -1)
	if len(routes) < 5 {
		t.Fatalf("found only the routes %q", routes)
	}
	for _, m := range routes {
		path := strings.TrimSuffix(m[1], "{$}")
		if !regexp.MustCompile("(?m)^\\| `" + regexp.QuoteMeta(path) + "[`?]").MatchString(document) {
			t.Errorf("docs/http.md has no row for %s", path)
		}
	}
}

// checkSection compares a generated part of a document with what it should be, both as
// compared returns them. With -update it rewrites a part that differs.
func checkSection(t *testing.T, file, name, want string, compared func(string) string) {
	t.Helper()
	document := readFile(t, file)
	diff := cmp.Diff(compared(section(t, document, name)), compared(want))
	switch {
	case diff == "":
		return
	case !*update:
		t.Errorf("%s, section %s, differs from the program; run this test with -update (-document +program):\n%s", file, name, diff)
		return
	}
	before, _, _ := strings.Cut(document, marker(name, "begin"))
	_, after, _ := strings.Cut(document, marker(name, "end"))
	document = before + marker(name, "begin") + want + marker(name, "end") + after
	if err := os.WriteFile(file, []byte(document), 0o644); err != nil {
		t.Fatal(err)
	}
}

// verbatim compares a part of a document as it is.
func verbatim(part string) string { return part }

// section returns the part of a document between its two markers.
func section(t *testing.T, document, name string) string {
	t.Helper()
	_, rest, begins := strings.Cut(document, marker(name, "begin"))
	part, _, ends := strings.Cut(rest, marker(name, "end"))
	if !begins || !ends {
		t.Fatalf("the document has no markers for %q", name)
	}
	return part
}

func marker(name, end string) string { return "<!-- " + name + ":" + end + " -->\n" }

func readFile(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// table returns a table in Markdown.
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

// code puts text in code font; empty text stays empty.
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
		fix := c.Fix()
		for _, s := range c.Remedy {
			if slices.Contains(s.Commands, fix) {
				fix = code(fix)
				break
			}
		}
		var severities, articles []string
		for _, s := range c.Severities {
			severities = append(severities, string(s))
		}
		for _, a := range c.Articles {
			articles = append(articles, code(a))
		}
		name := fmt.Sprintf("[`%s`](../dashboards/runbooks/%s.md)", c.Name, c.Name)
		rows = append(rows, []string{name, c.Title, strings.Join(severities, ", "), c.Evidence, fix, strings.Join(articles, ", ")})
	}
	return table([]string{"cause", "in plain English", "severity", "what it takes", "first fix", "articles"}, rows)
}

var (
	page        = regexp.MustCompile(`\$page := "(\w+)"`)
	alternative = regexp.MustCompile(`\{\{ else \}\}Exchange dial-up is at risk\{\{ end \}\}`)
	action      = regexp.MustCompile(`\{\{.*?\}\}`)
)

// alertsTable lists the alerting rules in the order of their file. What a summary says
// depends on the cause, and without one is what is listed.
func alertsTable(t *testing.T) string {
	t.Helper()
	var file struct {
		Groups []struct {
			Rules []struct {
				Alert, Expr         string
				For                 model.Duration
				Labels, Annotations map[string]string
			}
		}
	}
	if err := yaml.Unmarshal([]byte(readFile(t, rootFolder+"/dashboards/rules/alerts.yml")), &file); err != nil {
		t.Fatal(err)
	}
	var rows [][]string
	for _, g := range file.Groups {
		for _, r := range g.Rules {
			severity := r.Labels["severity"]
			if strings.Contains(severity, "{{") {
				severity = "as the cause's"
			}
			link := "the cause's"
			if m := page.FindStringSubmatch(r.Annotations["runbook_url"]); m != nil {
				link = fmt.Sprintf("[%s.md](../dashboards/runbooks/%[1]s.md)", m[1])
			}
			summary := action.ReplaceAllString(alternative.ReplaceAllString(r.Annotations["summary"], ""), "")
			if strings.HasSuffix(strings.TrimSpace(summary), ":") {
				summary += "the cause's title"
			}
			if m := pageSelector.FindStringSubmatch(r.Expr); m != nil {
				r.For = faultWait(t, m[1], m[2])
			}
			rows = append(rows, []string{code(r.Alert), severity, r.For.String(), summary, link})
		}
	}
	return table([]string{"alert", "severity", "after", "what", "runbook"}, rows)
}

var (
	pageSelector = regexp.MustCompile(`^instance_fault:rasphone_fault:page\{fault="(\w+)"(?:,severity="(\w+)")?`)
	faultAge     = regexp.MustCompile(`rasphone_fault:since\{fault=~?"([\w|]+)"(?:,severity="(\w+)")?\} <= time\(\) - (\d+)`)
)

// faultWait returns how old a fault is when the recording rules let its alert fire.
func faultWait(t *testing.T, fault, severity string) model.Duration {
	t.Helper()
	rules := readFile(t, rootFolder+"/dashboards/rules/recording.yml")
	for _, m := range faultAge.FindAllStringSubmatch(rules, -1) {
		if !slices.Contains(strings.Split(m[1], "|"), fault) || (m[2] != "" && m[2] != severity) {
			continue
		}
		seconds, err := strconv.Atoi(m[3])
		if err != nil {
			t.Fatal(err)
		}
		return model.Duration(time.Duration(seconds) * time.Second)
	}
	t.Errorf("recording.yml has no wait for the fault %s %s", fault, severity)
	return 0
}

// makeTable lists the targets that "make help" prints.
func makeTable(t *testing.T) string {
	t.Helper()
	target := regexp.MustCompile(`(?m)^([a-z-]+):.*## (.*)$`)
	var rows [][]string
	for _, m := range target.FindAllStringSubmatch(readFile(t, rootFolder+"/Makefile"), -1) {
		rows = append(rows, []string{code("make " + m[1]), m[2]})
	}
	return table([]string{"command", "what it does"}, rows)
}

// TestFirstHourCounts compares the counts that promtool and amtool print in the first hour with
// the files that they check.
func TestFirstHourCounts(t *testing.T) {
	text := readFile(t, filepath.Join(docsFolder, "first-hour.md"))
	for _, tt := range []struct{ file, item, want string }{
		{"rules/recording.yml", "- record:", "Checking recording.yml\n  SUCCESS: %d rules found\n"},
		{"rules/alerts.yml", "- alert:", "Checking alerts.yml\n  SUCCESS: %d rules found\n"},
		{"alertmanager/alertmanager.yml", "source_matchers:", " - %d inhibit rules\n"},
	} {
		n := strings.Count(readFile(t, filepath.Join(docsFolder, "../dashboards", tt.file)), tt.item)
		if want := fmt.Sprintf(tt.want, n); !strings.Contains(text, want) {
			t.Errorf("no %q in first-hour.md", want)
		}
	}
}
