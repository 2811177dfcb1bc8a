package web

import (
	"fmt"
	"maps"
	"slices"
	"time"
)

// notice is something about the exporter itself that a reader of the first page has to know.
type notice struct {
	Text  string
	Holds []holdNotice
}

// holdNotice is an auth whose logins are held back.
type holdNotice struct {
	Auth string
	Text string // until when, and on how many servers
}

// notices returns those that are true now.
func (s *Server) notices(all []*row, now time.Time) []notice {
	var shown []notice
	if s.options.ConfigProblem != nil {
		if at, err := s.options.ConfigProblem(); err != nil {
			shown = append(shown, notice{Text: fmt.Sprintf("An older configuration is in force: the one that was loaded %s ago was refused. %s", span(now.Sub(at)), err)})
		}
	}
	if text := s.silence(all, now); text != "" {
		shown = append(shown, notice{Text: text})
	}
	if holds := holdNotices(all, now); len(holds) > 0 {
		shown = append(shown, notice{Text: "Logins are held back, so that accounts are not locked. Correct the accounts first.", Holds: holds})
	}
	return shown
}

// silence reports that nothing is probed at all: every result is stale, or there is none although
// the exporter has run for a while.
func (s *Server) silence(all []*row, now time.Time) string {
	var last time.Time
	for _, r := range all {
		switch {
		case r.result == nil:
		case r.state != stateStale:
			return ""
		case r.result.Started.After(last):
			last = r.result.Started
		}
	}
	if last.IsZero() { // none was probed
		if last = s.started; len(all) == 0 || now.Sub(last) < staleAtFirst {
			return ""
		}
	}
	return fmt.Sprintf("Nothing has been probed for %s. The exporter probes when Prometheus asks: see that Prometheus runs and reaches it.", span(now.Sub(last)))
}

// holdNotices reports the auths whose logins are held back.
func holdNotices(all []*row, now time.Time) []holdNotice {
	type hold struct {
		targets     int
		first, last time.Time
	}
	holds := map[string]*hold{}
	for _, r := range all {
		if !r.until.After(now) {
			continue
		}
		h := holds[r.auth]
		if h == nil {
			h = &hold{first: r.until, last: r.until}
			holds[r.auth] = h
		}
		h.targets++
		if r.until.Before(h.first) {
			h.first = r.until
		}
		if r.until.After(h.last) {
			h.last = r.until
		}
	}
	var shown []holdNotice
	for _, auth := range slices.Sorted(maps.Keys(holds)) {
		h := holds[auth]
		until := h.last.UTC().Format("15:04")
		if first := h.first.UTC().Format("15:04"); first != until {
			until = first + " to " + until
		}
		shown = append(shown, holdNotice{auth, fmt.Sprintf("until %s UTC, on %s", until, number(h.targets, "server"))})
	}
	return shown
}
