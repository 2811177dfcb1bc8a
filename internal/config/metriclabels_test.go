package config_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/rasphone-exporter/rasphone_exporter/collector"
	"github.com/rasphone-exporter/rasphone_exporter/internal/config"
)

// TestLabelsOfMetricsAreTaken: a target's label that a metric has as well would be
// renamed by Prometheus, and no rule would find it.
func TestLabelsOfMetricsAreTaken(t *testing.T) {
	var taken []string
	for _, m := range collector.Metrics() {
		if !m.OwnMetric {
			taken = append(taken, m.Labels...)
		}
	}
	const text = "auths: {a: {username: u, password: p}}\ntargets:\n  - {hosts: [h], auth: a, labels: {%s: x}}\n"
	for _, label := range append(taken, "site") {
		_, err := config.Parse("rasphone.yml", fmt.Appendf(nil, text, label), nil)
		refused := err != nil && strings.Contains(err.Error(), "own metrics")
		if refused != slices.Contains(taken, label) {
			t.Errorf("label %s: %v", label, err)
		}
	}
}
