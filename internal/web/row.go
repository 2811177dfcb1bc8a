package web

import (
	"bytes"
	"cmp"
	"fmt"
	"html/template"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/rasphone-exporter/rasphone_exporter/internal/config"
	"github.com/rasphone-exporter/rasphone_exporter/internal/report"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe"
)

// siteLabel is the label of a target that the first page shows and filters by.
const siteLabel = "site"

// stripLength is how many outcomes a row shows.
const stripLength = 30

// row is one target and module on the first page. Only its times change between probes.
type row struct {
	key    flightKey
	listed bool // false: a single port, another module than the target's first, or not configured any more
	site   string
	state  state
	causes []string // names, without those that are information
	text   string   // what a search looks at, in lower case
	auth   string
	until  time.Time // until when logins are held back; zero: they are not

	result   *smbprobe.Result // nil: never probed
	outlined bool             // see record
	since    time.Time
	version  uint64 // of the record that the row is from

	rendered   sync.Once
	head, tail []byte // around the time since when; behind the tail is the time since the last probe
	err        error
}

// rows keeps the rows of the first page until they change.
type rows struct {
	mu     sync.Mutex
	config Config // that they are from
	hosts  []config.Host
	byKey  map[flightKey]*row
}

// forget drops the row of a target that was probed: it would keep the result before in memory.
func (r *rows) forget(key flightKey) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.byKey, key)
}

// fleet returns a row for each configured host and for what else was probed, the most urgent
// first and by name.
func (s *Server) fleet(now time.Time) []*row {
	s.rows.mu.Lock()
	defer s.rows.mu.Unlock()
	if current := s.options.Config(); s.rows.config != current {
		s.rows.config, s.rows.hosts, s.rows.byKey = current, current.Hosts(), nil
	}
	last := s.history.all()
	byKey := make(map[flightKey]*row, max(len(last), len(s.rows.hosts)))
	add := func(key flightKey, host *config.Host) {
		snap, probed := last[key]
		shown := stateNever
		if probed {
			shown = snap.stateAt(now)
		}
		r := s.rows.byKey[key]
		if r == nil || r.version != snap.version || r.state != shown {
			r = newRow(key, host, snap, shown)
		}
		byKey[key] = r
	}
	for i := range s.rows.hosts {
		host := &s.rows.hosts[i]
		add(flightKey{host.Name, host.Module}, host)
	}
	for key := range last {
		if byKey[key] == nil {
			add(key, nil)
		}
	}
	s.rows.byKey = byKey
	return slices.SortedFunc(maps.Values(byKey), func(a, b *row) int {
		return cmp.Or(cmp.Compare(b.state, a.state), cmp.Compare(b.lastState(), a.lastState()),
			cmp.Compare(a.key.target, b.key.target), cmp.Compare(a.key.module, b.key.module))
	})
}

// fleetState returns the state of the most urgent target.
func (s *Server) fleetState() state {
	all := s.fleet(s.options.Now())
	if len(all) == 0 {
		return stateNever
	}
	return all[0].state
}

func newRow(key flightKey, host *config.Host, s snapshot, shown state) *row {
	r := &row{key: key, listed: host != nil, state: shown, result: s.result, outlined: s.outlined, since: s.since, version: s.version}
	texts := []string{key.target, key.module, shown.Text()}
	if host != nil {
		r.site = host.Labels[siteLabel]
		texts = slices.AppendSeq(texts, maps.Values(host.Labels))
	}
	if s.result != nil {
		for _, c := range s.result.Causes {
			if c.Severity != smbprobe.SeverityInfo {
				r.causes = append(r.causes, c.Name)
			}
			texts = append(append(texts, c.Name, c.Title, c.Headline), c.Articles...)
		}
		texts = append(texts, s.result.Address)
		if s.result.LoginHeldBack {
			r.auth, r.until = s.result.Auth, s.result.HeldBackUntil
		}
	}
	r.text = strings.ToLower(strings.Join(texts, "\n"))
	return r
}

// lastState is the state that the last result had.
func (r *row) lastState() state {
	if r.result == nil {
		return stateNever
	}
	return verdictState(r.result.Verdict())
}

// query is the row's target and module as parameters of /target.
func (r *row) query() template.URL {
	values := url.Values{"target": {r.key.target}}
	if !r.listed {
		values.Set("module", r.key.module)
	}
	//nolint:gosec // Encode has escaped it
	return template.URL(values.Encode())
}

// rowView is what the template of a row takes: fields, because it is executed for many rows.
type rowView struct {
	Level, Mark, Label string // of the state
	Was                string // the state of a result that is stale
	Query              template.URL
	Target, Place      string

	Headline      string // of the first cause; empty: there is none
	Information   bool   // it is no more than that
	Others        string // how many other causes there are
	Do            string // the first step that changes something
	Commands      []string
	Reason        string // why the states are not OK if no cause explains it
	Strip         strip
	Failures      string // calls that failed in the window; empty: none
	Window        string
	FailuresKnown bool
}

func newRowView(r *row, outcomes []outcome) rowView {
	info := r.state.info()
	v := rowView{Level: info.Level, Mark: info.Mark, Label: info.Label, Query: r.query(), Target: r.key.target, Place: r.site}
	if !r.listed {
		v.Place = r.key.module + ", not listed"
	}
	if r.result == nil {
		return v
	}
	v.Strip = newStrip(outcomes, stripLength)
	if r.state == stateStale {
		v.Was = r.lastState().Label()
	}
	c := newFirstCause(conclude(r.result, r.outlined).Causes)
	if c == nil || !c.asBadAs(r.result.Verdict()) {
		v.Reason = cmp.Or(report.NoAnswer(r.result), r.result.ShareError, r.result.Phonebook.Error)
	}
	if c != nil {
		v.Headline, v.Information = c.Headline, !c.Urgent()
		if c.More > 0 {
			v.Others = number(c.More, "other cause")
		}
		if !v.Information {
			v.Do, v.Commands = c.Text, c.Commands
		}
	}
	if f := shortestWindow(r.result.Eventlog.Windows); f != nil && f.Failures != nil {
		v.FailuresKnown = true
		if f.Any() {
			v.Failures, v.Window = strconv.Itoa(*f.Failures), f.Label
		}
	}
	return v
}

// rowHTML returns the row as it is now. It is rendered once.
func (s *Server) rowHTML(r *row, now time.Time) (template.HTML, error) {
	r.rendered.Do(func() { r.err = s.renderRow(r) })
	if r.err != nil {
		return "", r.err
	}
	if r.result == nil {
		//nolint:gosec // a template escaped it
		return template.HTML(r.head), nil
	}
	since, probed := span(now.Sub(r.since)), ago(now, r.result.Started)
	html := make([]byte, 0, len(r.head)+len(since)+len(r.tail)+len(probed)+1)
	html = append(append(append(append(append(html, r.head...), since...), r.tail...), probed...), '\n')
	//nolint:gosec // a template escaped it, and spans are numbers with units
	return template.HTML(html), nil
}

func (s *Server) renderRow(r *row) error {
	var head, tail bytes.Buffer
	v := newRowView(r, s.history.latest(r.key, stripLength))
	if r.result == nil {
		err := s.pages.ExecuteTemplate(&head, "row-never", &v)
		r.head = head.Bytes()
		return err
	}
	if err := s.pages.ExecuteTemplate(&head, "row-head", &v); err != nil {
		return err
	}
	err := s.pages.ExecuteTemplate(&tail, "row-tail", &v)
	r.head, r.tail = head.Bytes(), tail.Bytes()
	return err
}

// strip is a row of outcomes, one column for each, the last one at the right.
type strip struct {
	Columns int
	Paths   []stripPath
	Text    string // the same for a person who does not see it
}

// stripPath is all columns of a state.
type stripPath struct {
	Level string
	Path  string // of SVG
}

// stripHeights tell states apart without colors: of 8.
var stripHeights = [states]int{stateOK: 3, stateNever: 1, stateStale: 1, stateWarning: 5, stateUnknown: 6, stateCritical: 8}

// newStrip has room for so many columns, or for all outcomes if they are more.
func newStrip(outcomes []outcome, columns int) strip {
	s := strip{Columns: max(columns, len(outcomes))}
	left := s.Columns - len(outcomes)
	var paths [states]strings.Builder
	var runs []string
	for i := 0; i < len(outcomes); {
		first, n := outcomes[i].state, 1
		for i+n < len(outcomes) && outcomes[i+n].state == first {
			n++
		}
		h := stripHeights[first]
		fmt.Fprintf(&paths[first], "M%d %dh%dv%dh-%dz", left+i, 8-h, n, h, n)
		runs = append(runs, fmt.Sprintf("%d %s", n, first.Text()))
		i += n
	}
	for state := range paths {
		if paths[state].Len() > 0 {
			s.Paths = append(s.Paths, stripPath{stripLevels[state], paths[state].String()})
		}
	}
	const most = 6
	if more := len(runs) - most; more > 0 {
		runs = append([]string{fmt.Sprintf("%d earlier changes", more)}, runs[more:]...)
	}
	s.Text = "last " + number(len(outcomes), "probe") + ": " + strings.Join(runs, ", then ")
	return s
}

var stripLevels = [states]string{stateOK: "g", stateNever: "u", stateStale: "u", stateWarning: "w", stateUnknown: "u", stateCritical: "c"}
