package web

import (
	"time"

	"github.com/rasphone-exporter/rasphone_exporter/smbprobe"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/diagnosis"
)

// state is what the pages show of a target, the least urgent first. A target has one.
type state uint8

const (
	stateOK state = iota
	stateNever
	stateStale // the last result is too old to tell anything
	stateWarning
	stateUnknown
	stateCritical
	states // how many there are
)

// stateInfo is how a state looks.
type stateInfo struct {
	Name  string // in URLs
	Text  string // in sentences
	Label string // in tables
	Mark  string
	Level string // class in the style sheet
	Color string // of the icon
}

var stateInfos = [states]stateInfo{
	stateOK:       {"ok", "OK", "OK", "✔", "good", "#1b7a34"},
	stateNever:    {"never", "never probed", "NOT PROBED", "–", "unclear", "#8a8a8a"},
	stateStale:    {"stale", "stale", "STALE", "◷", "unclear", "#7a6a00"},
	stateWarning:  {"warning", "warning", "WARNING", "▲", "warning", "#c46a00"},
	stateUnknown:  {"unknown", "unknown", "UNKNOWN", "?", "unclear", "#7a6a00"},
	stateCritical: {"critical", "critical", "CRITICAL", "✖", "bad", "#b3261e"},
}

func (s state) info() *stateInfo { return &stateInfos[min(s, states-1)] }

func (s state) Name() string  { return s.info().Name }
func (s state) Text() string  { return s.info().Text }
func (s state) Label() string { return s.info().Label }
func (s state) Mark() string  { return s.info().Mark }
func (s state) Level() string { return s.info().Level }

// folded reports whether the first page shows such targets only on demand.
func (s state) folded() bool { return s == stateOK || s == stateNever }

// parseState returns the state of a name in a URL.
func parseState(name string) (s state, known bool) {
	for s := range states {
		if s.Name() == name {
			return s, true
		}
	}
	return 0, false
}

func verdictState(v smbprobe.Verdict) state {
	switch v {
	case smbprobe.VerdictOK:
		return stateOK
	case smbprobe.VerdictWarning:
		return stateWarning
	case smbprobe.VerdictCritical:
		return stateCritical
	}
	return stateUnknown
}

// stale reports whether the last result is too old to tell anything.
func (s *snapshot) stale(now time.Time) bool {
	return now.Sub(s.result.Started) > s.staleAfter
}

// stateAt returns the state of a target that was probed.
func (s *snapshot) stateAt(now time.Time) state {
	if s.stale(now) {
		return stateStale
	}
	return verdictState(s.result.Verdict())
}

// knownCauses are the causes in the order of their numbers in an outcome, which begin at 1.
var knownCauses = diagnosis.Known()

// causeNumbers are the numbers of the causes in an outcome; 0: none, or one that is not known.
var causeNumbers = func() map[string]uint16 {
	numbers := make(map[string]uint16, len(knownCauses))
	for i, c := range knownCauses {
		numbers[c.Name] = uint16(i + 1)
	}
	return numbers
}()

// causeTitle returns the title of an outcome's cause, empty if it has none.
func (o outcome) causeTitle() string {
	if o.cause == 0 {
		return ""
	}
	return knownCauses[o.cause-1].Title
}
