package collector

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/common/version"

	"github.com/rasphone-exporter/rasphone_exporter/smbprobe"
)

// Rejection is a reason for turning a request for a probe away. Its values are
// labels: final.
type Rejection string

// The reasons.
const (
	RejectedNotAllowed Rejection = "not_allowed" // the target does not stand in the configuration
	RejectedBadRequest Rejection = "bad_request" // a parameter or header is wrong
	RejectedOverloaded Rejection = "overloaded"  // no place for the probe within the request's time
	RejectedDraining   Rejection = "draining"    // the exporter is about to end
)

// Rejections returns every reason.
func Rejections() []Rejection {
	return []Rejection{RejectedNotAllowed, RejectedBadRequest, RejectedOverloaded, RejectedDraining}
}

// Exporter holds the exporter's own metrics. Its methods may be called from
// several goroutines.
type Exporter struct {
	registry  *prometheus.Registry
	info      *prometheus.GaugeVec
	succeeded prometheus.Counter
	failed    prometheus.Counter
	duration  prometheus.Histogram
	inFlight  prometheus.Gauge
	reused    prometheus.Counter
	rejected  *prometheus.CounterVec
	reloadOK  prometheus.Gauge
	reloaded  prometheus.Gauge
}

// Counts are figures that the exporter's own metrics ask for at each scrape. All
// are needed, and may be called from several goroutines.
type Counts struct {
	Targets            func() int // hosts that service discovery lists
	LoginsHeldBack     func() int
	EventlogsForgotten func() int // since the start
}

// NewExporter makes the exporter's own metrics, on a registry of their own that
// holds those of the Go runtime and of the process as well. The configuration
// was loaded at the time given.
func NewExporter(configLoaded time.Time, counts Counts) *Exporter {
	own := ownMetrics()
	e := &Exporter{
		registry: prometheus.NewRegistry(),
		duration: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: own.probeDuration.Name, Help: own.probeDuration.Help,
			Buckets: []float64{.01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 20, 30, 60},
		}),
		info:     prometheus.NewGaugeVec(own.info.gaugeOpts(), own.info.Labels),
		inFlight: prometheus.NewGauge(own.probesInFlight.gaugeOpts()),
		reused:   prometheus.NewCounter(own.resultsReused.counterOpts()),
		rejected: prometheus.NewCounterVec(own.probesRejected.counterOpts(), own.probesRejected.Labels),
		reloadOK: prometheus.NewGauge(own.reloadSuccessful.gaugeOpts()),
		reloaded: prometheus.NewGauge(own.reloadTimestamp.gaugeOpts()),
	}
	probes := prometheus.NewCounterVec(own.probes.counterOpts(), own.probes.Labels)
	e.succeeded = probes.WithLabelValues("success")
	e.failed = probes.WithLabelValues("failure")
	for _, r := range Rejections() {
		e.rejected.WithLabelValues(string(r))
	}
	e.ConfigLoaded(configLoaded)

	targets := prometheus.NewGaugeFunc(own.targets.gaugeOpts(), func() float64 { return float64(counts.Targets()) })
	heldBackGauge := prometheus.NewGaugeFunc(own.loginsHeldBack.gaugeOpts(), func() float64 { return float64(counts.LoginsHeldBack()) })
	forgotten := prometheus.NewCounterFunc(own.logsForgotten.counterOpts(), func() float64 { return float64(counts.EventlogsForgotten()) })
	e.registry.MustRegister(
		newBuildInfo(own.buildInfo), e.info, targets, probes, e.duration, e.inFlight, e.reused, heldBackGauge, forgotten, e.rejected, e.reloadOK, e.reloaded,
		newCauseInfo(own.causeInfo), collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
	)
	return e
}

// Registry returns the registry that /metrics shows.
func (e *Exporter) Registry() *prometheus.Registry { return e.registry }

// SetURL announces where the exporter's pages are: an http or https URL without a final
// slash. Empty: that is not known.
func (e *Exporter) SetURL(url string) {
	e.info.Reset()
	if url != "" {
		e.info.WithLabelValues(url).Set(1)
	}
}

// ProbeStarted counts a probe as running. ProbeEnded must follow.
func (e *Exporter) ProbeStarted() { e.inFlight.Inc() }

// ProbeEnded counts a probe that ProbeStarted counted, by its result and the time it took.
func (e *Exporter) ProbeEnded(r *smbprobe.Result, took time.Duration) {
	e.inFlight.Dec()
	e.duration.Observe(took.Seconds())
	if r.Success {
		e.succeeded.Inc()
	} else {
		e.failed.Inc()
	}
}

// ResultReused counts a request that got the result of a probe before it.
func (e *Exporter) ResultReused() { e.reused.Inc() }

// ProbeRejected counts a request for a probe that was turned away.
func (e *Exporter) ProbeRejected(why Rejection) { e.rejected.WithLabelValues(string(why)).Inc() }

// ConfigLoaded notes that a configuration was loaded at a time, and is in force.
func (e *Exporter) ConfigLoaded(at time.Time) {
	e.reloadOK.Set(1)
	e.reloaded.Set(unixSeconds(at))
}

// ConfigFailed notes that loading a configuration failed: the one before stays in force.
func (e *Exporter) ConfigFailed() { e.reloadOK.Set(0) }

func newBuildInfo(info MetricInfo) prometheus.Collector {
	opts := info.gaugeOpts()
	opts.ConstLabels = prometheus.Labels{
		"version":   version.Version,
		"revision":  version.GetRevision(),
		"branch":    version.Branch,
		"goversion": version.GoVersion,
		"goos":      version.GoOS,
		"goarch":    version.GoArch,
		"tags":      version.GetTags(),
	}
	return prometheus.NewGaugeFunc(opts, func() float64 { return 1 })
}

func (m MetricInfo) gaugeOpts() prometheus.GaugeOpts {
	return prometheus.GaugeOpts{Name: m.Name, Help: m.Help}
}

func (m MetricInfo) counterOpts() prometheus.CounterOpts {
	return prometheus.CounterOpts{Name: m.Name, Help: m.Help}
}
