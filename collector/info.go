package collector

// MetricInfo describes one metric, for documentation that is held against the code.
type MetricInfo struct {
	Name      string
	Type      string   // "gauge", "counter" or "histogram"
	Labels    []string // in their order
	Help      string
	OwnMetric bool // true: on /metrics, of the exporter; false: in the answer of /probe
}

// Metrics returns every metric of this package: those of /probe, then the
// exporter's own. Those of the Go runtime, of the process and of promhttp, which
// stand on /metrics as well, are not listed.
func Metrics() []MetricInfo {
	var list []MetricInfo
	for _, f := range families {
		list = append(list, MetricInfo{Name: f.name, Type: "gauge", Labels: f.labels, Help: f.help})
	}
	own := ownMetrics()
	return append(list,
		own.buildInfo, own.info, own.targets, own.probes, own.probeDuration, own.probesInFlight, own.resultsReused, own.loginsHeldBack, own.logsForgotten,
		own.probesRejected, own.reloadSuccessful, own.reloadTimestamp, own.causeInfo)
}

// ownInfo names the exporter's own metrics.
type ownInfo struct {
	buildInfo        MetricInfo
	targets          MetricInfo
	info             MetricInfo
	probes           MetricInfo
	probeDuration    MetricInfo
	probesInFlight   MetricInfo
	resultsReused    MetricInfo
	loginsHeldBack   MetricInfo
	logsForgotten    MetricInfo
	probesRejected   MetricInfo
	reloadSuccessful MetricInfo
	reloadTimestamp  MetricInfo
	causeInfo        MetricInfo
}

func ownMetrics() ownInfo {
	own := func(kind, name, help string, labels ...string) MetricInfo {
		return MetricInfo{Name: "rasphone_exporter_" + name, Type: kind, Labels: labels, Help: help, OwnMetric: true}
	}
	return ownInfo{
		buildInfo: own("gauge", "build_info", "Always 1; the labels say what the exporter was built from, and with.",
			"version", "revision", "branch", "goversion", "goos", "goarch", "tags"),
		targets: own("gauge", "targets", "Hosts that service discovery lists."),
		info: MetricInfo{
			Name: "rasphone_exporter_info", Type: "gauge", Labels: []string{"url"}, OwnMetric: true,
			Help: "Always 1; url is where the exporter's pages are, for links in alerts; absent without --web.external-address.",
		},
		probes: own("counter", "probes_total",
			"Probes that ended, by the value of their probe_success: result is success or failure.", "result"),
		probeDuration: own("histogram", "probe_duration_seconds", "How long probes took, without waiting for their turn."),
		probesInFlight: own("gauge", "probes_in_flight",
			"Probes that run now, without those that wait for their turn."),
		resultsReused: own("counter", "results_reused_total",
			"Requests that came within the module's min_interval after a probe, and got its result again."),
		loginsHeldBack: own("gauge", "logins_held_back",
			"Logins that are held back now, to keep accounts from being locked."),
		logsForgotten: own("counter", "eventlogs_forgotten_total",
			"Event logs whose memory gave way to that of another one; the next probe reads such a log afresh."),
		probesRejected: own("counter", "probes_rejected_total",
			"Requests for a probe that were turned away: reason is not_allowed, bad_request, overloaded or draining.", "reason"),
		reloadSuccessful: own("gauge", "config_last_reload_successful",
			"1: the last try to load the configuration succeeded. 0: it failed, and the configuration before it is in force."),
		reloadTimestamp: own("gauge", "config_last_reload_success_timestamp_seconds",
			"When the configuration in force was loaded."),
		causeInfo: MetricInfo{
			Name: "rasphone_cause_info", Type: "gauge", Labels: []string{"cause", "title", "fix", "runbook"}, OwnMetric: true,
			Help: "Always 1, for each cause that a probe can find: what it is in plain English, the first command (or step) that fixes it, and the name of its runbook. For the texts of alerts.",
		},
	}
}
