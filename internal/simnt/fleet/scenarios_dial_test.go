package fleet

import (
	"strings"
	"time"

	"github.com/rasphone-exporter/rasphone_exporter/internal/simnt"
	"github.com/rasphone-exporter/rasphone_exporter/internal/simnt/rpc"
)

// failsAlways plans a log in which each call of an entry fails, every five minutes.
func failsAlways(code string) logPlan { return failing(entryName, code) }

// named plans a log with failures of another entry.
func named(entry, code string, ages ...time.Duration) logPlan {
	return logPlan{failures: []failures{{entry: entry, code: code, ages: ages}}}
}

// dialScenarios are about calls.
var dialScenarios = []scenario{
	{
		name: "the service's account lost its rights", log: now("5"),
		prepare: service(rpc.Service{Name: mailService, State: running, Start: automatic, Account: `CORP\exchange`}),
		want:    []string{"critical dialup_access_denied"}, fix: `net localgroup Administrators DOMAIN\account /add`,
		says: []string{`CORP\exchange`, "either the Internet Mail Service's account", "or the fault has been fixed since, or RAS itself reports 5", "Log On As", "cacls"},
	},
	{
		name: "access was denied an hour ago", log: failed([]string{"5"}, time.Hour), want: []string{"info dialup_access_denied"},
		says: []string{"None in the last 15 minutes. If no call was due since then, the fault may still be there."},
	},
	{
		name: "Service Pack 6, and a blank in the domain", log: now("5"), want: []string{"critical dialup_access_denied"}, says: []string{"Q256509"}, never: []string{"PPTP"},
	},
	{
		name: "Service Pack 4, and a PPTP entry", log: now("5"), options: servicePack(4), ntlmV1: true,
		prepare: book(strings.NewReplacer("MEDIA=serial", "MEDIA=rastapi", "Port=COM1", "Port=VPN1", "DEVICE=modem", "DEVICE=vpn").Replace(sound1)),
		want:    []string{"critical dialup_access_denied"}, says: []string{"PPTP", "Q222060"}, never: []string{"Q256509)."},
	},
	{
		name: "the service does not find its own share", log: now("53"), want: []string{"critical phonebook_not_reachable_by_service"}, fix: "net share admin$",
		says: []string{"[53]", "the server's own name", "net view"},
	},
	{
		name: "the password was changed in User Manager alone", log: now("1326"), want: []string{"critical phonebook_not_reachable_by_service"},
		says: []string{"[1326]", "in User Manager, and in Exchange Administrator", "Service Account Password"}, never: []string{"net share admin$"},
	},
	{
		name: "the service's account may not log on over the network", log: now("1385"), want: []string{"critical phonebook_not_reachable_by_service"},
		says: []string{"Access this computer from network", "User Manager, Policies, User Rights"},
	},
	{
		name: "the service meets a server without resources", log: now("1130"), want: []string{"critical phonebook_not_reachable_by_service"}, says: []string{"event 2011", "IRPStackSize"},
	},
	{
		name: "RAS could not open the phone book", log: now("621"), want: []string{"critical phonebook_not_reachable_by_service"}, says: []string{"cacls"},
	},
	{
		name: "RAS could not open the phone book, which was damaged, and is sound again", log: now("621"), prepare: book("\x00\x00"), repair: bookOf(entryName),
		want: []string{"info phonebook_not_reachable_by_service"},
	},
	{
		name: "the entry was renamed", log: now("623"), prepare: bookOf("Internet (new)", spareEntryName), want: []string{"critical entry_not_in_book"},
		says: []string{`"Internet"`, "Make the entry again, or give it its old name back", "20 characters at most", "tab Dial-up Connections"},
	},
	{
		name: "the entry got its old name back", log: now("623"), prepare: bookOf("Internet (new)"), repair: bookOf(entryName),
		want: []string{"info entry_not_in_book"}, says: []string{"The entry was added to the phone book after that"},
	},
	{
		name: "the entry is in a personal phone book", log: now("623"), want: []string{"critical entry_not_in_book"},
		says: []string{"it is in the phone book now: the service may use another user's phone book, or it was added since", "system phone book"},
	},
	{
		name: "events name an entry that is gone", dialed: []string{}, log: named("Old Provider", "676", 4*time.Minute, time.Hour), want: []string{"critical entry_not_in_book", "warning line_or_answer_missing"},
		says: []string{"The names come from events alone. If another entry was chosen since, this ends at"},
	},
	{
		name: "events named an entry this morning that is gone", dialed: []string{}, log: named("Old Provider", "676", 9*time.Hour), want: []string{"warning entry_not_in_book", "info line_or_answer_missing"},
	},
	{
		name: "a name of 25 characters", dialed: []string{}, log: named(longEntryName, "87", 4*time.Minute, time.Hour), prepare: bookOf(longEntryName),
		want: []string{"critical entry_name_too_long"}, says: []string{"has 25 characters", "shorten the entry's name to 20 characters"},
	},
	{
		name: "a name of 25 characters, before the first call", dialed: []string{longEntryName}, prepare: bookOf(longEntryName), want: []string{"critical entry_name_too_long"},
	},
	{
		name: "a name of 20 characters", dialed: []string{"Internet by Provider"}, prepare: bookOf("Internet by Provider"),
	},
	{
		name: "the name was shortened", dialed: []string{}, log: failing(longEntryName, "87"), prepare: bookOf(longEntryName), repair: bookOf(entryName),
		want: []string{"info entry_name_too_long"}, says: []string{`The entry was renamed to "Internet" after that`},
	},
	{
		name: "the domain of the logon information has 25 characters", log: logPlan{failures: []failures{{entry: entryName, code: "87", ages: []time.Duration{4 * time.Minute}, related: true}}},
		want: []string{"critical logon_domain_too_long"}, fix: "In the connection's logon information", says: []string{"Event 4037", "15 characters at most"},
	},
	{
		name: "[87], and nothing beside it", log: now("87"), want: []string{"warning dialup_failing"}, says: []string{"more than 20 characters", "18 or more characters"},
	},
	{
		name: "a script keeps the port", log: now("633"), prepare: book(sound1 + "\r\nDEVICE=switch\r\nType=isp.scp\r\n"), want: []string{"critical port_taken"}, fix: "net stop MSExchangeIMC",
		says: []string{"Fax, Lotus Notes", "net stop rasman", "net start rasman", "net start remoteaccess", "net start MSExchangeIMC", "time-out", "Only if the port stays taken"},
	},
	{
		name: "another program has the port", log: now("633"), want: []string{"critical port_taken"}, says: []string{"ends every call"}, never: []string{"DEVICE=switch"},
	},
	{
		name: "the modem is off", log: now("692"), want: []string{"warning modem_or_port_failed"}, says: []string{"Is the modem on", "HyperTerminal"},
	},
	{
		name: "the modem is off all day", log: failsAlways("692"), want: []string{"critical modem_or_port_failed"},
	},
	{
		name: "busy, Service Pack 6", log: now("676"), want: []string{"warning line_or_answer_missing"}, says: []string{"the line is busy [676]"}, never: []string{"Service Pack 6a"},
	},
	{
		name: "busy or dead, Service Pack 3", log: now("676"), options: servicePack(3), ntlmV1: true, want: []string{"warning line_or_answer_missing"},
		says: []string{"busy or dead, or there is no answer", "No dial tone", "Service Pack 6a"},
	},
	{
		name: "a person answers", log: now("677"), want: []string{"warning line_or_answer_missing"}, says: []string{"a person answered", "hear whether a modem answers"},
	},
	{
		name: "no answer", log: now("678"), want: []string{"warning line_or_answer_missing"}, says: []string{"there is no answer [678]"},
	},
	{
		name: "no carrier", log: now("679"), want: []string{"warning line_or_answer_missing"}, says: []string{"no carrier [679]"},
	},
	{
		name: "no dial tone", log: now("680"), want: []string{"warning line_or_answer_missing"}, says: []string{"no dial tone [680]", "No dial tone: is the modem's cable in the socket"},
	},
	{
		name: "busy all night", log: failsAlways("676"), want: []string{"critical line_or_answer_missing"}, says: []string{"So it was in each of the"},
	},
	{
		name: "busy now and then, yesterday", log: failed([]string{"676"}, 9*time.Hour, 15*time.Hour), want: []string{"info line_or_answer_missing"},
	},
	{
		name: "RAS receives calls only", log: now("720"), want: []string{"warning dial_out_not_allowed"}, fix: "Under Configure, choose Dial out calls", says: []string{"Q123298"},
	},
	{
		name: "Plug and Play is disabled", log: now("711"), prepare: service(rpc.Service{Name: "PlugPlay", Display: "Plug and Play", State: stopped, Start: disabled}),
		want: []string{"critical rasman_cannot_start"}, fix: "net start PlugPlay", says: []string{"set the service Plug and Play to Automatic", "net start RasMan"}, never: []string{"7000"},
	},
	{
		name: "RasMan is disabled", log: now("711"), prepare: service(rpc.Service{Name: "RasMan", State: stopped, Start: disabled}),
		want: []string{"critical rasman_cannot_start"}, says: []string{"start mode disabled", "set it to Manual", "net start RasMan"},
	},
	{
		name: "RAS could not start yesterday, and Plug and Play is stopped", log: failed([]string{"711"}, 20*time.Hour), prepare: service(rpc.Service{Name: "PlugPlay", State: stopped, Start: automatic}),
		want: []string{"warning service_not_running", "info rasman_cannot_start"},
	},
	{
		name: "RAS could not start yesterday, and RasMan was stopped by hand", log: failed([]string{"711"}, 20*time.Hour), prepare: service(rpc.Service{Name: "RasMan", State: stopped, Start: automatic}),
		want: []string{"warning service_not_running", "info rasman_cannot_start"},
	},
	{
		name: "RasMan depends on a driver", log: now("711"), prepare: service(rpc.Service{Name: "RasMan", State: stopped, Start: manual, ExitCode: 1068}),
		want: []string{"critical rasman_cannot_start"}, says: []string{"1068: a service that it depends on did not start", "7000 and 7001", "install the service pack again"},
	},
	{
		name: "RasMan failed once, and nothing fails now", prepare: service(rpc.Service{Name: "RasMan", State: stopped, Start: manual, ExitCode: 1068}),
	},
	{
		name: "RasMan is automatic, and failed", prepare: service(rpc.Service{Name: "RasMan", State: stopped, Start: automatic, ExitCode: 1068}),
		want: []string{"warning rasman_cannot_start"},
	},
	{
		name: "RasMan is on demand, and was not started", prepare: service(rpc.Service{Name: "RasMan", State: stopped, Start: manual, ExitCode: 1077}),
	},
	{
		name: "a network card was removed", log: now("2"), prepare: func(h *simnt.Host) { networkCard(h, "2", "NE20001") },
		want: []string{"warning dialup_network_card_key_stale"}, says: []string{`NetworkCards key "2" names the service "NE20001"`, "Save Key", `Delete the key "2" below NetworkCards, and nothing else there`},
	},
	{
		name: "[2], and each network card is there", log: now("2"), want: []string{"warning dialup_failing"},
	},
	{
		name: "[2], and no network card was ever installed", log: now("2"), prepare: func(h *simnt.Host) { h.System().Registry().DeleteKey(keyNetworkCards) },
		want: []string{"warning dialup_failing"},
	},
	{
		name: "[2], and the registry is refused", log: now("2"), prepare: pipesRefuse(statusAccessDenied, "winreg"),
		want: []string{"warning rpc_refused", "warning dialup_network_card_key_stale"}, says: []string{"could not be read, or not all of them"},
	},
	{
		name: "[2] on Windows 2000", log: now("2"), options: windows2000(), want: []string{"warning dialup_failing"},
	},
	{
		name: "[317], Service Pack 3", log: now("317"), options: servicePack(3), ntlmV1: true, want: []string{"warning nt4_dial_bug"}, says: []string{"Service Pack 4 or later"},
	},
	{
		name: "[4264763456], Service Pack 3", log: now("4264763456"), options: servicePack(3), ntlmV1: true, want: []string{"warning nt4_dial_bug"},
	},
	{
		name: "[317], Service Pack 6", log: now("317"), want: []string{"warning dialup_failing"}, never: []string{"Service Pack 4"},
	},
	{
		name: "a script hung, Service Pack 3", log: now("614"), options: servicePack(3), ntlmV1: true, want: []string{"warning dialup_failing"}, says: []string{"Q123597", "ends every call", "net stop rasman"},
	},
	{
		name: "the modem was exchanged", log: now("615"), want: []string{"warning dialup_failing"}, says: []string{"Q155941", "choose the modem again"},
	},
	{
		name: "the modem was exchanged, and the entry corrected", log: now("615"), repair: book(strings.Replace(sound1, "Standard 28800", "Sportster 56000", 1)),
		want: []string{"info dialup_failing"}, says: []string{"The entry's port or device was changed after that"},
	},
	{
		name: "modem.inf in another language", log: now("659"), want: []string{"warning dialup_failing"}, says: []string{"modem.inf, switch.inf or pad.inf"},
	},
	{
		name: "the provider refuses the password", log: now("691"), want: []string{"warning dialup_failing"}, says: []string{"[691]", "correct them in the connection's logon information"},
	},
	{
		name: "the provider refuses the password all day", log: failsAlways("691"), want: []string{"critical dialup_failing"},
	},
	{
		name: "the provider hangs up", log: now("629"), want: []string{"warning dialup_failing"}, says: []string{"[629]", `rasdial "NAME"`},
	},
	{
		name: "PPP does not answer", log: now("718"), want: []string{"warning dialup_failing"}, says: []string{"[718]"},
	},
	{
		name: "the name of the entry is in capitals", dialed: []string{"INTERNET"}, log: failed([]string{"676"}, 9*time.Hour), want: []string{"info line_or_answer_missing"},
	},
	{
		name: "the port is already open", log: now("602"), want: []string{"warning dialup_failing"}, says: []string{"[602], the port is already open"},
	},
	{
		name: "PPP has no answer, and the modem an error", log: now("721", "651"), want: []string{"warning dialup_failing"},
		says: []string{"2 different errors", "the modem reports an error: switch the modem off and on", "PPP gets no answer"},
	},
	{
		name: "no certificate for encryption", log: now("781"), want: []string{"warning dialup_failing"}, says: []string{"certificate for encryption not found [781]"},
	},
	{
		name: "no answer every 40 minutes", log: logPlan{failures: []failures{{entry: entryName, code: "678", every: 40 * time.Minute}}},
		want: []string{"critical line_or_answer_missing"},
	},
	{
		name: "two codes", log: now("619", "645"), want: []string{"warning dialup_failing"}, says: []string{"Calls fail with 2 different errors", "[619]", "[645]"},
	},
	{
		name: "a code without a name", log: now("9999"), want: []string{"warning dialup_failing"}, says: []string{"[9999] (a code without a name)"},
	},
	{
		name: "an event without a code", log: now("Zugriff verweigert"), want: []string{"warning dialup_failing"}, says: []string{"the server's own Event Viewer shows it"},
	},
	{
		name: "a link of a Compaq server was restored", prepare: func(h *simnt.Host) {
			h.System().Log(logName).Add(rpc.Event{At: time.Now().Add(-time.Minute), ID: dialFailure, Type: typeError, Source: "CpqNF31", Strings: []string{entryName, "5"}})
		},
	},
}
