package main

import (
	"context"
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/rasphone-exporter/rasphone_exporter/internal/config"
	"github.com/rasphone-exporter/rasphone_exporter/internal/report"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe"
)

// verdictLog logs results: one line at info for each change of a target's verdict, and every
// probe at debug. The first result counts as a change unless it is OK: after a start the log
// has what is wrong.
type verdictLog struct {
	mu   sync.Mutex
	last map[probed]smbprobe.Verdict
}

// probed is a target and the module that it was probed with.
type probed struct{ target, module string }

func (v *verdictLog) log(logger *slog.Logger, r *smbprobe.Result) {
	verdict := r.Verdict()
	if before, changed := v.change(probed{r.Target, r.Module}, verdict); changed {
		logger.Info("Verdict changed", "target", r.Target, "module", r.Module, "verdict", verdict.String(), "before", before,
			"causes", causeNames(r), "why", report.Headline(r))
	}
	if !logger.Enabled(context.Background(), slog.LevelDebug) {
		return // spares the texts
	}
	logger.Debug("Probed", "target", r.Target, "module", r.Module, "verdict", verdict.String(), "success", r.Success,
		"duration", r.Duration.Round(time.Millisecond).String(), "share", r.Share, "phonebook", r.Phonebook.State,
		"causes", causeNames(r), "why", report.Headline(r))
}

// change records a verdict, and returns the one before if it was another.
func (v *verdictLog) change(of probed, now smbprobe.Verdict) (before string, changed bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	last, known := v.last[of]
	if v.last == nil {
		v.last = map[probed]smbprobe.Verdict{}
	}
	v.last[of] = now
	if !known {
		return "none", now != smbprobe.VerdictOK
	}
	return last.String(), last != now
}

// forget drops the verdicts of targets that a configuration does not have.
func (v *verdictLog) forget(c *config.Config) {
	v.mu.Lock()
	defer v.mu.Unlock()
	for of := range v.last {
		if _, err := c.Target(of.target, of.module); err != nil {
			delete(v.last, of)
		}
	}
}

// causeNames returns the names of all causes, the worst first.
func causeNames(r *smbprobe.Result) string {
	names := make([]string, len(r.Causes))
	for i := range r.Causes {
		names[i] = r.Causes[i].Name
	}
	return strings.Join(names, ",")
}
