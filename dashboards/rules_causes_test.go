package dashboards_test

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/diagnosis"
)

// alertsOf are the alerts of causes that are not RasphoneCause's alone. A cause that is not
// here is, so that a new one is not silent.
var alertsOf = map[string]string{
	"account_not_administrator":     "RasphoneShareNotAccessible",
	"account_refused":               "RasphoneLoginFailing",
	"admin_share_disabled":          "RasphoneShareMissing",
	"admin_share_missing":           "RasphoneShareMissing",
	"admin_share_not_automatic":     "RasphoneShareGoneAfterRestart",
	"admin_share_removed":           "RasphoneShareMissing",
	"admin_shares_lost_at_start":    "RasphoneShareMissing",
	"clock_off":                     "RasphoneClockOff",
	"dial_out_not_allowed":          "RasphoneDialupFailing",
	"dialup_access_denied":          "RasphoneDialupAccessDenied",
	"dialup_failing":                "RasphoneDialupFailing",
	"dialup_network_card_key_stale": "RasphoneCause RasphoneDialupFailing",
	"encryption_required":           "RasphoneLoginFailing",
	"entry_unusable":                "RasphoneDialedEntryNotUsable",
	"event_log_full":                "RasphoneEventlogFull",
	"event_log_not_readable":        "RasphoneEventlogNotReadable",
	"guest_only":                    "RasphoneLoginFailing",
	"licences_used_up":              "RasphoneShareNotAccessible",
	"line_or_answer_missing":        "RasphoneDialupFailing",
	"modem_changed":                 "RasphoneDialupFailing",
	"modem_or_port_failed":          "RasphoneDialupFailing",
	"modem_script_damaged":          "RasphoneDialupFailing",
	"name_not_resolved":             "RasphoneTargetNotAnswering",
	"no_answer":                     "RasphoneTargetNotAnswering",
	"not_an_smb_server":             "RasphoneTargetNotAnswering",
	"nt4_dial_bug":                  "RasphoneDialupFailing",
	"phonebook_access_denied":       "RasphonePhonebookNotReadable",
	"phonebook_damaged":             "RasphonePhonebookDamaged",
	"phonebook_disk_error":          "RasphonePhonebookNotReadable",
	"phonebook_elsewhere":           "RasphonePhonebookElsewhere",
	"phonebook_folder_missing":      "RasphonePhonebookMissing",
	"phonebook_locked":              "RasphonePhonebookNotReadable",
	"phonebook_missing":             "RasphonePhonebookMissing",
	"phonebook_too_large":           "RasphonePhonebookNotReadable",
	"ras_not_installed":             "RasphonePhonebookMissing",
	"server_breaks_protocol":        "RasphoneTargetNotAnswering",
	"server_not_answering_by_name":  "RasphoneTargetNotAnswering",
	"server_out_of_resources":       "RasphoneShareNotAccessible",
	"server_paused":                 "RasphoneShareNotAccessible",
	"server_service_stopped":        "RasphoneCause RasphoneTargetNotAnswering", // by a service that is seen, or by a refused port
	"service_not_running":           "RasphoneServiceNotRunning",
	"share_leads_elsewhere":         "RasphonePhonebookMissing",
	"signing_not_offered":           "RasphoneLoginFailing",
}

// alertOfFault returns the alert that selects a fault.
func alertOfFault(t *testing.T, fault string) string {
	t.Helper()
	selects := regexp.MustCompile(`^instance_fault:rasphone_fault:page\{fault="` + fault + `"`)
	for _, r := range readRules(t, "alerts.yml") {
		if selects.MatchString(r.Expr) {
			return r.Alert
		}
	}
	if fault == "clock_off" {
		return "RasphoneClockOff" // which rests on the clock itself
	}
	t.Errorf("no alert selects the fault %s", fault)
	return ""
}

// assigned returns the alerts of a cause, as recording.yml assigns it to faults.
func assigned(t *testing.T, cause string) string {
	t.Helper()
	matcher := regexp.MustCompile(`cause(=~|!~|=)"([^"]+)"`)
	var alerts []string
	for _, r := range readRules(t, "recording.yml") {
		if r.Record != "instance_fault:rasphone_cause:held" {
			continue
		}
		for _, m := range matcher.FindAllStringSubmatch(r.Expr, -1) {
			if slices.Contains(strings.Split(m[2], "|"), cause) != (m[1] == "!~") {
				alerts = append(alerts, alertOfFault(t, r.Labels["fault"]))
			}
		}
	}
	slices.Sort(alerts)
	return strings.Join(slices.Compact(alerts), " ")
}

func TestEveryCauseHasItsAlert(t *testing.T) {
	want, got := map[string]string{}, map[string]string{}
	for cause, alerts := range alertsOf {
		want[cause], got[cause] = alerts, assigned(t, cause)
	}
	for _, c := range diagnosis.Known() {
		if want[c.Name] == "" {
			want[c.Name] = "RasphoneCause"
		}
		got[c.Name] = assigned(t, c.Name)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("alerts of causes (-wanted +by recording.yml):\n%s", diff)
	}
}

func TestCausesOfRasphoneCauseHaveARunbookOfTheirSeverity(t *testing.T) {
	for _, c := range diagnosis.Known() {
		if alertsOf[c.Name] != "" {
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
