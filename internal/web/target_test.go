package web

import (
	"context"
	"flag"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/rasphone-exporter/rasphone_exporter/smbprobe"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/phonebook"
)

var update = flag.Bool("update", false, "write the golden files")

// golden compares the content of a page with a file of testdata.
func golden(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("differs from %s (-want +got):\n%s", file, diff)
	}
}

// newPageFixture is a fixture at pageTime, whose prober fails the test.
func newPageFixture(t *testing.T) *fixture {
	t.Helper()
	f := newFixture(t, func(o *Options) { o.Now = pageTime })
	f.prober.probe = func(_ context.Context, target smbprobe.Target) *smbprobe.Result {
		t.Errorf("%s was probed for a page", target.Name)
		return nil
	}
	return f
}

func TestTargetPage(t *testing.T) {
	for name, r := range map[string]*smbprobe.Result{
		"broken_entries": brokenEntries(),
		"held_back":      heldBack(),
		"share_disabled": shareDisabled(),
		"hostile":        hostile(),
		"damaged": {
			Target: "exch01.corp.example", Module: "default", Started: pageTime(), Success: true, Share: smbprobe.ShareOK,
			Phonebook: smbprobe.PhonebookResult{
				State: smbprobe.PhonebookDamaged, Error: "empty_file: 0 bytes", Size: new(int64(0)), Entries: new(0), Intact: new(false),
				Findings: []phonebook.Finding{{Check: phonebook.CheckEmptyFile, Class: phonebook.ClassFile, Detail: "0 bytes"}},
				Counts:   []phonebook.Count{{Check: phonebook.CheckEmptyFile, Class: phonebook.ClassFile, N: 1}},
				Dialed:   []phonebook.Dialed{{Name: "ISP"}},
			},
			Eventlog: smbprobe.EventlogResult{Readable: new(false), Error: "open eventlog: no such pipe"},
		},
		"sound": {
			Target: "exch01.corp.example", Module: "default", Started: pageTime(), Success: true, Share: smbprobe.ShareOK, ClockOffset: new(time.Duration(0)),
			Phonebook: smbprobe.PhonebookResult{State: smbprobe.PhonebookOK, Entries: new(1), Intact: new(true)},
			Eventlog: smbprobe.EventlogResult{
				Readable: new(true), Records: new(0), Windows: []smbprobe.WindowResult{{Label: "15m", Failures: new(0)}},
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			f := newPageFixture(t)
			f.server.history.add(r)
			w := f.do(http.MethodGet, "/target?target=exch01.corp.example&module=default")
			if w.Code != http.StatusOK {
				t.Fatalf("status %d:\n%s", w.Code, w.Body)
			}
			checkPolicy(t, w)
			golden(t, "target_"+name+".html", content(w))
			body := strings.ReplaceAll(content(w), `<a href="`+articleArchive, "")
			for _, not := range []string{"<script>alert", "<img", " onerror='", "javascript:", "http://", "https://"} {
				if strings.Contains(body, not) {
					t.Errorf("%s stands in the page", not)
				}
			}
		})
	}
}

// TestTargetPageOfNothing: of a probe that told nothing, no number stands in the page.
func TestTargetPageOfNothing(t *testing.T) {
	f := newPageFixture(t)
	target, err := f.config.Target("10.1.2.3", "")
	if err != nil {
		t.Fatal(err)
	}
	r := unknownResult(target, pageTime(), errNoResult)
	r.Duration = 0
	f.server.history.add(r)
	body := content(f.do(http.MethodGet, "/target?target=10.1.2.3"))
	golden(t, "target_nothing.html", body)
	if strings.Contains(body, "<dd>0</dd>") || strings.Contains(body, ">0 bytes<") || strings.Contains(body, "0001-01-01") {
		t.Errorf("an unknown number is in:\n%s", body)
	}
}

func TestTargetParameters(t *testing.T) {
	tests := []struct {
		name       string
		query      string
		wantStatus int
		want       string
	}{
		{"remembered", "target=exch01.corp.example&module=default", 200, "✔ OK<"},
		{"the target's own module", "target=exch01.corp.example", 200, "✔ OK<"},
		{"an empty module is none", "target=exch01.corp.example&module=", 200, "✔ OK<"},
		{"unknown parameters", "target=exch01.corp.example&x=1&x=2&debug=perhaps", 200, "✔ OK<"},
		{"another module", "target=exch01.corp.example&module=short", 200, "NOT PROBED</span> since the exporter started"},
		{"configured and not probed", "target=exch02:139", 200, "NOT PROBED</span> since the exporter started"},
		{"remembered, not configured any more", "target=gone&module=default", 200, ">gone <small>module default<"},
		{"the same without its module", "target=gone", 404, "the target gone, and no result"},
		{"neither", "target=%3Cscript%3E&module=%3Ci%3E", 404, "the target &lt;script&gt; with the module &lt;i&gt;"},
		{"unknown module", "target=exch01.corp.example&module=none", 404, "does not have the target"},
		{"not a host", "target=0x", 404, "does not have the target"},
		{"no target", "module=default", 400, "ask for /target?target=HOST"},
		{"an empty target", "target=", 400, "ask for /target?target=HOST"},
		{"two targets", "target=a&target=b", 400, "target is there 2 times"},
		{"two modules", "target=a&module=b&module=c", 400, "module is there 2 times"},
		{"not a query", "target=%zz", 400, "bad parameters"},
		{"a fault of the configuration", "target=broken", 500, "something else"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f := newPageFixture(t)
			f.server.history.add(brokenEntriesOf("exch01.corp.example"))
			f.server.history.add(brokenEntriesOf("gone"))
			w := f.do(http.MethodGet, "/target?"+tt.query)
			if w.Code != tt.wantStatus || !strings.Contains(w.Body.String(), tt.want) {
				t.Errorf("status %d, want %d with %q in:\n%s", w.Code, tt.wantStatus, tt.want, w.Body)
			}
			if tt.wantStatus == http.StatusOK || tt.wantStatus == http.StatusNotFound {
				checkPolicy(t, w)
			}
		})
	}
}

// brokenEntriesOf is a result whose verdict is a warning.
func brokenEntriesOf(target string) *smbprobe.Result {
	r := brokenEntries()
	r.Target = target
	r.Phonebook.Dialed = nil
	return r
}

func TestShortestWindow(t *testing.T) {
	tests := []struct {
		name    string
		windows []smbprobe.WindowResult
		want    *recentFailures
	}{
		{"none", nil, nil},
		{"in any order", []smbprobe.WindowResult{{Label: "1d", Failures: new(9)}, {Label: "90s", Failures: new(2)}, {Label: "1h", Failures: new(5)}}, &recentFailures{"90s", new(2)}},
		{"not known", []smbprobe.WindowResult{{Label: "15m"}, {Label: "1h", Failures: new(5)}}, &recentFailures{"15m", nil}},
		{"no duration", []smbprobe.WindowResult{{Label: "soon", Failures: new(1)}}, nil},
	}
	for _, tt := range tests {
		if diff := cmp.Diff(tt.want, shortestWindow(tt.windows)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.name, diff)
		}
	}
}
