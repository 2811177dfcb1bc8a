package prober

import (
	"sync"
	"time"

	"github.com/rasphone-exporter/rasphone_exporter/smbprobe"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/smb"
)

// maxTrace is how many lines a trace has at most.
const maxTrace = 500

// usualTrace is how many lines the trace of a probe with every check has, usualKeptTrace that
// of one on a kept session.
const (
	usualTrace     = 80
	usualKeptTrace = 32
)

// usualSteps is how many steps a probe with every check has.
const usualSteps = 9

// recorder records how long the steps of a probe took and what happened.
type recorder struct {
	started time.Time

	mu    sync.Mutex // guards the fields below: connections log from goroutines of their own
	steps []smbprobe.StepResult
	trace smbprobe.Trace
	cut   bool
}

// newRecorder returns a recorder with memory for a trace of so many lines.
func newRecorder(lines int) *recorder {
	return &recorder{started: time.Now(), trace: make(smbprobe.Trace, 0, lines)}
}

// step runs a step of the probe and records how long it took. If a step runs again, its
// times add up.
func (r *recorder) step(s smbprobe.Step, do func() error) error {
	begin := time.Now()
	err := do()
	result := smbprobe.StepResult{Step: s, Start: begin.Sub(r.started), Duration: time.Since(begin)}
	if err != nil {
		result.Error = errorText(err)
		r.logf("%s: %v", s, err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for i := range r.steps {
		if r.steps[i].Step == s {
			result.Start = r.steps[i].Start
			result.Duration += r.steps[i].Duration
			r.steps[i] = result
			return err
		}
	}
	if r.steps == nil {
		r.steps = make([]smbprobe.StepResult, 0, usualSteps)
	}
	r.steps = append(r.steps, result)
	return err
}

// takeSteps returns the steps of an abandoned attempt, and forgets them.
func (r *recorder) takeSteps() []smbprobe.StepResult {
	r.mu.Lock()
	defer r.mu.Unlock()
	steps := r.steps
	r.steps = nil
	return steps
}

// putSteps restores steps that takeSteps returned.
func (r *recorder) putSteps(steps []smbprobe.StepResult) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.steps = steps
}

// record adds an event to the trace, with the time since the probe began.
func (r *recorder) record(e smb.Event) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.cut {
		return
	}
	if len(r.trace) == maxTrace {
		r.cut = true
		e = smb.Event{Text: "the trace ends here, at %d lines", Args: []any{maxTrace}}
	}
	r.trace = append(r.trace, smbprobe.TraceEvent{At: time.Since(r.started), Event: e})
}

func (r *recorder) logf(format string, args ...any) { smb.Trace(r.record).Logf(format, args...) }

// finish copies what was recorded into the result.
func (r *recorder) finish(result *smbprobe.Result) {
	r.mu.Lock()
	defer r.mu.Unlock()
	result.Started, result.Duration = r.started, time.Since(r.started)
	result.Steps, result.Trace = r.steps, r.trace
}
