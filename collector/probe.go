package collector

import "github.com/rasphone-exporter/rasphone_exporter/smbprobe"

// probeFamilies are the metrics of the probe itself.
func probeFamilies() []family {
	return []family{
		{
			name: "probe_success",
			help: "1: the server gave a definite answer, good or bad, to every enabled check. This is no verdict on the server: " +
				"a refused login or a missing share is an answer as well.",
			values: func(r *smbprobe.Result, out *samples) { out.add(one(r.Success)) },
		},
		{
			name:   "probe_duration_seconds",
			help:   "How long the probe took.",
			values: func(r *smbprobe.Result, out *samples) { out.add(r.Duration.Seconds()) },
		},
		{
			name: "rasphone_probe_timeout_seconds",
			help: "The time that the probe had.",
			values: func(r *smbprobe.Result, out *samples) {
				if r.Timeout > 0 {
					out.add(r.Timeout.Seconds())
				}
			},
		},
		{
			name: "rasphone_probe_timestamp_seconds",
			help: "When the probe began whose result this is: a request within the module's min_interval gets the last result again.",
			values: func(r *smbprobe.Result, out *samples) {
				if !r.Started.IsZero() {
					out.add(unixSeconds(r.Started))
				}
			},
		},
		{
			name:   "rasphone_probe_step_duration_seconds",
			help:   "How long each step took; a step that was not begun is absent.",
			labels: []string{"step"},
			values: sendSteps,
		},
		{
			name:   "rasphone_auth_info",
			help:   "Always 1; auth is the name of the account's section in the configuration, for grouping alerts.",
			labels: []string{"auth"},
			values: func(r *smbprobe.Result, out *samples) {
				if r.Auth != "" {
					out.add(1, r.Auth)
				}
			},
		},
		{
			name: "rasphone_probe_round_trips",
			help: "Requests that had to wait for an answer one after another, connecting included; absent where no step was begun.",
			values: func(r *smbprobe.Result, out *samples) {
				if len(r.Steps) > 0 {
					out.add(float64(r.RoundTrips))
				}
			},
		},
	}
}

// sendSteps sends each step once: the times of a step that was begun again add up.
func sendSteps(r *smbprobe.Result, out *samples) {
	var order []smbprobe.Step
	seconds := map[smbprobe.Step]float64{}
	for _, s := range r.Steps {
		if _, again := seconds[s.Step]; !again {
			order = append(order, s.Step)
		}
		seconds[s.Step] += s.Duration.Seconds()
	}
	for _, s := range order {
		out.add(seconds[s], string(s))
	}
}
