package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// dashboard is the part of a dashboard of Grafana that queries Prometheus.
type dashboard struct {
	Panels     []panel
	Templating struct {
		List []struct {
			Type, Name string
			Query      json.RawMessage // text, or an object
		}
	}
	Annotations struct {
		List []struct{ Name, Expr string }
	}
}

type panel struct {
	Title   string
	Targets []struct{ Expr string }
	Panels  []panel // of a row
}

// dashboardQueries returns every query of every dashboard.
func dashboardQueries(t *testing.T) []query {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dashboardsFolder, "grafana", "*.json"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no dashboards in %s: %v", dashboardsFolder, err)
	}
	var all []query
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var d dashboard
		if err := json.Unmarshal(text, &d); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		queries := d.queries(t)
		if len(queries) < 20 {
			t.Errorf("%s: found only %d queries", file, len(queries))
		}
		for _, q := range queries {
			all = append(all, query{filepath.Base(file) + ": " + q.name, q.expr})
		}
	}
	return all
}

// expressions returns the expressions of queries, each once.
func expressions(queries []query) []string {
	var all []string
	for _, q := range queries {
		all = append(all, q.expr)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// checkQueries checks that queries are valid, and that each finds something at some time.
func checkQueries(t *testing.T, e *evaluation, queries []query) {
	t.Helper()
	for _, q := range queries {
		switch {
		case strings.Contains(strings.ReplaceAll(q.expr, `"$1"`, ""), "$"):
			t.Errorf("%s has a variable left\n%s", q.name, q.expr)
		case e.failed[q.expr] != "":
			t.Errorf("%s%s\n%s", q.name, e.failed[q.expr], q.expr)
		case strings.Contains(q.name, "The exporter's page"): // needs --web.external-address
		case !e.found[q.expr]:
			t.Errorf("%s finds nothing\n%s", q.name, q.expr)
		}
	}
}

// query is one that Grafana would send, and its place in the dashboards.
type query struct{ name, expr string }

func (d *dashboard) queries(t *testing.T) []query {
	t.Helper()
	all := panelQueries(d.Panels)
	for _, v := range d.Templating.List {
		if v.Type == "query" {
			all = append(all, query{"variable " + v.Name, variableQuery(t, v.Query)})
		}
	}
	for _, a := range d.Annotations.List {
		if a.Expr != "" {
			all = append(all, query{"annotation " + a.Name, withoutVariables(a.Expr)})
		}
	}
	return all
}

func panelQueries(panels []panel) []query {
	var all []query
	for _, p := range panels {
		for _, target := range p.Targets {
			all = append(all, query{"panel " + p.Title, withoutVariables(target.Expr)})
		}
		all = append(all, panelQueries(p.Panels)...)
	}
	return all
}

// variableQuery returns a query for label_values(series, label), which only Grafana knows.
func variableQuery(t *testing.T, raw json.RawMessage) string {
	t.Helper()
	var text string
	if json.Unmarshal(raw, &text) != nil {
		var object struct{ Query string }
		if err := json.Unmarshal(raw, &object); err != nil {
			t.Fatalf("a variable's query: %v", err)
		}
		text = object.Query
	}
	parts := regexp.MustCompile(`(?s)^label_values\((.+),\s*(\w+)\)$`).FindStringSubmatch(text)
	if parts == nil {
		t.Fatalf("a variable's query is not label_values(series, label): %s", text)
	}
	return "group by (" + parts[2] + ") (" + withoutVariables(parts[1]) + `) unless on (` + parts[2] + `) vector(0)`
}

// withoutVariables replaces the variables as Grafana does for All. An offset of a minute, the
// interval of scrapes, becomes that of the test.
func withoutVariables(expr string) string {
	for _, r := range [][2]string{
		{`\$\{?__rate_interval\}?`, (4 * scrapeInterval).String()},
		{`\$\{?__interval\}?`, scrapeInterval.String()},
		{`\$\{?__range\}?`, "1h"},
		{`=~?\s*"\$\{?(\w+)(:\w+)?\}?\|?"`, `=~".*"`},
		{`\boffset 1m\b`, "offset " + scrapeInterval.String()},
	} {
		expr = regexp.MustCompile(r[0]).ReplaceAllString(expr, r[1])
	}
	return expr
}
