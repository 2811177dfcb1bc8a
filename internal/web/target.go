package web

import (
	"cmp"
	"errors"
	"html/template"
	"net/http"
	"slices"
	"time"

	"github.com/rasphone-exporter/rasphone_exporter/internal/config"
	"github.com/rasphone-exporter/rasphone_exporter/internal/report"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe"
)

// targetPage is the data of a target's page.
type targetPage struct {
	frame
	Now    time.Time
	Target string
	Module string
	Site   string
	Query  template.URL // target and module
	State  state
	Result *smbprobe.Result // nil: not probed yet

	// What follows is zero if Result is nil.
	Last       state // that the last result has
	Since      time.Time
	StaleAfter time.Duration
	HeldBack   bool // logins are, now
	Headline   string
	About      string        // why it matters, or what is not known; may be empty
	Failed     []windowCount // calls in each window
	Do         []cause       // what to act on, the one that explains most first
	Also       []cause       // what is worth knowing

	Strip  strip
	Count  int // of its outcomes
	Probes []keptProbe
	Checks []check
	Facts  []fact
	Steps  waterfall
	Book   bookView
	Events eventsView

	Services []service
	Registry registry
}

// serveTarget shows the last result of one target. It never probes and
// never resolves a name.
func (s *Server) serveTarget(w http.ResponseWriter, r *http.Request) {
	values, err := parseQuery(r.URL.RawQuery, "/target", "target", "module")
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	key, snap, ok := s.lookUp(w, r, flightKey{values.Get("target"), values.Get("module")})
	if !ok {
		return
	}
	s.writePage(w, r, http.StatusOK, "target.html", s.newTargetPage(r, key, snap))
}

// lookUp finds what is remembered of a target. If the target is not known it answers, and is false.
func (s *Server) lookUp(w http.ResponseWriter, r *http.Request, asked flightKey) (flightKey, snapshot, bool) {
	key, configured, err := s.find(asked)
	if err != nil {
		s.fail(w, "cannot look the target up in the configuration", err)
		return key, snapshot{}, false
	}
	snap, probed := s.history.get(key)
	if !configured && !probed {
		message := "The configuration does not have the target " + asked.target
		if asked.module != "" {
			message += " with the module " + asked.module
		}
		message += ", and no result of it is kept."
		s.writePage(w, r, http.StatusNotFound, "message.html", messagePage{frame: s.newFrame(r, "Not found", "", s.fleetState()), Heading: "Not found", Message: message})
		return key, snapshot{}, false
	}
	return key, snap, true
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

func (s *Server) newTargetPage(request *http.Request, key flightKey, snap snapshot) targetPage {
	now := s.options.Now()
	p := targetPage{Now: now, Target: key.target, Module: key.module, Query: key.query(), State: stateNever, Result: snap.result, Since: snap.since}
	for _, h := range s.options.Config().Hosts() {
		if h.Name == key.target {
			p.Site = h.Labels[siteLabel]
		}
	}
	r := snap.result
	if r == nil {
		p.frame = s.newFrame(request, key.target+": never probed", "servers", stateNever)
		return p
	}
	p.State, p.Last, p.StaleAfter = snap.stateAt(now), verdictState(r.Verdict()), snap.staleAfter
	p.frame = s.newFrame(request, key.target+": "+p.State.Label(), "servers", p.State)
	p.HeldBack = r.LoginHeldBack && r.HeldBackUntil.After(now)
	for _, c := range newCauses(r.Causes) {
		if c.Severity == smbprobe.SeverityInfo {
			p.Also = append(p.Also, c)
			continue
		}
		c.Urgent = len(p.Do) == 0 || severityState(c.Severity) == p.Last
		p.Do = append(p.Do, c)
	}
	switch {
	case len(p.Do) > 0:
		p.Headline, p.About = p.Do[0].Headline, p.Do[0].Explanation
	case r.Share != smbprobe.ShareOK:
		p.Headline, p.About = sentence(r.Share.Meaning()), r.ShareError
	default:
		p.Headline, p.About = sentence(report.Summary(r)), report.NoAnswer(r)
	}
	p.Failed = windowCounts(&r.Eventlog)
	p.Strip = newStrip(snap.outcomes, stripLength)
	p.Count = len(snap.outcomes)
	p.Probes = newKeptProbes(snap)
	p.Checks, p.Facts = checks(r), facts(r)
	p.Steps = newWaterfall(r)
	p.Book = newBookView(&r.Phonebook, snap.thinned)
	p.Events = newEventsView(&r.Eventlog)
	p.Services, p.Registry = newServices(r.Services), newRegistry(&r.Registry)
	return p
}

// ServerName is the name of the server that remedies are to be done at.
func (p targetPage) ServerName() string {
	if s := p.Result.Server; s != nil && s.NetBIOSName != "" {
		return s.NetBIOSName
	}
	return p.Target
}

// windowCount is the failed calls in a window.
type windowCount struct {
	Label    string
	Failures *int // nil: not known
	Covered  bool // the log reaches back to its start
}

func windowCounts(e *smbprobe.EventlogResult) []windowCount {
	var all []windowCount
	for _, w := range e.Windows {
		all = append(all, windowCount{w.Label, w.Failures, w.Covered})
	}
	return all
}

// keptProbe is a probe of which more is known than that it took place.
type keptProbe struct {
	outcome
	Query template.URL // of its trace
	Why   string
}

// At, Took and State describe the probe.
func (k keptProbe) At() time.Time       { return k.startTime() }
func (k keptProbe) Took() time.Duration { return k.duration() }
func (k keptProbe) State() state        { return k.state }

// Cause is what explains the state; empty for a sound server.
func (k keptProbe) Cause() string {
	if k.state == stateOK {
		return ""
	}
	return cmp.Or(k.causeTitle(), "share "+string(smbprobe.ShareStates()[k.share]))
}

// newKeptProbes returns the probes whose results are kept, the newest first.
func newKeptProbes(s snapshot) []keptProbe {
	key := flightKey{s.result.Target, s.result.Module}
	all := []keptProbe{{newOutcome(s.result), key.traceQuery(newOutcome(s.result)), "last"}}
	if s.change {
		all[0].Why = "last, changed"
	}
	for _, k := range slices.Backward(s.kept) {
		why := ""
		if k.change {
			why = "changed"
		}
		all = append(all, keptProbe{k.outcome, key.traceQuery(k.outcome), why})
	}
	return all
}

// cmpKey compares two keys.
func cmpKey(a, b flightKey) int {
	return cmp.Or(cmp.Compare(a.target, b.target), cmp.Compare(a.module, b.module))
}
