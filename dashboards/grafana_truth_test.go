package dashboards_test

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/rasphone-exporter/rasphone_exporter/collector"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/diagnosis"
)

// filled replaces the variables of a dashboard by values.
func filled(query, job, instance string) string {
	return strings.NewReplacer(
		"$exporter_job", job+"-exporter", "$exporter", ".*", "$instance", instance, "$job", job, "$site", ".*",
		"$__rate_interval", "4m", "$__range", "1h",
	).Replace(query)
}

// The jobs of the fleets, which the variable job of the dashboards chooses.
const (
	healthyFleet    = "healthy"
	brokenFleet     = "broken"
	emptyFleet      = "empty" // has no series
	statesFleet     = "states"
	unansweredFleet = "unanswered"
	pairFleet       = "pair" // the healthy one, of both Prometheus servers of a pair, with two modules
)

// fleets is a Prometheus with a fleet in each job.
type fleets struct {
	*promServer
	servers map[string][]string            // by job
	wanted  map[[2]string]smbprobe.Verdict // by job and server, as the code has it
}

var verdictRank = map[smbprobe.Verdict]string{smbprobe.VerdictOK: "0", smbprobe.VerdictUnknown: "1", smbprobe.VerdictWarning: "2", smbprobe.VerdictCritical: "3"}

func startFleets(t *testing.T) *fleets {
	t.Helper()
	f := &fleets{servers: map[string][]string{}, wanted: map[[2]string]smbprobe.Verdict{}}
	var series []history
	add := func(r *smbprobe.Result, job, instance, site string) {
		r.Causes = diagnosis.Causes(r)
		labels := fmt.Sprintf("job=%q,instance=%q", job, instance)
		if site != "" {
			labels += fmt.Sprintf(",site=%q", site)
		}
		series = append(series, scraped(t, r, labels)...)
		f.servers[job] = append(f.servers[job], instance)
		f.wanted[[2]string{job, instance}] = r.Verdict()
	}
	servers, results := probeFleet(t)
	for i, s := range servers {
		site := s.Labels["site"]
		if i%5 == 0 {
			site = ""
		}
		add(results[i], brokenFleet, s.Name, site)
		if strings.HasPrefix(s.Name, "healthy") {
			add(results[i], healthyFleet, s.Name, "hq")
			for _, labels := range []string{`replica="a",module="1"`, `replica="a",module="2"`, `replica="b",module="1"`, `replica="b",module="2"`} {
				series = append(series, scraped(t, results[i], fmt.Sprintf(`job=%q,instance=%q,site="hq",prometheus="hq",%s`, pairFleet, s.Name, labels))...)
			}
			f.wanted[[2]string{pairFleet, s.Name}] = results[i].Verdict()
		}
	}
	for _, s := range smbprobe.ShareStates() {
		add(&smbprobe.Result{Share: s, Success: s.Definite(), Phonebook: smbprobe.PhonebookResult{State: smbprobe.PhonebookUnknown}}, statesFleet, "share "+string(s), "")
	}
	for _, s := range smbprobe.PhonebookStates() {
		add(&smbprobe.Result{Share: smbprobe.ShareOK, Success: true, Phonebook: smbprobe.PhonebookResult{State: s}}, statesFleet, "phone book "+string(s), "")
	}
	for _, job := range []string{statesFleet, unansweredFleet} {
		add(&smbprobe.Result{Share: smbprobe.ShareOK, Phonebook: smbprobe.PhonebookResult{State: smbprobe.PhonebookOK}}, job, "another check got no answer", "")
	}
	read, notRead := true, false
	for name, log := range map[string]smbprobe.EventlogResult{
		"the times of its events are not known": {Readable: &read, Error: "the server announces two times"}, "no pipe is usable": {Readable: &notRead},
	} {
		add(&smbprobe.Result{Share: smbprobe.ShareOK, Success: true, Phonebook: smbprobe.PhonebookResult{State: smbprobe.PhonebookOK}, Eventlog: log}, statesFleet, name, "")
	}
	// A server whose scrapes fail.
	const lost = `job="broken",instance="lost"`
	series = append(series, history{"up{" + lost + "}", 0, 10, 0}, history{"instance:rasphone_verdict:max{" + lost + "}", 0, 10, 0})
	f.servers[brokenFleet] = append(f.servers[brokenFleet], "lost")
	f.wanted[[2]string{brokenFleet, "lost"}] = smbprobe.VerdictCritical

	own := collector.NewExporter(time.Unix(1, 0), collector.Counts{Targets: func() int { return 2 }, LoginsHeldBack: func() int { return 0 }, EventlogsForgotten: func() int { return 0 }})
	for _, job := range []string{healthyFleet, brokenFleet} {
		series = append(series, seriesOf(t, own.Registry(), fmt.Sprintf(`job="%s-exporter",instance="exporter:10196"`, job))...)
	}
	for _, replica := range []string{"a", "b"} {
		labels := fmt.Sprintf(`job="pair-exporter",instance="exporter:10196",prometheus="hq",replica=%q`, replica)
		series = append(append(series, seriesOf(t, own.Registry(), labels)...), history{"rasphone_exporter_info{" + labels + `,url="https://pair.example"}`, 1, 10, 0})
	}
	series = append(series, history{`rasphone_exporter_info{job="broken-exporter",instance="exporter:10196",url="https://exporter.example"}`, 1, 10, 0})
	f.promServer = startPrometheus(t, series, hurried)
	return f
}

// answer is what a query of a panel finds for a fleet.
type answer struct {
	dashboard string
	panel     *panel
	legend    string
	value     string // the field of a table
	series    []found
}

// ask runs every query of the dashboards for a fleet, those of the server's for each of servers.
func (f *fleets) ask(t *testing.T, job string, servers ...string) []answer {
	t.Helper()
	var all []answer
	for name, d := range readDashboards(t) {
		instances := servers
		if name == "fleet" {
			instances = []string{""}
		}
		for _, instance := range instances {
			for i := range d.Panels {
				for _, q := range d.Panels[i].Targets {
					a := answer{dashboard: name + " " + instance, panel: &d.Panels[i], legend: q.LegendFormat, value: "Value"}
					if len(d.Panels[i].Targets) > 1 {
						a.value = "Value #" + q.RefID
					}
					if q.Range {
						a.series, _ = f.queryRange(t, filled(q.Expr, job, instance), 1)
					} else {
						a.series = f.query(t, filled(q.Expr, job, instance))
					}
					all = append(all, a)
				}
			}
		}
	}
	return all
}

// The panels that are empty for a healthy server, and have a text for it.
var emptyIsGood = []string{
	"Servers that need action", "Firing alerts", "Least mail in 30 days", "Faults over time", "Windows that are not covered", "Logs that cannot be read",
	"Probes without a definite answer", "Logins held back", "What is wrong", "Alerts", "Failed calls by entry and error", "Last failures", "Findings",
}

// TestDashboardsTellTheTruth runs every query on a healthy fleet, a broken one and none.
func TestDashboardsTellTheTruth(t *testing.T) {
	f := startFleets(t)
	t.Run("verdicts", f.testVerdicts)
	t.Run("healthy", f.testHealthy)
	t.Run("pair", f.testPair)
	t.Run("broken", f.testBroken)
	t.Run("unanswered", f.testUnanswered)
	t.Run("empty", f.testEmpty)
}

// testVerdicts: the recorded verdicts are those of the code, for each state and each server.
func (f *fleets) testVerdicts(t *testing.T) {
	got := map[[2]string]string{}
	for _, s := range f.query(t, "instance:rasphone_verdict:max") {
		got[[2]string{s.Metric["job"], s.Metric["instance"]}] = fmt.Sprint(s.Value[1])
	}
	for server, v := range f.wanted {
		if got[server] != verdictRank[v] {
			t.Errorf("%s: recorded %q, want %s (%s)", server, got[server], verdictRank[v], v)
		}
	}
	if len(got) != len(f.wanted) {
		t.Errorf("%d verdicts of %d servers", len(got), len(f.wanted))
	}
}

// testHealthy: each panel has something to show, and nothing of it has a colour.
func (f *fleets) testHealthy(t *testing.T) {
	filledPanels := map[string]bool{}
	for _, a := range f.ask(t, healthyFleet, "healthy-signing.demo") {
		filledPanels[a.panel.Title] = filledPanels[a.panel.Title] || len(a.series) > 0
		for _, color := range a.colours(t) {
			if color != neutral && color != faint && color != "transparent" {
				t.Errorf("%s: %s %q is %s for a healthy fleet", a.dashboard, a.panel.Title, a.legend, color)
			}
		}
	}
	for title, filled := range filledPanels {
		if filled == slices.Contains(emptyIsGood, title) {
			t.Errorf("%s: shows something: %t", title, filled)
		}
	}
}

// testPair: what two Prometheus servers have of a fleet, and two modules find, is shown once.
func (f *fleets) testPair(t *testing.T) {
	const server = "healthy-signing.demo"
	shown := func(job string) []string {
		var all []string
		for _, a := range f.ask(t, job, server) {
			text := fmt.Sprintf("%s: %s %s: %d series", a.dashboard, a.panel.Title, a.legend, len(a.series))
			if a.panel.Type == "stat" && len(a.series) == 1 && a.panel.FieldConfig.Defaults.Unit == "none" {
				text += fmt.Sprintf(", %v", a.series[0].Value[1])
			}
			all = append(all, text)
		}
		slices.Sort(all)
		return all
	}
	if diff := gocmp.Diff(shown(healthyFleet), shown(pairFleet)); diff != "" {
		t.Errorf("one and a pair (-one +pair):\n%s", diff)
	}
}

// testBroken: each panel has something to show, and the columns and links of each row have
// what they need.
func (f *fleets) testBroken(t *testing.T) {
	filledPanels := map[string]bool{}
	red := map[string]bool{}
	for _, a := range f.ask(t, brokenFleet, "share-removed.demo", "book-missing.demo", "hung.demo", "book-denied.demo", "book-damaged.demo", "line-busy.demo", "password-wrong.demo", "log-full.demo", "lost") {
		filledPanels[a.panel.Title] = filledPanels[a.panel.Title] || len(a.series) > 0
		if slices.Contains(a.colours(t), "red") {
			red[a.panel.Title] = true
		}
		if a.panel.Type == "table" {
			a.checkColumns(t)
		}
		if a.panel.Title == "What is wrong" && len(a.series) == 0 {
			t.Errorf("%s: nothing is wrong", a.dashboard)
		}
		if limit := 250; len(a.series) > limit || (a.panel.Type == "state-timeline" && len(a.series) > 20) {
			t.Errorf("%s: %s finds %d series", a.dashboard, a.panel.Title, len(a.series))
		}
	}
	for title, filled := range filledPanels {
		if !filled && title != "Logins held back" {
			t.Errorf("%s shows nothing of a broken fleet", title)
		}
	}
	for _, title := range []string{"Servers by verdict", "Servers that need action", "Sites", "Firing alerts", "Faults over time", "Verdict", "What is wrong", "Share", "Phone book", "There"} {
		if !red[title] {
			t.Errorf("%s has no red for a broken fleet", title)
		}
	}
}

// testUnanswered: a server with a check that got no answer is unknown, and no warning; only
// its alert is one.
func (f *fleets) testUnanswered(t *testing.T) {
	for _, a := range f.ask(t, unansweredFleet, "another check got no answer") {
		if a.panel.Title == "What is wrong" && (len(a.series) != 1 || a.series[0].Metric["title"] != "Not all checks were answered") {
			t.Errorf("%s: wrong is %v", a.dashboard, a.series)
		}
		for _, color := range a.colours(t) {
			if (color == "red" || color == "orange") && a.panel.Title != "Firing alerts" && a.panel.Title != "Alerts" {
				t.Errorf("%s: %s %q is %s for an unknown server", a.dashboard, a.panel.Title, a.legend, color)
			}
		}
	}
}

// testEmpty: no panel shows a number, so that each shows its text.
func (f *fleets) testEmpty(t *testing.T) {
	for _, a := range f.ask(t, emptyFleet, "none") {
		if len(a.series) > 0 {
			t.Errorf("%s: %s shows %v of no fleet", a.dashboard, a.panel.Title, a.series)
		}
	}
}

// fieldName is the name of the field that Grafana makes of a series.
func (a *answer) fieldName(s *found) string {
	return regexp.MustCompile(`\{\{(\w+)\}\}`).ReplaceAllStringFunc(a.legend, func(m string) string { return s.Metric[strings.Trim(m, "{}")] })
}

// colours returns the colours of what a panel shows. Those of graphs tell series apart, and mean nothing.
func (a *answer) colours(t *testing.T) []string {
	t.Helper()
	var all []string
	for i := range a.series {
		s := &a.series[i]
		values := s.Values
		if values == nil {
			values = [][2]any{s.Value}
		}
		for _, v := range values {
			value := fmt.Sprint(v[1])
			switch a.panel.Type {
			case "stat", "bargauge", "state-timeline":
				all = append(all, a.panel.colour(t, a.fieldName(s), value))
			case "table":
				all = append(all, a.panel.colour(t, a.value, value))
				for label, text := range s.Metric {
					all = append(all, a.panel.colour(t, label, text))
				}
			}
		}
	}
	return all
}

// colour returns the colour of a value of a field.
func (p *panel) colour(t *testing.T, field, value string) string {
	t.Helper()
	var fixed struct{ Mode, FixedColor string }
	if p.property(t, field, "color", &fixed) {
		return fixed.FixedColor
	}
	mappings := p.FieldConfig.Defaults.Mappings
	p.property(t, field, "mappings", &mappings)
	for _, m := range mappings {
		if c := m.Options[value].Color; c != "" {
			return c
		}
	}
	limits := p.FieldConfig.Defaults.Thresholds
	p.property(t, field, "thresholds", &limits)
	color := ""
	number, err := strconv.ParseFloat(value, 64)
	for _, s := range limits.Steps {
		if s.Value == nil || (err == nil && number >= *s.Value) {
			color = s.Color
		}
	}
	return color
}

// checkColumns: a column is described, has a text for want of a value, and its link has all
// that it is made of.
func (a *answer) checkColumns(t *testing.T) {
	t.Helper()
	field := regexp.MustCompile(`\$\{__data\.fields\.(\w+)(?::percentencode)?\}`)
	for _, s := range a.series {
		for label := range s.Metric {
			var text string
			var hidden bool
			if a.panel.property(t, label, "custom.hidden", &hidden) {
				continue
			}
			if !a.panel.property(t, label, "noValue", &text) || text == "" {
				t.Errorf("%s: %s: column %s has no text of its own", a.dashboard, a.panel.Title, label)
			}
		}
		for _, o := range a.panel.FieldConfig.Overrides {
			for _, p := range o.Properties {
				if p.ID != "links" {
					continue
				}
				if s.Metric[o.Matcher.Options] == "" {
					t.Errorf("%s: %s: a row without %s has a link: %v", a.dashboard, a.panel.Title, o.Matcher.Options, s.Metric)
				}
				for _, m := range field.FindAllStringSubmatch(string(p.Value), -1) {
					if s.Metric[m[1]] == "" {
						t.Errorf("%s: %s: the link of %s needs %s: %v", a.dashboard, a.panel.Title, o.Matcher.Options, m[1], s.Metric)
					}
				}
			}
		}
	}
}

// TestColumnsHaveTheirOwnText: the text of a table without rows is not that of an empty cell.
func TestColumnsHaveTheirOwnText(t *testing.T) {
	for name, d := range readDashboards(t) {
		for _, p := range d.Panels {
			if p.Type != "table" {
				continue
			}
			for _, o := range p.FieldConfig.Overrides {
				var text string
				var hidden bool
				shown := !p.property(t, o.Matcher.Options, "custom.hidden", &hidden)
				if own := p.property(t, o.Matcher.Options, "noValue", &text); shown && (!own || text == p.FieldConfig.Defaults.NoValue) {
					t.Errorf("%s: %s: an empty cell of %s says %q", name, p.Title, o.Matcher.Options, cmp.Or(text, p.FieldConfig.Defaults.NoValue))
				}
			}
		}
	}
}

// TestTextsWithoutRules: without the recording rules a panel that reads what they record is empty
// for any fleet, and does not say that all is well or that nothing is scraped.
func TestTextsWithoutRules(t *testing.T) {
	for name, d := range readDashboards(t) {
		for _, p := range d.Panels {
			text := p.FieldConfig.Defaults.NoValue
			for _, q := range p.Targets {
				if strings.Contains(q.Expr, ":rasphone_") && text != "not known" && !strings.Contains(text, "the recording rules are not loaded") {
					t.Errorf("%s: %s says %q without the recording rules", name, p.Title, text)
				}
			}
		}
	}
}

// TestDashboardsReadWhatIsRecorded: verdicts and availability are recorded once, and no viewer
// computes them from thousands of series.
func TestDashboardsReadWhatIsRecorded(t *testing.T) {
	all := readDashboards(t)
	for name, recorded := range map[string][]string{
		"fleet":  {"instance:rasphone_verdict:max", "instance:rasphone_cannot_send:bool", "instance:rasphone_available:ratio30d", "site:rasphone_verdict:count"},
		"server": {"instance:rasphone_verdict:max", "instance:rasphone_cannot_send:bool"},
	} {
		text := strings.Join(queries(all[name]), "\n")
		for _, r := range recorded {
			if !strings.Contains(text, r) {
				t.Errorf("%s does not read %s", name, r)
			}
		}
	}
	for _, p := range all["fleet"].Panels {
		for _, q := range p.Targets {
			if strings.Contains(q.Expr, "rasphone_diagnosis{") || strings.Contains(q.Expr, "max(up{") {
				t.Errorf("%s computes verdicts: %s", p.Title, q.Expr)
			}
			bounded := regexp.MustCompile(`topk\(|bottomk\(|^(sum|avg|min|max)\(|^(sum|avg|max) by \((window|result|reason|code, error|instance, version, revision, goversion)\)|^histogram_quantile\(|by \(site\)`)
			if !bounded.MatchString(q.Expr) {
				t.Errorf("%s shows as many series as there are servers: %s", p.Title, q.Expr)
			}
		}
	}
}
