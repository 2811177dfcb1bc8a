package collector

import (
	"math"

	"github.com/rasphone-exporter/rasphone_exporter/smbprobe"
)

// registryFamilies are the metrics that rest on the server's registry.
func registryFamilies() []family {
	return []family{
		{
			name: "rasphone_eventlog_max_size_bytes",
			help: "Size that the event log may grow to, from the registry; absent where it is not known, or not set there.",
			values: func(r *smbprobe.Result, out *samples) {
				if n := r.Registry.LogMaxSize; n != nil && n.Set {
					out.add(float64(n.Value))
				}
			},
		},
		{
			name: "rasphone_eventlog_retention_seconds",
			help: "Age at which an event may be overwritten once the log is full, from the registry: 0: at any age, +Inf: never; " +
				"absent where it is not known, or not set there. A full log that may not overwrite drops new events.",
			values: func(r *smbprobe.Result, out *samples) {
				if n := r.Registry.LogRetention; n != nil && n.Set {
					out.add(retentionSeconds(n.Value))
				}
			},
		},
		{
			name: "rasphone_admin_share_automatic",
			help: "1: the server makes the administrative shares when it starts. 0: the registry says that they will not come back " +
				"at the next start; absent where that is not known.",
			values: func(r *smbprobe.Result, out *samples) {
				if automatic := r.AdminShareAutomatic(); automatic != nil {
					out.add(one(*automatic))
				}
			},
		},
	}
}

// retentionSeconds is a log's Retention; the largest number stands for never.
func retentionSeconds(value uint32) float64 {
	if value == math.MaxUint32 {
		return math.Inf(1)
	}
	return float64(value)
}
