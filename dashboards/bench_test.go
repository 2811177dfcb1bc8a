//go:build bench

package dashboards_test

import (
	"flag"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"sort"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rasphone-exporter/rasphone_exporter/smbprobe"
)

var benchServers = flag.Int("servers", 10000, "servers of the made-up fleet")

// madeUp returns the series of servers, of which broken of a hundred do not answer, with what
// the rules recorded in the last hour.
func madeUp(servers, broken int) []history {
	var all []history
	now := float64(time.Now().Unix())
	for i := range servers {
		labels := fmt.Sprintf(`job="nt",instance="exch%05d.corp.example",site="site%02d"`, i, i%50)
		state, book, success, known := "ok", "ok", 1.0, true
		if i%100 < broken {
			state, book, success, known = "timeout", "unknown", 0, false
		}
		instant := func(name, more string, value float64) {
			all = append(all, history{name + "{" + strings.Trim(labels+","+more, ",") + "}", value, 0, 0})
		}
		hour := func(name, more string, value float64, minutes int) {
			all = append(all, history{name + "{" + strings.Trim(labels+","+more, ",") + "}", value, minutes, 0})
		}
		hour("up", "", 1, 60)
		hour("probe_duration_seconds", "", 2, 15)
		hour("rasphone_probe_timeout_seconds", "", 10, 15)
		hour("instance:rasphone_configured:held", "", 1, 60)
		hour("instance:rasphone_result_age_seconds:max", "", 1, 15)
		instant("probe_success", "", success)
		instant("rasphone_login_held_back", "", 0)
		instant("rasphone_admin_share_reachable", "", success)
		instant("rasphone_probe_timestamp_seconds", "", now)
		instant("rasphone_auth_info", `auth="corp"`, 1)
		for _, s := range smbprobe.ShareStates() {
			instant("rasphone_admin_share_state", fmt.Sprintf("state=%q", s), map[bool]float64{true: 1}[string(s) == state])
		}
		for _, s := range smbprobe.PhonebookStates() {
			instant("rasphone_phonebook_state", fmt.Sprintf("state=%q", s), map[bool]float64{true: 1}[string(s) == book])
		}
		if known {
			for _, w := range []string{"15m", "1h", "24h"} {
				instant("rasphone_dialup_failures", fmt.Sprintf("window=%q", w), 0)
				instant("rasphone_dialup_window_covered", fmt.Sprintf("window=%q", w), 1)
			}
			instant("rasphone_eventlog_readable", "", 1)
			instant("rasphone_service_running", `service="MSExchangeIMC"`, 1)
			instant("rasphone_service_info", `service="MSExchangeIMC",start_mode="automatic"`, 1)
			hour("instance:rasphone_cannot_send:bool", "", 0, 60)
			hour("instance:rasphone_cannot_send:avg30m", "", 0, 48)
			continue
		}
		const cause = `cause="no_answer",article="Q1",severity="critical"`
		const fault = `fault="not_answering",severity="critical"`
		instant("rasphone_diagnosis", cause, 1)
		hour("instance_cause:rasphone_diagnosis:held", cause, now-60, 5)
		hour("instance_fault:rasphone_fault:bool", fault, 1, 60)
		hour("instance_fault:rasphone_fault:active", fault, 1, 6)
		hour("instance_fault:rasphone_fault:since", fault, now-3600, 5)
		hour("instance_fault:rasphone_page:held", fault, 1, 60)
	}
	all = append(all,
		history{`rasphone_exporter_build_info{job="exporter",instance="exporter:10196",version="2"}`, 1, 10, 0},
		history{`rasphone_exporter_targets{job="exporter",instance="exporter:10196"}`, float64(servers), 10, 0},
		history{`rasphone_exporter_info{job="exporter",instance="exporter:10196",url="https://exporter.example"}`, 1, 10, 0},
		history{`rasphone_cause_info{job="exporter",instance="exporter:10196",cause="no_answer",title="The server does not answer",fix="ping",runbook="no_answer"}`, 1, 10, 0},
		history{`prometheus:rasphone_rules:since`, now - 3600, 4, 0})
	return all
}

// TestBenchRules logs how long rules and the fleet's panels take.
func TestBenchRules(t *testing.T) {
	for _, broken := range []int{5, 100} {
		t.Run(fmt.Sprintf("%d servers, %d %% down", *benchServers, broken), func(t *testing.T) {
			p := startPrometheus(t, madeUp(*benchServers, broken), func(rules string) string {
				return groupInterval.ReplaceAllString(rules, "interval: 1m")
			})
			t.Logf("three evaluations of all rules, and the start: %.1f s of CPU", p.cpu(t))
			total := 0.0
			for _, g := range p.groups(t) {
				t.Logf("rules %-24s %.2f s", g.Name, g.EvaluationTime)
				total += g.EvaluationTime
				sort.Slice(g.Rules, func(i, j int) bool { return g.Rules[i].EvaluationTime > g.Rules[j].EvaluationTime })
				for _, r := range g.Rules[:min(4, len(g.Rules))] {
					if r.EvaluationTime > 0.1 {
						t.Logf("    %.2f s %s", r.EvaluationTime, r.Name)
					}
				}
			}
			t.Logf("rules in all %.2f s of each minute; %d alerts fire", total, len(p.query(t, `ALERTS{alertstate="firing"}`)))
			p.panels(t)
		})
	}
}

type ruleGroup struct {
	Name           string
	EvaluationTime float64
	Rules          []struct {
		Name           string
		EvaluationTime float64
	}
}

func (s *promServer) groups(t *testing.T) []ruleGroup {
	t.Helper()
	var answer struct{ Groups []ruleGroup }
	s.get(t, "/api/v1/rules", nil, &answer)
	return answer.Groups
}

// panels logs time and size of each panel of the fleet, as one viewer loads them each minute.
func (s *promServer) panels(t *testing.T) {
	t.Helper()
	wall, size, before := 0.0, 0, s.cpu(t)
	for _, p := range readDashboards(t)["fleet"].Panels {
		began, bytes := time.Now(), 0
		for _, q := range p.Targets {
			expr := filled(q.Expr, "nt", "")
			if q.Range {
				_, n := s.queryRange(t, strings.ReplaceAll(expr, "[1h] @ end()", "[6h] @ end()"), 6)
				bytes += n
			} else {
				s.query(t, expr)
			}
		}
		took := time.Since(began).Seconds()
		if took > 0.2 || bytes > 100_000 {
			t.Logf("panel %-40s %.2f s, %d KB of graphs", p.Title, took, bytes/1000)
		}
		wall += took
		size += bytes
	}
	t.Logf("panels in all %.2f s, %d KB of graphs, %.2f s of CPU", wall, size/1000, s.cpu(t)-before)
}

// cpu returns the CPU seconds that Prometheus used.
func (s *promServer) cpu(t *testing.T) float64 {
	t.Helper()
	response, err := http.Get(s.url + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	m := regexp.MustCompile(`(?m)^process_cpu_seconds_total (\S+)`).FindSubmatch(text)
	seconds, err := strconv.ParseFloat(string(m[1]), 64)
	if err != nil {
		t.Fatal(err)
	}
	return seconds
}
