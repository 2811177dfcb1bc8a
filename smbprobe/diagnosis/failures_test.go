package diagnosis

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/rasphone-exporter/rasphone_exporter/smbprobe"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/phonebook"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/raserror"
)

func TestEachCodeIsNamed(t *testing.T) {
	for _, e := range raserror.Errors() {
		r := healthy()
		failsWith(fmt.Sprint(e.Code))(r)
		causes := Causes(r)
		if len(causes) != 1 {
			t.Errorf("[%d]: %v", e.Code, names(causes))
			continue
		}
		evidence := strings.Join(causes[0].Evidence, "\n")
		if !strings.Contains(evidence, fmt.Sprintf("[%d] %s (%s)", e.Code, e.Name, e.Meaning)) || causes[0].Severity == smbprobe.SeverityInfo {
			t.Errorf("[%d] %s: %s %v", e.Code, e.Name, causes[0].Severity, causes[0].Evidence)
		}
	}
}

func TestDialFailing(t *testing.T) {
	tests := []struct {
		name     string
		change   func(*smbprobe.Result)
		headline string
		evidence []string
	}{
		{"a code", failsWith("691"), "Dialling fails with [691] ERROR_AUTHENTICATION_FAILURE", []string{
			`Event 4106 reported [691] ERROR_AUTHENTICATION_FAILURE (user name or password refused) for entry "Provider", 3 times in the last 15m, the last time at 1999-05-04 02:57:01 UTC by the server's clock.`,
		}},
		{"no code", func(r *smbprobe.Result) { dials(r, "", smbprobe.UnknownCode, lately) }, "Dialling fails with a code that could not be read", []string{
			`Event 4106 reported a code that could not be read for an entry whose name could not be read, 3 times in the last 15m, the last time at 1999-05-04 02:57:01 UTC by the server's clock.`,
		}},
		{"a code without a name", failsWith("4000000000"), "Dialling fails with [4000000000] (a code without a name)", []string{
			`Event 4106 reported [4000000000] (a code without a name) for entry "Provider", 3 times in the last 15m, the last time at 1999-05-04 02:57:01 UTC by the server's clock.`,
		}},
		{"two codes, and the rest", func(r *smbprobe.Result) {
			failsWith("678")(r)
			dials(r, smbprobe.Other, smbprobe.Other, 2*time.Hour)
			r.Eventlog.LastFailures = nil
			r.Eventlog.Windows[0].ByError[0].N = 1
		}, "Dialling fails for 2 different reasons", []string{
			`Event 4106 reported [678] ERROR_NO_ANSWER (nobody answered) for entry "Provider", once in the last 15m.`,
			`Event 4106 reported codes beyond those that are told apart for further entries, 3 times in the last 24h.`,
		}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			r := healthy()
			test.change(r)
			causes := Causes(r)
			if diff := cmp.Diff([]string{"dialup_failing"}, names(causes)); diff != "" {
				t.Fatalf("causes (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(test.headline, causes[0].Headline); diff != "" {
				t.Errorf("headline (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(test.evidence, causes[0].Evidence); diff != "" {
				t.Errorf("evidence (-want +got):\n%s", diff)
			}
		})
	}
}

// eventCodes are a code for each cause that rests on one.
func eventCodes() map[string]string {
	return map[string]string{
		"5": "dialup_access_denied", "623": "entry_not_in_book", "711": "rasman_cannot_start", "2": "dialup_network_card_key_stale",
		"317": "nt4_dial_bug", "4264763456": "nt4_dial_bug", "633": "port_locked_by_script", "676": "line_or_answer_missing", "680": "line_or_answer_missing",
		"615": "modem_changed", "657": "modem_script_damaged", "659": "modem_script_damaged", "692": "port_taken", "720": "dial_out_not_allowed",
		"691": "dialup_failing", "87": "dialup_failing",
	}
}

func TestEventsThatAreOver(t *testing.T) {
	states := []struct {
		name    string
		change  func(*smbprobe.Result)
		ago     time.Duration
		info    bool
		because string // in the evidence
		denied  bool   // of code 5 alone: for others it is as "now"
	}{
		{"now", func(*smbprobe.Result) {}, lately, false, "", false},
		{"old", func(*smbprobe.Result) {}, time.Hour, true, "it seems to be over", false},
		{"mended", changedAgo(time.Minute), lately, true, "it seems to be mended", false},
		{"old and mended", changedAgo(time.Minute), time.Hour, true, "it seems to be mended", false},
		{"changed before it", changedAgo(6 * time.Minute), lately, false, "", false},
		{"changed, time of the event not known", func(r *smbprobe.Result) { changedAgo(time.Minute)(r); r.Eventlog.LastFailures = nil }, lately, false, "", false},
		{"changed at a time not known", func(r *smbprobe.Result) { r.Phonebook.Modified = nil }, lately, false, "", false},
		{"windows in any order", func(r *smbprobe.Result) {
			w := r.Eventlog.Windows
			w[0], w[1] = w[1], w[0]
		}, time.Hour, true, "it seems to be over", false},
		{"changed, and not sound", func(r *smbprobe.Result) {
			changedAgo(time.Minute)(r)
			r.Phonebook.Intact = new(false)
		}, lately, false, "", false},
		{"sound since", soundAgo(time.Minute), lately, true, "The share or the book was at fault then; both were seen sound again at 1999-05-04 03:01:01 UTC", true},
		{"sound since, and changed", func(r *smbprobe.Result) { soundAgo(time.Minute)(r); changedAgo(time.Second)(r) }, lately, true, "The book was changed after that", false},
		{"sound just after it", soundAgo(lately - time.Nanosecond), lately, true, "it seems to be mended", true},
		{"sound before it", soundAgo(lately), lately, false, "", true},
		{"sound in the future", soundAgo(-time.Hour), lately, false, "", true},
		{"changed in the future", changedAgo(-time.Hour), lately, false, "", false},
		{"sound, time of the event not known", func(r *smbprobe.Result) { soundAgo(time.Minute)(r); r.Eventlog.LastFailures = nil }, lately, false, "", true},
		{"sound once, and not now", func(r *smbprobe.Result) { soundAgo(time.Minute)(r); r.Phonebook.Intact = new(false) }, lately, false, "", true},
	}
	for _, state := range states {
		for code, cause := range eventCodes() {
			state := state
			if state.denied && code != "5" {
				state.info, state.because = false, ""
			}
			r := healthy()
			r.Registry.ServicePack = nil
			dials(r, "Provider", code, state.ago)
			state.change(r)
			causes := Causes(r)
			if diff := cmp.Diff([]string{cause}, names(causes)); diff != "" {
				t.Errorf("%s [%s]: causes (-want +got):\n%s", state.name, code, diff)
				continue
			}
			wantComplete(t, r, causes)
			if info := causes[0].Severity == smbprobe.SeverityInfo; info != state.info {
				t.Errorf("%s [%s]: %s", state.name, code, causes[0].Severity)
			}
			if evidence := strings.Join(causes[0].Evidence, " "); !strings.Contains(evidence, state.because) || state.because == "" && strings.Contains(evidence, "it seems") {
				t.Errorf("%s [%s]: %s", state.name, code, evidence)
			}
		}
	}
}

// changedAgo changes the book that long before the probe.
func changedAgo(ago time.Duration) func(*smbprobe.Result) {
	return func(r *smbprobe.Result) { r.Phonebook.Modified = new(probedAt().Add(-ago)) }
}

// soundAgo makes share and book seen sound again that long before the probe.
func soundAgo(ago time.Duration) func(*smbprobe.Result) {
	return func(r *smbprobe.Result) { r.HealthySince = new(probedAt().Add(-ago)) }
}

func TestWindowsThatAreNotKnown(t *testing.T) {
	r := healthy()
	failsWith("691")(r)
	r.Eventlog.Windows[1].Failures = nil // larger: the shortest one tells
	if diff := cmp.Diff([]string{"dialup_failing"}, names(Causes(r))); diff != "" {
		t.Errorf("causes (-want +got):\n%s", diff)
	}
	r.Eventlog.Windows[0].Failures = nil
	if causes := Causes(r); causes != nil {
		t.Errorf("%+v", causes)
	}
}

// TestAccessDeniedIsExplained: a failure with code 5 is never lost: a cause that explains
// it has it, or it is one of its own.
func TestAccessDeniedIsExplained(t *testing.T) {
	const reported = "[5] ERROR_ACCESS_DENIED"
	just := func(names ...string) []string { return names }
	own := just("dialup_failing")
	tests := []struct {
		name   string
		change func(*smbprobe.Result)
		want   []string
		has    []string // those of them whose evidence has the event
	}{
		{"nothing else is wrong", func(*smbprobe.Result) {}, just("dialup_access_denied"), just("dialup_access_denied")},
		{"the share is missing", shareIs(smbprobe.ShareMissing, 0), just("admin_share_removed"), just("admin_share_removed")},
		{"the shares were lost, and this one could not be tried", func(r *smbprobe.Result) {
			shareIs(smbprobe.ShareTimeout, 0)(r)
			r.Host.AdminShare, r.Host.SystemShare, r.Host.DomainController = new(false), new(false), true
		}, just("admin_shares_lost_at_start"), just("admin_shares_lost_at_start")},
		{"another share is missing", func(r *smbprobe.Result) { shareIs(smbprobe.ShareMissing, 0)(r); r.ShareName = "C$" }, just("admin_share_missing", "dialup_failing"), own},
		{"this account may not see the share", shareIs(smbprobe.ShareAccessDenied, 0), just("account_not_administrator", "dialup_failing"), just("account_not_administrator", "dialup_failing")},
		{"the server is full", shareIs(smbprobe.ShareServerFull, 0), just("licences_used_up", "dialup_failing"), own},
		{"the server is paused", shareIs(smbprobe.ShareServerPaused, 0), just("server_paused", "dialup_failing"), own},
		{"the server is out of resources", shareIs(smbprobe.ShareOutOfResources, 0), just("server_out_of_resources", "dialup_failing"), own},
		{"the share did not answer", shareIs(smbprobe.ShareTimeout, 0), own, own},
		{"the book is not there", bookIs(smbprobe.PhonebookMissing, 0), just("phonebook_missing"), just("phonebook_missing")},
		{"there is no folder", bookIs(smbprobe.PhonebookFolderMissing, 0), just("ras_not_installed"), just("ras_not_installed")},
		{"the book is denied", bookIs(smbprobe.PhonebookAccessDenied, 0), just("phonebook_access_denied"), just("phonebook_access_denied")},
		{"the book is elsewhere", bookIs(smbprobe.PhonebookElsewhere, 0), just("phonebook_elsewhere"), just("phonebook_elsewhere")},
		{"the book is locked", bookIs(smbprobe.PhonebookLocked, 0), just("phonebook_locked"), just("phonebook_locked")},
		{"the book is damaged", func(r *smbprobe.Result) {
			found(r, phonebook.Finding{Check: phonebook.CheckNULBytes, Class: phonebook.ClassFile})
		}, just("phonebook_damaged"), just("phonebook_damaged")},
		{"the book is not known", bookIs(smbprobe.PhonebookUnknown, 0), own, own},
		{"the book is on a bad disk", bookIs(smbprobe.PhonebookDiskError, 0), own, own},
		{"the book is too large", bookIs(smbprobe.PhonebookTooLarge, 0), own, own},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			r := healthy()
			failsWith("5")(r)
			test.change(r)
			causes := Causes(r)
			if diff := cmp.Diff(test.want, names(causes)); diff != "" {
				t.Fatalf("causes (-want +got):\n%s", diff)
			}
			wantComplete(t, r, causes)
			var has []string
			for _, c := range causes {
				if strings.Contains(strings.Join(c.Evidence, " "), reported) {
					has = append(has, c.Name)
				}
			}
			if diff := cmp.Diff(test.has, has); diff != "" {
				t.Errorf("causes that have the event (-want +got):\n%s", diff)
			}
		})
	}
}
