package report

import "github.com/rasphone-exporter/rasphone_exporter/smbprobe"

func newEventlog(e *smbprobe.EventlogResult) Eventlog {
	log := Eventlog{
		Readable: e.Readable, Status: statusText(e.Status), Error: e.Error,
		Records: e.Records, Oldest: inUTC(e.Oldest), Newest: inUTC(e.Newest), SizeBytes: e.Size,
	}
	if e.Readable == nil || !*e.Readable {
		return log // nothing is known of its content
	}
	log.FailuresForgotten = &e.Forgotten
	log.Windows = each(e.Windows, newWindow)
	log.LastFailures = each(e.LastFailures, func(f smbprobe.LastFailure) LastFailure {
		return LastFailure{Entry: f.Entry, Code: f.Code, At: f.At.UTC()}
	})
	log.Companions = each(e.RelatedEvents, func(c smbprobe.RelatedEvent) Companion {
		return Companion{At: c.At.UTC(), Text: c.Text}
	})
	return log
}

func newWindow(w smbprobe.WindowResult) Window {
	window := Window{Window: w.Label, DurationSeconds: w.Duration.Seconds(), Failures: w.Failures, Covered: w.Covered}
	if w.Failures == nil {
		return window
	}
	window.ByError = make([]FailureCount, len(w.ByError))
	for i, c := range w.ByError {
		known, _ := lookup(c.Code)
		window.ByError[i] = FailureCount{Entry: c.Entry, Code: c.Code, Error: c.Error, Meaning: known.Meaning, Failures: c.N}
	}
	return window
}
