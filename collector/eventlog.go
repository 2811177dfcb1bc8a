package collector

import (
	"time"

	"github.com/rasphone-exporter/rasphone_exporter/smbprobe"
)

// eventlogFamilies are the metrics of the event log and of the failures to dial that
// it tells of. All times are by the server's clock.
func eventlogFamilies() []family {
	return []family{
		{
			name: "rasphone_eventlog_readable",
			help: "1: the event log was read over RPC, 0: it could not be, though the login stood; absent without a login.",
			values: func(r *smbprobe.Result, out *samples) {
				if readable := r.Eventlog.Readable; readable != nil {
					out.add(one(*readable))
				}
			},
		},
		{
			name:   "rasphone_dialup_failures",
			help:   "Events 4106, failures to dial, in the window that ends now; absent where the log was not read, or more events were logged than are remembered.",
			labels: []string{"window"},
			values: func(r *smbprobe.Result, out *samples) {
				for _, w := range r.Eventlog.Windows {
					if w.Failures != nil {
						out.add(float64(*w.Failures), w.Label)
					}
				}
			},
		},
		{
			name:   "rasphone_dialup_failures_by_error",
			help:   "The same, split by phone book entry and error; the 20 pairs with the most events, the rest as other.",
			labels: []string{"window", "entry", "code", "error"},
			values: func(r *smbprobe.Result, out *samples) {
				for _, w := range r.Eventlog.Windows {
					for _, c := range w.ByError {
						out.add(float64(c.N), w.Label, c.Entry, c.Code, c.Error)
					}
				}
			},
		},
		{
			name:   "rasphone_dialup_last_failure_timestamp_seconds",
			help:   "When a dial-up connection last failed, of the events inside the largest window.",
			labels: []string{"entry", "code"},
			values: func(r *smbprobe.Result, out *samples) {
				for _, f := range r.Eventlog.LastFailures {
					out.add(unixSeconds(f.At), f.Entry, f.Code)
				}
			},
		},
		{
			name:   "rasphone_dialup_window_covered",
			help:   "1: the log's oldest record is at or before the window's start, so that no failure in it is missing. 0: no failures prove nothing.",
			labels: []string{"window"},
			values: func(r *smbprobe.Result, out *samples) {
				for _, w := range r.Eventlog.Windows {
					out.add(one(w.Covered), w.Label)
				}
			},
		},
		{
			name: "rasphone_eventlog_records",
			help: "Records in the event log.",
			values: func(r *smbprobe.Result, out *samples) {
				if n := r.Eventlog.Records; n != nil {
					out.add(float64(*n))
				}
			},
		},
		{
			name:   "rasphone_eventlog_oldest_record_timestamp_seconds",
			help:   "Time of the oldest record in the event log.",
			values: func(r *smbprobe.Result, out *samples) { sendTime(out, r.Eventlog.Oldest) },
		},
		{
			name:   "rasphone_eventlog_newest_record_timestamp_seconds",
			help:   "Time of the newest record in the event log.",
			values: func(r *smbprobe.Result, out *samples) { sendTime(out, r.Eventlog.Newest) },
		},
		{
			name: "rasphone_eventlog_size_bytes",
			help: "Size of the event log's file, with room that no record fills yet; absent where it could not be asked.",
			values: func(r *smbprobe.Result, out *samples) {
				if size := r.Eventlog.Size; size != nil {
					out.add(float64(*size))
				}
			},
		},
		{
			name: "rasphone_eventlog_records_unreadable",
			help: "Records since the start of the largest window that could not be decoded; windows that they may lie in are absent if they may be failures.",
			values: func(r *smbprobe.Result, out *samples) {
				if readable := r.Eventlog.Readable; readable != nil && *readable {
					out.add(float64(r.Eventlog.Unreadable))
				}
			},
		},
		{
			name: "rasphone_eventlog_failures_forgotten",
			help: "1: there were more failures in the largest window than the 16384 that are remembered, and the windows that reach beyond those are absent.",
			values: func(r *smbprobe.Result, out *samples) {
				if readable := r.Eventlog.Readable; readable != nil && *readable {
					out.add(one(r.Eventlog.Forgotten))
				}
			},
		},
	}
}

func sendTime(out *samples, t *time.Time) {
	if t != nil {
		out.add(unixSeconds(*t))
	}
}
