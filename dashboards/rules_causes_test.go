package dashboards_test

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/rasphone-exporter/rasphone_exporter/collector"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/diagnosis"
)

// alertOf returns the alert that reports each cause. RasphoneCause reports those that are not
// in this table, so that a new one is not silent.
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
func rulesOf(rules []rule, alert string) []rule {
	return slices.DeleteFunc(slices.Clone(rules), func(r rule) bool { return r.Alert != alert })
}

func TestEveryCauseHasAnAlert(t *testing.T) {
	alerts := alertOf()
	rules := readRules(t, "alerts.yml")
	rest := rulesOf(rules, "RasphoneCause")
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
			t.Errorf("no alert for %s in alertOf", c.Name)
		case len(rulesOf(rules, alert)) == 0:
			t.Errorf("%s is reported by %s, which does not exist", c.Name, alert)
		case slices.Contains(excluded, c.Name) != (alert != "RasphoneCause"):
			t.Errorf("%s is reported by %s; RasphoneCause excludes %q", c.Name, alert, excluded)
		case slices.Contains(kept, c.Name) && alert != "RasphoneCause":
			t.Errorf("%s is reported by %s, and by RasphoneCause", c.Name, alert)
		}
		delete(alerts, c.Name)
	}
	if len(alerts) != 0 {
		t.Errorf("in alertOf, but not causes: %v", alerts)
	}
	for _, c := range slices.Concat(excluded, kept) {
		if _, ok := alertOf()[c]; !ok {
			t.Errorf("RasphoneCause names %s, which is not a cause", c)
		}
	}
}

func TestCausesOfRasphoneCauseHaveARunbookOfTheirSeverity(t *testing.T) {
	texts := readRunbooks(t)
	for _, c := range diagnosis.Known() {
		if alertOf()[c.Name] != "RasphoneCause" {
			continue
		}
		severities := runbookSeverities(t, texts, c.Name)
		for _, s := range c.Severities {
			if !slices.Contains(severities, string(s)) {
				t.Errorf("%s may be %s, its runbook has %v", c.Name, s, severities)
			}
		}
	}
}

func TestAlertsOfAServerNameItsCauses(t *testing.T) {
	const causesQuery = "query (printf \"instance_cause:rasphone_diagnosis:held{instance=%q,job=%q}\" $labels.instance $labels.job)"
	rules := readRules(t, "alerts.yml")
	for cause, alert := range alertOf() {
		if alert == "RasphoneCause" || alert == "RasphoneClockOff" {
			continue // the alert is the cause
		}
		for _, r := range rulesOf(rules, alert) {
			if !strings.Contains(r.Annotations["description"], causesQuery) {
				t.Errorf("the description of %s does not list its causes, such as %s", alert, cause)
			}
		}
	}
}

func TestRulesNameMetricsThatExist(t *testing.T) {
	known := make(map[string]bool)
	for _, m := range collector.Metrics() {
		known[m.Name] = true
	}
	recording, alerts := readRules(t, "recording.yml"), readRules(t, "alerts.yml")
	used := make(map[string]bool)
	for _, r := range slices.Concat(recording, alerts) {
		known[r.Record] = true
	}
	name := regexp.MustCompile(`[\w:]*\b(?:rasphone|probe)_[\w:]+`)
	for _, r := range slices.Concat(recording, alerts) {
		for _, n := range name.FindAllString(r.Expr, -1) {
			if !known[n] {
				t.Errorf("%s%s uses %s, which is neither a metric of the exporter nor of a rule", r.Record, r.Alert, n)
			}
			if r.Record != n {
				used[n] = true
			}
		}
	}
	for _, r := range recording {
		if !used[r.Record] {
			t.Errorf("no rule uses %s", r.Record)
		}
	}
}

func TestRulesNameStatesThatExist(t *testing.T) {
	known := make(map[string]bool)
	for _, s := range smbprobe.ShareStates() {
		known[string(s)] = true
	}
	for _, s := range smbprobe.PhonebookStates() {
		known[string(s)] = true
	}
	state := regexp.MustCompile(`\bstate(?:=~|!~|!=|=)\\?"([^"\\]+)`)
	named := 0
	for _, r := range slices.Concat(readRules(t, "recording.yml"), readRules(t, "alerts.yml")) {
		for _, m := range state.FindAllStringSubmatch(r.Expr+r.Annotations["description"], -1) {
			for s := range strings.SplitSeq(m[1], "|") {
				named++
				if !known[s] {
					t.Errorf("%s%s uses the state %s, which does not exist", r.Record, r.Alert, s)
				}
			}
		}
	}
	if named == 0 {
		t.Error("no rule has a state")
	}
}
