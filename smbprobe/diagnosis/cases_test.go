package diagnosis

import (
	"fmt"
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
		Target: "exch01", Module: "default", Auth: "corp", Account: "rasphone", ShareName: "ADMIN$", PhonebookPath: ntPlace,
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
			{Name: "MSExchangeIMC", Installed: new(true), State: smbprobe.ServiceRunning, StartMode: smbprobe.StartAutomatic, Account: `CORP\exchange`, Asked: true},
			{Name: "RasMan", Installed: new(true), State: smbprobe.ServiceStopped, StartMode: smbprobe.StartManual, ExitCode: neverStarted},
			{Name: "PlugPlay", Installed: new(true), State: smbprobe.ServiceRunning, StartMode: smbprobe.StartAutomatic},
			{Name: "LanmanServer", Installed: new(true), State: smbprobe.ServiceRunning, StartMode: smbprobe.StartAutomatic},
		},
		Host: smbprobe.HostResult{
			Known: true, Major: 4, Minor: 0, Server: true, Time: new(now), Started: new(50 * time.Hour),
			AdminShare: new(true), SystemShare: new(true), SystemDrive: "C$", SharePath: `C:\WINNT\`,
		},
		RPC: smbprobe.RPCAnswers,
	}
}

// service returns a service of a result.
func service(r *smbprobe.Result, name string) *smbprobe.ServiceResult {
	i := slices.IndexFunc(r.Services, func(s smbprobe.ServiceResult) bool { return s.Name == name })
	return &r.Services[i]
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
	r.Eventlog.Calls = append(r.Eventlog.Calls, smbprobe.CallHistory{Entry: entry, Code: code, Calls: 1, LastStart: probedAt().Add(-ago), LastEnd: probedAt().Add(-ago)})
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

// causeCases has one for each cause, in the order of the rules.
func causeCases() []causeCase {
	const critical, warning, info = smbprobe.SeverityCritical, smbprobe.SeverityWarning, smbprobe.SeverityInfo
	return []causeCase{
		{"name_not_resolved", critical, shareIs(smbprobe.ShareNameNotResolved, 0)},
		{"no_answer", critical, shareIs(smbprobe.ShareTimeout, 0)},
		{"not_an_smb_server", critical, shareIs(smbprobe.ShareNotSMB, 0)},
		{"server_service_stopped", critical, shareIs(smbprobe.SharePortClosed, 0)},
		{"server_not_answering_by_name", critical, shareIs(smbprobe.ShareSessionRefused, 0)},
		{"server_breaks_protocol", critical, shareIs(smbprobe.ShareProtocolError, 0)},

		{"server_out_of_resources", critical, shareIs(smbprobe.ShareOutOfResources, smb.StatusInsuffServerResources)},
		{"licences_used_up", warning, shareIs(smbprobe.ShareServerFull, smb.StatusRequestNotAccepted)},
		{"server_paused", warning, shareIs(smbprobe.ShareServerPaused, smb.StatusSharingPaused)},
		{"services_exe_not_answering", critical, func(r *smbprobe.Result) { r.RPC = smbprobe.RPCDead }},
		{"rpc_refused", warning, refusesRPC},

		{"account_not_administrator", warning, shareIs(smbprobe.ShareAccessDenied, smb.StatusAccessDenied)},
		{"account_refused", warning, shareIs(smbprobe.ShareAccountRestricted, smb.StatusAccountLockedOut)},
		{"guest_only", warning, shareIs(smbprobe.ShareGuestOnly, 0)},
		{"ntlmv2_may_crash_lsass", info, servicePack(5)},
		{"encryption_required", warning, shareIs(smbprobe.ShareEncryptionRequired, 0)},
		{"signing_not_offered", warning, shareIs(smbprobe.ShareSigningRefused, 0)},

		{"admin_share_disabled", critical, func(r *smbprobe.Result) {
			shareIs(smbprobe.ShareMissing, smb.StatusBadNetworkName)(r)
			r.Registry.AutoShareServer = &smbprobe.RegistryNumber{Set: true}
		}},
		{"admin_share_removed", critical, shareIs(smbprobe.ShareMissing, smb.StatusBadNetworkName)},
		{"admin_share_missing", critical, func(r *smbprobe.Result) {
			shareIs(smbprobe.ShareMissing, smb.StatusBadNetworkName)(r)
			r.Registry.AutoShareServer = nil
		}},
		{"share_leads_elsewhere", critical, func(r *smbprobe.Result) {
			bookIs(smbprobe.PhonebookMissing, smb.StatusObjectNameNotFound)(r)
			r.Host.SharePath = `D:\OLD`
		}},
		{"admin_share_not_automatic", warning, func(r *smbprobe.Result) { r.Registry.AutoShareServer = &smbprobe.RegistryNumber{Set: true} }},

		{"ras_not_installed", critical, func(r *smbprobe.Result) {
			bookIs(smbprobe.PhonebookFolderMissing, smb.StatusObjectPathNotFound)(r)
			*service(r, "RasMan") = smbprobe.ServiceResult{Name: "RasMan", Installed: new(false)}
		}},
		{"phonebook_folder_missing", critical, bookIs(smbprobe.PhonebookFolderMissing, smb.StatusObjectPathNotFound)},
		{"phonebook_missing", critical, bookIs(smbprobe.PhonebookMissing, smb.StatusObjectNameNotFound)},
		{"phonebook_elsewhere", warning, bookIs(smbprobe.PhonebookElsewhere, smb.StatusObjectNameNotFound)},
		{"phonebook_empty", critical, emptyBook},
		{"phonebook_damaged", critical, func(r *smbprobe.Result) {
			found(r, phonebook.Finding{Check: phonebook.CheckNULBytes, Class: phonebook.ClassFile})
		}},
		{"phonebook_access_denied", critical, bookIs(smbprobe.PhonebookAccessDenied, smb.StatusAccessDenied)},
		{"phonebook_locked", warning, bookIs(smbprobe.PhonebookLocked, smb.StatusSharingViolation)},
		{"phonebook_disk_error", critical, bookIs(smbprobe.PhonebookDiskError, smb.StatusFileCorruptError)},
		{"phonebook_too_large", critical, bookIs(smbprobe.PhonebookTooLarge, 0)},
		{"entry_unusable", critical, func(r *smbprobe.Result) {
			if r.Phonebook.Entries != nil {
				r.Phonebook.Dialed = append(r.Phonebook.Dialed, phonebook.Dialed{Name: "Backup", Entry: "Backup"})
			}
			found(r, phonebook.Finding{Check: phonebook.CheckPortMissing, Class: phonebook.ClassEntry, Line: 7, Entry: "Backup"})
		}},

		{"dialup_access_denied", critical, failsWith("5")},
		{"phonebook_not_reachable_by_service", critical, failsWith("1326")},
		{"entry_not_in_book", critical, failsWith("623")},
		{"entry_name_too_long", critical, func(r *smbprobe.Result) { dials(r, longName(), "87", lately); knows(r, longName()) }},
		{"logon_domain_too_long", critical, func(r *smbprobe.Result) {
			failsWith("87")(r)
			r.Eventlog.RelatedEvents = []smbprobe.RelatedEvent{{At: probedAt().Add(-lately + time.Minute), Text: "RasDial 0xC0000005"}}
		}},
		{"port_taken", critical, failsWith("633")},
		{"modem_or_port_failed", warning, failsWith("692")},
		{"line_or_answer_missing", warning, failsWith("676")},
		{"dial_out_not_allowed", warning, failsWith("720")},
		{"rasman_cannot_start", critical, failsWith("711")},
		{"dialup_network_card_key_stale", warning, failsWith("2")},
		{"nt4_dial_bug", warning, func(r *smbprobe.Result) { failsWith("4264763456")(r); servicePack(3)(r) }},
		{"dialup_failing", warning, failsWith("691")},

		{"service_not_running", critical, func(r *smbprobe.Result) { service(r, "MSExchangeIMC").State = smbprobe.ServiceStopped }},
		{"mail_service_not_installed", warning, func(r *smbprobe.Result) {
			*service(r, "MSExchangeIMC") = smbprobe.ServiceResult{Name: "MSExchangeIMC", Installed: new(false), Asked: true}
		}},
		{"event_log_full", warning, fullLog(524288, 7*time.Hour)},
		{"event_log_stalled", warning, fullLog(100000, 25*time.Hour)},
		{"event_log_not_readable", warning, func(r *smbprobe.Result) {
			r.Eventlog = smbprobe.EventlogResult{Readable: new(false), Status: smb.StatusAccessDenied, Error: "open the log: denied"}
		}},
		{"clock_off", warning, func(r *smbprobe.Result) { r.ClockOffset = new(-31 * time.Minute) }},
	}
}

func servicePack(n int) func(*smbprobe.Result) {
	return func(r *smbprobe.Result) {
		r.Registry.ServicePack = &smbprobe.RegistryText{Set: true, Value: fmt.Sprintf("Service Pack %d", n)}
	}
}

// refusesRPC leaves a result as it is if each remote query is refused.
func refusesRPC(r *smbprobe.Result) {
	const denied = "denied"
	r.Eventlog = smbprobe.EventlogResult{Readable: new(false), Status: smb.StatusAccessDenied, Error: denied}
	r.Registry = smbprobe.RegistryResult{Readable: new(false), Refused: true, Error: denied}
	r.Host = smbprobe.HostResult{Refused: true, Error: denied}
	for i := range r.Services {
		r.Services[i] = smbprobe.ServiceResult{Name: r.Services[i].Name, Refused: true, Error: denied}
	}
}

// emptyBook leaves a result as it is if the phone book has no entry.
func emptyBook(r *smbprobe.Result) {
	if r.Phonebook.Entries == nil {
		return
	}
	r.Phonebook.Entries, r.Phonebook.Intact, r.Phonebook.Links = new(0), new(false), nil
	r.Phonebook.Findings = append(r.Phonebook.Findings, phonebook.Finding{Check: phonebook.CheckNoEntries, Class: phonebook.ClassEntry})
	for i := range r.Phonebook.Dialed {
		r.Phonebook.Dialed[i] = phonebook.Dialed{Name: r.Phonebook.Dialed[i].Name, Missing: true}
	}
}

// fullLog gives the log a size, and no record since some time; it never overwrites.
func fullLog(size int64, ago time.Duration) func(*smbprobe.Result) {
	return func(r *smbprobe.Result) {
		r.Eventlog.Size = new(size)
		r.Eventlog.Newest = new(probedAt().Add(-ago))
		if r.Registry.LogRetention != nil {
			r.Registry.LogRetention = &smbprobe.RegistryNumber{Set: true, Value: neverOverwrite}
		}
	}
}

// windows2000 leaves a result as it is of a Windows 2000 Server; other is the state of the
// phone book under All Users.
func windows2000(other smbprobe.PhonebookState, changes ...func(*smbprobe.Result)) func(*smbprobe.Result) {
	return func(r *smbprobe.Result) {
		r.Server.OS, r.Host.Major, r.Host.Minor = "Windows 5.0", 5, 0
		servicePack(4)(r)
		p := &smbprobe.PhonebookResult{State: other}
		if other == smbprobe.PhonebookOK {
			p.Entries, p.Intact = new(1), new(true)
			p.Dialed = []phonebook.Dialed{{Name: "Provider", Entry: "Provider", Usable: true}}
		}
		for _, change := range changes {
			change(r)
		}
		if other != "" {
			r.Phonebook.AllUsers = p
		}
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
