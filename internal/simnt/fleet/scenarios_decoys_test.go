package fleet

import (
	"slices"
	"strings"
	"testing"

	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/diagnosis"
)

// decoys are, for each cause, a scenario with much the same evidence that is not the cause.
var decoys = map[string]string{
	"name_not_resolved":                  "DNS does not answer",
	"no_answer":                          "the Server service is stopped, Windows 2000",
	"not_an_smb_server":                  "the server hangs up",
	"server_service_stopped":             "a blue screen",
	"server_not_answering_by_name":       "the Server service is stopped, Windows 2000",
	"server_breaks_protocol":             "a web server has the address",
	"server_out_of_resources":            "licences are used up",
	"licences_used_up":                   "nonpaged pool is used up",
	"server_paused":                      "the account is a backup operator",
	"services_exe_not_answering":         "each remote query is refused",
	"rpc_refused":                        "the event log alone is refused",
	"account_not_administrator":          "the Server service is paused, and the account is not an administrator",
	"account_refused":                    "the server makes a guest of the exporter",
	"guest_only":                         "the account was deleted",
	"ntlmv2_may_crash_lsass":             "Service Pack 5, and NTLMv1",
	"signing_not_offered":                "signing is required, and the server signs",
	"admin_share_disabled":               "AutoShareWks is 0 on a server, and Admin$ was deleted",
	"admin_share_removed":                "Admin$ is gone, and the registry is refused",
	"admin_share_missing":                "Admin$ was deleted with net share",
	"share_leads_elsewhere":              "the path of Admin$ is spelled in another way",
	"admin_share_not_automatic":          "AutoShareServer is 1",
	"ras_not_installed":                  "the folder was renamed",
	"phonebook_folder_missing":           "RAS was removed",
	"phonebook_missing":                  "Windows 2000, the phone book under All Users",
	"phonebook_elsewhere":                "Windows 2000, no phone book at all",
	"phonebook_empty":                    "a file of no bytes",
	"phonebook_damaged":                  "lines end as on Unix, and the last one does not",
	"phonebook_access_denied":            "a backup has the file",
	"phonebook_locked":                   "permissions of the file",
	"phonebook_disk_error":               "one folder alone is out of resources",
	"phonebook_too_large":                "a phone book of 150 entries",
	"entry_unusable":                     "the phone book comes from a newer Windows",
	"dialup_access_denied":               "the phone book was deleted",
	"phonebook_not_reachable_by_service": "one folder alone is out of resources",
	"entry_not_in_book":                  "the name of the entry is in capitals",
	"entry_name_too_long":                "a name of 20 characters",
	"logon_domain_too_long":              "[87], and nothing beside it",
	"port_taken":                         "the port is already open",
	"modem_or_port_failed":               "another program has the port",
	"line_or_answer_missing":             "the provider hangs up",
	"dial_out_not_allowed":               "PPP does not answer",
	"rasman_cannot_start":                "RasMan failed once, and nothing fails now",
	"dialup_network_card_key_stale":      "[2], and each network card is there",
	"nt4_dial_bug":                       "[317], Service Pack 6",
	"dialup_failing":                     "a link of a Compaq server was restored",
	"event_log_full":                     "the log is full, and may overwrite",
	"event_log_stalled":                  "a quiet log",
	"event_log_not_readable":             "services.exe has crashed",
	"service_not_running":                "the passive node of a cluster",
	"mail_service_not_installed":         "the mail service is not asked for",
	"clock_off":                          "the clock is 4 minutes behind",
}

// TestEveryCauseHasScenarios: one that shows it, and one that looks like it.
func TestEveryCauseHasScenarios(t *testing.T) {
	for _, k := range diagnosis.Known() {
		if k.Name == "encryption_required" {
			continue // needs SMB 3
		}
		of := func(s scenario) bool {
			return slices.ContainsFunc(s.want, func(c string) bool { return strings.HasSuffix(c, " "+k.Name) })
		}
		if !slices.ContainsFunc(scenarios, of) {
			t.Errorf("%s: no scenario", k.Name)
		}
		i := slices.IndexFunc(scenarios, func(s scenario) bool { return s.name == decoys[k.Name] })
		if i < 0 || of(scenarios[i]) {
			t.Errorf("%s: no decoy", k.Name)
		}
	}
}
