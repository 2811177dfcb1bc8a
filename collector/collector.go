// Package collector turns the result of a probe into metrics, and keeps the
// exporter's own. Every metric name, help and label is in this package; nothing
// here does I/O.
package collector

import (
	"slices"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/rasphone-exporter/rasphone_exporter/smbprobe"
)

// family is one gauge of /probe. Its values function adds nothing if the Result does not
// know the value.
type family struct {
	name   string
	help   string
	labels []string
	values func(r *smbprobe.Result, out *samples)
}

// families are all gauges of /probe, in the order of the documentation.
var families = slices.Concat(probeFamilies(), shareFamilies(), phonebookFamilies(), eventlogFamilies(),
	registryFamilies(), serviceFamilies(), serverFamilies(), diagnosisFamilies())

// New returns a collector of the metrics of one probe. It reads r, which must not
// be nil, and does nothing else: no I/O, and no way to panic. Append writes the same
// metrics as text without a registry.
func New(r *smbprobe.Result) prometheus.Collector {
	c := &resultCollector{result: r, descs: make([]*prometheus.Desc, len(families))}
	for i, f := range families {
		c.descs[i] = prometheus.NewDesc(f.name, f.help, f.labels, nil)
	}
	return c
}

type resultCollector struct {
	result *smbprobe.Result
	descs  []*prometheus.Desc // of families, by index
}

// Describe sends every description, even of metrics that the Result has no value for.
func (c *resultCollector) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range c.descs {
		ch <- d
	}
}

// Collect sends what the Result knows.
func (c *resultCollector) Collect(ch chan<- prometheus.Metric) {
	for i, f := range families {
		s := samples{order: identity(len(f.labels))}
		f.values(c.result, &s)
		s.sort()
		for _, sample := range s.all {
			ch <- gauge(c.descs[i], sample.value, slices.Clone(s.labelsOf(sample)))
		}
	}
}

func identity(n int) []int {
	order := make([]int, n)
	for i := range order {
		order[i] = i
	}
	return order
}

// gauge makes one sample.
func gauge(d *prometheus.Desc, value float64, labels []string) prometheus.Metric {
	m, err := prometheus.NewConstMetric(d, prometheus.GaugeValue, value, labels...)
	if err != nil {
		return prometheus.NewInvalidMetric(d, err)
	}
	return m
}

// one is 1 for true.
func one(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

// stateSet adds every state, 1 for the one that holds. A state that is not in the list
// (a Result that nothing was written to) counts as fallback, so that exactly one is 1 in
// any case.
func stateSet[S ~string](out *samples, all []S, now, fallback S) {
	if !slices.Contains(all, now) {
		now = fallback
	}
	for _, s := range all {
		out.add(one(s == now), string(s))
	}
}
