package dashboards_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// dashboard is the part of a dashboard of Grafana that the tests read.
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
		Defaults struct {
			Unit, NoValue string
			Color         struct{ Mode string }
			Thresholds    thresholds
			Mappings      []mapping
		}
		Overrides []struct {
			Matcher    struct{ Options string }
			Properties []struct {
				ID    string
				Value json.RawMessage
			}
		}
	}
	Targets []struct {
		RefID        string
		Datasource   datasource
		Expr         string
		LegendFormat string
		Range        bool
	}
}

type thresholds struct {
	Steps []struct {
		Color string
		Value *float64
	}
}

type mapping struct {
	Options map[string]struct{ Text, Color string }
}

// property decodes a property that a panel overrides for a field, and reports whether it does.
func (p *panel) property(t *testing.T, field, id string, value any) bool {
	t.Helper()
	for _, o := range p.FieldConfig.Overrides {
		for _, property := range o.Properties {
			if o.Matcher.Options == field && property.ID == id {
				if err := json.Unmarshal(property.Value, value); err != nil {
					t.Fatalf("%s: %s of %s: %v", p.Title, id, field, err)
				}
				return true
			}
		}
	}
	return false
}

// chosen is the data source that the user chooses.
func chosen() datasource { return datasource{"prometheus", "${datasource}"} }

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
					t.Errorf("the first variable is %+v, want the data source, which the others need", v)
				}
				if i > 0 && v.Datasource != chosen() {
					t.Errorf("variable %s has the data source %+v", v.Name, v.Datasource)
				}
			}
			if v := variables["site"]; v.AllValue != ".*" {
				t.Errorf("site: All is %q: servers without a site would be missing", v.AllValue)
			}
			// Grafana escapes the values of a variable for a regular expression only if several
			// may be chosen: a variable of one value needs "=".
			if v := variables["instance"]; v.Multi || v.IncludeAll {
				t.Errorf("instance: several may be chosen: %t, All: %t", v.Multi, v.IncludeAll)
			}
			for _, q := range queries(d) {
				if strings.Contains(q, `instance=~"$instance"`) {
					t.Errorf("a variable of one value as a regular expression: %s", q)
				}
				if name == "fleet" && strings.Contains(q, "$instance") {
					t.Errorf("the fleet has no variable of thousands of servers: %s", q)
				}
			}
		})
	}
}

// queries returns the queries of a dashboard.
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
				t.Errorf("%s: id or title is not unique, or empty", at)
			}
			ids[p.ID], titles[p.Title] = true, true
			if !slices.Contains(builtIn, p.Type) {
				t.Errorf("%s: type %s may need a plugin", at, p.Type)
			}
			g := p.GridPos
			if g.X < 0 || g.Y < 0 || g.W < 1 || g.H < 1 || g.X+g.W > 24 {
				t.Errorf("%s: position %+v", at, g)
			}
			for x := g.X; x < g.X+g.W; x++ {
				for y := g.Y; y < g.Y+g.H; y++ {
					if other, there := taken[[2]int{x, y}]; there {
						t.Fatalf("%s: overlaps %q", at, other)
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
			if p.Datasource != chosen() || len(p.Targets) == 0 {
				t.Errorf("%s: %d queries, data source %+v", at, len(p.Targets), p.Datasource)
			}
			refs := map[string]bool{}
			for _, q := range p.Targets {
				if refs[q.RefID] || q.Datasource != chosen() {
					t.Errorf("%s: query %s is not unique, or has the data source %+v", at, q.RefID, q.Datasource)
				}
				refs[q.RefID] = true
				if strings.Contains(q.Expr, "rate(") != strings.Contains(q.Expr, "[$__rate_interval]") {
					t.Errorf("%s: the range of a rate must be [$__rate_interval], and of nothing else: %s", at, q.Expr)
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
				continue // built into Grafana
			}
			names = append(names, a.Name)
			if a.Datasource != chosen() {
				t.Errorf("%s: %s has the data source %+v", name, a.Name, a.Datasource)
			}
		}
		want := []string{"Phone book changed", "Share gone", "Share back"}
		if name == "fleet" {
			want = nil // of thousands of servers
		}
		if !slices.Equal(names, want) {
			t.Errorf("%s: annotations %q, want %q", name, names, want)
		}
	}
}
