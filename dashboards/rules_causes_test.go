package dashboards_test

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/diagnosis"
)

// alertOf returns the alert that speaks for each cause. A cause that nobody put here is
// RasphoneCause's, so that a new one is not silent.
func alertOf() map[string]string {
	return map[string]string{
		"account_not_administrator":          "RasphoneShareNotAccessible",
		"account_refused":                    "RasphoneLoginFailing",
		"admin_share_disabled":               "RasphoneShareMissing",
		"admin_share_missing":                "RasphoneShareMissing",
		"admin_share_not_automatic":          "RasphoneShareGoneAfterRestart",
		"admin_share_removed":                "RasphoneShareMissing",
		"clock_off":                          "RasphoneClockOff",
		"dial_out_not_allowed":               "RasphoneDialupFailing",
		"dialup_access_denied":               "RasphoneDialupAccessDenied",
		"dialup_failing":                     "RasphoneDialupFailing",
		"dialup_network_card_key_stale":      "RasphoneCause",
		"encryption_required":                "RasphoneLoginFailing",
		"entry_name_too_long":                "RasphoneCause",
		"entry_not_in_book":                  "RasphoneCause",
		"entry_unusable":                     "RasphoneDialedEntryNotUsable",
		"event_log_full":                     "RasphoneEventlogFull",
		"event_log_not_readable":             "RasphoneEventlogNotReadable",
		"event_log_stalled":                  "RasphoneCause",
		"guest_only":                         "RasphoneLoginFailing",
		"licences_used_up":                   "RasphoneShareNotAccessible",
		"line_or_answer_missing":             "RasphoneDialupFailing",
		"logon_domain_too_long":              "RasphoneCause",
		"mail_service_not_installed":         "RasphoneCause",
		"modem_or_port_failed":               "RasphoneDialupFailing",
		"name_not_resolved":                  "RasphoneTargetNotAnswering",
		"no_answer":                          "RasphoneTargetNotAnswering",
		"not_an_smb_server":                  "RasphoneTargetNotAnswering",
		"nt4_dial_bug":                       "RasphoneDialupFailing",
		"ntlmv2_may_crash_lsass":             "RasphoneCause",
		"phonebook_access_denied":            "RasphonePhonebookNotReadable",
		"phonebook_damaged":                  "RasphonePhonebookDamaged",
		"phonebook_disk_error":               "RasphonePhonebookNotReadable",
		"phonebook_elsewhere":                "RasphonePhonebookElsewhere",
		"phonebook_empty":                    "RasphoneCause",
		"phonebook_folder_missing":           "RasphonePhonebookMissing",
		"phonebook_locked":                   "RasphonePhonebookNotReadable",
		"phonebook_missing":                  "RasphonePhonebookMissing",
		"phonebook_not_reachable_by_service": "RasphoneCause",
		"phonebook_too_large":                "RasphonePhonebookNotReadable",
		"port_taken":                         "RasphoneCause",
		"ras_not_installed":                  "RasphonePhonebookMissing",
		"rasman_cannot_start":                "RasphoneCause",
		"rpc_refused":                        "RasphoneCause",
		"server_breaks_protocol":             "RasphoneTargetNotAnswering",
		"server_not_answering_by_name":       "RasphoneTargetNotAnswering",
		"server_out_of_resources":            "RasphoneShareNotAccessible",
		"server_paused":                      "RasphoneShareNotAccessible",
		"server_service_stopped":             "RasphoneTargetNotAnswering",
		"service_not_running":                "RasphoneServiceNotRunning",
		"services_exe_not_answering":         "RasphoneCause",
		"share_leads_elsewhere":              "RasphonePhonebookMissing",
		"signing_not_offered":                "RasphoneLoginFailing",
	}
}

// rulesOf returns the rules of one alert.
func rulesOf(t *testing.T, alert string) []rule {
	t.Helper()
	return slices.DeleteFunc(readRules(t, "alerts.yml"), func(r rule) bool { return r.Alert != alert })
}

func TestEveryCauseHasAnAlert(t *testing.T) {
	alerts := alertOf()
	rest := rulesOf(t, "RasphoneCause")
	if len(rest) != 1 {
		t.Fatalf("%d rules RasphoneCause, want 1", len(rest))
	}
	matchers := regexp.MustCompile(`cause(=~|!~)"([^"]+)"`).FindAllStringSubmatch(rest[0].Expr, -1)
	if len(matchers) != 2 || matchers[0][1] != "!~" || matchers[1][1] != "=~" {
		t.Fatalf("RasphoneCause selects causes with %q, want one !~ and one =~", matchers)
	}
	excluded := strings.Split(matchers[0][2], "|")
	kept := strings.Split(matchers[1][2], "|")
	for _, c := range diagnosis.Known() {
		alert, ok := alerts[c.Name]
		switch {
		case !ok:
			t.Errorf("it is not written down which alert speaks for %s", c.Name)
		case len(rulesOf(t, alert)) == 0:
			t.Errorf("%s is %s's, which is not there", c.Name, alert)
		case slices.Contains(excluded, c.Name) != (alert != "RasphoneCause"):
			t.Errorf("%s is %s's; RasphoneCause leaves out %q", c.Name, alert, excluded)
		case slices.Contains(kept, c.Name) && alert != "RasphoneCause":
			t.Errorf("%s is %s's, and RasphoneCause keeps it", c.Name, alert)
		}
		delete(alerts, c.Name)
	}
	if len(alerts) != 0 {
		t.Errorf("written down, and no causes: %v", alerts)
	}
	for _, c := range slices.Concat(excluded, kept) {
		if _, ok := alertOf()[c]; !ok {
			t.Errorf("RasphoneCause names %s, which is no cause", c)
		}
	}
}

func TestCausesOfRasphoneCauseHaveARunbookOfTheirSeverity(t *testing.T) {
	for _, c := range diagnosis.Known() {
		if alertOf()[c.Name] != "RasphoneCause" {
			continue
		}
		severities := runbookSeverities(t, c.Name)
		for _, s := range c.Severities {
			if !slices.Contains(severities, string(s)) {
				t.Errorf("%s may be %s, its runbook says %v", c.Name, s, severities)
			}
		}
	}
}

func TestAlertsOfAServerNameItsCauses(t *testing.T) {
	const asks = "query (printf \"instance_cause:rasphone_diagnosis:held{instance=%q,job=%q}\" $labels.instance $labels.job)"
	for cause, alert := range alertOf() {
		if alert == "RasphoneCause" || alert == "RasphoneClockOff" {
			continue // the alert is the cause
		}
		for _, r := range rulesOf(t, alert) {
			if !strings.Contains(r.Annotations["description"], asks) {
				t.Errorf("the description of %s does not name its causes, %s among them", alert, cause)
			}
		}
	}
}
