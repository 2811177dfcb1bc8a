package diagnosis

import (
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/rasphone-exporter/rasphone_exporter/smbprobe"
)

func TestHealthyHasNoCause(t *testing.T) {
	if causes := Causes(healthy()); causes != nil {
		t.Errorf("%+v", causes)
	}
}

func TestUnknownHasNoCause(t *testing.T) {
	for _, state := range append(smbprobe.ShareStates(), "") {
		if state.Definite() && state != smbprobe.ShareOK && state != smbprobe.ShareSigningRefused && state != smbprobe.ShareSessionRefused || state == smbprobe.SharePortClosed {
			continue // evidence in itself
		}
		r := &smbprobe.Result{Share: state, Phonebook: smbprobe.PhonebookResult{State: smbprobe.PhonebookUnknown}}
		if causes := Causes(r); causes != nil {
			t.Errorf("%s: %+v", state, causes)
		}
	}
}

// documentedCauses are the causes of the documentation with their articles, the main one
// first, and the severities that it gives them.
func documentedCauses() []KnownCause {
	const critical, warning, info = smbprobe.SeverityCritical, smbprobe.SeverityWarning, smbprobe.SeverityInfo
	severities := func(s ...smbprobe.Severity) []smbprobe.Severity { return s }
	return []KnownCause{
		{Name: "dialup_access_denied", Severities: severities(critical, info), Articles: []string{"Q196306"}},
		{Name: "dialup_network_card_key_stale", Severities: severities(warning, info), Articles: []string{"Q165846", "Q169116"}},
		{Name: "entry_name_too_long", Severities: severities(critical, warning, info), Articles: []string{"Q188272", "Q156063"}},
		{Name: "logon_domain_too_long", Severities: severities(critical, info), Articles: []string{"Q199771"}},
		{Name: "nt4_dial_bug", Severities: severities(warning, info), Articles: []string{"Q189586"}},
		{Name: "port_locked_by_script", Severities: severities(critical, info), Articles: []string{"Q175410", "Q162807", "Q238171"}},
		{Name: "line_or_answer_missing", Severities: severities(warning, info), Articles: []string{"Q239870"}},
		{Name: "modem_changed", Severities: severities(warning, info), Articles: []string{"Q155941"}},
		{Name: "modem_script_damaged", Severities: severities(warning, info), Articles: []string{"Q156681", "Q167375", "Q163853"}},
		{Name: "port_taken", Severities: severities(warning, info), Articles: []string{"Q160188"}},
		{Name: "rasman_cannot_start", Severities: severities(critical, info), Articles: []string{"Q170029"}},
		{Name: "dial_out_not_allowed", Severities: severities(warning, info), Articles: []string{"Q152605"}},
		{Name: "entry_not_in_book", Severities: severities(critical, info)},
		{Name: "dialup_failing", Severities: severities(warning, info)},
		{Name: "admin_share_disabled", Severities: severities(critical), Articles: []string{"Q245117", "Q156365", "Q172767"}},
		{Name: "admin_share_removed", Severities: severities(critical), Articles: []string{"Q155345"}},
		{Name: "admin_share_missing", Severities: severities(critical), Articles: []string{"Q155345"}},
		{Name: "admin_shares_lost_at_start", Severities: severities(critical), Articles: []string{"Q246752"}},
		{Name: "admin_share_not_automatic", Severities: severities(warning), Articles: []string{"Q245117"}},
		{Name: "server_out_of_resources", Severities: severities(critical), Articles: []string{"Q106167", "Q225782", "Q230283", "Q156211"}},
		{Name: "licences_used_up", Severities: severities(warning), Articles: []string{"Q149522"}},
		{Name: "server_service_stopped", Severities: severities(critical), Articles: []string{"Q181835"}},
		{Name: "account_not_administrator", Severities: severities(warning), Articles: []string{"Q153655", "Q164854"}},
		{Name: "account_refused", Severities: severities(warning)},
		{Name: "guest_only", Severities: severities(warning), Articles: []string{"Q103390"}},
		{Name: "services_exe_not_answering", Severities: severities(critical), Articles: []string{"Q178741"}},
		{Name: "server_paused", Severities: severities(warning)},
		{Name: "phonebook_missing", Severities: severities(critical), Articles: []string{"Q196306", "Q168514"}},
		{Name: "ras_not_installed", Severities: severities(critical), Articles: []string{"Q196306"}},
		{Name: "phonebook_elsewhere", Severities: severities(warning), Articles: []string{"Q236910"}},
		{Name: "phonebook_damaged", Severities: severities(critical), Articles: []string{"Q196306", "Q168514"}},
		{Name: "phonebook_access_denied", Severities: severities(critical), Articles: []string{"Q149523"}},
		{Name: "phonebook_locked", Severities: severities(warning)},
		{Name: "phonebook_from_newer_windows", Severities: severities(warning), Articles: []string{"Q169115"}},
		{Name: "entry_unusable", Severities: severities(warning)},
		{Name: "event_log_full", Severities: severities(warning), Articles: []string{"Q131605"}},
		{Name: "service_not_running", Severities: severities(critical, warning), Articles: []string{"Q143380"}},
		{Name: "clock_off", Severities: severities(warning), Articles: []string{"Q147706"}},
	}
}

func TestKnownCauses(t *testing.T) {
	known := Known()
	byName := cmpopts.SortSlices(func(a, b KnownCause) bool { return a.Name < b.Name })
	if diff := cmp.Diff(documentedCauses(), known, byName, cmpopts.IgnoreFields(KnownCause{}, "Evidence", "Remedy")); diff != "" {
		t.Errorf("causes (-want +got):\n%s", diff)
	}
	var cases []string
	for _, c := range causeCases() {
		cases = append(cases, c.cause)
	}
	var all []string
	for _, k := range known {
		all = append(all, k.Name)
		for _, text := range []string{k.Evidence, k.Remedy} {
			if !strings.HasSuffix(text, ".") || strings.ContainsAny(text, "`|\n") {
				t.Errorf("%s: %q is no sentence for a table", k.Name, text)
			}
		}
	}
	// The cases are in the order of the rules: the tests of order rest on it.
	if diff := cmp.Diff(all, cases); diff != "" {
		t.Errorf("cases (-causes +cases):\n%s", diff)
	}
}

func TestEachCause(t *testing.T) {
	for _, test := range causeCases() {
		t.Run(test.cause, func(t *testing.T) {
			r := healthy()
			test.change(r)
			causes := Causes(r)
			if diff := cmp.Diff([]string{test.cause}, names(causes)); diff != "" {
				t.Fatalf("causes (-want +got):\n%s", diff)
			}
			c := causes[0]
			if c.Severity != test.severity {
				t.Errorf("severity %s, expected %s", c.Severity, test.severity)
			}
			if n := utf8.RuneCountInString(c.Headline); n > 110 {
				t.Errorf("%d characters: %s", n, c.Headline)
			}
			wantComplete(t, r, causes)
		})
	}
}

// wantComplete checks what holds of all causes.
func wantComplete(t testing.TB, r *smbprobe.Result, causes []smbprobe.Cause) {
	t.Helper()
	known := make(map[string]KnownCause)
	for _, k := range Known() {
		known[k.Name] = k
	}
	if !slices.IsSortedFunc(causes, func(a, b smbprobe.Cause) int { return rank(a.Severity) - rank(b.Severity) }) {
		t.Errorf("order: %+v", causes)
	}
	for i, c := range causes {
		k, ok := known[c.Name]
		if !ok || !slices.Contains(k.Severities, c.Severity) || !slices.Equal(k.Articles, c.Articles) {
			t.Errorf("%+v is not what the table has", c)
		}
		if slices.Contains(names(causes[:i]), c.Name) {
			t.Errorf("%s twice", c.Name)
		}
		if c.Headline == "" || strings.HasSuffix(c.Headline, ".") || strings.Contains(c.Headline, "%!") {
			t.Errorf("%s: headline %q", c.Name, c.Headline)
		}
		if len(c.Evidence) == 0 || len(c.Remedy) == 0 {
			t.Errorf("%s: no evidence or no remedy: %+v", c.Name, c)
		}
		for _, text := range slices.Concat(c.Evidence, []string{c.Explanation}, c.Remedy) {
			isCommand := len(text) > 2 && strings.HasPrefix(text, "`") && strings.HasSuffix(text, "`")
			if !isCommand && !strings.HasSuffix(text, ".") && !strings.HasSuffix(text, ":") || strings.Contains(text, "%!") || strings.Contains(text, "\n") {
				t.Errorf("%s: %q is neither a sentence nor a command", c.Name, text)
			}
			if isCommand && strings.Contains(text, hostileText) {
				t.Errorf("%s: the command %s has a text from the server", c.Name, text)
			}
		}
		steps := strings.Join(c.Remedy, "\n")
		if strings.HasSuffix(steps, ":") {
			t.Errorf("%s: the remedy ends before its command: %q", c.Name, steps)
		}
	}
	if r.Target != "" && len(causes) > 0 && !strings.Contains(strings.Join(slices.Concat(causes[0].Evidence, causes[0].Remedy), " "), r.Target) {
		t.Errorf("%s does not name the server: %+v", causes[0].Name, causes[0])
	}
}

// hostileText stands for a text that a server sent.
const hostileText = `x & format c:`
