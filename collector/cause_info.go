package collector

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/diagnosis"
)

// causeInfo has a constant sample for each cause, from which alerts take their texts.
type causeInfo struct{ desc *prometheus.Desc }

func newCauseInfo(info MetricInfo) prometheus.Collector {
	return causeInfo{prometheus.NewDesc(info.Name, info.Help, info.Labels, nil)}
}

func (c causeInfo) Describe(ch chan<- *prometheus.Desc) { ch <- c.desc }

func (c causeInfo) Collect(ch chan<- prometheus.Metric) {
	known := diagnosis.Known()
	for i := range known {
		k := &known[i]
		ch <- gauge(c.desc, 1, []string{k.Name, k.Title, k.Fix(), k.Name})
	}
}
