package web

import (
	"errors"
	"html/template"
	"net/http"
	"time"

	"github.com/rasphone-exporter/rasphone_exporter/internal/config"
	"github.com/rasphone-exporter/rasphone_exporter/internal/report"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe"
)

// targetPage is the data of a target's page.
type targetPage struct {
	head
	Now    time.Time
	Target string
	Module string
	Query  template.URL // of /probe
	Result *smbprobe.Result
	Since  time.Time

	// What follows is zero if Result is nil: it was not probed yet.
	Verdict        smbprobe.Verdict
	Level          string // class in the style sheet, of the verdict
	NoAnswer       string // see report.NoAnswer
	ShareLevel     string
	PhonebookLevel string
	Broken         bool // as of a row
	Checked        bool // the phone book was read and checked; else nothing is known of its contents
	Findings       []finding
	More           []moreFindings
	Dialed         []dialedEntry
	Events         events
	Causes         []cause // the one that explains most first
	HostFacts      []fact
	ShareFacts     []fact
	LogFacts       []fact
	Services       []service
	Registry       registry
}

// missingPage is the data of the page of an unknown target.
type missingPage struct {
	head
	Target string
	Module string
}

// serveTarget shows the last result of one target. It never probes and
// never resolves a name.
func (s *Server) serveTarget(w http.ResponseWriter, r *http.Request) {
	values, err := parseQuery(r.URL.RawQuery, "/target", "target", "module")
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	asked := flightKey{values.Get("target"), values.Get("module")}
	key, configured, err := s.find(asked)
	if err != nil {
		s.fail(w, "cannot look the target up in the configuration", err)
		return
	}
	entry, probed := s.history.get(key)
	if !configured && !probed {
		s.writePage(w, http.StatusNotFound, "missing.html", missingPage{newHead("Not found"), asked.target, asked.module})
		return
	}
	s.writePage(w, http.StatusOK, "target.html", newTargetPage(key, entry, s.options.Now()))
}

// find returns the key under which a target's results are remembered: the name as the
// configuration spells it, and the target's first module if the request names none. What
// the configuration does not have (any more) is looked for as the request spells it.
func (s *Server) find(asked flightKey) (key flightKey, configured bool, err error) {
	t, err := s.options.Config().Target(asked.target, asked.module)
	switch {
	case errors.Is(err, config.ErrNotAllowed), errors.Is(err, config.ErrModuleNotAllowed), errors.Is(err, config.ErrUnknownModule), errors.Is(err, config.ErrBadTarget):
		return asked, false, nil
	case err != nil:
		return flightKey{}, false, err
	}
	return flightKey{t.Name, t.Module.Name}, true, nil
}

func newTargetPage(key flightKey, entry remembered, now time.Time) targetPage {
	p := targetPage{
		head: newHead(key.target + " · rasphone_exporter"), Now: now,
		Target: key.target, Module: key.module, Query: key.query(),
		Result: entry.result, Since: entry.since,
	}
	r := entry.result
	if r == nil {
		return p
	}
	p.Verdict = r.Verdict()
	p.Level, p.ShareLevel, p.PhonebookLevel = verdictLevel(p.Verdict), shareLevel(r), phonebookLevel(r)
	p.NoAnswer = report.NoAnswer(r)
	p.Broken = broken(&r.Phonebook)
	p.Checked = r.Phonebook.Intact != nil
	p.Findings, p.More = newFindings(&r.Phonebook)
	p.Dialed = newDialed(r.Phonebook.Dialed)
	p.Events = newEvents(&r.Eventlog)
	p.Causes = newCauses(r.Causes)
	p.HostFacts, p.ShareFacts, p.LogFacts = hostFacts(r), shareFacts(r), logFacts(r)
	p.Services = newServices(r.Services)
	p.Registry = newRegistry(&r.Registry)
	return p
}
