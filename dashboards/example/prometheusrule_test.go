package example_test

import (
	"bytes"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v3"
)

const prometheusRule = "kubernetes/prometheusrule.yaml"

func ruleFiles() []string { return []string{"../rules/recording.yml", "../rules/alerts.yml"} }

// TestPrometheusRule: the rules for the operator are those of the rule files. With -update
// they are rewritten.
func TestPrometheusRule(t *testing.T) {
	want := []byte(`# Made of dashboards/rules; go test ./dashboards/example -update rewrites it.
apiVersion: monitoring.coreos.com/v1
kind: PrometheusRule
metadata:
  name: rasphone
  labels: {release: kube-prometheus-stack} # the name of its Helm release
spec:
  groups:
`)
	type groups []map[string]any
	var all groups
	for _, file := range ruleFiles() {
		text := read(t, file)
		var rules struct{ Groups groups }
		if err := yaml.Unmarshal(text, &rules); err != nil {
			t.Fatal(err)
		}
		if len(rules.Groups) == 0 {
			t.Fatalf("%s has no groups", file)
		}
		all = append(all, rules.Groups...)
		_, list, ok := bytes.Cut(text, []byte("\ngroups:\n"))
		if !ok {
			t.Fatalf("%s has no line groups:", file)
		}
		for line := range strings.Lines(string(list)) {
			if line != "\n" {
				line = "  " + line
			}
			want = append(want, line...)
		}
	}
	if *update {
		if err := os.WriteFile(prometheusRule, want, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff(string(want), string(read(t, prometheusRule))); diff != "" {
		t.Errorf("%s differs from the rules; run this test with -update:\n%s", prometheusRule, diff)
	}
	var made struct {
		APIVersion string `yaml:"apiVersion"`
		Kind       string
		Metadata   metadata
		Spec       struct{ Groups groups }
	}
	decode(t, prometheusRule, &made)
	if diff := cmp.Diff(all, made.Spec.Groups); diff != "" {
		t.Errorf("the indentation changed the rules:\n%s", diff)
	}
}
