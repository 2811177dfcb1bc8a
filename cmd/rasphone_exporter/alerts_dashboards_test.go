package main

import (
	"encoding/json"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
)

// dashboard is what asks Prometheus in a dashboard of Grafana.
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

// askDashboards asks Prometheus every query of every dashboard, over the time since the test
// began. All are valid, and all find something.
func askDashboards(t *testing.T, prometheus string, begun time.Time) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dashboardsFolder, "grafana", "*.json"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no dashboards in %s: %v", dashboardsFolder, err)
	}
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
			t.Errorf("%s: %d queries alone were found", file, len(queries))
		}
		for _, q := range queries {
			if problem := askRange(t, prometheus, q.expr, begun); problem != "" {
				t.Errorf("%s: %s: %s\n%s", filepath.Base(file), q.name, problem, q.expr)
			}
		}
	}
}

// query is one that Grafana would send, and where it stands.
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

// variableQuery makes a query of label_values(series, label), which has no other function.
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
		t.Fatalf("a variable's query is no label_values(series, label): %s", text)
	}
	return "group by (" + parts[2] + ") (" + withoutVariables(parts[1]) + `) unless on (` + parts[2] + `) vector(0)`
}

// withoutVariables puts in what Grafana would for All. An offset of a minute, the interval of
// scrapes, is that of the test.
func withoutVariables(expr string) string {
	for _, r := range [][2]string{
		{`\$\{?__rate_interval\}?`, (4 * scrapeInterval).String()},
		{`\$\{?__interval\}?`, scrapeInterval.String()},
		{`\$\{?__range\}?`, "1m"},
		{`=~?\s*"\$\{?(\w+)(:\w+)?\}?"`, `=~".*"`},
		{`\boffset 1m\b`, "offset " + scrapeInterval.String()},
	} {
		expr = regexp.MustCompile(r[0]).ReplaceAllString(expr, r[1])
	}
	return expr
}

// askRange says what is wrong with the answer to a query; empty: nothing.
func askRange(t *testing.T, prometheus, expr string, begun time.Time) string {
	t.Helper()
	if strings.Contains(expr, "$") && !strings.Contains(expr, `"$1"`) {
		return "a variable is left"
	}
	parameters := url.Values{
		"query": {expr}, "step": {"1"},
		"start": {strconv.FormatInt(begun.Unix(), 10)}, "end": {strconv.FormatInt(time.Now().Unix(), 10)},
	}
	var answer struct {
		Status, Error string
		Data          struct{ Result []json.RawMessage }
	}
	askJSON(t, prometheus+"/api/v1/query_range?"+parameters.Encode(), &answer)
	switch {
	case answer.Status != "success":
		return "not valid: " + answer.Error
	case len(answer.Data.Result) == 0:
		return "nothing found"
	}
	return ""
}
