package web

import (
	"context"
	_ "embed"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"

	"github.com/rasphone-exporter/rasphone_exporter/collector"
	"github.com/rasphone-exporter/rasphone_exporter/dashboards"
	"github.com/rasphone-exporter/rasphone_exporter/internal/config"
	"github.com/rasphone-exporter/rasphone_exporter/internal/simnt/fleet"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/prober"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/smb"
)

// axe checks the accessibility of a page, see testdata/axe-core.
//
//go:embed testdata/axe-core/axe.min.js
var axe string

// browserHost is the name under which the browser reaches the exporter. Over plain HTTP no
// browser trusts it as it trusts localhost: navigator.clipboard and Sec-Fetch-Site are absent.
const browserHost = "exporter.test"

// Targets that the demo fleet does not have.
const (
	neverTarget   = "never.demo"
	staleTarget   = "stale.demo"
	unknownTarget = "unknown.demo"
	hostileTarget = "hostile.demo"
)

// demoProber is the prober of the demo fleet.
type demoProber struct{ *prober.Prober }

// startDemoFleet starts an exporter of the demo fleet and of the targets above, and probes the
// fleet twice.
func startDemoFleet(t *testing.T) (servers []fleet.Server, server *Server, address string) {
	t.Helper()
	servers, err := fleet.Fleet(time.Now)
	if err != nil {
		t.Fatal(err)
	}
	listening, err := fleet.Listen(t.Context(), servers)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := listening.Close(); err != nil {
			t.Error(err)
		}
	})
	yaml := fleet.Config(servers)
	for _, name := range []string{neverTarget, staleTarget, unknownTarget, hostileTarget} {
		yaml = fmt.Appendf(yaml, "  - {hosts: [%s], auth: healthy, modules: [default], labels: {site: \"nowhere <b>\"}}\n", name)
	}
	c, err := config.Parse("", yaml, nil)
	if err != nil {
		t.Fatal(err)
	}
	p, err := prober.New(prober.Options{Resolver: listening, Dial: listening.Dial})
	if err != nil {
		t.Fatal(err)
	}
	var targets []smbprobe.Target
	for _, h := range c.Hosts() {
		target, err := c.Target(h.Name, "")
		if err != nil {
			t.Fatal(err)
		}
		targets = append(targets, target)
	}
	if err := p.Configure(targets); err != nil {
		t.Fatal(err)
	}
	runbooks, err := dashboards.Runbooks()
	if err != nil {
		t.Fatal(err)
	}
	server, err = New(Options{
		Prober: demoProber{p}, Config: func() Config { return c }, Reload: func() error { return nil }, Hostname: browserHost,
		Metrics:       collector.NewExporter(time.Now(), collector.Counts{Targets: func() int { return 0 }, LoginsHeldBack: p.LoginsHeldBack, EventlogsForgotten: p.EventlogsForgotten}),
		MaxConcurrent: 100, TimeoutOffset: 500 * time.Millisecond, Runbooks: runbooks, Logger: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { server.Drain(context.Background()) })
	var probes sync.WaitGroup
	for _, s := range servers {
		probes.Go(func() {
			for range 2 {
				server.Handler().ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/probe?target="+s.Name, http.NoBody))
			}
		})
	}
	probes.Wait()
	addStates(server.history)

	listener := httptest.NewServer(server.Handler())
	t.Cleanup(listener.Close)
	_, port, _ := strings.Cut(strings.TrimPrefix(listener.URL, "http://"), ":")
	return servers, server, "http://" + browserHost + ":" + port
}

// addStates adds results of states that no server of the fleet has.
func addStates(h *history) {
	now := time.Now()
	unclear := rowResult(unknownTarget, now, smbprobe.VerdictUnknown)
	unclear.Share, unclear.ShareError, unclear.Auth = smbprobe.ShareNotProbed, "waiting for a place to log in", "healthy"
	unclear.LoginHeldBack, unclear.HeldBackUntil = true, now.Add(time.Hour)
	h.add(unclear)
	stale := rowResult(staleTarget, now.Add(-time.Hour), smbprobe.VerdictOK)
	stale.Phonebook.Intact = new(true)
	h.add(stale)
	r := hostile()
	r.Target, r.Module, r.Started = hostileTarget, "default", now
	r.Causes = append(r.Causes, smbprobe.Cause{Name: "port_taken", Severity: smbprobe.SeverityCritical, Headline: strings.Repeat("<img src=x onerror=pwned=1>", 20)})
	r.Phonebook.Text = "[" + strings.Repeat("x", 256) + "]\n<script>pwned=1</script>\n\u202egnihton\n=" + strings.Repeat("W", 250)
	r.Eventlog.Latest = []smbprobe.FailureEvent{{At: now, Entry: "<script>pwned=1</script>", Code: "5", Text: strings.Repeat("y", 256)}}
	r.Eventlog.ByHour = &smbprobe.HourlyCounts{End: now, KnownFrom: now.Add(-90 * time.Minute), Failures: [24]int{20: 1, 23: 1 << 30}}
	r.Trace = smbprobe.Trace{{Event: smb.Event{Text: "</pre><script>pwned=1</script>"}}, {Event: smb.Event{Text: strings.Repeat("z", 5000)}}}
	h.add(r)
}

// browser is a tab of headless Chromium.
type browser struct {
	ctx     context.Context
	address string

	mu       sync.Mutex
	problems []string // errors in the console
	requests []string
}

// startBrowser starts Chromium, which resolves no name but browserHost.
func startBrowser(t *testing.T, address string) *browser {
	t.Helper()
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.Flag("host-resolver-rules", "MAP "+browserHost+" 127.0.0.1, MAP * ~NOTFOUND"),
		chromedp.Flag("no-sandbox", os.Geteuid() == 0),
		chromedp.DisableGPU,
	)
	allocator, stop := chromedp.NewExecAllocator(context.Background(), options...)
	ctx, _ := chromedp.NewContext(allocator)
	b := &browser{ctx: ctx, address: address}
	if err := chromedp.Do(ctx); err != nil {
		stop()
		t.Fatalf("Chromium (Debian package chromium) does not start: %v", err)
	}
	var watchers sync.WaitGroup
	console, requests := chromedp.Console(ctx), chromedp.Events(ctx, network.RequestWillBeSent)
	watchers.Go(func() {
		for m, err := range console {
			if err != nil {
				return
			}
			if m.Type == chromedp.ConsoleError || m.Type == chromedp.ConsoleException || m.Type == chromedp.ConsoleWarning {
				b.note(&b.problems, m.String())
			}
		}
	})
	watchers.Go(func() {
		for r, err := range requests {
			if err != nil {
				return
			}
			b.note(&b.requests, r.Request.URL)
		}
	})
	t.Cleanup(func() {
		if err := chromedp.Cancel(ctx); err != nil {
			t.Errorf("Chromium: %v", err)
		}
		stop()
		watchers.Wait()
	})
	return b
}

func (b *browser) note(list *[]string, text string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	*list = append(*list, text)
}

// checkQuiet checks that the console has no errors, and that all requests went to the exporter.
func (b *browser) checkQuiet(t *testing.T) {
	t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, p := range b.problems {
		t.Errorf("console: %s", p)
	}
	if len(b.requests) == 0 {
		t.Error("no request was seen")
	}
	for _, r := range b.requests {
		if !strings.HasPrefix(r, b.address+"/") {
			t.Errorf("a request to %s", r)
		}
	}
}

// do runs steps, and fails the test if one fails.
func (b *browser) do(t *testing.T, steps ...chromedp.Action[chromedp.Void]) {
	t.Helper()
	if err := chromedp.Do(b.ctx, steps...); err != nil {
		t.Fatal(err)
	}
}

func (b *browser) open(t *testing.T, path string) {
	t.Helper()
	b.do(t, chromedp.Navigate(b.address+path))
}

// evaluate returns the value of an expression in the page.
func evaluate[T any](t *testing.T, b *browser, expression string) T {
	t.Helper()
	value, err := chromedp.Run(b.ctx, chromedp.Evaluate[T](expression, chromedp.EvalAwaitPromise))
	if err != nil {
		t.Fatalf("%.200s: %v", expression, err)
	}
	return value
}

// wait waits until an expression in the page is true, also if the page is another one by then.
func (b *browser) wait(t *testing.T, expression string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, 30*time.Second)
	defer cancel()
	for {
		reached, err := chromedp.Run(ctx, chromedp.Evaluate[bool](expression)) // fails while the page changes
		if err == nil && reached {
			return
		}
		select {
		case <-time.After(20 * time.Millisecond):
		case <-ctx.Done():
			t.Fatalf("%s never becomes true: %v; the page has:\n%.3000s", expression, err, evaluate[string](t, b, "document.body.innerText"))
		}
	}
}

// show sets the width and the color scheme.
func (b *browser) show(t *testing.T, width int64, scheme string) {
	t.Helper()
	if _, err := chromedp.Call(b.ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}}); err != nil {
		t.Fatal(err)
	}
	if _, err := chromedp.Call(b.ctx, emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{Width: width, Height: 900, DeviceScaleFactor: 1}); err != nil {
		t.Fatal(err)
	}
}

// scripts switches the scripts of pages on or off.
func (b *browser) scripts(t *testing.T, on bool) {
	t.Helper()
	if _, err := chromedp.Call(b.ctx, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: !on}); err != nil {
		t.Fatal(err)
	}
}

// checkAccessible checks that axe has no finding worse than minor, with all folds open. rule
// limits it to one rule; empty: all.
func (b *browser) checkAccessible(t *testing.T, what, rule string) {
	t.Helper()
	evaluate[bool](t, b, "document.querySelectorAll('details').forEach(d => d.open = true); true")
	if !evaluate[bool](t, b, "!!window.axe") {
		evaluate[bool](t, b, axe+"\n;true")
	}
	only := ""
	if rule != "" {
		only = `, runOnly: ["` + rule + `"]`
	}
	text := evaluate[string](t, b, `axe.run({resultTypes: ["violations"]`+only+`}).then(r => JSON.stringify({passes: r.passes.length, violations: r.violations.map(v => ({id: v.id, impact: v.impact, help: v.help, nodes: v.nodes.slice(0, 3).map(n => n.html.slice(0, 300) + " " + n.failureSummary)}))}))`)
	var result struct {
		Passes     int
		Violations []struct {
			ID, Impact, Help string
			Nodes            []string
		}
	}
	if err := json.Unmarshal([]byte(text), &result); err != nil {
		t.Fatal(err)
	}
	for _, v := range result.Violations {
		if v.Impact != "minor" {
			t.Errorf("%s: %s, %s: %s\n%s", what, v.Impact, v.ID, v.Help, strings.Join(v.Nodes, "\n"))
		}
	}
	if result.Passes == 0 || rule == "" && result.Passes < 10 {
		t.Errorf("%s: only %d rules were applied", what, result.Passes)
	}
}

// checkWidth checks that a page does not scroll sideways.
func (b *browser) checkWidth(t *testing.T, what string) {
	t.Helper()
	evaluate[bool](t, b, "document.querySelectorAll('details').forEach(d => d.open = true); true")
	size := evaluate[[]int](t, b, "[document.documentElement.scrollWidth, innerWidth]")
	if size[0] > size[1] {
		wide := evaluate[string](t, b, `[...document.querySelectorAll("main *")].filter(e => e.getBoundingClientRect().right > innerWidth + 1).slice(0, 3).map(e => e.outerHTML.slice(0, 200)).join("\n")`)
		t.Errorf("%s is %d pixels wide, the window %d:\n%s", what, size[0], size[1], wide)
	}
}

// screenshot writes a picture of the whole page, for a person to look at.
func (b *browser) screenshot(t *testing.T, file string) {
	t.Helper()
	picture, err := chromedp.Run(b.ctx, chromedp.FullScreenshot(100))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, picture, 0o644); err != nil {
		t.Fatal(err)
	}
}

func targetPath(name string) string { return "/target?target=" + url.QueryEscape(name) }
