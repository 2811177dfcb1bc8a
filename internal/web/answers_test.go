package web

import (
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/rasphone-exporter/rasphone_exporter/internal/report"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/smb"
)

// TestErrorsInTheFrame: a browser gets errors inside a page with a way back, a program as text.
func TestErrorsInTheFrame(t *testing.T) {
	for _, tt := range []struct {
		method, path string
		status       int
		root         string // of links
		want         string
	}{
		{"GET", "/nothing", 404, "", "404 page not found"},
		{"GET", "/a/b/nothing", 404, "../../", "404 page not found"},
		{"GET", "/target", 400, "", "no target"},
		{"GET", "/target/trace?target=exch02:139&probe=x", 400, "../", "not the number of a probe"},
		{"GET", "/target/trace?target=exch02:139&probe=5", 404, "../", "is not kept"},
		{"GET", "/probe?target=%3Cb%3E", 403, "", "&lt;b&gt;"},
		{"GET", "/runbooks/none", 404, "../", "no such runbook"},
		{"GET", "/api/v1/targets/none", 404, "../../../", "no result of it is kept"},
		{"GET", "/-/reload", 405, "../", "Method Not Allowed"},
		{"POST", "/-/forget?auth=held", 409, "../", "12:31"},
		{"POST", "/target/probe-now?target=exch01.corp.example", 400, "../", "no target in the form"},
	} {
		f := newPageFixture(t)
		w := f.do(tt.method, tt.path, "Accept", "text/html,*/*;q=0.8")
		body := content(w)
		if w.Code != tt.status || !strings.Contains(body, tt.want) || !strings.Contains(body, `<a href="`+tt.root+`events">`) || !strings.Contains(body, `>All servers</a>`) {
			t.Errorf("%s: status %d, want %d with %q:\n%s", tt.path, w.Code, tt.status, tt.want, body)
		}
		checkPolicy(t, w)
		plain := f.do(tt.method, tt.path)
		if plain.Code != tt.status || !strings.HasPrefix(plain.Header().Get("Content-Type"), "text/plain") {
			t.Errorf("%s: status %d, type %q for a program", tt.path, plain.Code, plain.Header().Get("Content-Type"))
		}
	}
}

// TestTextsInTheFrame: what programs get as text, a browser gets inside a page.
func TestTextsInTheFrame(t *testing.T) {
	f := newFixture(t, nil)
	for _, tt := range []struct{ method, path, plain, framed string }{
		{"GET", "/config", "password: <secret>", "password: &lt;secret&gt;"},
		{"GET", "/probe?target=10.1.2.3&debug=true", "Share: ok", "Share: ok"},
		{"GET", "/target/trace?target=10.1.2.3", "Share: ok", "Share: ok"},
		{"POST", "/-/forget?auth=corp", "auth corp logs in", "auth corp logs in"},
		{"POST", "/-/reload", "loaded", "loaded"},
	} {
		plain, framed := f.do(tt.method, tt.path), f.do(tt.method, tt.path, "Accept", "text/html")
		if !strings.HasPrefix(plain.Header().Get("Content-Type"), "text/plain") || !strings.Contains(plain.Body.String(), tt.plain) {
			t.Errorf("%s for a program: %s", tt.path, plain.Body)
		}
		if !strings.HasPrefix(framed.Header().Get("Content-Type"), "text/html") || !strings.Contains(content(framed), tt.framed) || !strings.Contains(content(framed), `aria-label="Pages"`) {
			t.Errorf("%s for a browser: %s", tt.path, content(framed))
		}
		checkPolicy(t, framed)
	}
}

// TestTracesOfEarlierProbes: the trace of a failure is there after the server has recovered, and
// viewing it does not probe.
func TestTracesOfEarlierProbes(t *testing.T) {
	f := newPageFixture(t)
	flap := longResult("exch01.corp.example", pageTime().Add(-time.Minute))
	flap.Trace = smbprobe.Trace{{Event: smb.Event{Text: "the line that tells why"}}}
	f.server.history.add(rowResult("exch01.corp.example", pageTime().Add(-2*time.Minute), smbprobe.VerdictOK))
	f.server.history.add(flap)
	f.server.history.add(rowResult("exch01.corp.example", pageTime(), smbprobe.VerdictOK))
	page := content(f.do(http.MethodGet, "/target?target=exch01.corp.example"))
	inOrder(t, page, `aria-label="last 3 probes: 1 OK, then 1 critical, then 1 OK"`, "✔ OK", "last, changed", "✖ CRITICAL", "changed")
	before, _, _ := strings.Cut(page, "✖ CRITICAL")
	const link = `<a href="target/trace?`
	query, _, _ := strings.Cut(before[strings.LastIndex(before, link)+len(link):], `"`)
	trace := f.do(http.MethodGet, "/target/trace?"+strings.ReplaceAll(query, "&amp;", "&"))
	if trace.Code != 200 || !strings.Contains(trace.Body.String(), "the line that tells why") || !strings.Contains(trace.Body.String(), `rasphone_diagnosis{`) {
		t.Errorf("status %d: %s", trace.Code, trace.Body)
	}
}

// TestStaleResults: old data is not shown as OK.
func TestStaleResults(t *testing.T) {
	f := newPageFixture(t)
	f.server.history.add(rowResult("exch01.corp.example", pageTime().Add(-6*time.Minute), smbprobe.VerdictOK))
	index := content(f.do(http.MethodGet, "/"))
	inOrder(t, index, "2 servers: 1 stale", "state=stale", "Nothing has been probed for 6 min", "◷ STALE", "was OK for 6 min")
	page := content(f.do(http.MethodGet, "/target?target=exch01.corp.example"))
	inOrder(t, page, "<title>exch01.corp.example: STALE", "state=stale", `hero unclear`, "◷ STALE</span>: no probe for 6 min; it was OK then")
	if strings.Contains(page, "hero good") {
		t.Error("a stale result looks good")
	}
}

// TestAPI: results are what probe --output=json prints.
func TestAPI(t *testing.T) {
	f := newPageFixture(t)
	f.server.history.add(brokenEntriesOf("exch01.corp.example"))
	other := brokenEntriesOf("exch01.corp.example")
	other.Module = "short"
	f.server.history.add(other)
	f.server.history.add(hostileOf("gone"))
	f.server.history.add(rowResult("taken", pageTime(), smbprobe.VerdictCritical))
	schema := compileSchema(t)
	for path, want := range map[string]string{
		"/api/v1/targets":                                  "exch01.corp.example default, exch01.corp.example short, gone default, taken default",
		"/api/v1/targets/exch01.corp.example":              "exch01.corp.example default, exch01.corp.example short",
		"/api/v1/targets/exch01.corp.example?module=short": "exch01.corp.example short",
		"/api/v1/targets/gone":                             "gone default",
		"/api/v1/targets/exch02:139":                       "",
		"/api/v1/targets?site=hq":                          "exch01.corp.example default",
		"/api/v1/targets?module=short":                     "exch01.corp.example short",
		"/api/v1/targets?state=critical":                   "taken default",
		"/api/v1/targets?state=not-ok&q=taken":             "taken default",
		"/api/v1/targets?state=never":                      "",
		"/api/v1/targets?cause=port_taken":                 "taken default",
		"/api/v1/targets?site=nowhere":                     "",
		"/api/v1/targets?q=+&state=":                       "exch01.corp.example default, exch01.corp.example short, gone default, taken default",
	} {
		w := f.do(http.MethodGet, path)
		var document any
		if err := json.Unmarshal(w.Body.Bytes(), &document); err != nil || w.Code != 200 || w.Header().Get("Content-Type") != "application/json" {
			t.Fatalf("%s: status %d, %v: %s", path, w.Code, err, w.Body)
		}
		if err := schema.Validate(document); err != nil {
			t.Errorf("%s: %v", path, err)
		}
		var probes []report.Probe
		if err := json.Unmarshal(w.Body.Bytes(), &probes); err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, p := range probes {
			got = append(got, p.Target+" "+p.Module)
		}
		if diff := cmp.Diff(want, strings.Join(got, ", ")); diff != "" {
			t.Errorf("%s: %s", path, diff)
		}
	}
	if w := f.do(http.MethodGet, "/api/v1/targets/none"); w.Code != 404 {
		t.Errorf("an unknown target: status %d", w.Code)
	}
}

func hostileOf(target string) *smbprobe.Result {
	r := hostile()
	r.Target, r.Module = target, "default"
	// The schema lists what these can be.
	r.Causes, r.RPC, r.Phonebook.Findings, r.Phonebook.Counts, r.Services, r.Steps = nil, "", nil, nil, nil, nil
	return r
}

func compileSchema(t *testing.T) *jsonschema.Schema {
	t.Helper()
	file, err := os.Open("../report/probe.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = file.Close() }()
	document, err := jsonschema.UnmarshalJSON(file)
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("schema.json", document); err != nil {
		t.Fatal(err)
	}
	schema, err := c.Compile("schema.json")
	if err != nil {
		t.Fatal(err)
	}
	return schema
}

// TestEvents: those of all targets, the newest first by the exporter's clock.
func TestEvents(t *testing.T) {
	f := newPageFixture(t)
	add := func(target string, offset time.Duration, events ...smbprobe.FailureEvent) {
		r := rowResult(target, pageTime(), smbprobe.VerdictOK)
		r.ClockOffset, r.Eventlog.Latest = &offset, events
		f.server.history.add(r)
	}
	at := func(minutes int) time.Time { return pageTime().Add(-time.Duration(minutes) * time.Minute) }
	add("exch01.corp.example", time.Hour, smbprobe.FailureEvent{At: at(-58), Entry: "Far <b>", Code: "5", Text: "Far 5"}, smbprobe.FailureEvent{At: at(-50), Entry: "Far", Code: "unknown"})
	add("10.1.2.3", 0, smbprobe.FailureEvent{At: at(5), Entry: "ISP", Code: "633", Text: "ISP 633"}, smbprobe.FailureEvent{At: at(60), Entry: "ISP", Code: "999999"})
	body := content(f.do(http.MethodGet, "/events"))
	inOrder(t, body, "4 events", "2001-02-03 04:03:06 UTC", "Far &lt;b&gt;", "5 ERROR_ACCESS_DENIED", "2001-02-03 04:00:06 UTC", "633 ERROR_PORT_NOT_AVAILABLE", "03:55:06", "unknown", "03:05:06", "999999")
	for query, want := range map[string]int{"?q=633": 1, "?site=hq": 2, "?site=hq&q=633": 0, "?q=access+denied": 1, "?q=10.1": 2} {
		if body := content(f.do(http.MethodGet, "/events"+query)); strings.Count(body, `<td data-l="Entry">`) != want {
			t.Errorf("%s: %d events, want %d", query, strings.Count(body, `<td data-l="Entry">`), want)
		}
	}
}

// TestEventsPaging: no more than 200 events are on a page.
func TestEventsPaging(t *testing.T) {
	f := newPageFixture(t)
	for n := range 9 {
		f.server.history.add(longResult(fmt.Sprintf("10.0.0.%d", n), pageTime()))
	}
	for page, want := range []int{200, 200, 50} {
		if body := content(f.do(http.MethodGet, fmt.Sprintf("/events?page=%d", page+1))); strings.Count(body, `<td data-l="Entry">`) != want {
			t.Errorf("page %d: %d events, want %d", page+1, strings.Count(body, `<td data-l="Entry">`), want)
		}
	}
}

func TestAcceptsGzip(t *testing.T) {
	for header, want := range map[string]bool{
		"": false, "gzip": true, "deflate, gzip;q=0.5": true, "gzip;q=0": false, "gzip; q=0.0": false, "*;q=0": false,
		"identity, *;q=0": false, "*, gzip;q=0": false, "br": false, "gzip;q=x": false, "gzipped": false,
	} {
		if got := acceptsGzip(http.Header{"Accept-Encoding": {header}}); got != want {
			t.Errorf("%q: %t", header, got)
		}
	}
}

// TestCompression: a compressed page is the same page.
func TestCompression(t *testing.T) {
	f := newPageFixture(t)
	f.server.history.add(longResult("10.0.0.1", pageTime()))
	for _, path := range []string{"/", "/target?target=10.0.0.1", "/api/v1/targets", "/nothing"} {
		plain := f.do(http.MethodGet, path, "Accept", "text/html")
		packed := f.do(http.MethodGet, path, "Accept", "text/html", "Accept-Encoding", "gzip, br")
		if packed.Header().Get("Content-Encoding") != "gzip" || plain.Header().Get("Content-Encoding") != "" {
			t.Fatalf("%s: encoding %q", path, packed.Header().Get("Content-Encoding"))
		}
		z, err := gzip.NewReader(packed.Body)
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(z)
		if err != nil || string(text) != plain.Body.String() || packed.Code != plain.Code {
			t.Errorf("%s: %v, %d bytes for %d", path, err, len(text), plain.Body.Len())
		}
		if !strings.Contains(strings.Join(packed.Header().Values("Vary"), ","), "Accept-Encoding") {
			t.Errorf("%s: Vary %q", path, packed.Header().Values("Vary"))
		}
	}
}

// probeNow sends the form of a target's page.
func (f *fixture) probeNow(target, module string, headers ...string) *httptest.ResponseRecorder {
	form := url.Values{"target": {target}, "module": {module}}
	r := httptest.NewRequest(http.MethodPost, "/target/probe-now", strings.NewReader(form.Encode()))
	r.Host = "localhost:10196"
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	f.server.Handler().ServeHTTP(w, r)
	return w
}

// TestProbeNow: it probes under the same rules as /probe, and leads back.
func TestProbeNow(t *testing.T) {
	f := newFixture(t, nil)
	w := f.probeNow("exch01.corp.example", "default")
	if w.Code != http.StatusSeeOther || w.Header().Get("Location") != "../target?module=default&target=exch01.corp.example" || f.prober.count() != 1 {
		t.Errorf("status %d, Location %q, %d probes", w.Code, w.Header().Get("Location"), f.prober.count())
	}
	if body := content(f.do(http.MethodGet, "/target?target=exch01.corp.example")); !strings.Contains(body, "✔ OK") {
		t.Errorf("the result is not on the page:\n%s", body)
	}
	for _, tt := range []struct {
		name, target, module string
		headers              []string
		status               int
	}{
		{"a target that is not allowed", "evil", "", nil, 403},
		{"a module of another target", "exch01.corp.example", "of another", nil, 403},
		{"an unknown module", "exch01.corp.example", "none", nil, 400},
		{"no target", "", "", nil, 400},
		{"a page of another site", "exch01.corp.example", "", []string{"Sec-Fetch-Site", "cross-site"}, 403},
		{"another origin", "exch01.corp.example", "", []string{"Origin", "http://evil.example"}, 403},
	} {
		if w := f.probeNow(tt.target, tt.module, tt.headers...); w.Code != tt.status || f.prober.count() != 1 {
			t.Errorf("%s: status %d, want %d; %d probes: %s", tt.name, w.Code, tt.status, f.prober.count(), w.Body)
		}
	}
	if w := f.do(http.MethodPost, "/target/probe-now?target=exch01.corp.example"); w.Code != 400 || f.prober.count() != 1 {
		t.Errorf("a query instead of a form: status %d, %d probes", w.Code, f.prober.count())
	}
	if w := f.do(http.MethodGet, "/target/probe-now?target=exch01.corp.example"); w.Code != 405 || f.prober.count() != 1 {
		t.Errorf("GET: status %d, %d probes", w.Code, f.prober.count())
	}
	f.server.Drain(context.Background())
	if w := f.probeNow("exch01.corp.example", "default"); w.Code != http.StatusServiceUnavailable {
		t.Errorf("while draining: status %d", w.Code)
	}
}

// TestProbeNowWaits: within min_interval it waits until the interval is over, and then probes.
func TestProbeNowWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(t, nil)
		f.config.minInterval = 30 * time.Second
		f.do(http.MethodGet, "/probe?target=exch01.corp.example")
		time.Sleep(10 * time.Second)
		begin := time.Now()
		w := f.probeNow("exch01.corp.example", "")
		if took := time.Since(begin); w.Code != http.StatusSeeOther || took != 20*time.Second || f.prober.count() != 2 {
			t.Errorf("status %d after %s, %d probes", w.Code, took, f.prober.count())
		}
	})
}

// TestProbeNowClientLeaves: a browser that leaves while it waits causes no probe.
func TestProbeNowClientLeaves(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(t, nil)
		f.config.minInterval = 30 * time.Second
		f.do(http.MethodGet, "/probe?target=exch01.corp.example")
		ctx, leave := context.WithTimeout(t.Context(), 5*time.Second)
		defer leave()
		r := httptest.NewRequestWithContext(ctx, http.MethodPost, "/target/probe-now", strings.NewReader("target=exch01.corp.example"))
		r.Host = "localhost"
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		begin := time.Now()
		f.server.Handler().ServeHTTP(httptest.NewRecorder(), r)
		if took := time.Since(begin); took != 5*time.Second || f.prober.count() != 1 {
			t.Errorf("%s, %d probes", took, f.prober.count())
		}
	})
}

// TestConfigProblem: the first page shows why an older configuration is in force.
func TestConfigProblem(t *testing.T) {
	f := newFixture(t, func(o *Options) {
		o.ConfigProblem = func() (time.Time, error) { return time.Now(), errors.New("rasphone.yml:3: <unknown> key") }
	})
	inOrder(t, content(f.do(http.MethodGet, "/")), `role="status"`, "older configuration is in force", "rasphone.yml:3: &lt;unknown&gt; key")
}

// TestRowsAreRenderedOnce: a row is made at the first request after its result changed.
func TestRowsAreRenderedOnce(t *testing.T) {
	now := pageTime()
	f := newFixture(t, func(o *Options) { o.Now = func() time.Time { return now } })
	f.server.history.add(rowResult("exch01.corp.example", now, smbprobe.VerdictCritical))
	rowOf := func() *row {
		f.do(http.MethodGet, "/")
		return f.server.rows.byKey[flightKey{"exch01.corp.example", "default"}]
	}
	first := rowOf()
	now = now.Add(time.Minute)
	if rowOf() != first {
		t.Error("the row was made again without a new result")
	}
	if body := content(f.do(http.MethodGet, "/")); !strings.Contains(body, "1 min ago") {
		t.Errorf("the age does not grow:\n%s", body)
	}
	f.server.history.add(rowResult("exch01.corp.example", now, smbprobe.VerdictCritical))
	if rowOf() == first {
		t.Error("the row of an older result is shown")
	}
	second := rowOf()
	now = now.Add(time.Hour)
	if rowOf() == second {
		t.Error("the row was not made again when its result became stale")
	}
}
