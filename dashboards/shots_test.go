//go:build shots

package dashboards_test

import (
	"encoding/json"
	"fmt"
	"html/template"
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
)

// shot is a picture of a dashboard.
type shot struct {
	name      string
	dashboard string
	job       string
	instance  string
	narrow    bool
}

// TestShots draws every panel of the dashboards into shots/build, in dark and light: a healthy
// fleet, a broken one, none, and each server. It needs npm, node and chromium.
func TestShots(t *testing.T) {
	f := withPast(t, startFleets(t))
	shots := []shot{
		{"fleet-healthy", "fleet", healthyFleet, "", false}, {"fleet-broken", "fleet", brokenFleet, "", false}, {"fleet-empty", "fleet", emptyFleet, "", false},
		{"fleet-broken-phone", "fleet", brokenFleet, "", true}, {"server-empty", "server", emptyFleet, "none", false},
		{"server-phone", "server", brokenFleet, "share-removed.demo", true},
	}
	for _, s := range f.servers[brokenFleet] {
		shots = append(shots, shot{"server-" + strings.TrimSuffix(s, ".demo"), "server", brokenFleet, s, false})
	}
	if only := os.Getenv("SHOTS"); only != "" {
		shots = slices.DeleteFunc(shots, func(s shot) bool { return !regexp.MustCompile(only).MatchString(s.name) })
	}
	var drawing sync.WaitGroup
	places := make(chan struct{}, 2)
	for _, s := range shots {
		for _, theme := range []string{"dark", "light"} {
			page := f.page(t, s, theme)
			places <- struct{}{}
			drawing.Go(func() {
				defer func() { <-places }()
				draw(t, page, s)
			})
		}
	}
	drawing.Wait()
}

// page writes the page of a picture, and returns its name without extension.
func (f *fleets) page(t *testing.T, s shot, theme string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("grafana", s.dashboard+".json"))
	if err != nil {
		t.Fatal(err)
	}
	answers := map[int]map[string][]map[string]any{}
	for _, p := range readDashboards(t)[s.dashboard].Panels {
		answers[p.ID] = map[string][]map[string]any{}
		for _, q := range p.Targets {
			expr := strings.ReplaceAll(filled(q.Expr, s.job, s.instance), "[1h] @ end()", "[6h] @ end()")
			var series []found
			if q.Range {
				series, _ = f.queryRange(t, expr, 6)
			} else {
				series = f.query(t, expr)
			}
			list := []map[string]any{}
			for _, x := range series {
				one := map[string]any{"metric": x.Metric}
				if q.Range {
					one["values"] = x.Values
				} else {
					one["value"] = x.Value
				}
				list = append(list, one)
			}
			answers[p.ID][q.RefID] = list
		}
	}
	width := 1280
	if s.narrow {
		width = 390
	}
	now := f.now.Unix()
	data, err := json.Marshal(map[string]any{"dashboard": json.RawMessage(text), "theme": theme, "width": width, "answers": answers, "from": now - 6*3600, "to": now})
	if err != nil {
		t.Fatal(err)
	}
	name := filepath.Join("shots", "build", s.name+"-"+theme)
	page := fmt.Sprintf(`<!DOCTYPE html><html><head><meta charset="utf-8"><link rel="stylesheet" href="main.css"><style>body { margin: 0 }</style></head><body><div id="root"></div><script>window.SHOT = %s;</script><script src="main.js"></script></body></html>`, template.JS(data))
	if err := os.WriteFile(name+".html", []byte(page), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

// draw has Chromium make the picture, and checks that no panel failed.
func draw(t *testing.T, page string, s shot) {
	size := "1280,2900"
	if s.dashboard == "server" {
		size = "1280,3400"
	}
	if s.narrow {
		size = "390,2400"
	}
	url, err := filepath.Abs(page + ".html")
	if err != nil {
		t.Error(err)
		return
	}
	output, err := exec.CommandContext(t.Context(), "chromium", "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--enable-logging=stderr",
		"--virtual-time-budget=10000", "--window-size="+size, "--screenshot="+page+".png", "file://"+url).CombinedOutput()
	if err != nil || !strings.Contains(string(output), "dashboard was drawn") || strings.Contains(string(output), "panel was not drawn") {
		t.Errorf("%s: %v\n%.2000s", page, err, output)
	}
}

// withPast starts a Prometheus with the same fleets and six hours of a past, in which the faults
// began one after another.
func withPast(t *testing.T, f *fleets) *fleets {
	t.Helper()
	const hours = 6 * 60
	now := time.Now().Unix()
	var series []history
	for _, x := range f.query(t, `{__name__=~"(up|probe|rasphone|instance:rasphone_(cannot_send|answered)|instance:rasphone_verdict:max).*"}`) {
		series = append(series, history{seriesName(x.Metric), numberOf(t, x), hours, 0})
	}
	began := func(instance string) int { // minutes ago
		n := uint32(0)
		for _, c := range instance {
			n = n*31 + uint32(c)
		}
		return 20 + int(n%300)
	}
	for _, x := range f.query(t, `instance_fault:rasphone_fault:bool == 1`) {
		from := began(x.Metric["instance"])
		series = append(series, history{seriesName(x.Metric), 1, from, 0})
	}
	for _, x := range f.query(t, `{__name__=~"instance_fault:rasphone_fault:since|instance:rasphone_verdict:since|instance_cause:rasphone_diagnosis:since"} >= 0`) {
		series = append(series, history{seriesName(x.Metric), float64(now - int64(60*began(x.Metric["instance"]))), 10, 0})
	}
	// Verdicts of each site: the trend.
	for _, x := range f.query(t, `site:rasphone_verdict:count`) {
		total := numberOf(t, x)
		for m := hours; m > 0; m -= 30 {
			v := total
			if m > 150 && x.Metric["verdict"] != "ok" {
				v = float64(int(total) / 2)
			}
			series = append(series, history{seriesName(x.Metric), v, m, m - 29})
		}
	}
	return &fleets{promServer: startPrometheus(t, series, hurried), servers: f.servers, wanted: f.wanted}
}

func seriesName(labels map[string]string) string {
	var pairs []string
	for name, v := range labels {
		if name != "__name__" {
			pairs = append(pairs, fmt.Sprintf("%s=%q", name, v))
		}
	}
	slices.Sort(pairs)
	return labels["__name__"] + "{" + strings.Join(pairs, ",") + "}"
}

func numberOf(t *testing.T, f found) float64 {
	t.Helper()
	v, err := strconv.ParseFloat(fmt.Sprint(f.Value[1]), 64)
	if err != nil {
		t.Fatal(err)
	}
	return v
}
