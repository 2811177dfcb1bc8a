package dashboards_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// The dashboards are written from a compact description: fleetPanels and serverPanels. This
// file makes Grafana's JSON of it.

// object is a JSON object.
type object map[string]any

// Colours. Only what needs action has one: "text" is the colour of text in either theme.
const (
	neutral = "text"
	red     = "red"
	orange  = "orange"
	purple  = "purple"
	blue    = "blue"
	faint   = "rgba(128, 128, 128, 0.3)" // a neutral area
)

// graph is a query with its legend.
type graph struct{ expr, legend string }

// show describes a panel, from left to right within a line.
type show struct {
	kind        string // as Grafana names it, or "row": a heading
	title       string
	description string
	width       int
	none        string // what it shows without data; true if nothing is scraped, too
	unit        string
	queries     []graph
	columns     []column // of a table; others are hidden
	sort        []string // columns, "-name" is descending
	values      []value  // texts and colours of values
	steps       []object // thresholds
	lines       []object // overrides
	links       []object
	options     object // further ones
	custom      object // further ones
	join        string // table: joins several queries by this field
	min, max    any
}

// line is a row of panels of one height.
type line struct {
	height int
	panels []show
}

// column is a column of a table. Without a value it shows its own text, none.
type column struct {
	name, title string
	width       int
	none        string
	unit        string
	values      []value
	coloured    bool // the text has the colour of its value or threshold
	steps       []object
	link        *object
	wrap        bool
}

// value is the text and colour of a value.
type value struct{ is, text, color string }

func step(color string, from any) object { return object{"color": color, "value": from} }

// ifAny colours a count that is not 0.
func ifAny(color string) []object { return []object{step(neutral, nil), step(color, 1)} }

func link(title, url string, elsewhere bool) object {
	return object{"title": title, "url": url, "targetBlank": elsewhere}
}

// override returns an override of a field, by its name.
func override(name string, properties ...any) object {
	var list []object
	for i := 0; i < len(properties); i += 2 {
		list = append(list, object{"id": properties[i], "value": properties[i+1]})
	}
	return object{"matcher": object{"id": "byName", "options": name}, "properties": list}
}

func mappings(values []value) []object {
	options := object{}
	for i, v := range values {
		options[v.is] = object{"index": i, "text": v.text, "color": v.color}
	}
	return []object{{"type": "value", "options": options}}
}

func prometheusSource() object { return object{"type": "prometheus", "uid": "${datasource}"} }

// overTime reports whether a panel shows ranges.
func (s *show) overTime() bool { return s.kind == "timeseries" || s.kind == "state-timeline" }

func (s *show) json(id, x, y, height int) object {
	if s.kind == "row" {
		return object{"id": id, "type": "row", "title": s.title, "collapsed": false, "panels": []any{}, "gridPos": object{"x": 0, "y": y, "w": 24, "h": 1}}
	}
	defaults := object{"unit": s.unit, "noValue": s.none, "color": object{"mode": "thresholds"}, "custom": object{},
		"thresholds": object{"mode": "absolute", "steps": []object{step(neutral, nil)}}}
	if s.steps != nil {
		defaults["thresholds"] = object{"mode": "absolute", "steps": s.steps}
	}
	if s.values != nil {
		defaults["mappings"] = mappings(s.values)
	}
	if s.links != nil {
		defaults["links"] = s.links
	}
	if s.min != nil {
		defaults["min"] = s.min
	}
	if s.max != nil {
		defaults["max"] = s.max
	}
	options := object{}
	last := object{"calcs": []string{"lastNotNull"}, "fields": "", "values": false}
	switch s.kind {
	case "stat":
		options = object{"colorMode": "value", "graphMode": "none", "justifyMode": "center", "orientation": "auto", "textMode": "auto", "wideLayout": true, "reduceOptions": last}
	case "table":
		defaults["custom"] = object{"align": "left", "filterable": true, "inspect": false}
		options = object{"showHeader": true, "cellHeight": "sm", "sortBy": sortBy(s.sort)}
	case "timeseries":
		defaults["color"] = object{"mode": "palette-classic"}
		defaults["custom"] = object{"drawStyle": "line", "fillOpacity": 10, "lineWidth": 1, "showPoints": "never", "spanNulls": false, "lineInterpolation": "linear", "stacking": object{"mode": "none", "group": "A"}}
		options = object{"legend": object{"displayMode": "list", "placement": "bottom", "showLegend": true}, "tooltip": object{"mode": "multi", "sort": "desc"}}
	case "state-timeline":
		defaults["custom"] = object{"fillOpacity": 80, "lineWidth": 0, "spanNulls": false}
		options = object{"showValue": "auto", "mergeValues": true, "alignValue": "left", "rowHeight": 0.85, "perPage": 20,
			"legend": object{"displayMode": "list", "placement": "bottom", "showLegend": false}, "tooltip": object{"mode": "single", "sort": "none"}}
	case "bargauge":
		options = object{"displayMode": "basic", "orientation": "horizontal", "showUnfilled": true, "valueMode": "color", "reduceOptions": last}
	}
	maps.Copy(options, s.options)
	maps.Copy(defaults["custom"].(object), s.custom)
	overrides := s.lines
	if s.kind == "table" {
		overrides = s.columnOverrides()
	}
	panel := object{
		"id": id, "type": s.kind, "title": s.title, "description": s.description, "datasource": prometheusSource(),
		"gridPos":     object{"x": x, "y": y, "w": s.width, "h": height},
		"fieldConfig": object{"defaults": defaults, "overrides": overrides},
		"options":     options, "targets": s.targets(),
	}
	if overrides == nil {
		panel["fieldConfig"].(object)["overrides"] = []object{}
	}
	if s.kind == "table" {
		panel["transformations"] = s.transformations()
	}
	return panel
}

func sortBy(names []string) []object {
	var all []object
	for _, n := range names {
		name, descending := strings.CutPrefix(n, "-")
		all = append(all, object{"displayName": name, "desc": descending})
	}
	return all
}

func (s *show) targets() []object {
	var all []object
	for i, q := range s.queries {
		target := object{
			"refId": string(rune('A' + i)), "datasource": prometheusSource(), "editorMode": "code",
			"expr": q.expr, "instant": !s.overTime(), "range": s.overTime(),
		}
		if s.kind == "table" {
			target["format"] = "table"
		} else {
			target["legendFormat"] = q.legend
		}
		all = append(all, target)
	}
	return all
}

func (s *show) columnOverrides() []object {
	var all []object
	for _, c := range s.columns {
		if c.title == "" {
			all = append(all, override(c.name, "custom.hidden", true, "custom.hideFrom.viz", true))
			continue
		}
		properties := []any{"displayName", c.title, "noValue", c.none}
		if c.width > 0 {
			properties = append(properties, "custom.width", c.width)
		}
		if c.unit != "" {
			properties = append(properties, "unit", c.unit)
		}
		if c.values != nil {
			properties = append(properties, "mappings", mappings(c.values))
		}
		if c.steps != nil {
			properties = append(properties, "thresholds", object{"mode": "absolute", "steps": c.steps})
		}
		if c.coloured {
			properties = append(properties, "custom.cellOptions", object{"type": "color-text"})
		}
		if c.wrap {
			properties = append(properties, "custom.wrapText", true)
		}
		if c.link != nil {
			properties = append(properties, "links", []object{*c.link})
		}
		all = append(all, override(c.name, properties...))
	}
	return all
}

// transformations order the columns of a table, and leave out what is not one.
func (s *show) transformations() []object {
	var all []object
	if s.join != "" {
		all = append(all, object{"id": "joinByField", "options": object{"byField": s.join, "mode": "outer"}})
	}
	order, absent := object{}, object{"Time": true}
	for i, c := range s.columns {
		order[c.name] = i
	}
	for i := range s.queries {
		absent[fmt.Sprintf("Time %d", i+1)] = true
	}
	if _, shown := order["Value"]; !shown {
		absent["Value"] = true
	}
	return append(all, object{"id": "organize", "options": object{"excludeByName": absent, "indexByName": order, "renameByName": object{}}})
}

// variable of a dashboard, by a query of label values.
func queryVariable(name, label, query string, several bool, all string) object {
	v := object{
		"name": name, "type": "query", "label": label, "datasource": prometheusSource(), "definition": query,
		"query":   object{"query": query, "refId": "Variable-" + name, "qryType": 1},
		"refresh": 2, "sort": 7, "hide": 0, "regex": "", "skipUrlSync": false, "options": []any{},
		"multi": several, "includeAll": several, "current": object{},
	}
	if several {
		v["current"] = object{"selected": true, "text": []string{"All"}, "value": []string{"$__all"}}
		v["allValue"] = all
	}
	return v
}

func sourceVariable() object {
	return object{"name": "datasource", "type": "datasource", "label": "Data source", "query": "prometheus", "regex": "", "hide": 0, "refresh": 1,
		"multi": false, "includeAll": false, "skipUrlSync": false, "options": []any{}, "current": object{}}
}

// annotationQuery marks a moment in graphs.
func annotationQuery(name, color, expr, text string) object {
	return object{"name": name, "datasource": prometheusSource(), "enable": true, "hide": false, "iconColor": color, "expr": expr, "step": "1m",
		"titleFormat": name, "textFormat": text, "tagKeys": "site,instance", "useValueForTime": false}
}

const runbooks = "https://github.com/rasphone-exporter/rasphone_exporter/blob/main/dashboards/runbooks/"

// dashboardJSON returns a dashboard of lines of panels.
func dashboardJSON(name, title, description, otherTitle, otherURL string, variables, annotations []object, lines []line) object {
	var panels []object
	y := 0
	for _, l := range lines {
		x := 0
		for _, s := range l.panels {
			panels = append(panels, s.json(len(panels)+1, x, y, l.height))
			x += s.width
		}
		y += l.height
	}
	builtIn := object{"builtIn": 1, "name": "Annotations & Alerts", "type": "dashboard", "enable": true, "hide": true, "iconColor": "rgba(0, 211, 255, 1)",
		"datasource": object{"type": "grafana", "uid": "-- Grafana --"}}
	dashboardLink := func(title, url, icon string, keepTime, elsewhere bool) object {
		return object{"title": title, "type": "link", "url": url, "icon": icon, "tags": []any{}, "asDropdown": false, "includeVars": false, "keepTime": keepTime, "targetBlank": elsewhere, "tooltip": ""}
	}
	return object{
		"uid": "rasphone-" + name, "title": title, "description": description, "tags": []string{"rasphone"},
		"schemaVersion": 42, "version": 1, "id": nil, "editable": true, "graphTooltip": 1, "timezone": "browser", "refresh": "1m",
		"time": object{"from": "now-6h", "to": "now"}, "timepicker": object{}, "weekStart": "", "fiscalYearStartMonth": 0, "liveNow": false,
		"links": []object{
			dashboardLink(otherTitle, otherURL, "dashboard", true, false),
			dashboardLink("Runbooks", runbooks+"README.md", "doc", false, true),
		},
		"annotations": object{"list": append([]object{builtIn}, annotations...)},
		"templating":  object{"list": append([]object{sourceVariable()}, variables...)},
		"panels":      panels,
	}
}

// heading is a line of text above panels.
func heading(title string) line { return line{1, []show{{kind: "row", title: title, width: 24}}} }

// marshalled returns an object as it stands in a file, on one line or on many.
func marshalled(t *testing.T, o object, indent string) []byte {
	t.Helper()
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", indent)
	if err := e.Encode(o); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// forImport returns a dashboard as grafana.com has it: whoever imports it chooses the data
// source, and what it needs is listed.
func forImport(d object) object {
	d = maps.Clone(d)
	d["__inputs"] = []object{{"name": "DS_PROMETHEUS", "label": "Prometheus", "description": "", "type": "datasource", "pluginId": "prometheus", "pluginName": "Prometheus"}}
	requires := []object{
		{"type": "grafana", "id": "grafana", "name": "Grafana", "version": "12.4.0"},
		{"type": "datasource", "id": "prometheus", "name": "Prometheus", "version": "1.0.0"},
	}
	kinds := map[string]bool{}
	for _, p := range d["panels"].([]object) {
		kinds[p["type"].(string)] = true
	}
	names := map[string]string{"stat": "Stat", "table": "Table", "timeseries": "Time series", "state-timeline": "State timeline", "bargauge": "Bar gauge"}
	for _, kind := range slices.Sorted(maps.Keys(kinds)) {
		if kind != "row" {
			requires = append(requires, object{"type": "panel", "id": kind, "name": names[kind], "version": ""})
		}
	}
	d["__requires"] = requires
	templating := slices.Clone(d["templating"].(object)["list"].([]object))
	templating[0] = maps.Clone(templating[0])
	templating[0]["current"] = object{"text": "${DS_PROMETHEUS}", "value": "${DS_PROMETHEUS}"}
	d["templating"] = object{"list": templating}
	return d
}

// TestDashboardFiles compares the files with their descriptions. With -update they are
// rewritten.
func TestDashboardFiles(t *testing.T) {
	for name, d := range map[string]object{"fleet": fleetDashboard(), "server": serverDashboard()} {
		for file, want := range map[string][]byte{
			filepath.Join("grafana", name+".json"):     marshalled(t, d, "  "),
			filepath.Join("grafana.com", name+".json"): marshalled(t, forImport(d), ""),
		} {
			if *update {
				if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(file, want, 0o644); err != nil {
					t.Fatal(err)
				}
			}
			got, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), string(got)); diff != "" {
				t.Errorf("%s is not as described; run this test with -update (-described +file):\n%s", file, diff)
			}
		}
	}
}
