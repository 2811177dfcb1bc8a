package fleet

import (
	"time"

	"github.com/rasphone-exporter/rasphone_exporter/smbprobe"
)

const (
	smallLog = 64 << 10
	week     = 7 * 24 * 3600 // seconds
)

// logKinds are servers whose event log does not tell all.
func logKinds() []kind {
	return []kind{
		{
			name: "log-overwritten", site: munich, options: nt4(),
			summary: "a small log with so many events that it holds less than an hour",
			diary:   diaryPlan{maxSize: smallLog, every: 5 * time.Second, history: 3 * time.Hour},
			want: sound(smbprobe.VerdictOK).with(
				`rasphone_dialup_window_covered{window="15m"} 1`,
				`rasphone_dialup_window_covered{window="1h"} 0`,
				`rasphone_dialup_window_covered{window="24h"} 0`,
			),
		},
		{
			name: "log-full", site: berlin, options: nt4(),
			summary: "the log is full, keeps its events for a week, and drops new ones",
			diary: diaryPlan{
				maxSize: 2 * smallLog, keep: week, every: 3 * time.Minute, history: 48 * time.Hour,
				stopped: 2 * time.Hour,
				renew:   48 * time.Hour, // before the first is a week old
			},
			want: sound(smbprobe.VerdictWarning, "warning event_log_full").with(
				"rasphone_eventlog_retention_seconds 604800",
				"rasphone_eventlog_max_size_bytes 131072",
			),
		},
	}
}
