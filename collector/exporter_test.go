package collector

import (
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	dto "github.com/prometheus/client_model/go"

	"github.com/rasphone-exporter/rasphone_exporter/smbprobe"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/diagnosis"
)

func TestExporter(t *testing.T) {
	heldBack := 0
	e := NewExporter(time.Unix(1000, 0), Counts{Targets: func() int { return 2 }, LoginsHeldBack: func() int { return heldBack }, EventlogsForgotten: func() int { return 7 }})
	tests := []struct {
		name    string
		do      func()
		metrics []string
		want    string
	}{
		{
			name:    "everything is there from the start",
			do:      func() {},
			metrics: []string{"rasphone_exporter_probes_total", "rasphone_exporter_probes_rejected_total"},
			want: `
# HELP rasphone_exporter_probes_rejected_total Requests for a probe that were turned away: reason is not_allowed, bad_request, overloaded or draining.
# TYPE rasphone_exporter_probes_rejected_total counter
rasphone_exporter_probes_rejected_total{reason="bad_request"} 0
rasphone_exporter_probes_rejected_total{reason="draining"} 0
rasphone_exporter_probes_rejected_total{reason="not_allowed"} 0
rasphone_exporter_probes_rejected_total{reason="overloaded"} 0
# HELP rasphone_exporter_probes_total Probes that ended, by the value of their probe_success: result is success or failure.
# TYPE rasphone_exporter_probes_total counter
rasphone_exporter_probes_total{result="failure"} 0
rasphone_exporter_probes_total{result="success"} 0
`,
		},
		{
			name:    "probe in flight",
			do:      e.ProbeStarted,
			metrics: []string{"rasphone_exporter_probes_in_flight"},
			want: `
# HELP rasphone_exporter_probes_in_flight Probes that run now, without those that wait for their turn.
# TYPE rasphone_exporter_probes_in_flight gauge
rasphone_exporter_probes_in_flight 1
`,
		},
		{
			name:    "a result was used again",
			do:      e.ResultReused,
			metrics: []string{"rasphone_exporter_results_reused_total", "rasphone_exporter_targets"},
			want: `
# HELP rasphone_exporter_results_reused_total Requests that came within the module's min_interval after a probe, and got its result again.
# TYPE rasphone_exporter_results_reused_total counter
rasphone_exporter_results_reused_total 1
# HELP rasphone_exporter_targets Hosts that service discovery lists.
# TYPE rasphone_exporter_targets gauge
rasphone_exporter_targets 2
`,
		},
		{
			name: "probes ended",
			do: func() {
				e.ProbeEnded(&smbprobe.Result{Success: true}, 30*time.Millisecond)
				e.ProbeStarted()
				e.ProbeEnded(&smbprobe.Result{}, 20*time.Second)
				e.ProbeRejected(RejectedNotAllowed)
			},
			metrics: []string{
				"rasphone_exporter_probes_in_flight", "rasphone_exporter_probes_total", "rasphone_exporter_probe_duration_seconds",
				"rasphone_exporter_probes_rejected_total",
			},
			want: `
# HELP rasphone_exporter_probe_duration_seconds How long probes took, without waiting for their turn.
# TYPE rasphone_exporter_probe_duration_seconds histogram
rasphone_exporter_probe_duration_seconds_bucket{le="0.01"} 0
rasphone_exporter_probe_duration_seconds_bucket{le="0.025"} 0
rasphone_exporter_probe_duration_seconds_bucket{le="0.05"} 1
rasphone_exporter_probe_duration_seconds_bucket{le="0.1"} 1
rasphone_exporter_probe_duration_seconds_bucket{le="0.25"} 1
rasphone_exporter_probe_duration_seconds_bucket{le="0.5"} 1
rasphone_exporter_probe_duration_seconds_bucket{le="1"} 1
rasphone_exporter_probe_duration_seconds_bucket{le="2.5"} 1
rasphone_exporter_probe_duration_seconds_bucket{le="5"} 1
rasphone_exporter_probe_duration_seconds_bucket{le="10"} 1
rasphone_exporter_probe_duration_seconds_bucket{le="20"} 2
rasphone_exporter_probe_duration_seconds_bucket{le="30"} 2
rasphone_exporter_probe_duration_seconds_bucket{le="60"} 2
rasphone_exporter_probe_duration_seconds_bucket{le="+Inf"} 2
rasphone_exporter_probe_duration_seconds_sum 20.03
rasphone_exporter_probe_duration_seconds_count 2
# HELP rasphone_exporter_probes_in_flight Probes that run now, without those that wait for their turn.
# TYPE rasphone_exporter_probes_in_flight gauge
rasphone_exporter_probes_in_flight 0
# HELP rasphone_exporter_probes_rejected_total Requests for a probe that were turned away: reason is not_allowed, bad_request, overloaded or draining.
# TYPE rasphone_exporter_probes_rejected_total counter
rasphone_exporter_probes_rejected_total{reason="bad_request"} 0
rasphone_exporter_probes_rejected_total{reason="draining"} 0
rasphone_exporter_probes_rejected_total{reason="not_allowed"} 1
rasphone_exporter_probes_rejected_total{reason="overloaded"} 0
# HELP rasphone_exporter_probes_total Probes that ended, by the value of their probe_success: result is success or failure.
# TYPE rasphone_exporter_probes_total counter
rasphone_exporter_probes_total{result="failure"} 1
rasphone_exporter_probes_total{result="success"} 1
`,
		},
		{
			name:    "a failed reload keeps the time of the last good one",
			do:      e.ConfigFailed,
			metrics: []string{"rasphone_exporter_config_last_reload_successful", "rasphone_exporter_config_last_reload_success_timestamp_seconds"},
			want: `
# HELP rasphone_exporter_config_last_reload_success_timestamp_seconds When the configuration in force was loaded.
# TYPE rasphone_exporter_config_last_reload_success_timestamp_seconds gauge
rasphone_exporter_config_last_reload_success_timestamp_seconds 1000
# HELP rasphone_exporter_config_last_reload_successful 1: the last try to load the configuration succeeded. 0: it failed, and the configuration before it is in force.
# TYPE rasphone_exporter_config_last_reload_successful gauge
rasphone_exporter_config_last_reload_successful 0
`,
		},
		{
			name:    "a good one after it",
			do:      func() { e.ConfigLoaded(time.Unix(2000, 0)); heldBack = 3 },
			metrics: []string{"rasphone_exporter_config_last_reload_successful", "rasphone_exporter_config_last_reload_success_timestamp_seconds", "rasphone_exporter_logins_held_back"},
			want: `
# HELP rasphone_exporter_config_last_reload_success_timestamp_seconds When the configuration in force was loaded.
# TYPE rasphone_exporter_config_last_reload_success_timestamp_seconds gauge
rasphone_exporter_config_last_reload_success_timestamp_seconds 2000
# HELP rasphone_exporter_config_last_reload_successful 1: the last try to load the configuration succeeded. 0: it failed, and the configuration before it is in force.
# TYPE rasphone_exporter_config_last_reload_successful gauge
rasphone_exporter_config_last_reload_successful 1
# HELP rasphone_exporter_logins_held_back Logins that are held back now, to keep accounts from being locked.
# TYPE rasphone_exporter_logins_held_back gauge
rasphone_exporter_logins_held_back 3
`,
		},
		{
			name:    "where its pages are",
			do:      func() { e.SetURL("http://old.example"); e.SetURL("https://exporter.example") },
			metrics: []string{"rasphone_exporter_info"},
			want: `
# HELP rasphone_exporter_info Always 1; url is where the exporter's pages are, for links in alerts; absent without --web.external-address.
# TYPE rasphone_exporter_info gauge
rasphone_exporter_info{url="https://exporter.example"} 1
`,
		},
		{
			name:    "not known",
			do:      func() { e.SetURL("") },
			metrics: []string{"rasphone_exporter_info"},
		},
	}
	for _, tt := range tests { // each goes on from where the one before stopped
		tt.do()
		if err := testutil.GatherAndCompare(e.Registry(), strings.NewReader(tt.want), tt.metrics...); err != nil {
			t.Errorf("%s: %v", tt.name, err)
		}
	}
}

func TestLintOwnMetrics(t *testing.T) {
	var names []string
	for _, info := range Metrics() {
		if info.OwnMetric {
			names = append(names, info.Name)
		}
	}
	e := NewExporter(time.Unix(1, 0), Counts{Targets: func() int { return 2 }, LoginsHeldBack: func() int { return 0 }, EventlogsForgotten: func() int { return 0 }})
	problems, err := testutil.GatherAndLint(e.Registry(), names...)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range problems {
		t.Errorf("%s: %s", p.Metric, p.Text)
	}
}

func TestRegistryHasRuntimeAndProcess(t *testing.T) {
	e := NewExporter(time.Unix(1, 0), Counts{Targets: func() int { return 2 }, LoginsHeldBack: func() int { return 0 }, EventlogsForgotten: func() int { return 0 }})
	n, err := testutil.GatherAndCount(e.Registry(), "go_goroutines", "process_start_time_seconds")
	if err != nil {
		t.Fatal(err)
	}
	if n != 2 {
		t.Errorf("%d of go_goroutines and process_start_time_seconds, want both", n)
	}
}

// TestCauseInfo: each cause once, with its first fix.
func TestCauseInfo(t *testing.T) {
	known := diagnosis.Known()
	metrics := make(chan prometheus.Metric, len(known)+1)
	newCauseInfo(ownMetrics().causeInfo).Collect(metrics)
	close(metrics)
	got := make(map[string]string)
	for m := range metrics {
		var form dto.Metric
		if err := m.Write(&form); err != nil {
			t.Fatal(err)
		}
		labels := make(map[string]string)
		for _, l := range form.GetLabel() {
			labels[l.GetName()] = l.GetValue()
		}
		if form.GetGauge().GetValue() != 1 || labels["title"] == "" || labels["fix"] == "" || labels["runbook"] != labels["cause"] {
			t.Errorf("%v", labels)
		}
		got[labels["cause"]] = labels["fix"]
	}
	if len(got) != len(known) || got["admin_share_removed"] != "net share admin$" || got["server_paused"] != "net continue server" {
		t.Errorf("%d of %d causes: %v", len(got), len(known), got)
	}
}
