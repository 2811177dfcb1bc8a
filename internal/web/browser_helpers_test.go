package web

import (
	"context"
	_ "embed"
	"encoding/json"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
)

// axe checks the accessibility of a page, see testdata/axe-core.
//
//go:embed testdata/axe-core/axe.min.js
var axe string

// browserHost is the name under which the browser reaches the exporter. Over plain HTTP no
// browser trusts it as it trusts localhost: navigator.clipboard and Sec-Fetch-Site are absent.
const browserHost = "exporter.test"

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
		chromedp.NoSandbox, // it needs rights that containers do not give, and opens the exporter's pages alone
		chromedp.DisableGPU,
		chromedp.WSURLReadTimeout(2*time.Minute),
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
	ctx, cancel := context.WithTimeout(b.ctx, 2*time.Minute)
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
