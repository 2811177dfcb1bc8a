package example_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const dashboardMaps = "kubernetes/dashboards.yaml"

// configMap is a ConfigMap, as Grafana's sidecar reads it.
type configMap struct {
	APIVersion string `yaml:"apiVersion"`
	Kind       string
	Metadata   metadata
	Data       map[string]string
}

// TestDashboardMaps: the ConfigMaps have the dashboards. With -update they are rewritten.
func TestDashboardMaps(t *testing.T) {
	want := []byte("# Made of dashboards/grafana; go test ./dashboards/example -update rewrites it.\n")
	for _, name := range []string{"fleet", "server"} {
		var text bytes.Buffer
		if err := json.Compact(&text, read(t, filepath.Join("../grafana", name+".json"))); err != nil {
			t.Fatal(err)
		}
		want = append(want, `---
apiVersion: v1
kind: ConfigMap
metadata:
  name: rasphone-dashboard-`+name+`
  labels: {grafana_dashboard: "1"}
data:
  rasphone-`+name+`.json: |-
    `...)
		want = append(want, text.Bytes()...)
		want = append(want, '\n')
	}
	if *update {
		if err := os.WriteFile(dashboardMaps, want, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff(string(want), string(read(t, dashboardMaps))); diff != "" {
		t.Errorf("%s differs from the dashboards; run this test with -update:\n%s", dashboardMaps, diff)
	}
	var fleet, server configMap
	decode(t, dashboardMaps, &fleet, &server)
	for _, m := range []configMap{fleet, server} {
		for name, text := range m.Data {
			if m.Kind != "ConfigMap" || m.Metadata.Labels["grafana_dashboard"] != "1" || !json.Valid([]byte(text)) {
				t.Errorf("%s: %v has no valid dashboard %s", m.Kind, m.Metadata, name)
			}
		}
	}
}

// TestOperatorSelects: the objects of the Prometheus Operator have the label that
// kube-prometheus-stack selects by.
func TestOperatorSelects(t *testing.T) {
	var rule object[any]
	var probes, own object[scrapeConfig]
	decode(t, prometheusRule, &rule)
	decode(t, "kubernetes/scrapeconfig.yaml", &probes, &own)
	for _, m := range []metadata{rule.Metadata, probes.Metadata, own.Metadata} {
		if m.Labels["release"] != "kube-prometheus-stack" {
			t.Errorf("%s has the labels %v", m.Name, m.Labels)
		}
	}
}
