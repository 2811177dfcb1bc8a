package fleet

import (
	"time"

	"github.com/rasphone-exporter/rasphone_exporter/internal/simnt"
	"github.com/rasphone-exporter/rasphone_exporter/internal/simnt/rpc"
)

const (
	startPending = 2
	disabled     = 4
)

// mail installs the Internet Mail Service in a state.
func mail(state, start, exit uint32) func(*simnt.Host) {
	return service(rpc.Service{Name: mailService, Display: "Microsoft Exchange Internet Mail Service", State: state, Start: start, ExitCode: exit, Account: `CORP\exchange`})
}

func clockOff(d time.Duration, controller bool) simnt.Options {
	return simnt.Options{ServicePack: 6, ClockOffset: d, DomainController: controller}
}

// serviceScenarios are about services, the event log and the clock.
var serviceScenarios = []scenario{
	{
		name: "the mail service crashed", prepare: mail(stopped, automatic, 1067), want: []string{"critical service_not_running"}, fix: "net start MSExchangeIMC",
		says: []string{"1067: it ended unexpectedly", "Error 1067", "net start MSExchangeIMC", "MSExchangeIS, MSExchangeMTA"}, never: []string{"Error 1069"},
	},
	{
		name: "the mail service waits for another one", prepare: mail(stopped, automatic, 1068), want: []string{"critical service_not_running"},
		says: []string{"1068: a service that it depends on did not start", "Start that one first", "net start MSExchangeIMC"},
	},
	{
		name: "the mail service's password was refused", prepare: mail(stopped, automatic, 1069), want: []string{"critical service_not_running"}, fix: "Error 1069",
		says: []string{`CORP\exchange`, "1069: the password of its account was refused", "Service Account Password", "net start MSExchangeIMC"},
	},
	{
		name: "the mail service was stopped by hand", prepare: mail(stopped, automatic, 0), want: []string{"critical service_not_running"}, fix: "net start MSExchangeIMC",
	},
	{
		name: "the mail service is paused", prepare: mail(paused, automatic, 0), want: []string{"critical service_not_running"}, fix: "net continue MSExchangeIMC",
	},
	{
		name: "the mail service starts", prepare: mail(startPending, automatic, 0),
	},
	{
		name: "the passive node of a cluster", prepare: mail(stopped, manual, 0),
	},
	{
		name: "the mail service is disabled", prepare: mail(stopped, disabled, 0),
	},
	{
		name: "the mail service has moved", prepare: func(h *simnt.Host) { h.System().RemoveService(mailService) }, want: []string{"warning mail_service_not_installed"},
		says: []string{"the right server", "Q155216"},
	},
	{
		name: "the mail service is not asked for", module: []string{"server: {services: [RasMan]}"}, prepare: func(h *simnt.Host) { h.System().RemoveService(mailService) },
	},
	{
		name: "Plug and Play is stopped, and RasMan runs", prepare: service(rpc.Service{Name: "PlugPlay", State: stopped, Start: automatic}), want: []string{"warning service_not_running"},
		says: []string{"Q170029"},
	},
	{
		name: "another service is stopped", module: []string{"server: {services: [MSExchangeIMC, MSExchangeIS]}"},
		prepare: service(rpc.Service{Name: "MSExchangeIS", State: stopped, Start: automatic}), want: []string{"warning service_not_running"}, fix: "net start MSExchangeIS",
	},
	{
		name: "the log is full", log: logPlan{maxSize: 128 << 10, keep: week, every: 3 * time.Minute, history: 48 * time.Hour, stopped: 2 * time.Hour},
		want: []string{"warning event_log_full"}, says: []string{"first choose Overwrite Events as Needed", "Save the log", "clear it", "Q159840"},
	},
	{
		name: "the log is full, and may overwrite", log: logPlan{maxSize: 128 << 10, every: 3 * time.Minute, history: 48 * time.Hour, stopped: 2 * time.Hour},
	},
	{
		name: "the log is stuck below its limit", log: logPlan{maxSize: 4 << 20, keep: week, history: 72 * time.Hour, stopped: 25 * time.Hour},
		want: []string{"warning event_log_stalled"}, says: []string{"MSExchangeIMC is running", "Q142032"},
	},
	{
		name: "the log is stuck, and the services are written in small letters", module: []string{"server: {services: [msexchangeimc, rasman]}"},
		log: logPlan{maxSize: 4 << 20, keep: week, history: 72 * time.Hour, stopped: 25 * time.Hour}, want: []string{"warning event_log_stalled"},
	},
	{
		name: "a quiet log", log: logPlan{maxSize: 4 << 20, keep: week, history: 72 * time.Hour, stopped: 20 * time.Hour},
	},
	{
		name: "the log is stuck, and Exchange does not run", log: logPlan{maxSize: 4 << 20, keep: week, history: 72 * time.Hour, stopped: 25 * time.Hour}, prepare: mail(stopped, manual, 0),
	},
	{
		name: "the log is damaged", prepare: pipesRefuse(0xC000018E, "eventlog"), want: []string{"warning event_log_not_readable"},
		says: []string{"do not clear it with Event Viewer", "EventLog to Disabled", "net stop MSExchangeIMC", "AppEvent.bad", "Restart a second time"},
	},
	{
		name: "the clock is 20 minutes ahead", options: clockOff(20*time.Minute, false), want: []string{"warning clock_off"}, says: []string{"20m", "net time /domain /set /yes"},
	},
	{
		name: "the clock of a domain controller is an hour behind", options: clockOff(-time.Hour, true), want: []string{"warning clock_off"},
		says: []string{"beyond which NTLMv2 logins fail", "finds no other server"}, never: []string{"/set /yes"},
	},
	{
		name: "the server announces two times", log: now("676"), prepare: func(h *simnt.Host) { h.System().SetRemoteTODOffset(5 * time.Minute) },
		verdict: "UNKNOWN", says: []string{"failures to dial are not known", "two times that are 5m0s apart"},
	},
	{
		name: "the clock is 4 minutes behind", options: clockOff(-4*time.Minute, false),
	},
}

// mixedScenarios have two faults at once.
var mixedScenarios = []scenario{
	{
		name: "no Admin$, and the mail service is stopped", prepare: do(removeShares(adminShare), mail(stopped, automatic, 1067)),
		want: []string{"critical admin_share_removed", "critical service_not_running"}, fix: "net share admin$",
	},
	{
		name: "no Admin$, [5] and a busy line", log: logPlan{failures: []failures{
			{entry: entryName, code: "5", ages: []time.Duration{4 * time.Minute}}, {entry: entryName, code: "676", ages: []time.Duration{10 * time.Minute}},
		}}, prepare: removeShares(adminShare), want: []string{"critical admin_share_removed", "warning line_or_answer_missing"},
	},
	{
		name: "a damaged phone book, and a wrong clock", options: clockOff(time.Hour, false), prepare: book("\x00"), want: []string{"critical phonebook_damaged", "warning clock_off"},
	},
	{
		name: "a missing phone book, and Admin$ goes at the next start", prepare: do(noBook, setNumber(keyLanman, autoShareServer, 0)),
		want: []string{"critical phonebook_missing", "warning admin_share_not_automatic"},
	},
	{
		name: "RAS removed, and [711]", log: now("711"), prepare: rasNotInstalled, want: []string{"critical ras_not_installed"},
	},
	{
		name: "denied calls, and a full log", log: logPlan{maxSize: 128 << 10, keep: week, every: 3 * time.Minute, history: 48 * time.Hour, stopped: 2 * time.Hour, failures: []failures{{entry: entryName, code: "5", every: 30 * time.Minute}}},
		want: []string{"warning event_log_full", "info dialup_access_denied"},
	},
	{
		name: "the name is too long, and the provider refuses another entry", dialed: []string{}, prepare: bookOf(longEntryName, entryName), log: logPlan{failures: []failures{
			{entry: longEntryName, code: "87", ages: []time.Duration{4 * time.Minute}}, {entry: entryName, code: "691", ages: []time.Duration{3 * time.Minute}},
		}}, want: []string{"critical entry_name_too_long", "warning dialup_failing"},
	},
	{
		name: "Plug and Play is stopped, [711], and the mail service crashed", log: now("711"),
		prepare: do(service(rpc.Service{Name: "PlugPlay", State: stopped, Start: automatic}), mail(stopped, automatic, 1067)),
		want:    []string{"critical rasman_cannot_start", "critical service_not_running"},
	},
	{
		name: "the security log is full, and calls are denied", log: now("5"), prepare: setNumber(keyLsa, "CrashOnAuditFail", 2),
		want: []string{"critical dialup_access_denied"}, says: []string{"CrashOnAuditFail is 2", "Save the security log", "Set CrashOnAuditFail back", "now: 2"},
	},
	{
		name: "auditing may stop the server, and has not", log: now("5"), prepare: setNumber(keyLsa, "CrashOnAuditFail", 1),
		want: []string{"critical dialup_access_denied"}, never: []string{"CrashOnAuditFail"},
	},
	{
		name: "another server has the name: no Exchange, no RAS", prepare: do(rasNotInstalled, func(h *simnt.Host) {
			for _, s := range []string{mailService, "MSExchangeSA", "MSExchangeIS", "MSExchangeMTA"} {
				h.System().RemoveService(s)
			}
		}), want: []string{"critical ras_not_installed", "warning mail_service_not_installed"}, says: []string{"still the server that dials", "the right server"},
	},
	{
		name: "the phone book is locked, and the clock is wrong", options: clockOff(10*time.Minute, false), prepare: fileRefuses(statusSharingViolation),
		want: []string{"warning phonebook_locked", "warning clock_off"},
	},
	{
		name: "the modem was off this morning, and the mail service is stopped now", log: failed([]string{"692"}, 6*time.Hour, 7*time.Hour), prepare: mail(stopped, automatic, 0),
		want: []string{"critical service_not_running", "info modem_or_port_failed"}, fix: "net start MSExchangeIMC",
	},
	{
		name: "a personal phone book, and a line that is busy", log: logPlan{failures: []failures{
			{entry: entryName, code: "623", ages: []time.Duration{4 * time.Minute}}, {entry: entryName, code: "676", ages: []time.Duration{9 * time.Minute}},
		}}, want: []string{"critical entry_not_in_book", "warning line_or_answer_missing"},
	},
	{
		name: "paused, and calls are denied", log: now("5"), prepare: service(rpc.Service{Name: "LanmanServer", Display: "Server", State: paused, Start: automatic}),
		want: []string{"critical dialup_access_denied", "warning server_paused"},
	},
}
