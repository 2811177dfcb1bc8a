package diagnosis

import (
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/rasphone-exporter/rasphone_exporter/smbprobe"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/smb"
)

func TestHealthyHasNoCause(t *testing.T) {
	if causes := Causes(healthy()); causes != nil {
		t.Errorf("%+v", causes)
	}
}

// TestUnknownHasNoCause: what the exporter could not probe for reasons of its own is not a
// cause.
func TestUnknownHasNoCause(t *testing.T) {
	for _, r := range []*smbprobe.Result{
		{}, {Share: smbprobe.ShareNotProbed, Phonebook: smbprobe.PhonebookResult{State: smbprobe.PhonebookUnknown}},
		{Share: smbprobe.ShareOK, Phonebook: smbprobe.PhonebookResult{State: smbprobe.PhonebookUnknown}},
	} {
		if causes := Causes(r); causes != nil || r.Verdict() != smbprobe.VerdictUnknown {
			t.Errorf("%s: %s, %+v", r.Share, r.Verdict(), causes)
		}
	}
}

// documentedCauses are the causes of the documentation with their articles, the main one
// first, and the severities that it gives them.
func documentedCauses() []KnownCause {
	const critical, warning, info = smbprobe.SeverityCritical, smbprobe.SeverityWarning, smbprobe.SeverityInfo
	cause := func(name string, articles string, severities ...smbprobe.Severity) KnownCause {
		return KnownCause{Name: name, Severities: severities, Articles: strings.Fields(articles)}
	}
	return []KnownCause{
		cause("name_not_resolved", "", critical),
		cause("no_answer", "", critical),
		cause("not_an_smb_server", "", critical),
		cause("server_service_stopped", "Q181835", critical),
		cause("server_not_answering_by_name", "Q241041 Q177497", critical),
		cause("server_out_of_resources", "Q106167 Q225782 Q230283 Q156211 Q198386", critical),
		cause("licences_used_up", "Q149522", warning),
		cause("server_paused", "Q110061", warning),
		cause("services_exe_not_answering", "Q178741", critical),
		cause("rpc_refused", "Q140058 Q155076 Q245128", warning),
		cause("account_not_administrator", "Q153655 Q164854", critical, warning),
		cause("account_refused", "Q147706 Q175641", warning),
		cause("guest_only", "Q103390", warning),
		cause("ntlmv2_may_crash_lsass", "Q241338", info),
		cause("encryption_required", "", warning),
		cause("signing_not_offered", "", warning),
		cause("server_breaks_protocol", "", critical),
		cause("admin_share_disabled", "Q245117 Q156365 Q172767", critical),
		cause("admin_share_removed", "Q155345 Q246752", critical),
		cause("admin_share_missing", "Q155345", critical),
		cause("share_leads_elsewhere", "Q168292 Q168514", critical),
		cause("admin_share_not_automatic", "Q245117", warning),
		cause("phonebook_missing", "Q196306 Q168514", critical, warning),
		cause("ras_not_installed", "Q196306", critical, warning),
		cause("phonebook_folder_missing", "Q196306", critical, warning),
		cause("phonebook_elsewhere", "Q236910", critical, warning),
		cause("phonebook_empty", "Q168514", critical, warning),
		cause("phonebook_damaged", "Q196306 Q168514", critical, warning),
		cause("phonebook_access_denied", "Q149523 Q172008", critical, warning),
		cause("phonebook_locked", "", critical, warning),
		cause("phonebook_disk_error", "Q168514", critical, warning),
		cause("phonebook_too_large", "", critical, warning),
		cause("entry_unusable", "", critical, warning),
		cause("dialup_access_denied", "Q196306 Q256509 Q222060", critical, info),
		cause("phonebook_not_reachable_by_service", "Q163111", critical, info),
		cause("entry_not_in_book", "", critical, warning, info),
		cause("entry_name_too_long", "Q188272 Q156063", critical, info),
		cause("logon_domain_too_long", "Q199771", critical, info),
		cause("port_taken", "Q162807 Q175410 Q238171 Q160188 Q260957", critical, info),
		cause("modem_or_port_failed", "Q163111 Q160188", critical, warning, info),
		cause("rasman_cannot_start", "Q170029 Q193840", critical, warning, info),
		cause("dialup_network_card_key_stale", "Q165846 Q169116", critical, warning, info),
		cause("nt4_dial_bug", "Q189586", critical, warning, info),
		cause("line_or_answer_missing", "Q239870", critical, warning, info),
		cause("dial_out_not_allowed", "Q152605 Q123298", critical, warning, info),
		cause("dialup_failing", "", critical, warning, info),
		cause("event_log_full", "Q131605 Q159840", warning),
		cause("event_log_stalled", "Q142032 Q175386", warning),
		cause("event_log_not_readable", "Q168464 Q245128", warning),
		cause("service_not_running", "Q143380 Q274814 Q168883", critical, warning),
		cause("mail_service_not_installed", "Q155216", warning),
		cause("clock_off", "Q147706", warning),
	}
}

func TestKnownCauses(t *testing.T) {
	known := Known()
	byName := cmpopts.SortSlices(func(a, b KnownCause) bool { return a.Name < b.Name })
	if diff := cmp.Diff(documentedCauses(), known, byName, cmpopts.EquateEmpty(), cmpopts.IgnoreFields(KnownCause{}, "Title", "Evidence", "Remedy"), cmpopts.IgnoreUnexported(KnownCause{})); diff != "" {
		t.Errorf("causes (-want +got):\n%s", diff)
	}
	var cases []string
	for _, c := range causeCases() {
		cases = append(cases, c.cause)
	}
	var all []string
	for _, k := range known {
		all = append(all, k.Name)
		if !strings.HasSuffix(k.Evidence, ".") || strings.ContainsAny(k.Evidence, "`|\n") {
			t.Errorf("%s: %q is not a sentence for a table", k.Name, k.Evidence)
		}
		if k.Title == "" || strings.HasSuffix(k.Title, ".") || utf8.RuneCountInString(k.Title) > 75 {
			t.Errorf("%s: title %q", k.Name, k.Title)
		}
		if k.Fix() == "" {
			t.Errorf("%s: nothing to fix it", k.Name)
		}
		wantSteps(t, k.Name, k.Remedy)
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
			wantSameOfShort(t, r)
		})
	}
}

// wantSameOfShort checks that the same follows from a result without what takes the most memory:
// results are kept in short, and concluded from again when they are shown.
func wantSameOfShort(t testing.TB, r *smbprobe.Result) {
	t.Helper()
	long, short := *r, *r
	long.Causes, long.RuledOut = Diagnose(r)
	long.Trace = smbprobe.Trace{{Event: smb.Event{Text: "connected"}}}
	long.Phonebook.Text, long.Phonebook.TextTruncated = "[Provider]", true
	long.Eventlog.Latest = []smbprobe.FailureEvent{{At: probedAt(), Entry: "Provider", Code: "633", Text: "Provider 633"}}
	short.Trace, short.Phonebook.Text, short.Phonebook.TextTruncated, short.Eventlog.Latest = nil, "", false, nil
	causes, excluded := Diagnose(&long)
	again, excludedAgain := Diagnose(&short)
	if diff := cmp.Diff(causes, again); diff != "" {
		t.Errorf("causes of a short result (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(excluded, excludedAgain); diff != "" {
		t.Errorf("ruled out by a short result (-want +got):\n%s", diff)
	}
}

// wantComplete checks what holds of all causes.
func wantComplete(t testing.TB, r *smbprobe.Result, causes []smbprobe.Cause) {
	t.Helper()
	if !slices.IsSortedFunc(causes, func(a, b smbprobe.Cause) int { return rank(a.Severity) - rank(b.Severity) }) {
		t.Errorf("order: %+v", causes)
	}
	for i, c := range causes {
		k := slices.IndexFunc(rules, func(r rule) bool { return r.Name == c.Name })
		if k < 0 || !slices.Contains(rules[k].Severities, c.Severity) || !slices.Equal(rules[k].Articles, c.Articles) || rules[k].Title != c.Title {
			t.Errorf("%s, %s: not what the table has", c.Name, c.Severity)
		}
		if slices.Contains(names(causes[:i]), c.Name) {
			t.Errorf("%s twice", c.Name)
		}
		if c.Headline == "" || strings.HasSuffix(c.Headline, ".") || strings.Contains(c.Headline, "%!") {
			t.Errorf("%s: headline %q", c.Name, c.Headline)
		}
		if len(c.Evidence) == 0 || len(c.Remedy) == 0 || c.Explanation == "" {
			t.Errorf("%s: no evidence, no remedy or no explanation: %+v", c.Name, c)
		}
		for _, text := range append(slices.Clone(c.Evidence), c.Explanation) {
			if !strings.HasSuffix(text, ".") || strings.Contains(text, "%!") || strings.Contains(text, "\n") {
				t.Errorf("%s: %q is not a sentence", c.Name, text)
			}
		}
		wantSteps(t, c.Name, c.Remedy)
	}
}

// wantSteps checks what holds of every remedy.
func wantSteps(t testing.TB, cause string, steps []smbprobe.RemedyStep) {
	t.Helper()
	kinds := []smbprobe.RemedyKind{smbprobe.RemedyLook, smbprobe.RemedyFix, smbprobe.RemedyCheck}
	if !slices.ContainsFunc(steps, func(s smbprobe.RemedyStep) bool { return s.Kind == smbprobe.RemedyFix }) {
		t.Errorf("%s: nothing to fix it", cause)
	}
	saved := false
	for i, s := range steps {
		if !slices.Contains(kinds, s.Kind) || strings.Contains(s.Text, "%!") || strings.Contains(s.Text, "\n") ||
			!strings.HasSuffix(s.Text, ".") && !strings.HasSuffix(s.Text, ":") && !strings.HasSuffix(s.Text, "?") {
			t.Errorf("%s, step %d: %q is not a sentence", cause, i+1, s.Text)
		}
		if strings.HasSuffix(s.Text, ":") && len(s.Commands) == 0 {
			t.Errorf("%s, step %d ends before its command: %q", cause, i+1, s.Text)
		}
		saved = saved || strings.Contains(s.Text, "Save Key")
		if s.Registry != nil && (!saved || s.Kind != smbprobe.RemedyFix || s.Registry.Key == "") {
			t.Errorf("%s, step %d changes the registry before the key is saved", cause, i+1)
		}
		constant := append(slices.Clone(s.Commands), s.Dialog)
		if s.Registry != nil {
			constant = append(constant, s.Registry.Key, s.Registry.Name, s.Registry.Now, s.Registry.Set)
		}
		for _, text := range constant {
			if strings.Contains(text, hostileText) || strings.Contains(text, "/yes") && strings.Contains(text, "net stop") {
				t.Errorf("%s, step %d: %q", cause, i+1, text)
			}
		}
	}
}

// hostileText stands for a text that a server sent.
const hostileText = `x & format c:`

func TestServicePack(t *testing.T) {
	for value, want := range map[string]struct {
		n     int
		known bool
	}{
		"Service Pack 6": {6, true}, "Service Pack 6a": {6, true}, "Service Pack 3, build 1381": {3, true},
		"Service Pack": {}, "Service Pack ": {}, "Service Pack a": {}, "Service Pack -1": {}, "Service Pack 99999999999999999999": {}, "6": {}, "": {},
	} {
		c := newEvidence(&smbprobe.Result{Registry: smbprobe.RegistryResult{ServicePack: &smbprobe.RegistryText{Set: true, Value: value}}})
		n, known := c.servicePack()
		if known != want.known || known && n != want.n {
			t.Errorf("%q: %d %v, want %d %v", value, n, known, want.n, want.known)
		}
	}
}
