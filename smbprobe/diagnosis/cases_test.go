package diagnosis

import (
	"slices"
	"time"

	"github.com/rasphone-exporter/rasphone_exporter/smbprobe"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/phonebook"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/smb"
)

// probedAt is when the results of these tests were probed, by both clocks.
func probedAt() time.Time { return time.Date(1999, time.May, 4, 3, 2, 1, 0, time.UTC) }

func longName() string { return "Provider in the capital" } // 23 characters

// healthy is the result for a server that has everything known of it, and nothing wrong.
func healthy() *smbprobe.Result {
	now := probedAt()
	return &smbprobe.Result{
		Target: "exch01", Module: "default", Auth: "corp", ShareName: "ADMIN$",
		Started: now,
		Success: true,
		Share:   smbprobe.ShareOK,
		Server: &smbprobe.ServerInfo{
			OS: "Windows NT 4.0", LANManager: "NT LAN Manager 4.0", NetBIOSName: "EXCH01", Domain: "CORP", Dialect: "NT LM 0.12",
			Time: now, TimeSeenAt: now,
		},
		ClockOffset: new(time.Duration),
		Phonebook: smbprobe.PhonebookResult{
			State: smbprobe.PhonebookOK, Size: new(int64(812)), Modified: new(now.Add(-30 * 24 * time.Hour)),
			Entries: new(1), Intact: new(true),
			Links:  []smbprobe.Link{{Entry: "Provider", Media: "serial", Device: "modem", Port: "COM1"}},
			Dialed: []phonebook.Dialed{{Name: "Provider", Entry: "Provider", Usable: true}},
		},
		Eventlog: smbprobe.EventlogResult{
			Readable: new(true), Records: new(900), Oldest: new(now.Add(-10 * 24 * time.Hour)), Newest: new(now.Add(-time.Minute)), Size: new(int64(262144)),
			Windows: []smbprobe.WindowResult{
				{Label: "15m", Duration: 15 * time.Minute, Failures: new(0), Covered: true},
				{Label: "24h", Duration: 24 * time.Hour, Failures: new(0), Covered: true},
			},
		},
		Registry: smbprobe.RegistryResult{
			Readable: new(true), AutoShareServer: &smbprobe.RegistryNumber{}, AutoShareWks: &smbprobe.RegistryNumber{}, IRPStackSize: &smbprobe.RegistryNumber{},
			LogMaxSize: &smbprobe.RegistryNumber{Set: true, Value: 524288}, LogRetention: &smbprobe.RegistryNumber{Set: true, Value: 7 * 24 * 3600},
			ServicePack: &smbprobe.RegistryText{Set: true, Value: "Service Pack 6"}, SystemRoot: &smbprobe.RegistryText{Set: true, Value: `C:\WINNT`},
			ProductType: &smbprobe.RegistryText{Set: true, Value: "ServerNT"}, ProductSuite: &smbprobe.RegistryText{},
		},
		Services: []smbprobe.ServiceResult{
			{Name: "MSExchangeIMC", Installed: new(true), State: smbprobe.ServiceRunning, StartMode: smbprobe.StartAutomatic},
			{Name: "RasMan", Installed: new(true), State: smbprobe.ServiceStopped, StartMode: smbprobe.StartManual, ExitCode: neverStarted},
			{Name: "PlugPlay", Installed: new(true), State: smbprobe.ServiceRunning, StartMode: smbprobe.StartAutomatic},
			{Name: "LanmanServer", Installed: new(true), State: smbprobe.ServiceRunning, StartMode: smbprobe.StartAutomatic},
		},
		Host: smbprobe.HostResult{
			Known: true, Major: 4, Minor: 0, Server: true, Time: new(now), Started: new(50 * time.Hour),
			AdminShare: new(true), SystemShare: new(true), SystemDrive: "C$",
		},
		RPC: smbprobe.RPCAnswers,
	}
}

// dials adds failures to dial that happened some time ago.
func dials(r *smbprobe.Result, entry, code string, ago time.Duration) {
	known, _ := lookupCode(code)
	for i := range r.Eventlog.Windows {
		if w := &r.Eventlog.Windows[i]; ago <= w.Duration {
			*w.Failures += 3
			w.ByError = append(w.ByError, smbprobe.FailureCount{Entry: entry, Code: code, Error: known.Name, N: 3})
		}
	}
	r.Eventlog.LastFailures = append(r.Eventlog.LastFailures, smbprobe.LastFailure{Entry: entry, Code: code, At: probedAt().Add(-ago)})
}

// lately is when an event happened that lies in each window.
const lately = 5 * time.Minute

func failsWith(code string) func(*smbprobe.Result) {
	return func(r *smbprobe.Result) { dials(r, "Provider", code, lately) }
}

// shareIs leaves a result as it is where the share could not be opened.
func shareIs(state smbprobe.ShareState, status smb.Status) func(*smbprobe.Result) {
	return func(r *smbprobe.Result) {
		r.Share, r.ShareStatus, r.ShareError = state, status, "as the test has it"
		r.Phonebook = smbprobe.PhonebookResult{State: smbprobe.PhonebookUnknown}
		r.Host.AdminShare = nil
		if state == smbprobe.ShareMissing {
			r.Host.AdminShare = new(false)
		}
	}
}

// bookIs leaves a result as it is where the share is open and the book could not be read.
func bookIs(state smbprobe.PhonebookState, status smb.Status) func(*smbprobe.Result) {
	return func(r *smbprobe.Result) {
		if r.Share == smbprobe.ShareOK {
			r.Phonebook = smbprobe.PhonebookResult{State: state, Status: status}
		}
	}
}

// found adds a finding, where the book was read.
func found(r *smbprobe.Result, f phonebook.Finding) {
	if r.Phonebook.Entries == nil {
		return
	}
	if f.Class == phonebook.ClassFile {
		r.Phonebook.State = smbprobe.PhonebookDamaged
	}
	r.Phonebook.Findings = append(r.Phonebook.Findings, f)
	r.Phonebook.Counts = append(r.Phonebook.Counts, phonebook.Count{Check: f.Check, Class: f.Class, N: 1})
	if f.Class != phonebook.ClassOddity {
		r.Phonebook.Intact = new(false)
	}
}

// causeCase changes a healthy result so that it has one cause.
type causeCase struct {
	cause    string
	severity smbprobe.Severity
	change   func(*smbprobe.Result)
}

// causeCases has one for each cause.
func causeCases() []causeCase {
	return slices.Concat(wayCases(), bookCases(), dialCases(), []causeCase{
		{"service_not_running", smbprobe.SeverityCritical, func(r *smbprobe.Result) { r.Services[0].State = smbprobe.ServiceStopped }},
		{"event_log_full", smbprobe.SeverityWarning, func(r *smbprobe.Result) {
			r.Eventlog.Size = new(int64(524288))
			r.Registry.LogRetention.Value = neverOverwrite
			r.Eventlog.Newest = new(probedAt().Add(-7 * time.Hour))
		}},
		{"clock_off", smbprobe.SeverityWarning, func(r *smbprobe.Result) { r.ClockOffset = new(-31 * time.Minute) }},
	})
}

func wayCases() []causeCase {
	return []causeCase{
		{"server_service_stopped", smbprobe.SeverityCritical, shareIs(smbprobe.SharePortClosed, smb.StatusOK)},
		{"services_exe_not_answering", smbprobe.SeverityCritical, func(r *smbprobe.Result) { r.RPC = smbprobe.RPCDead }},
		{"server_out_of_resources", smbprobe.SeverityCritical, shareIs(smbprobe.ShareOutOfResources, smb.StatusInsuffServerResources)},
		{"licences_used_up", smbprobe.SeverityWarning, shareIs(smbprobe.ShareServerFull, smb.StatusRequestNotAccepted)},
		{"server_paused", smbprobe.SeverityWarning, shareIs(smbprobe.ShareServerPaused, smb.StatusSharingPaused)},
		{"account_refused", smbprobe.SeverityWarning, shareIs(smbprobe.ShareAccountRestricted, smb.StatusAccountLockedOut)},
		{"guest_only", smbprobe.SeverityWarning, shareIs(smbprobe.ShareGuestOnly, smb.StatusOK)},
		{"account_not_administrator", smbprobe.SeverityWarning, shareIs(smbprobe.ShareAccessDenied, smb.StatusAccessDenied)},
		{"admin_share_disabled", smbprobe.SeverityCritical, func(r *smbprobe.Result) {
			shareIs(smbprobe.ShareMissing, smb.StatusBadNetworkName)(r)
			r.Registry.AutoShareServer = &smbprobe.RegistryNumber{Set: true}
		}},
		{"admin_shares_lost_at_start", smbprobe.SeverityCritical, func(r *smbprobe.Result) {
			shareIs(smbprobe.ShareMissing, smb.StatusBadNetworkName)(r)
			r.Host.SystemShare, r.Host.DomainController = new(false), true
		}},
		{"admin_share_removed", smbprobe.SeverityCritical, shareIs(smbprobe.ShareMissing, smb.StatusBadNetworkName)},
		{"admin_share_missing", smbprobe.SeverityCritical, func(r *smbprobe.Result) {
			shareIs(smbprobe.ShareMissing, smb.StatusBadNetworkName)(r)
			r.Registry.AutoShareServer = nil
		}},
		{"admin_share_not_automatic", smbprobe.SeverityWarning, func(r *smbprobe.Result) { r.Registry.AutoShareServer = &smbprobe.RegistryNumber{Set: true} }},
	}
}

func bookCases() []causeCase {
	return []causeCase{
		{"ras_not_installed", smbprobe.SeverityCritical, bookIs(smbprobe.PhonebookFolderMissing, smb.StatusObjectPathNotFound)},
		{"phonebook_missing", smbprobe.SeverityCritical, bookIs(smbprobe.PhonebookMissing, smb.StatusObjectNameNotFound)},
		{"phonebook_damaged", smbprobe.SeverityCritical, func(r *smbprobe.Result) {
			found(r, phonebook.Finding{Check: phonebook.CheckNULBytes, Class: phonebook.ClassFile})
		}},
		{"phonebook_access_denied", smbprobe.SeverityCritical, bookIs(smbprobe.PhonebookAccessDenied, smb.StatusAccessDenied)},
		{"phonebook_elsewhere", smbprobe.SeverityWarning, bookIs(smbprobe.PhonebookElsewhere, smb.StatusObjectNameNotFound)},
		{"phonebook_locked", smbprobe.SeverityWarning, bookIs(smbprobe.PhonebookLocked, smb.StatusSharingViolation)},
		{"entry_unusable", smbprobe.SeverityWarning, func(r *smbprobe.Result) {
			if r.Phonebook.Entries != nil {
				r.Phonebook.Dialed = append(r.Phonebook.Dialed, phonebook.Dialed{Name: "Backup", Entry: "Backup"})
			}
			found(r, phonebook.Finding{Check: phonebook.CheckPortMissing, Class: phonebook.ClassEntry, Line: 7, Entry: "Backup"})
		}},
		{"phonebook_from_newer_windows", smbprobe.SeverityWarning, func(r *smbprobe.Result) {
			found(r, phonebook.Finding{Check: phonebook.CheckNewerWindows, Class: phonebook.ClassOddity, Line: 2, Entry: "Provider"})
		}},
	}
}

func dialCases() []causeCase {
	return []causeCase{
		{"dialup_access_denied", smbprobe.SeverityCritical, failsWith("5")},
		{"entry_not_in_book", smbprobe.SeverityCritical, failsWith("623")},
		{"entry_name_too_long", smbprobe.SeverityCritical, func(r *smbprobe.Result) { dials(r, longName(), "87", lately); knows(r, longName()) }},
		{"logon_domain_too_long", smbprobe.SeverityCritical, func(r *smbprobe.Result) {
			failsWith("87")(r)
			r.Eventlog.RelatedEvents = []smbprobe.RelatedEvent{{At: probedAt().Add(-lately + time.Minute), Text: "RasDial 0xC0000005"}}
		}},
		{"rasman_cannot_start", smbprobe.SeverityCritical, failsWith("711")},
		{"dialup_network_card_key_stale", smbprobe.SeverityWarning, failsWith("2")},
		{"nt4_dial_bug", smbprobe.SeverityWarning, func(r *smbprobe.Result) { failsWith("4264763456")(r); r.Registry.ServicePack.Value = "Service Pack 3" }},
		{"port_locked_by_script", smbprobe.SeverityCritical, failsWith("633")},
		{"line_or_answer_missing", smbprobe.SeverityWarning, failsWith("676")},
		{"modem_changed", smbprobe.SeverityWarning, failsWith("615")},
		{"modem_script_damaged", smbprobe.SeverityWarning, failsWith("657")},
		{"port_taken", smbprobe.SeverityWarning, failsWith("692")},
		{"dial_out_not_allowed", smbprobe.SeverityWarning, failsWith("720")},
		{"dialup_failing", smbprobe.SeverityWarning, failsWith("691")},
	}
}

// knows puts an entry into the book.
func knows(r *smbprobe.Result, entry string) {
	if r.Phonebook.Entries != nil {
		r.Phonebook.Links = append(r.Phonebook.Links, smbprobe.Link{Entry: entry, Media: "serial", Device: "modem", Port: "COM2"})
	}
}

func names(causes []smbprobe.Cause) []string {
	var all []string
	for _, c := range causes {
		all = append(all, c.Name)
	}
	return all
}

// causeOf returns the cause of a name.
func causeOf(causes []smbprobe.Cause, name string) (smbprobe.Cause, bool) {
	i := slices.IndexFunc(causes, func(c smbprobe.Cause) bool { return c.Name == name })
	if i < 0 {
		return smbprobe.Cause{}, false
	}
	return causes[i], true
}
