package web

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/rasphone-exporter/rasphone_exporter/internal/config"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe"
)

func TestIndex(t *testing.T) {
	now := time.Date(2001, 2, 3, 4, 5, 6, 0, time.UTC)
	f := newFixture(t, func(o *Options) { o.Now = func() time.Time { return now } })
	f.server.history.add(&smbprobe.Result{
		Target: "exch01.corp.example", Module: "default", Started: now.Add(-90 * time.Second), Duration: 120123 * time.Microsecond,
		Share: smbprobe.ShareLoginFailed, ShareError: `refused by <script>alert(1)</script>`, LoginHeldBack: true,
		Phonebook: smbprobe.PhonebookResult{State: smbprobe.PhonebookUnknown},
	})
	f.server.history.add(&smbprobe.Result{
		Target: `10.1.2.3&module=x"><b>`, Module: "short", Started: now.Add(-time.Second),
		Share: smbprobe.ShareOK, Phonebook: smbprobe.PhonebookResult{State: smbprobe.PhonebookOK},
	})
	f.server.history.add(&smbprobe.Result{
		Target: "10.1.2.4", Module: "default", Started: now, Share: smbprobe.ShareOK,
		Phonebook: smbprobe.PhonebookResult{State: smbprobe.PhonebookOK, Intact: new(false)},
		Eventlog:  smbprobe.EventlogResult{Windows: []smbprobe.WindowResult{{Label: "1h", Failures: new(9)}, {Label: "15m", Failures: new(3)}}},
	})
	w := f.do(http.MethodGet, "/")
	body := w.Body.String()
	for _, want := range []string{
		`href="metrics"`, `href="config"`, `href="sd"`,
		`<td data-label="State" class="whole"><span class="unclear">UNKNOWN</span><small>since <time datetime="2001-02-03T04:03:36Z">1m30s ago</time></small></td>`,
		`<td data-label="Cause" class="main">none found</td>`,
		`<td data-label="Share" class="warning"><span class="whole">login_failed</span> (login held back)<small>refused by &lt;script&gt;alert(1)&lt;/script&gt;</small></td>`,
		`<td data-label="Phone book" class="unclear"><span class="whole">unknown</span></td>`,
		`<time datetime="2001-02-03T04:03:36Z">1m30s ago</time>`,
		`<small>took 120.1ms</small></td>`,
		`href="target?module=default&amp;target=exch01.corp.example"`,
		`<td data-label="Failures">unknown</td>`, // failures of exch01
		`<td data-label="Failures" class="whole warning">3 in 15m</td>`,
		`<td data-label="Phone book" class="warning"><span class="whole">ok</span><small>with findings that keep entries from being dialed</small></td>`,
		`href="probe?module=default&amp;target=exch01.corp.example"`,
		`href="probe?debug=true&amp;module=default&amp;target=exch01.corp.example"`,
		`<td data-label="Share" class="good"><span class="whole">ok</span></td>`,
		`href="probe?module=short&amp;target=10.1.2.3%26module%3Dx%22%3E%3Cb%3E"`,
		"short (not listed)",
		`<td data-label="State" colspan="6">not probed yet</td>`, // exch02:139
	} {
		if !strings.Contains(body, want) {
			t.Errorf("%s is missing in:\n%s", want, body)
		}
	}
	for _, not := range []string{"<script", "<b>", "http://", "https://"} {
		if strings.Contains(body, not) {
			t.Errorf("%s stands in:\n%s", not, body)
		}
	}

	checkPolicy(t, w)
}

// checkPolicy checks that the policy of a page allows its own style and nothing else.
func checkPolicy(t *testing.T, w *httptest.ResponseRecorder) {
	t.Helper()
	_, rest, _ := strings.Cut(w.Body.String(), "<style>")
	style, _, closed := strings.Cut(rest, "</style>")
	sum := sha256.Sum256([]byte(style))
	want := fmt.Sprintf("default-src 'none'; style-src 'sha256-%s'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
		base64.StdEncoding.EncodeToString(sum[:]))
	if got := w.Header().Get("Content-Security-Policy"); !closed || got != want {
		t.Errorf("policy %q, want %q", got, want)
	}
}

func TestIndexWithoutTargets(t *testing.T) {
	f := newFixture(t, nil)
	f.config.hosts = nil
	if body := f.do(http.MethodGet, "/").Body.String(); !strings.Contains(body, "lists no host") || strings.Contains(body, "<table>") {
		t.Errorf("page:\n%s", body)
	}
}

func TestHistorySince(t *testing.T) {
	h := newHistory(func() []config.Host { return nil })
	at := func(minute int) time.Time { return time.Date(2001, 2, 3, 4, minute, 0, 0, time.UTC) }
	steps := []struct {
		share     smbprobe.ShareState
		book      smbprobe.PhonebookState
		cause     smbprobe.Severity
		wantSince int
	}{
		{smbprobe.ShareOK, smbprobe.PhonebookOK, "", 0},
		{smbprobe.ShareOK, smbprobe.PhonebookOK, smbprobe.SeverityInfo, 0},
		{smbprobe.ShareOK, smbprobe.PhonebookMissing, smbprobe.SeverityWarning, 2},
		{smbprobe.ShareMissing, smbprobe.PhonebookUnknown, smbprobe.SeverityCritical, 3},
		{smbprobe.ShareMissing, smbprobe.PhonebookUnknown, smbprobe.SeverityCritical, 3},
		{smbprobe.ShareOK, smbprobe.PhonebookOK, "", 5},
		{smbprobe.ShareOK, smbprobe.PhonebookOK, smbprobe.SeverityCritical, 6},
		{smbprobe.ShareOK, smbprobe.PhonebookOK, smbprobe.SeverityCritical, 6},
	}
	for i, s := range steps {
		r := &smbprobe.Result{Target: "a", Started: at(i), Success: true, Share: s.share, Phonebook: smbprobe.PhonebookResult{State: s.book}}
		if s.cause != "" {
			r.Causes = []smbprobe.Cause{{Severity: s.cause}}
		}
		h.add(r)
		got := h.all()[flightKey{"a", ""}]
		if got.result != r || !got.since.Equal(at(s.wantSince)) {
			t.Errorf("step %d: since %s, want %s, result %+v", i, got.since, at(s.wantSince), got.result)
		}
	}
}

func TestHistoryIsBounded(t *testing.T) {
	listed := []config.Host{{Name: "first", Module: "default"}, {Name: "second", Module: "default"}}
	h := newHistory(func() []config.Host { return listed })
	begin := time.Date(2001, 2, 3, 4, 5, 6, 0, time.UTC)
	add := func(name string, after int) {
		h.add(&smbprobe.Result{Target: name, Module: "default", Started: begin.Add(time.Duration(after) * time.Second)})
	}
	add("first", 0)
	add("second", 0)
	const n = 5 * maxOthers
	for i := range n {
		add(fmt.Sprint(i), i)
		if got := len(h.all()); got > maxOthers+len(listed) {
			t.Fatalf("%d results remembered after %d, want %d and %d listed at most", got, i, maxOthers, len(listed))
		}
	}
	last := h.all()
	for _, name := range []string{"first", "second", fmt.Sprint(n - 1), fmt.Sprint(n - maxOthers*9/10)} {
		if _, known := last[flightKey{name, "default"}]; !known {
			t.Errorf("%s is forgotten", name)
		}
	}
	if _, known := last[flightKey{"0", "default"}]; known {
		t.Error("the oldest is not forgotten")
	}

	listed = nil // as after a reload
	for i := range n {
		add(fmt.Sprint(i), n+i)
	}
	last = h.all()
	if _, known := last[flightKey{"first", "default"}]; known || len(last) > maxOthers {
		t.Errorf("%d results remembered, want %d at most and none of a host that is not listed any more", len(last), maxOthers)
	}
}
