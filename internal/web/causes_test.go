package web

import (
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rasphone-exporter/rasphone_exporter/smbprobe"
)

func TestStep(t *testing.T) {
	tests := []struct {
		text string
		want step
	}{
		{"Restart the server.", step{Text: "Restart the server."}},
		{"`net share admin$`", step{Text: "net share admin$", Command: true}},
		{"Type `net share admin$`", step{Text: "Type `net share admin$`"}},
		{"`net share` and `net use`", step{Text: "`net share` and `net use`"}},
		{"``", step{Text: "``"}},
		{"`", step{Text: "`"}},
		{"", step{}},
	}
	for _, tt := range tests {
		if diff := cmp.Diff(tt.want, newStep(tt.text)); diff != "" {
			t.Errorf("%q (-want +got):\n%s", tt.text, diff)
		}
	}
}

func TestArticle(t *testing.T) {
	tests := []struct{ name, wantURL string }{
		{"Q245117", "https://jeffpar.github.io/kbarchive/kb/245/Q245117/"},
		{"Q65123", "https://jeffpar.github.io/kbarchive/kb/065/Q65123/"},
		{"Q1234567", ""},
		{"Q", ""},
		{"Q+5", ""},
		{"245117", ""},
		{"Q1/../..", ""},
		{"", ""},
	}
	for _, tt := range tests {
		if diff := cmp.Diff(article{tt.name, tt.wantURL}, newArticle(tt.name)); diff != "" {
			t.Errorf("%q (-want +got):\n%s", tt.name, diff)
		}
	}
}

func TestBeginning(t *testing.T) {
	text, command := step{Text: "Type:"}, step{Text: "net share admin$", Command: true}
	tests := []struct{ steps, want []step }{
		{nil, nil},
		{[]step{text}, []step{text}},
		{[]step{command}, []step{command}},
		{[]step{text, command, text}, []step{text, command}},
		{[]step{text, text, command}, []step{text}},
		{[]step{command, command}, []step{command}},
	}
	for _, tt := range tests {
		if diff := cmp.Diff(tt.want, beginning(tt.steps)); diff != "" {
			t.Errorf("%v (-want +got):\n%s", tt.steps, diff)
		}
	}
}

// TestCauseColoursNoState: a cause that lies elsewhere makes a sound share and book
// look no worse.
func TestCauseColoursNoState(t *testing.T) {
	r := &smbprobe.Result{
		Share: smbprobe.ShareOK, Phonebook: smbprobe.PhonebookResult{State: smbprobe.PhonebookOK},
		Causes: []smbprobe.Cause{{Name: "service_not_running", Severity: smbprobe.SeverityCritical}},
	}
	if share, book := shareLevel(r), phonebookLevel(r); share != "good" || book != "good" {
		t.Errorf("share %s, phone book %s, want both good", share, book)
	}
	r.Share = smbprobe.ShareLoginFailed
	r.Phonebook.State = smbprobe.PhonebookUnknown
	if share, book := shareLevel(r), phonebookLevel(r); share != "warning" || book != "unclear" {
		t.Errorf("share %s, phone book %s, want warning and unclear", share, book)
	}
}

func TestIndexShowsFirstCause(t *testing.T) {
	tests := []struct {
		name   string
		causes []smbprobe.Cause
		want   string
	}{
		{"none", nil, `<td data-label="Cause" class="main">none found</td>
<td data-label="Share" class="bad"><span class="whole">share_missing</span><small>open ADMIN$: no such share</small></td>`},
		{
			"a command first, and another cause",
			[]smbprobe.Cause{
				{Severity: smbprobe.SeverityCritical, Headline: "ADMIN$ was removed", Remedy: []string{"`net share admin$`", "Restart."}},
				{Severity: smbprobe.SeverityInfo, Headline: "not shown"},
			},
			`<td data-label="Cause" class="main"><span class="bad">critical: ADMIN$ was removed</span><small><code>net share admin$</code></small><small>other causes: 1</small></td>
<td data-label="Share" class="bad"><span class="whole">share_missing</span></td>`,
		},
		{
			"one that is not as bad as the state",
			[]smbprobe.Cause{{Severity: smbprobe.SeverityWarning, Headline: "the clock is off"}},
			`<td data-label="Cause" class="main"><span class="warning">warning: the clock is off</span></td>
<td data-label="Share" class="bad"><span class="whole">share_missing</span><small>open ADMIN$: no such share</small></td>`,
		},
		{
			"hostile",
			[]smbprobe.Cause{{Severity: smbprobe.SeverityWarning, Headline: "<b>x</b>", Remedy: []string{"`<i>`"}}},
			`<td data-label="Cause" class="main"><span class="warning">warning: &lt;b&gt;x&lt;/b&gt;</span><small><code>&lt;i&gt;</code></small></td>`,
		},
		{
			"no remedy",
			[]smbprobe.Cause{{Severity: smbprobe.SeverityInfo, Headline: "it was so"}},
			`<td data-label="Cause" class="main"><span class="unclear">info: it was so</span></td>`,
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f := newPageFixture(t)
			f.server.history.add(&smbprobe.Result{
				Target: "exch01.corp.example", Module: "default", Started: pageTime(), Share: smbprobe.ShareMissing,
				ShareError: "open ADMIN$: no such share", Causes: tt.causes,
			})
			body := f.do(http.MethodGet, "/").Body.String()
			if !strings.Contains(body, tt.want) {
				t.Errorf("%s is missing in:\n%s", tt.want, body)
			}
			if strings.Contains(body, "not shown") {
				t.Error("a second cause stands in the row")
			}
		})
	}
}

// TestPagesSayWhatGotNoAnswer: share and book are sound, and a check got no answer: the
// verdict is that of the whole, and neither of the two looks worse.
func TestPagesSayWhatGotNoAnswer(t *testing.T) {
	f := newPageFixture(t)
	f.server.history.add(&smbprobe.Result{
		Target: "exch01.corp.example", Module: "default", Started: pageTime(), Share: smbprobe.ShareOK,
		Phonebook: smbprobe.PhonebookResult{State: smbprobe.PhonebookOK, Intact: new(true)},
		Eventlog:  smbprobe.EventlogResult{Readable: new(false), Error: "no answer in time"},
	})
	const why = `<small>a check got no answer: not all is known of the event log</small>`
	for path, want := range map[string][]string{
		"/": {
			`<span class="unclear">UNKNOWN</span>` + why + `<small>since`,
			`<td data-label="Share" class="good"><span class="whole">ok</span></td>`,
			`<td data-label="Phone book" class="good"><span class="whole">ok</span></td>`,
		},
		"/target?target=exch01.corp.example": {`<strong class="unclear">UNKNOWN</strong>`, `</time>` + why + `</p>`, `<strong class="good">ok</strong>`},
	} {
		body := f.do(http.MethodGet, path).Body.String()
		for _, part := range want {
			if !strings.Contains(body, part) {
				t.Errorf("%s: %s is missing in:\n%s", path, part, body)
			}
		}
	}
}
