package web

import (
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rasphone-exporter/rasphone_exporter/smbprobe"
)

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

// TestFirstCause: the first page has the first step that changes something, with its first
// commands.
func TestFirstCause(t *testing.T) {
	look := smbprobe.RemedyStep{Kind: smbprobe.RemedyLook, Text: "Look.", Commands: []string{"dir"}}
	share := smbprobe.RemedyStep{Kind: smbprobe.RemedyFix, Text: "Type:", Commands: []string{"net share admin$", "net share", "net use"}}
	restart := smbprobe.RemedyStep{Kind: smbprobe.RemedyFix, Text: "Restart."}
	tests := []struct {
		steps          []smbprobe.RemedyStep
		text, commands string
	}{
		{nil, "", ""},
		{[]smbprobe.RemedyStep{look}, "", ""},
		{[]smbprobe.RemedyStep{look, share, restart}, "Type:", "net share admin$; net share"},
		{[]smbprobe.RemedyStep{look, restart, share}, "Restart.", ""},
	}
	for _, tt := range tests {
		if c := newFirstCause([]smbprobe.Cause{{Remedy: tt.steps}}); c.Text != tt.text || strings.Join(c.Commands, "; ") != tt.commands {
			t.Errorf("%v: %q, %q", tt.steps, c.Text, c.Commands)
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

// TestCheckLevels: a check looks as bad as the cause that is about it.
func TestCheckLevels(t *testing.T) {
	yes, no := true, false
	for _, tt := range []struct {
		name  string
		cause smbprobe.Cause
		check func(*smbprobe.Result) check
		want  string
	}{
		{"full log", smbprobe.Cause{Name: "event_log_full", Severity: smbprobe.SeverityWarning}, eventlogCheck, "warning"},
		{"no mail service", smbprobe.Cause{Name: "mail_service_not_installed", Severity: smbprobe.SeverityWarning}, servicesCheck, "warning"},
		{"paused server", smbprobe.Cause{Name: "server_paused", Severity: smbprobe.SeverityWarning}, servicesCheck, "warning"},
		{"missing phone book, not critical", smbprobe.Cause{Name: "phonebook_missing", Severity: smbprobe.SeverityWarning}, phonebookCheck, "warning"},
		{"long name", smbprobe.Cause{Name: "entry_name_too_long", Severity: smbprobe.SeverityCritical}, phonebookCheck, "bad"},
		{"phone book that only the service cannot read", smbprobe.Cause{Name: "phonebook_not_reachable_by_service", Severity: smbprobe.SeverityCritical}, eventlogCheck, "good"},
		{"past", smbprobe.Cause{Name: "event_log_full", Severity: smbprobe.SeverityInfo}, eventlogCheck, "good"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := &smbprobe.Result{
				Share: smbprobe.ShareOK, Eventlog: smbprobe.EventlogResult{Readable: &yes}, Causes: []smbprobe.Cause{tt.cause},
				Phonebook: smbprobe.PhonebookResult{State: smbprobe.PhonebookMissing},
				Services: []smbprobe.ServiceResult{
					{Name: "MSExchangeIMC", Installed: &no}, {Name: "RasMan", Installed: &yes, State: smbprobe.ServiceRunning, StartMode: smbprobe.StartManual},
				},
			}
			if got := tt.check(r); got.Level != tt.want {
				t.Errorf("%s: %s is %s, want %s", got.Name, got.Value, got.Level, tt.want)
			}
		})
	}
}

func TestIndexShowsFirstCause(t *testing.T) {
	tests := []struct {
		name   string
		causes []smbprobe.Cause
		want   string
	}{
		{"none", nil, `<td class="m"><small>open ADMIN$: no such share</small></td>`},
		{
			"a command first, and another cause",
			[]smbprobe.Cause{
				{Severity: smbprobe.SeverityCritical, Headline: "ADMIN$ was removed", Remedy: fixes("`net share admin$`", "Restart.")},
				{Severity: smbprobe.SeverityWarning, Headline: "not shown"},
				{Severity: smbprobe.SeverityInfo, Headline: "not shown"},
			},
			`<td class="m">ADMIN$ was removed <small>and 1 other cause</small><p class="do">Type: <code>net share admin$</code><button class="copy" hidden>Copy</button></p></td>`,
		},
		{
			"information alone, whose remedy is not shown",
			[]smbprobe.Cause{{Severity: smbprobe.SeverityInfo, Headline: "the clock was off", Remedy: fixes("not shown")}},
			`<td class="m"><span class="mute">the clock was off</span><small>open ADMIN$: no such share</small></td>`,
		},
		{
			"hostile",
			[]smbprobe.Cause{{Severity: smbprobe.SeverityWarning, Headline: "<b>x</b>", Remedy: fixes("`<i>`")}},
			`<td class="m">&lt;b&gt;x&lt;/b&gt;<p class="do">Type: <code>&lt;i&gt;</code>`,
		},
		{
			"no remedy",
			[]smbprobe.Cause{{Severity: smbprobe.SeverityCritical, Headline: "it was so"}},
			`<td class="m">it was so</td>`,
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f := newPageFixture(t)
			f.server.history.add(&smbprobe.Result{
				Target: "exch01.corp.example", Module: "default", Started: pageTime(), Share: smbprobe.ShareMissing,
				ShareError: "open ADMIN$: no such share", Causes: tt.causes,
			})
			body := content(f.do(http.MethodGet, "/"))
			if !strings.Contains(body, tt.want) {
				t.Errorf("%s is missing in:\n%s", tt.want, body)
			}
			if strings.Contains(body, "not shown") {
				t.Error("a second cause or a remedy of what is over stands in the row")
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
	const why = "a check got no answer: not all is known of the event log"
	for path, want := range map[string][]string{
		"/": {`<span class="is">? UNKNOWN</span>`, "<small>" + why + "</small>"},
		"/target?target=exch01.corp.example": {
			`<span class="is">? UNKNOWN</span>`, "<p>" + why + "</p>",
			`<dt>Share</dt><dd class="good">`, `<dt>Phone book</dt><dd class="good">`, `<dt>Event log</dt><dd class="warning">`,
		},
	} {
		body := content(f.do(http.MethodGet, path))
		for _, part := range want {
			if !strings.Contains(body, part) {
				t.Errorf("%s: %s is missing in:\n%s", path, part, body)
			}
		}
	}
}
