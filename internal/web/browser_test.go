package web

import (
	"encoding/json"
	"flag"
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/rasphone-exporter/rasphone_exporter/internal/report"
	"github.com/rasphone-exporter/rasphone_exporter/internal/simnt/fleet"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe"
)

var (
	screenshots     = flag.String("screenshots", "", "write pictures of the pages into this folder")
	screenshotPages = flag.String("screenshots.pages", ".", "which ones: a regular expression for their names")
)

// TestBrowser looks at the pages of the demo fleet in headless Chromium: one browser for all.
func TestBrowser(t *testing.T) {
	servers, server, address := startDemoFleet(t)
	t.Run("links", func(t *testing.T) { testLinks(t, server) })
	b := startBrowser(t, address)
	for _, tt := range []struct {
		name string
		test func(*testing.T)
	}{
		{"causes and commands", func(t *testing.T) { testWalk(t, b, server, servers) }},
		{"accessibility", func(t *testing.T) { testAccessibility(t, b) }},
		{"filter", func(t *testing.T) { testFilter(t, b, servers) }},
		{"without scripts", func(t *testing.T) { testWithoutScripts(t, b, servers) }},
		{"copy", func(t *testing.T) { testCopy(t, b) }},
		{"hostile texts", func(t *testing.T) { testHostile(t, b) }},
		{"probe now", func(t *testing.T) { testProbeNow(t, b, server) }},
		{"refresh", func(t *testing.T) { testRefresh(t, b, server) }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			b.show(t, 1300, "light")
			tt.test(t)
			b.checkQuiet(t)
		})
	}
	if *screenshots != "" {
		takeScreenshots(t, b, servers)
	}
}

// testWalk goes from the first page to each broken server: its causes and the commands that fix
// them are at most two clicks away. Every page fits into 400 pixels.
func testWalk(t *testing.T, b *browser, server *Server, servers []fleet.Server) {
	b.show(t, 400, "light")
	b.open(t, "/")
	b.checkWidth(t, "/")
	links := evaluate[map[string]string](t, b, `Object.fromEntries([...document.querySelectorAll(".fleet th a")].map(a => [a.textContent, a.href]))`)
	for _, s := range servers {
		href := links[s.Name]
		if href == "" {
			t.Errorf("no link to %s", s.Name)
			continue
		}
		b.do(t, chromedp.Navigate(href)) // the first click
		page := evaluate[pageTexts](t, b, pageTextsScript)
		for _, c := range causesOf(t, server, s.Name) {
			if !page.has(c.Headline) {
				t.Errorf("%s: the cause %q is not on the page", s.Name, c.Headline)
			}
			if c.Severity == string(smbprobe.SeverityInfo) {
				continue
			}
			for _, step := range c.Remedy {
				for _, command := range step.Commands {
					if clicks, found := page.Commands[command]; !found || clicks > 1 {
						t.Errorf("%s, cause %s: the command %q is there: %t, behind %d clicks more", s.Name, c.Name, command, found, clicks)
					}
				}
			}
		}
		if page.has("as in the demo") {
			t.Errorf("%s: the password is on the page", s.Name)
		}
		b.checkWidth(t, s.Name)
	}
	for _, width := range []int64{970, 1160} { // just above those at which the layout changes
		b.show(t, width, "light")
		for _, path := range []string{"/", targetPath("name-too-long.demo"), targetPath("password-wrong.demo"), targetPath(hostileTarget), "/events?q=line-busy"} {
			b.open(t, path)
			b.checkWidth(t, fmt.Sprintf("%s, %d pixels", path, width))
		}
	}
	b.show(t, 400, "light")
	for _, path := range []string{"/events", "/config", "/runbooks/README", "/runbooks/common", targetPath(hostileTarget), targetPath(neverTarget), "/target/trace?target=" + hostileTarget, "/?q=nothing"} {
		b.open(t, path)
		b.checkWidth(t, path)
	}
}

// pageTexts are the texts of a page, and its commands with the number of closed folds around them.
type pageTexts struct {
	Texts    string
	Commands map[string]int
}

const pageTextsScript = `({texts: document.querySelector("main").textContent,
commands: Object.fromEntries([...document.querySelectorAll(".cmd code")].reverse().map(c => {
let n = 0; for (let e = c.parentElement; e; e = e.parentElement) if (e.tagName == "DETAILS" && !e.open) n++; return [c.textContent, n]}))})`

// has reports whether a text is on the page, whatever its white space.
func (p pageTexts) has(text string) bool {
	squeeze := func(s string) string { return strings.Join(strings.Fields(s), " ") }
	return strings.Contains(squeeze(p.Texts), squeeze(text))
}

// causesOf returns the causes of a target's last result.
func causesOf(t *testing.T, server *Server, target string) []report.Cause {
	t.Helper()
	w := httptest.NewRecorder()
	server.Handler().ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/api/v1/targets/"+target, http.NoBody))
	var probes []report.Probe
	if err := json.Unmarshal(w.Body.Bytes(), &probes); err != nil || len(probes) != 1 {
		t.Fatalf("%s: %v: %s", target, err, w.Body)
	}
	return probes[0].Causes
}

// testAccessibility checks a page of every kind and state, in both color schemes.
func testAccessibility(t *testing.T, b *browser) {
	for _, path := range []string{
		"/", targetPath("name-too-long.demo"), targetPath("healthy.demo"), targetPath("password-wrong.demo"), targetPath(unknownTarget), targetPath(staleTarget),
		targetPath(neverTarget), targetPath(hostileTarget), "/events?q=line-busy", "/config", "/runbooks/clock_off", "/target/trace?target=healthy.demo", "/nothing",
	} {
		b.show(t, 1300, "light")
		b.open(t, path)
		b.checkAccessible(t, path, "")
		b.show(t, 1300, "dark")
		b.checkAccessible(t, path+", dark", "color-contrast") // nothing else differs
		b.forgetStatus(path)
	}
	b.show(t, 400, "dark")
	for _, path := range []string{"/?q=share", targetPath("share-removed.demo")} {
		b.open(t, path)
		b.checkAccessible(t, path+", 400 pixels", "")
	}
}

// forgetStatus drops what the console has of a page that is not there on purpose.
func (b *browser) forgetStatus(path string) {
	if path != "/nothing" {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	for i, p := range b.problems {
		if strings.Contains(p, "404") {
			b.problems = append(b.problems[:i], b.problems[i+1:]...)
			return
		}
	}
}

// testFilter types into the filter: the list follows without a request for a whole page.
func testFilter(t *testing.T, b *browser, servers []fleet.Server) {
	b.open(t, "/")
	const rows = `document.querySelectorAll("#list tbody tr").length`
	if n := evaluate[int](t, b, rows); n != len(servers)+4 {
		t.Errorf("%d rows, want %d", n, len(servers)+4)
	}
	b.do(t, chromedp.SendKeys(chromedp.CSS("[name=q]"), "name-too-long"))
	b.wait(t, rows+" == 1")
	if q := evaluate[string](t, b, "location.search + document.activeElement.name"); q != "?q=name-too-longq" {
		t.Errorf("location and focus: %s", q)
	}
	evaluate[bool](t, b, `document.querySelector("[name=q]").value = ""; const s = document.querySelector("[name=state]"); s.value = "stale"; s.dispatchEvent(new Event("input", {bubbles: true})); true`)
	b.wait(t, rows+` == 1 && document.querySelector("#list tbody").textContent.includes("`+staleTarget+`")`)
	b.do(t, chromedp.Click(chromedp.CSS(`.tiles a[href="?state=critical"]`)))
	b.wait(t, `location.search == "?state=critical" && document.querySelector("[name=state]").value == "critical"`)
	b.do(t, chromedp.Click(chromedp.CSS(`.groups a`)))
	b.wait(t, `location.search.startsWith("?cause=") && `+rows+" > 1")
}

// testWithoutScripts uses the form, a fold and a button without the page's script.
func testWithoutScripts(t *testing.T, b *browser, servers []fleet.Server) {
	b.scripts(t, false)
	defer b.scripts(t, true)
	b.open(t, "/")
	b.do(t, chromedp.SendKeys(chromedp.CSS("[name=q]"), "healthy-"), chromedp.Click(chromedp.CSS("form.filter button")))
	b.wait(t, `location.search.includes("q=healthy-") && document.readyState == "complete"`)
	if n := evaluate[int](t, b, `document.querySelectorAll("#list tbody tr").length`); n == 0 || n >= len(servers) {
		t.Errorf("%d rows", n)
	}
	if visible := evaluate[bool](t, b, `document.querySelector(".fleet th a").checkVisibility()`); !visible {
		t.Error("what was looked for is folded")
	}
	b.open(t, "/")
	if n := evaluate[int](t, b, `[...document.querySelectorAll(".copy")].filter(c => c.checkVisibility()).length`); n != 0 {
		t.Errorf("%d buttons are visible that do nothing", n)
	}
	b.do(t, chromedp.Click(chromedp.CSS("#folded summary")))
	b.wait(t, `document.querySelector("#folded .fleet th a").checkVisibility()`)
}

// testCopy copies a command over plain HTTP, where navigator.clipboard does not exist.
func testCopy(t *testing.T, b *browser) {
	b.open(t, targetPath("name-too-long.demo"))
	if evaluate[bool](t, b, "isSecureContext || !!navigator.clipboard") {
		t.Fatal("the page is in a secure context, and so proves nothing")
	}
	evaluate[bool](t, b, `document.addEventListener("copy", () => window.copied = document.activeElement.value); true`)
	b.do(t, chromedp.Click(chromedp.CSS(".cmd .copy")))
	b.wait(t, `document.querySelector(".cmd .copy").textContent == "Copied"`)
	if got := evaluate[string](t, b, `copied + "|" + document.activeElement.getAttribute("aria-label")`); got != "rasphone|Copy: rasphone" {
		t.Errorf("copied and focus: %q", got)
	}
}

// testHostile opens the pages with texts of a hostile server.
func testHostile(t *testing.T, b *browser) {
	for _, path := range []string{"/", "/?q=%3Cimg+src%3Dx+onerror%3Dpwned%3D1%3E&module=%3Cscript%3E&site=%22%3E", targetPath(hostileTarget), "/target/trace?target=" + hostileTarget, "/events", "/runbooks/port_taken"} {
		b.open(t, path)
		if got := evaluate[string](t, b, `typeof pwned + document.querySelectorAll("script, img, iframe, object").length`); got != "undefined1" {
			t.Errorf("%s: %s", path, got)
		}
	}
}

// testProbeNow presses the button over plain HTTP with a name, as operators do.
func testProbeNow(t *testing.T, b *browser, server *Server) {
	key := flightKey{"healthy.demo", "default"}
	before, _ := server.history.get(key)
	b.open(t, targetPath(key.target))
	if now, _ := server.history.get(key); len(now.outcomes) != len(before.outcomes) {
		t.Error("viewing the page probed")
	}
	b.do(t, chromedp.Click(chromedp.CSS(".hero button")))
	b.wait(t, `location.pathname == "/target" && document.body.textContent.includes("Last 3 probes")`)
	after, _ := server.history.get(key)
	if len(after.outcomes) != len(before.outcomes)+1 {
		t.Errorf("%d probes, then %d", len(before.outcomes), len(after.outcomes))
	}
	b.open(t, "/")
	b.do(t, chromedp.Click(chromedp.CSS(".note button")))
	b.wait(t, `document.querySelector("h1").textContent == "One login is permitted"`)
}

// testRefresh: new results appear without a reload, with focus and folds as they were; and if
// the exporter does not answer, the page says that it is old.
func testRefresh(t *testing.T, b *browser, server *Server) {
	b.open(t, "/")
	evaluate[bool](t, b, `window.loaded = true; document.querySelector("#folded").open = true; document.querySelector('a[href="target?target=name-too-long.demo"]').focus(); true`)
	server.history.add(rowResult(unknownTarget, time.Now(), smbprobe.VerdictCritical))
	const refresh = `document.dispatchEvent(new Event("visibilitychange")); true`
	evaluate[bool](t, b, refresh)
	b.wait(t, `[...document.querySelectorAll("tr.bad th")].some(e => e.textContent.includes("`+unknownTarget+`"))`)
	if got := evaluate[string](t, b, `[loaded, document.querySelector("#folded").open, document.activeElement.textContent, [...document.querySelectorAll(".copy")].every(e => !e.hidden)].join()`); got != "true,true,name-too-long.demo,true" {
		t.Errorf("loaded, open, focus, buttons: %s", got)
	}
	const changed = "port-locked.demo"
	b.open(t, targetPath(changed))
	evaluate[bool](t, b, `document.querySelector("#latest").open = true; document.querySelector("#ruled-out").open = false; document.querySelector(".hero button").focus(); document.querySelector(".book").scrollTop = 40; true`)
	next := *server.history.all()[flightKey{changed, "default"}].result
	next.Started = time.Now()
	server.history.add(&next)
	evaluate[bool](t, b, refresh)
	b.wait(t, `document.body.textContent.includes("Last 3 probes")`)
	if got := evaluate[string](t, b, `[document.querySelector("#latest").open, document.querySelector("#ruled-out").open, document.querySelector(".book").scrollTop, document.activeElement.textContent].join()`); got != "true,false,40,Probe now" {
		t.Errorf("open, closed, scrolled, focus: %s", got)
	}
	server.history.add(rowResult(changed, time.Now(), smbprobe.VerdictOK))
	evaluate[bool](t, b, refresh)
	b.wait(t, `document.title.startsWith("`+changed+`: OK")`)
	if got := evaluate[string](t, b, `[document.querySelector("link[rel=icon]").href.split("=")[1], document.activeElement.textContent].join()`); got != "ok,Probe now" {
		t.Errorf("icon, focus: %s", got)
	}
	evaluate[bool](t, b, `window.fetch = () => Promise.reject(Error()); `+refresh)
	b.wait(t, `document.querySelector("#late").checkVisibility()`)
}

// takeScreenshots writes pictures of a page of every kind and state.
func takeScreenshots(t *testing.T, b *browser, servers []fleet.Server) {
	pages := map[string]string{
		"index": "/", "critical": "/?state=critical", "events": "/events", "config": "/config", "runbook": "/runbooks/admin_share_removed", "missing": "/nothing",
		"trace": "/target/trace?target=healthy.demo", "filtered": "/?q=share",
	}
	for _, name := range []string{neverTarget, staleTarget, unknownTarget, hostileTarget} {
		pages["target-"+name] = targetPath(name)
	}
	for _, s := range servers {
		pages["target-"+s.Name] = targetPath(s.Name)
	}
	wanted := regexp.MustCompile(*screenshotPages)
	for name, path := range pages {
		if !wanted.MatchString(name) {
			continue
		}
		for _, scheme := range []string{"light", "dark"} {
			for _, width := range []int64{1300, 400} {
				b.show(t, width, scheme)
				b.open(t, path)
				b.screenshot(t, filepath.Join(*screenshots, name+"-"+scheme+"-"+map[int64]string{1300: "wide", 400: "narrow"}[width]+".png"))
			}
		}
	}
}
