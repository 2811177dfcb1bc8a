package dashboards_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/rasphone-exporter/rasphone_exporter/collector"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe"
)

// dashboard is what the tests read of a dashboard of Grafana.
type dashboard struct {
	UID           string
	Title         string
	Description   string
	Tags          []string
	SchemaVersion int
	Timezone      string
	Refresh       string
	Links         []struct{ URL string }
	Annotations   struct{ List []annotation }
	Templating    struct{ List []variable }
	Panels        []panel
}

type annotation struct {
	Name       string
	Datasource datasource
	Expr       string
}

type variable struct {
	Name       string
	Type       string
	Query      json.RawMessage
	Datasource datasource
	Multi      bool
	IncludeAll bool
	AllValue   string
}

type datasource struct{ Type, UID string }

type panel struct {
	ID          int
	Type        string
	Title       string
	Description string
	Datasource  datasource
	GridPos     struct{ X, Y, W, H int }
	FieldConfig struct {
		Defaults  struct{ Unit, NoValue string }
		Overrides []struct {
			Matcher    struct{ Options string }
			Properties []struct {
				ID    string
				Value json.RawMessage
			}
		}
	}
	Targets []struct {
		RefID      string
		Datasource datasource
		Expr       string
	}
}

// ours is the data source that the user chooses.
func ours() datasource { return datasource{"prometheus", "${datasource}"} }

// readDashboards returns the dashboards by the names of their files.
func readDashboards(t *testing.T) map[string]dashboard {
	t.Helper()
	all := map[string]dashboard{}
	for _, name := range []string{"fleet", "server"} {
		data, err := os.ReadFile(filepath.Join("grafana", name+".json"))
		if err != nil {
			t.Fatal(err)
		}
		var d dashboard
		if err := json.Unmarshal(data, &d); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		all[name] = d
	}
	return all
}

func TestDashboardsCanBeImported(t *testing.T) {
	for name, d := range readDashboards(t) {
		t.Run(name, func(t *testing.T) {
			if d.UID != "rasphone-"+name || d.SchemaVersion != 42 || d.Timezone != "browser" || d.Refresh != "1m" || !slices.Equal(d.Tags, []string{"rasphone"}) {
				t.Errorf("uid %q, schema %d, time zone %q, refresh %q, tags %q", d.UID, d.SchemaVersion, d.Timezone, d.Refresh, d.Tags)
			}
			if d.Title == "" || d.Description == "" {
				t.Error("no title or no description")
			}
			variables := map[string]variable{}
			for i, v := range d.Templating.List {
				variables[v.Name] = v
				if i == 0 && (v.Name != "datasource" || v.Type != "datasource" || string(v.Query) != `"prometheus"`) {
					t.Errorf("the first variable is %+v, expected the data source, which the others need", v)
				}
				if i > 0 && v.Datasource != ours() {
					t.Errorf("variable %s asks %+v", v.Name, v.Datasource)
				}
			}
			if v := variables["site"]; v.AllValue != ".*" {
				t.Errorf("site: All is %q: servers without a site would be missing", v.AllValue)
			}
			// Grafana escapes the values of a variable for a regular expression only where
			// several may be chosen: a variable of one value needs "=".
			if v := variables["instance"]; v.Multi != (name == "fleet") || v.IncludeAll != v.Multi {
				t.Errorf("instance: several may be chosen: %t, All: %t", v.Multi, v.IncludeAll)
			}
			wrong := `instance=~"$instance"`
			if name == "fleet" {
				wrong = `instance="$instance"`
			}
			for _, q := range queries(d) {
				if strings.Contains(q, wrong) {
					t.Errorf("%s in %s", wrong, q)
				}
			}
		})
	}
}

// queries returns what a dashboard asks Prometheus for.
func queries(d dashboard) []string {
	var all []string
	for _, p := range d.Panels {
		for _, q := range p.Targets {
			all = append(all, q.Expr)
		}
	}
	for _, a := range d.Annotations.List {
		if a.Expr != "" {
			all = append(all, a.Expr)
		}
	}
	return all
}

func TestDashboardsLeadToEachOther(t *testing.T) {
	all := readDashboards(t)
	for from, to := range map[string]string{"fleet": "server", "server": "fleet"} {
		want := "/d/" + all[to].UID + "?"
		if !slices.ContainsFunc(all[from].Links, func(l struct{ URL string }) bool { return strings.HasPrefix(l.URL, want) }) {
			t.Errorf("%s has no link to %s", from, want)
		}
	}
}

func TestPanels(t *testing.T) {
	builtIn := []string{"stat", "table", "timeseries", "state-timeline", "bargauge", "text", "row"}
	for name, d := range readDashboards(t) {
		ids, titles := map[int]bool{}, map[string]bool{}
		taken := map[[2]int]string{}
		for _, p := range d.Panels {
			at := fmt.Sprintf("%s: panel %d %q", name, p.ID, p.Title)
			if ids[p.ID] || titles[p.Title] || p.Title == "" {
				t.Errorf("%s: id or title is there twice, or empty", at)
			}
			ids[p.ID], titles[p.Title] = true, true
			if !slices.Contains(builtIn, p.Type) {
				t.Errorf("%s: type %s may need a plugin", at, p.Type)
			}
			g := p.GridPos
			if g.X < 0 || g.Y < 0 || g.W < 1 || g.H < 1 || g.X+g.W > 24 {
				t.Errorf("%s: stands at %+v", at, g)
			}
			for x := g.X; x < g.X+g.W; x++ {
				for y := g.Y; y < g.Y+g.H; y++ {
					if other, there := taken[[2]int{x, y}]; there {
						t.Fatalf("%s: stands on %q", at, other)
					}
					taken[[2]int{x, y}] = p.Title
				}
			}
			if p.Type == "row" {
				continue
			}
			if p.Description == "" || p.FieldConfig.Defaults.Unit == "" || p.FieldConfig.Defaults.NoValue == "" {
				t.Errorf("%s: description %q, unit %q, text without data %q", at, p.Description, p.FieldConfig.Defaults.Unit, p.FieldConfig.Defaults.NoValue)
			}
			if p.Type == "table" && p.FieldConfig.Defaults.Unit != "string" {
				// Grafana would read a number or a time into the labels as well.
				t.Errorf("%s: unit %q of all columns", at, p.FieldConfig.Defaults.Unit)
			}
			if p.Datasource != ours() || len(p.Targets) == 0 {
				t.Errorf("%s: %d queries, data source %+v", at, len(p.Targets), p.Datasource)
			}
			refs := map[string]bool{}
			for _, q := range p.Targets {
				if refs[q.RefID] || q.Datasource != ours() {
					t.Errorf("%s: query %s is there twice, or asks %+v", at, q.RefID, q.Datasource)
				}
				refs[q.RefID] = true
				if strings.Contains(q.Expr, "rate(") != strings.Contains(q.Expr, "[$__rate_interval]") {
					t.Errorf("%s: a rate is over [$__rate_interval]: %s", at, q.Expr)
				}
			}
		}
	}
}

func TestAnnotations(t *testing.T) {
	for name, d := range readDashboards(t) {
		var names []string
		for _, a := range d.Annotations.List {
			if a.Expr == "" {
				continue // Grafana's own
			}
			names = append(names, a.Name)
			if a.Datasource != ours() {
				t.Errorf("%s: %s asks %+v", name, a.Name, a.Datasource)
			}
		}
		if want := []string{"Book changed", "Share gone", "Share back"}; !slices.Equal(names, want) {
			t.Errorf("%s: %q, expected %q", name, names, want)
		}
	}
}

// metricsIn returns the metrics that a query names.
func metricsIn(query string) []string {
	for _, noise := range []string{
		`"(?:[^"\\]|\\.)*"`, `\{[^}]*\}`, `\[[^\]]*\]`, `\boffset \w+`,
		`\b(?:by|on|without|ignoring|group_left|group_right) ?\([^)]*\)`, `\b(?:and|or|unless|bool)\b`,
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

// recordingRules returns the metrics that the rules make.
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
		if !shown[m.Name] && !(strings.HasSuffix(m.Name, "_info") && namedInRules(t, m.Name)) {
			t.Errorf("no panel shows %s", m.Name)
		}
	}
	for name := range shown {
		if !exists[name] {
			t.Errorf("there is no metric %s", name)
		}
	}
}

func namedInRules(t *testing.T, metric string) bool {
	t.Helper()
	return slices.ContainsFunc(readRules(t, "recording.yml"), func(r rule) bool { return strings.Contains(r.Expr, metric) })
}

// TestTableColoursEveryState: the table of servers has a colour for each state.
func TestTableColoursEveryState(t *testing.T) {
	want := map[string][]string{}
	for _, s := range smbprobe.ShareStates() {
		want["share"] = append(want["share"], string(s))
	}
	for _, s := range smbprobe.PhonebookStates() {
		want["book"] = append(want["book"], string(s))
	}
	for _, s := range []smbprobe.Severity{smbprobe.SeverityCritical, smbprobe.SeverityWarning, smbprobe.SeverityInfo} {
		want["severity"] = append(want["severity"], string(s))
	}
	columns := map[string]string{}
	for _, o := range panelOf(t, readDashboards(t)["fleet"], "Servers").FieldConfig.Overrides {
		for _, p := range o.Properties {
			if p.ID == "mappings" {
				columns[o.Matcher.Options] = string(p.Value)
			}
		}
	}
	for column, states := range want {
		for _, s := range states {
			if !strings.Contains(columns[column], fmt.Sprintf("%q: {", s)) {
				t.Errorf("column %s: no colour for %s", column, s)
			}
		}
	}
}

// panelOf returns the panel with a title.
func panelOf(t *testing.T, d dashboard, title string) panel {
	t.Helper()
	for _, p := range d.Panels {
		if p.Title == title {
			return p
		}
	}
	t.Fatalf("%s has no panel %q", d.UID, title)
	return panel{}
}
