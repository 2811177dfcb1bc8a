package smbprobe

import (
	"fmt"
	"time"

	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/smb"
)

// Trace is what happened in a probe, for a person. Few traces are read, so the lines are
// formatted by Lines.
type Trace []TraceEvent

// TraceEvent is one line of a trace.
type TraceEvent struct {
	At    time.Duration // since the probe began
	Event smb.Event
}

func (e TraceEvent) String() string {
	return fmt.Sprintf("%9.3f ms  %s", float64(e.At.Microseconds())/1000, e.Event)
}

// Lines returns the trace as text. A line may hold line breaks and what a server sent.
func (t Trace) Lines() []string {
	lines := make([]string, len(t))
	for i, e := range t {
		lines[i] = e.String()
	}
	return lines
}
