package web

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/rasphone-exporter/rasphone_exporter/internal/config"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe"
)

func TestIndex(t *testing.T) {
	now := time.Date(2001, 2, 3, 4, 5, 6, 0, time.UTC)
	f := newFixture(t, func(o *Options) { o.Now = func() time.Time { return now } })
	f.server.history.add(&smbprobe.Result{
		Target: "exch01.corp.example", Module: "default", Auth: "corp", Started: now.Add(-90 * time.Second), Duration: 120123 * time.Microsecond,
		Share: smbprobe.ShareLoginFailed, ShareError: `refused by <script>alert(1)</script>`, LoginHeldBack: true, HeldBackUntil: now.Add(time.Hour),
		Phonebook: smbprobe.PhonebookResult{State: smbprobe.PhonebookUnknown},
	})
	f.server.history.add(&smbprobe.Result{
		Target: `10.1.2.3&module=x"><b>`, Module: "short", Started: now.Add(-time.Second), Success: true,
		Share: smbprobe.ShareOK, Phonebook: smbprobe.PhonebookResult{State: smbprobe.PhonebookOK},
	})
	f.server.history.add(&smbprobe.Result{
		Target: "10.1.2.4", Module: "default", Started: now, Share: smbprobe.ShareOK, Success: true,
		Phonebook: smbprobe.PhonebookResult{State: smbprobe.PhonebookOK},
		Causes: []smbprobe.Cause{{
			Name: "line_or_answer_missing", Severity: smbprobe.SeverityCritical, Headline: "The line is <dead>",
			Remedy: []smbprobe.RemedyStep{{Kind: smbprobe.RemedyLook, Text: "Look."}, {Kind: smbprobe.RemedyFix, Text: "Plug it in:", Commands: []string{"rasdial & go", "second"}}},
		}},
		Eventlog: smbprobe.EventlogResult{Windows: []smbprobe.WindowResult{{Label: "1h", Failures: new(9)}, {Label: "15m", Failures: new(3)}}},
	})
	w := f.do(http.MethodGet, "/")
	body := content(w)
	for _, want := range []string{
		"<title>4 servers: 1 critical · rasphone_exporter</title>", "<h1>4 servers: 1 critical</h1>", `href="favicon.ico?state=critical"`,
		`href="metrics"`, `href="config"`, `href="sd"`, `href="events"`, `href="runbooks/README"`,
		`<a class="bad" href="?state=critical"><b>1</b> ✖ critical</a>`, `<b>1</b> ? unknown`, `<b>0</b> ▲ warning`, `<b>0</b> ◷ stale`, `<b>1</b> – never probed`, `<b>1</b> ✔ OK`,
		"Logins are held back", "<b>corp</b> until 05:05 UTC, on 1 server", `action="-/forget?auth=corp"`,
		`<tr class="unclear"><td class="v"><span class="is">? UNKNOWN</span><small>for 1 min</small></td>`,
		`<a href="target?target=exch01.corp.example">exch01.corp.example</a><small>hq</small>`,
		`refused by &lt;script&gt;alert(1)&lt;/script&gt;`,
		`<td class="p n" data-l="Probed">1 min ago`,
		`The line is &lt;dead&gt;<p class="do">Plug it in: <code>rasdial &amp; go</code><button class="copy" hidden>Copy</button> <code>second</code><button class="copy" hidden>Copy</button></p>`,
		`<b>3</b> in 15m</td>`,
		`href="target?module=short&amp;target=10.1.2.3%26module%3Dx%22%3E%3Cb%3E"`, "short, not listed",
		`<summary>1 OK, 1 never probed</summary>`, "– NOT PROBED",
		`aria-label="last 1 probe: 1 critical"`,
	} {
		if !strings.Contains(body, want) {
			t.Errorf("%s is missing in:\n%s", want, body)
		}
	}
	for _, not := range []string{"<script>alert", "<b>x", "<dead>", "http://", "https://"} {
		if strings.Contains(body, not) {
			t.Errorf("%s stands in:\n%s", not, body)
		}
	}
	inOrder(t, body, `10.1.2.4</a>`, `exch01.corp.example</a>`, "<details", `exch02:139</a>`)
	checkPolicy(t, w)
}

// content returns a page without its style sheet and script.
func content(w *httptest.ResponseRecorder) string {
	return strings.NewReplacer(styleCSS, "", scriptJS, "").Replace(w.Body.String())
}

// inOrder checks that texts occur one behind the other.
func inOrder(t *testing.T, body string, texts ...string) {
	t.Helper()
	rest := body
	for _, text := range texts {
		_, after, found := strings.Cut(rest, text)
		if !found {
			t.Errorf("%q does not follow the texts before it, of %q", text, texts)
			return
		}
		rest = after
	}
}

// checkPolicy checks that the policy of a page allows its own style and script and nothing else
// from anywhere.
func checkPolicy(t *testing.T, w *httptest.ResponseRecorder) {
	t.Helper()
	between := func(open, end string) string {
		_, rest, _ := strings.Cut(w.Body.String(), open)
		content, _, closed := strings.Cut(rest, end)
		if !closed {
			t.Errorf("no %s in the page", end)
		}
		return content
	}
	want := fmt.Sprintf("default-src 'none'; style-src %s; script-src %s; img-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
		contentHash(between("<style>", "</style>")), contentHash(between("<script>", "</script>")))
	if got := w.Header().Get("Content-Security-Policy"); got != want {
		t.Errorf("policy %q, want %q", got, want)
	}
	if n := strings.Count(w.Body.String(), "<script"); n != 1 {
		t.Errorf("%d scripts in the page", n)
	}
}

func TestIndexWithoutTargets(t *testing.T) {
	f := newFixture(t, nil)
	f.config.hosts = nil
	if body := f.do(http.MethodGet, "/").Body.String(); !strings.Contains(body, "lists no host") || strings.Contains(body, "<table") {
		t.Errorf("page:\n%s", body)
	}
}

// rowResult is a result of a given verdict.
func rowResult(target string, started time.Time, v smbprobe.Verdict, causes ...smbprobe.Cause) *smbprobe.Result {
	r := &smbprobe.Result{
		Target: target, Module: "default", Started: started, Success: v != smbprobe.VerdictUnknown, Share: smbprobe.ShareOK,
		Phonebook: smbprobe.PhonebookResult{State: smbprobe.PhonebookOK}, Causes: causes,
	}
	severity := map[smbprobe.Verdict]smbprobe.Severity{smbprobe.VerdictCritical: smbprobe.SeverityCritical, smbprobe.VerdictWarning: smbprobe.SeverityWarning}[v]
	if severity != "" && len(causes) == 0 {
		r.Causes = []smbprobe.Cause{{Name: "port_taken", Title: "The port is taken", Severity: severity, Headline: "taken", Articles: []string{"Q123456"}}}
	}
	return r
}

// TestFilter: what each parameter lets through, and in which order.
func TestFilter(t *testing.T) {
	now := time.Date(2001, 2, 3, 4, 5, 6, 0, time.UTC)
	f := newFixture(t, func(o *Options) { o.Now = func() time.Time { return now } })
	f.config.hosts = nil
	for name, site := range map[string]string{"a-warning": "hq", "b-critical": "hq", "c-ok": "branch", "d-unknown": "", "e-never": "hq", "f-stale": "branch", "g-stale": "hq"} {
		f.config.hosts = append(f.config.hosts, config.Host{Name: name, Module: "default", Labels: map[string]string{"site": site, "rack": "rack of " + name}})
	}
	f.config.hosts = append(f.config.hosts, config.Host{Name: "h-other", Module: "short"})
	add := func(target string, ago time.Duration, v smbprobe.Verdict) {
		f.server.history.add(rowResult(target, now.Add(-ago), v))
	}
	add("a-warning", time.Second, smbprobe.VerdictWarning)
	add("b-critical", time.Second, smbprobe.VerdictCritical)
	add("c-ok", time.Second, smbprobe.VerdictOK)
	add("d-unknown", time.Second, smbprobe.VerdictUnknown)
	add("f-stale", time.Hour, smbprobe.VerdictOK)
	add("g-stale", time.Hour, smbprobe.VerdictCritical)
	for _, tt := range []struct {
		query string
		want  string
	}{
		{"", "b-critical d-unknown a-warning g-stale f-stale e-never h-other c-ok"},
		{"?state=critical", "b-critical"},
		{"?state=stale", "g-stale f-stale"},
		{"?state=never", "e-never h-other"},
		{"?state=ok", "c-ok"},
		{"?state=not-ok", "b-critical d-unknown a-warning g-stale f-stale"},
		{"?site=nowhere", ""},
		{"?module=none", ""},
		{"?site=hq", "b-critical a-warning g-stale e-never"},
		{"?site=hq&state=critical", "b-critical"},
		{"?module=short", "h-other"},
		{"?cause=port_taken", "b-critical a-warning g-stale"},
		{"?q=TAKEN+hq", "b-critical a-warning g-stale"},
		{"?q=q123456", "b-critical a-warning g-stale"},
		{"?q=rack+c-ok", "c-ok"},
		{"?q=%00nothing", ""},
		{"?q=", "b-critical d-unknown a-warning g-stale f-stale e-never h-other c-ok"},
		{"?page=7", "b-critical d-unknown a-warning g-stale f-stale e-never h-other c-ok"},
		{"?page=-1&site=branch", "f-stale c-ok"},
	} {
		body := content(f.do(http.MethodGet, "/"+tt.query))
		if diff := cmp.Diff(tt.want, strings.Join(rowsOf(body), " ")); diff != "" {
			t.Errorf("%s (-want +got): %s", tt.query, diff)
		}
		if !strings.Contains(body, "<h1>8 servers: 1 critical, 2 stale</h1>") {
			t.Errorf("%s: headline in:\n%s", tt.query, body)
		}
		if tt.query != "" && tt.want == "" && !strings.Contains(body, "0 of 8 servers match") {
			t.Errorf("%s: not reported that nothing matches", tt.query)
		}
	}
	body := f.do(http.MethodGet, "/?state=ok").Body.String()
	if !strings.Contains(body, `<details id="folded" open>`) || !strings.Contains(body, `<option value="ok" selected>`) {
		t.Errorf("OK is selected, and not shown:\n%s", body)
	}
	for query, want := range map[string]string{"/?site=nowhere": "nowhere", "/events?site=nowhere": "nowhere", "/?module=none": "none", "/?site=%3Cb%3E": "&lt;b&gt;"} {
		if body := f.do(http.MethodGet, query).Body.String(); !strings.Contains(body, "<option selected>"+want+"</option>") {
			t.Errorf("%s: the form does not show what is selected:\n%s", query, body)
		}
	}
	if body := f.do(http.MethodGet, "/").Body.String(); !strings.Contains(body, `<a href="?cause=port_taken">`) || !strings.Contains(body, "(2)") {
		t.Errorf("no group of the same cause:\n%s", body)
	}
}

// TestFilterRefuses: what cannot select anything is an error, not an empty list.
func TestFilterRefuses(t *testing.T) {
	f := newFixture(t, nil)
	for query, want := range map[string]string{
		"state=foo":                     `state: there is no "foo"; the states are not-ok, critical, unknown, warning, stale, never, ok`,
		"state=Critical":                `state: there is no "Critical"; the states are`,
		"state=critical,warning":        `state: there is no "critical,warning"; the states are`,
		"cause=foo":                     `cause: there is no "foo"; the list of runbooks has the names`,
		"state=ok&state=critical":       "state is there 2 times; give it once",
		"q=a&q=b&site=x":                "q is there 2 times; give it once",
		"site=&site=hq":                 "site is there 2 times; give it once",
		"state=%zz":                     `invalid URL escape "%zz"`,
		"cause=port_taken&state=broken": `there is no "broken"`,
	} {
		for _, path := range []string{"/", "/events", "/api/v1/targets"} {
			w := f.do(http.MethodGet, path+"?"+query)
			if w.Code != http.StatusBadRequest || !strings.Contains(w.Body.String(), want) {
				t.Errorf("%s?%s: status %d, %s", path, query, w.Code, w.Body)
			}
		}
	}
}

// rowsOf returns the targets of the rows of a page, in their order.
func rowsOf(body string) []string {
	var names []string
	for part := range strings.SplitSeq(body, `<th scope="row"><a href="`) {
		_, rest, _ := strings.Cut(part, ">")
		if name, _, found := strings.Cut(rest, "</a>"); found && !strings.ContainsAny(name, "<>") {
			names = append(names, name)
		}
	}
	return names
}

// TestPaging: 450 servers are three pages, and each is on one of them.
func TestPaging(t *testing.T) {
	f := newFixture(t, nil)
	f.config.hosts = nil
	for i := range 450 {
		f.config.hosts = append(f.config.hosts, config.Host{Name: fmt.Sprintf("exch%03d", i), Module: "default"})
		f.server.history.add(rowResult(fmt.Sprintf("exch%03d", i), time.Now(), smbprobe.VerdictCritical))
	}
	var got []string
	for page, want := range []int{200, 200, 50} {
		body := f.do(http.MethodGet, fmt.Sprintf("/?q=exch&page=%d", page+1)).Body.String()
		if n := len(rowsOf(body)); n != want {
			t.Errorf("page %d has %d rows, want %d", page+1, n, want)
		}
		if next := strings.Contains(body, fmt.Sprintf(`<a href="?page=%d&amp;q=exch">Next</a>`, page+2)); next != (page < 2) {
			t.Errorf("page %d leads to a next one: %t", page+1, next)
		}
		got = append(got, rowsOf(body)...)
	}
	if len(got) != 450 || got[0] != "exch000" || got[449] != "exch449" {
		t.Errorf("%d rows", len(got))
	}
}

func TestHeadline(t *testing.T) {
	for _, tt := range []struct {
		states []state
		want   string
	}{
		{nil, "No servers"},
		{[]state{stateOK}, "1 server: all OK"},
		{[]state{stateOK, stateNever, stateOK}, "3 servers: 2 OK, 1 never probed"},
		{[]state{stateNever, stateNever}, "2 servers: none probed yet"},
		{[]state{stateWarning, stateOK, stateUnknown}, "3 servers: 1 unknown"},
		{[]state{stateWarning, stateCritical, stateCritical}, "3 servers: 2 critical"},
		{[]state{stateWarning, stateStale}, "2 servers: 1 warning, 1 stale"},
		{[]state{stateStale, stateStale}, "2 servers: 2 stale"},
	} {
		var rows []*row
		for _, s := range tt.states {
			rows = append(rows, &row{state: s})
		}
		if got := headline(rows); got != tt.want {
			t.Errorf("%v: %q, want %q", tt.states, got, tt.want)
		}
	}
}

// TestNotices: each is shown only if it is true.
func TestNotices(t *testing.T) {
	begin := time.Date(2001, 2, 3, 4, 5, 6, 0, time.UTC)
	now := begin
	var problem error
	f := newFixture(t, func(o *Options) {
		o.Now = func() time.Time { return now }
		o.ConfigProblem = func() (time.Time, error) { return begin.Add(-2 * time.Minute), problem }
	})
	notices := func() string {
		var all []string
		for _, n := range f.server.notices(f.server.fleet(now), now) {
			all = append(all, n.Text)
			for _, h := range n.Holds {
				all = append(all, h.Auth+" "+h.Text)
			}
		}
		return strings.Join(all, "\n")
	}
	check := func(when string, want ...string) {
		t.Helper()
		got := notices()
		for _, text := range want {
			if !strings.Contains(got, text) {
				t.Errorf("%s: no %q in %q", when, text, got)
			}
		}
		if len(want) == 0 && got != "" {
			t.Errorf("%s: %q", when, got)
		}
	}
	check("at the start")
	now = begin.Add(5 * time.Minute)
	check("nothing probed for a while", "Nothing has been probed for 5 min")
	held := rowResult("exch01.corp.example", now, smbprobe.VerdictUnknown)
	held.Auth, held.LoginHeldBack, held.HeldBackUntil = "corp", true, now.Add(10*time.Minute)
	f.server.history.add(held)
	check("held back", "Logins are held back", "corp until 04:20 UTC, on 1 server")
	problem = fmt.Errorf("rasphone.yml:3: unknown key")
	check("a broken configuration", "An older configuration is in force", "7 min ago", "rasphone.yml:3: unknown key")
	problem = nil
	now = now.Add(5*time.Minute + time.Second)
	check("Prometheus stopped", "Nothing has been probed for 5 min", "held back")
	now = now.Add(5 * time.Minute)
	if got := notices(); strings.Contains(got, "held back") {
		t.Errorf("the hold is over: %q", got)
	}
	f.server.history.add(rowResult("exch01.corp.example", now, smbprobe.VerdictOK))
	check("probed again")
}

// TestIcon: it shows the state of the fleet, or the one that a page names.
func TestIcon(t *testing.T) {
	f := newFixture(t, nil)
	f.server.history.add(rowResult("exch01.corp.example", time.Now(), smbprobe.VerdictWarning))
	for query, want := range map[string]state{"": stateWarning, "?state=critical": stateCritical, "?state=nonsense": stateWarning, "?state=ok": stateOK} {
		w := f.do(http.MethodGet, "/favicon.ico"+query)
		if w.Code != 200 || w.Header().Get("Content-Type") != "image/svg+xml" || !strings.Contains(w.Body.String(), want.info().Color) {
			t.Errorf("%s: status %d, want the color of %s in %s", query, w.Code, want.Name(), w.Body)
		}
	}
}

func TestSpan(t *testing.T) {
	for d, want := range map[time.Duration]string{
		-time.Second: "0 s", 0: "0 s", 59 * time.Second: "59 s", time.Minute: "1 min", 22*time.Minute + 31*time.Second: "22 min",
		time.Hour: "1 h", 3*time.Hour + 5*time.Minute + 9*time.Second: "3 h 5 min", 49 * time.Hour: "2 d 1 h", 48*time.Hour + time.Minute: "2 d",
	} {
		if got := span(d); got != want {
			t.Errorf("%s: %q, want %q", d, got, want)
		}
	}
}
