package web

import (
	"cmp"
	"html/template"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/prometheus/common/model"

	"github.com/rasphone-exporter/rasphone_exporter/smbprobe"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/raserror"
)

// recentFailures is the failures to dial in one window.
type recentFailures struct {
	Label    string
	Failures *int // nil: not known
}

// Any reports whether there is a failure.
func (f recentFailures) Any() bool { return f.Failures != nil && *f.Failures > 0 }

// shortestWindow returns the window that reaches back least, nil if there is
// none. A window's label is its duration as the configuration spells it.
func shortestWindow(windows []smbprobe.WindowResult) *recentFailures {
	var shortest *recentFailures
	var length model.Duration
	for _, w := range windows {
		d, err := model.ParseDuration(w.Label)
		if err != nil {
			continue // its length is not known
		}
		if shortest == nil || d < length {
			shortest, length = &recentFailures{w.Label, w.Failures}, d
		}
	}
	return shortest
}

// eventsView is the failures to dial in the event log as a target's page shows them.
type eventsView struct {
	Hours   *hoursChart // nil: not known
	Latest  []event
	Of      string // how many there are in the largest window: "288 in 24h"; empty: not known
	Split   []failureRow
	Related []relatedEvents
}

// event is one failure to dial.
type event struct {
	smbprobe.FailureEvent
	Name    string // symbolic name of the code; empty if it has none
	Meaning string // empty if none is known
}

// relatedEvents are events 4037 with the same text.
type relatedEvents struct {
	Text        string
	N           int
	First, Last time.Time
}

func newEventsView(e *smbprobe.EventlogResult) eventsView {
	v := eventsView{Hours: newHoursChart(e.ByHour), Latest: newEvents(e.Latest), Split: failureRows(e), Related: groupRelated(e.RelatedEvents)}
	var largest *smbprobe.WindowResult
	for i := range e.Windows {
		if largest == nil || e.Windows[i].Duration > largest.Duration {
			largest = &e.Windows[i]
		}
	}
	if largest != nil && largest.Failures != nil {
		v.Of = strconv.Itoa(*largest.Failures) + " in " + largest.Label
	}
	return v
}

func newEvents(all []smbprobe.FailureEvent) []event {
	var events []event
	for _, e := range all {
		shown := event{FailureEvent: e}
		shown.Name, shown.Meaning = describeCode(e.Code)
		events = append(events, shown)
	}
	return events
}

// describeCode returns the symbolic name and the meaning of a decimal code, if it has them.
func describeCode(code string) (name, meaning string) {
	n, err := strconv.ParseUint(code, 10, 32)
	if err != nil {
		return "", ""
	}
	known, _ := raserror.Lookup(uint32(n))
	return known.Name, known.Meaning
}

// groupRelated puts events of the same text together, those of the newest event first.
func groupRelated(all []smbprobe.RelatedEvent) []relatedEvents {
	var groups []relatedEvents
	for _, e := range all {
		i := slices.IndexFunc(groups, func(g relatedEvents) bool { return g.Text == e.Text })
		if i < 0 {
			groups = append(groups, relatedEvents{Text: e.Text, N: 1, First: e.At, Last: e.At})
			continue
		}
		groups[i].N++
		groups[i].First = e.At // the newest come first
	}
	const most = 50
	return groups[:min(most, len(groups))]
}

// failureRow is one pair of entry and error.
type failureRow struct {
	Entry   string // empty: not known
	Code    string // as smbprobe.FailureCount has it
	Name    string // symbolic name of the code; empty if it has none
	Meaning string // empty where none is known
	Counts  []string
	Last    *time.Time // nil: not known
}

// failureRows turns the windows' splits into rows with a count for each window.
func failureRows(e *smbprobe.EventlogResult) []failureRow {
	var rows []failureRow
	row := func(entry, code string) *failureRow {
		i := slices.IndexFunc(rows, func(r failureRow) bool { return r.Entry == entry && r.Code == code })
		if i < 0 {
			i = len(rows)
			rows = append(rows, newFailureRow(entry, code, e.Windows))
		}
		return &rows[i]
	}
	for i, w := range e.Windows {
		for _, c := range w.ByError {
			row(c.Entry, c.Code).Counts[i] = strconv.Itoa(c.N)
		}
	}
	for _, l := range e.LastFailures {
		row(l.Entry, l.Code).Last = &l.At
	}
	return rows
}

// newFailureRow is a row that has no event in the windows that are known.
func newFailureRow(entry, code string, windows []smbprobe.WindowResult) failureRow {
	r := failureRow{Entry: entry, Code: code, Counts: make([]string, len(windows))}
	for i, w := range windows {
		r.Counts[i] = "0"
		if w.Failures == nil {
			r.Counts[i] = unknown
		}
	}
	r.Name, r.Meaning = describeCode(code)
	return r
}

// eventsPerPage is how many events are on one page.
const eventsPerPage = 200

// eventsPage is the data of the page of all targets' events.
type eventsPage struct {
	frame
	Filter filter
	Sites  []string
	Events []fleetEvent
	Count  int
	Page   pager
}

// fleetEvent is an event of one of the targets.
type fleetEvent struct {
	event
	When   time.Time // by the exporter's clock
	Target string
	Query  template.URL
}

// serveEvents shows the latest events of all targets, the newest first.
func (s *Server) serveEvents(w http.ResponseWriter, r *http.Request) {
	f, err := newFilter(r.URL.RawQuery)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	all := s.fleet(s.options.Now())
	var events []fleetEvent
	for _, row := range all {
		if row.result != nil && (f.Site == "" || row.site == f.Site) {
			events = appendEvents(events, row, f.Text)
		}
	}
	slices.SortStableFunc(events, func(a, b fleetEvent) int {
		return cmp.Or(b.When.Compare(a.When), cmp.Compare(a.Target, b.Target))
	})
	icon := stateNever
	if len(all) > 0 {
		icon = all[0].state
	}
	p := eventsPage{
		frame: s.newFrame(r, "Events", "events", icon), Filter: f, Count: len(events),
		Sites: sites(all, f),
	}
	p.Page = newPager(r.URL.Query().Get("page"), len(events), eventsPerPage, f.query())
	p.Events = events[p.Page.first:p.Page.last]
	s.writePage(w, r, http.StatusOK, "events.html", p)
}

// appendEvents adds the events of a target that have all words of a search.
func appendEvents(events []fleetEvent, r *row, search string) []fleetEvent {
	offset := time.Duration(0)
	if r.result.ClockOffset != nil {
		offset = *r.result.ClockOffset
	}
	words := strings.Fields(strings.ToLower(search))
	for _, e := range newEvents(r.result.Eventlog.Latest) {
		text := strings.ToLower(strings.Join([]string{r.key.target, r.site, e.Entry, e.Code, e.Name, e.Meaning, e.Text}, "\n"))
		if !slices.ContainsFunc(words, func(word string) bool { return !strings.Contains(text, word) }) {
			events = append(events, fleetEvent{e, e.At.Add(-offset), r.key.target, r.query()})
		}
	}
	return events
}
