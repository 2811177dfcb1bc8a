// Package collector turns what a probe learnt into metrics, and keeps the
// exporter's own. Every metric name, help and label is in this package; nothing
// here does I/O.
package collector

import (
	"slices"
	"strings"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/rasphone-exporter/rasphone_exporter/smbprobe"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/smb"
)

// family is one gauge of /probe. Its values function sends nothing where the
// Result does not know the value.
type family struct {
	name   string
	help   string
	labels []string
	values func(r *smbprobe.Result, send send)
}

// send takes one value, and the values of the family's labels in their order.
type send func(value float64, labels ...string)

// families returns every gauge of /probe, in the order of the documentation.
func families() []family {
	return slices.Concat(probeFamilies(), shareFamilies(), phonebookFamilies(), eventlogFamilies(),
		registryFamilies(), serviceFamilies(), serverFamilies(), diagnosisFamilies())
}

// New makes a collector of the metrics of one probe. It reads r, which must not
// be nil, and does nothing else: no I/O, and no way to panic.
func New(r *smbprobe.Result) prometheus.Collector {
	all := families()
	c := &resultCollector{result: r, families: all, descs: make([]*prometheus.Desc, len(all))}
	for i, f := range all {
		c.descs[i] = prometheus.NewDesc(f.name, f.help, f.labels, nil)
	}
	return c
}

type resultCollector struct {
	result   *smbprobe.Result
	families []family
	descs    []*prometheus.Desc // of families, by index
}

// Describe sends every description, whether the Result has a value for it or not.
func (c *resultCollector) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range c.descs {
		ch <- d
	}
}

// Collect sends what the Result knows. Label values are cleaned once more here,
// and label sets that are alike then are sent once: one that is not UTF-8, or
// stands twice, would cost the whole answer.
func (c *resultCollector) Collect(ch chan<- prometheus.Metric) {
	for i, f := range c.families {
		sent := make(map[string]bool)
		f.values(c.result, func(value float64, labels ...string) {
			clean := make([]string, len(labels))
			for j, l := range labels {
				clean[j] = smb.CleanText(l)
			}
			key := strings.Join(clean, "\x00")
			if !sent[key] {
				sent[key] = true
				ch <- gauge(c.descs[i], value, clean)
			}
		})
	}
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

// stateSet sends every state, 1 for the one that holds. A state that is not in
// the list (a Result that nothing was written to) counts as fallback, so that
// exactly one is 1 whatever comes.
func stateSet[S ~string](send send, all []S, now, fallback S) {
	if !slices.Contains(all, now) {
		now = fallback
	}
	for _, s := range all {
		send(one(s == now), string(s))
	}
}
