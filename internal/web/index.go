package web

import (
	"cmp"
	"fmt"
	"html/template"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// rowsPerPage is how many targets are on one page.
const rowsPerPage = 200

// indexPage is the data of the first page.
type indexPage struct {
	frame
	Now     time.Time
	All     int // targets
	Tiles   []tile
	Notices []notice
	Groups  []group
	Filter  filter
	Sites   []string
	Modules []string
	States  []stateChoice

	Matching int // targets that the filter lets through
	Urgent   []template.HTML
	Folded   []template.HTML
	Fold     string // what is folded, in words
	Open     bool   // the fold is open
	Page     pager
}

// tile is the number of targets in a state.
type tile struct {
	state
	N       int
	Current bool
}

// group is the targets of one cause.
type group struct {
	Name, Title string
	N           int
}

// stateChoice is a state in the filter's form.
type stateChoice struct {
	Name, Text string
	Selected   bool
}

// stateNotOK is the filter's name for what is neither OK nor never probed.
const stateNotOK = "not-ok"

// filter is what a request for the first page selects by. Empty fields select all.
type filter struct {
	Text, Site, State, Module, Cause string
}

// newFilter reads a filter from the query of a URL. Its error names a state or a cause that does not
// exist, or a parameter that is there several times: an empty list would be misread. Sites and modules
// may come and go with the configuration, and are not checked.
func newFilter(query string) (filter, error) {
	values, err := url.ParseQuery(query)
	if err != nil {
		return filter{}, err
	}
	get := func(name string) string {
		text := strings.TrimSpace(values.Get(name))
		return text[:min(len(text), 200)]
	}
	for _, name := range filterParameters {
		if n := len(values[name]); n > 1 {
			return filter{}, fmt.Errorf("%s is there %d times; give it once", name, n)
		}
	}
	f := filter{Text: get("q"), Site: get("site"), State: get("state"), Module: get("module"), Cause: get("cause")}
	if _, known := parseState(f.State); f.State != "" && f.State != stateNotOK && !known {
		names := []string{stateNotOK}
		for _, s := range tileOrder {
			names = append(names, s.Name())
		}
		return filter{}, fmt.Errorf("state: there is no %q; the states are %s", f.State, strings.Join(names, ", "))
	}
	if f.Cause != "" && causeNumbers[f.Cause] == 0 {
		return filter{}, fmt.Errorf("cause: there is no %q; the list of runbooks has the names", f.Cause)
	}
	return f, nil
}

// filterParameters are the parameters of a filter.
var filterParameters = [...]string{"q", "site", "state", "module", "cause"}

// Set reports whether there is anything to select by.
func (f filter) Set() bool { return f != filter{} }

// CauseTitle is what the filter's cause means.
func (f filter) CauseTitle() string {
	for _, c := range knownCauses {
		if c.Name == f.Cause {
			return c.Title
		}
	}
	return f.Cause
}

// query returns the filter as parameters.
func (f filter) query() url.Values {
	values := url.Values{}
	for name, value := range map[string]string{"q": f.Text, "site": f.Site, "state": f.State, "module": f.Module, "cause": f.Cause} {
		if value != "" {
			values.Set(name, value)
		}
	}
	return values
}

func (f filter) matches(r *row) bool {
	switch {
	case f.Site != "" && r.site != f.Site, f.Module != "" && r.key.module != f.Module, f.Cause != "" && !slices.Contains(r.causes, f.Cause):
		return false
	case f.State == stateNotOK:
		if r.state.folded() {
			return false
		}
	case f.State != "" && r.state.Name() != f.State:
		return false
	}
	for word := range strings.FieldsSeq(strings.ToLower(f.Text)) {
		if !strings.Contains(r.text, word) {
			return false
		}
	}
	return true
}

// serveIndex shows every target with its last result, the most urgent first.
func (s *Server) serveIndex(w http.ResponseWriter, r *http.Request) {
	f, err := newFilter(r.URL.RawQuery)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	now := s.options.Now()
	all := s.fleet(now)
	icon := stateNever
	if len(all) > 0 {
		icon = all[0].state
	}
	p := indexPage{
		frame: s.newFrame(r, headline(all), "servers", icon), Now: now, All: len(all), Filter: f,
		Tiles: tiles(all, f), Groups: groups(all), States: stateChoices(f),
		Sites: sites(all, f), Modules: distinct(all, f.Module, func(r *row) string { return r.key.module }),
	}
	p.Notices = s.notices(all, now)
	matching := slices.DeleteFunc(slices.Clone(all), func(r *row) bool { return !f.matches(r) })
	p.Matching = len(matching)
	p.Page = newPager(r.URL.Query().Get("page"), len(matching), rowsPerPage, f.query())
	if err := p.addRows(s, matching[p.Page.first:p.Page.last], now); err != nil {
		s.fail(w, "cannot make the page", err)
		return
	}
	s.writePage(w, r, http.StatusOK, "index.html", p)
}

// addRows puts rows where they are shown.
func (p *indexPage) addRows(s *Server, shown []*row, now time.Time) error {
	var folded [states]int
	for _, r := range shown {
		html, err := s.rowHTML(r, now)
		if err != nil {
			return err
		}
		if r.state.folded() {
			folded[r.state]++
			p.Folded = append(p.Folded, html)
		} else {
			p.Urgent = append(p.Urgent, html)
		}
	}
	p.Fold = counted(folded, ", ")
	// Whoever selects such states, or has nothing else to see, need not unfold them.
	choice, named := parseState(p.Filter.State)
	p.Open = named && choice.folded() || len(p.Urgent) == 0 && (p.Filter.Set() || p.Page.Number > 1 || folded[stateOK] == 0)
	return nil
}

// headline is the number of targets and the worst of their states: "39 servers: 20 critical".
func headline(all []*row) string {
	n := countStates(all)
	worst := ""
	for s := stateCritical; s > stateNever && worst == ""; s-- {
		if n[s] > 0 {
			worst = fmt.Sprintf("%d %s", n[s], s.Text())
			if s != stateStale && n[stateStale] > 0 {
				worst += fmt.Sprintf(", %d stale", n[stateStale])
			}
		}
	}
	switch {
	case len(all) == 0:
		return "No servers"
	case worst != "":
	case n[stateOK] == 0:
		worst = "none probed yet"
	case n[stateNever] > 0:
		worst = fmt.Sprintf("%d OK, %d never probed", n[stateOK], n[stateNever])
	default:
		worst = "all OK"
	}
	return number(len(all), "server") + ": " + worst
}

func countStates(all []*row) (n [states]int) {
	for _, r := range all {
		n[r.state]++
	}
	return n
}

// counted lists the states of which there are any: "3 OK, 2 never probed".
func counted(n [states]int, separator string) string {
	var parts []string
	for s, n := range n {
		if n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, state(s).Text()))
		}
	}
	return strings.Join(parts, separator)
}

// tileOrder is the order of the tiles, and of the states in the filter's form.
var tileOrder = [...]state{stateCritical, stateUnknown, stateWarning, stateStale, stateNever, stateOK}

func tiles(all []*row, f filter) []tile {
	n := countStates(all)
	var shown []tile
	for _, s := range tileOrder {
		shown = append(shown, tile{s, n[s], f.State == s.Name()})
	}
	return shown
}

func stateChoices(f filter) []stateChoice {
	choices := []stateChoice{{"", "all", false}, {stateNotOK, "not OK", f.State == stateNotOK}}
	for _, s := range tileOrder {
		choices = append(choices, stateChoice{s.Name(), s.Text(), f.State == s.Name()})
	}
	return choices
}

// groups returns the causes that several targets share now, the one with the most first.
func groups(all []*row) []group {
	n := map[string]int{}
	for _, r := range all {
		if r.state != stateStale {
			for _, c := range r.causes {
				n[c]++
			}
		}
	}
	var shared []group
	for _, c := range knownCauses {
		if n[c.Name] > 1 {
			shared = append(shared, group{c.Name, c.Title, n[c.Name]})
		}
	}
	slices.SortStableFunc(shared, func(a, b group) int { return b.N - a.N })
	return shared
}

// sites are the choices of a form's site.
func sites(all []*row, f filter) []string {
	return distinct(all, f.Site, func(r *row) string { return r.site })
}

// distinct returns the values of all rows and the one that is selected, sorted, without the
// empty one.
func distinct(all []*row, selected string, of func(*row) string) []string {
	seen := map[string]bool{"": true}
	var values []string
	if selected != "" {
		seen[selected], values = true, []string{selected}
	}
	for _, r := range all {
		if v := of(r); !seen[v] {
			seen[v] = true
			values = append(values, v)
		}
	}
	slices.Sort(values)
	return values
}

// pager is one of several pages of a list.
type pager struct {
	Number, Pages  int // from 1
	From, To       int // of the rows, from 1
	Previous, Next template.URL
	first, last    int // indexes
}

// newPager returns the page of a list that a request names, or the first one.
func newPager(page string, rows, perPage int, query url.Values) pager {
	pages := max(1, (rows+perPage-1)/perPage)
	number, err := strconv.Atoi(cmp.Or(page, "1"))
	if err != nil {
		number = 1
	}
	p := pager{Number: min(max(1, number), pages), Pages: pages}
	p.first = (p.Number - 1) * perPage
	p.last = min(rows, p.first+perPage)
	p.From, p.To = p.first+1, p.last
	link := func(n int) template.URL {
		if n < 1 || n > pages {
			return ""
		}
		query.Set("page", strconv.Itoa(n))
		//nolint:gosec // Encode has escaped it
		return template.URL("?" + query.Encode())
	}
	p.Previous, p.Next = link(p.Number-1), link(p.Number+1)
	return p
}

func number(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
