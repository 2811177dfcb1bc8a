package fleet

import (
	"io"
	"net"

	"github.com/rasphone-exporter/rasphone_exporter/internal/simnt"
	"github.com/rasphone-exporter/rasphone_exporter/internal/simnt/rpc"
)

const (
	keyLsa = `SYSTEM\CurrentControlSet\Control\Lsa`

	statusInsufficientResources = 0xC000009A
)

// greets answers a connection with some bytes, whatever it is asked.
func greets(greeting string) func(net.Conn) {
	return func(c net.Conn) {
		_, _ = c.Read(make([]byte, 4096))
		_, _ = io.WriteString(c, greeting)
	}
}

// noIRP is a server without resources for requests, with a value of IRPStackSize; 0: none.
func noIRP(value uint32) func(*simnt.Host) {
	return func(h *simnt.Host) {
		h.SetShareStatus(adminShare, statusInsuffServerResources)
		if value > 0 {
			h.System().Registry().SetNumber(keyLanman, "IRPStackSize", value)
		}
	}
}

// serverScenarios are about the way to the server, and about a server that refuses whatever
// the account.
var serverScenarios = []scenario{
	{
		name: "the name is in WINS, and not in DNS", unknown: true,
		want: []string{"critical name_not_resolved"}, says: []string{"DNS does not know the name", "not WINS and not LMHOSTS", "by its IP address or by a full name"},
	},
	{
		name: "DNS does not answer", dnsDown: true, verdict: "UNKNOWN",
	},
	{
		name: "a blue screen", module: []string{"timeout: 3s"}, prepare: func(h *simnt.Host) { h.SetPhase(simnt.PhaseHung) },
		want: []string{"critical no_answer"}, says: []string{"Look at the screen", "ping NAME", "firewall"},
	},
	{
		name: "a web server has the address", answers: greets("HTTP/1.0 400 Bad Request\r\n\r\n"),
		want: []string{"critical not_an_smb_server"}, says: []string{"a web server (HTTP)", "correct the host or the port"},
	},
	{
		name: "a Unix computer has the address", answers: greets("SSH-2.0-OpenSSH_9.2\r\n"),
		want: []string{"critical not_an_smb_server"}, says: []string{"an SSH server"},
	},
	{
		name: "the Server service is stopped, Windows 2000", options: windows2000(), closed: true,
		want: []string{"critical server_service_stopped"}, fix: "net start server",
		says: []string{"net start server", "Net Logon", "net start MSExchangeSA", "net start MSExchangeDS", "net start MSExchangeIS", "net start MSExchangeMTA", "net start MSExchangeIMC", "1058"},
	},
	{
		name: "the Server service is stopped, Windows NT 4.0", prepare: func(h *simnt.Host) { h.SetSessionRefusal(simnt.CodeCalledNameNotPresent) },
		want: []string{"critical server_not_answering_by_name"}, fix: "net start server",
		says: []string{"nbtstat -n", "net start server", "net start MSExchangeIMC", "1058", "netbios_name"},
	},
	{
		name: "the Server service stops, Windows NT 4.0", prepare: func(h *simnt.Host) { h.SetSessionRefusal(simnt.CodeNotListening) },
		want: []string{"critical server_not_answering_by_name"}, fix: "net start server",
	},
	{
		name: "the server hangs up", prepare: func(h *simnt.Host) { h.SetPhase(simnt.PhaseRefusing) },
		want: []string{"critical server_breaks_protocol"}, says: []string{"hangs up", "--capture=server.pcap"},
	},
	{
		name: "Service Pack 3, and an anti-virus program", options: servicePack(3), ntlmV1: true, prepare: noIRP(0),
		want: []string{"critical server_out_of_resources"},
		says: []string{"IRPStackSize is not set: 4 holds, the default of SP3", "event 2011", "Save Key", "Set IRPStackSize to 11 (decimal). It is 4 now, the default.", "set: 11", "net stop MSExchangeIMC", "Restart"},
	},
	{
		name: "Service Pack 6, and an anti-virus program", prepare: noIRP(0),
		want: []string{"critical server_out_of_resources"}, says: []string{"Set IRPStackSize to 12 (decimal). It is 11 now", "set: 12"},
	},
	{
		name: "Service Pack 5 ignores an IRPStackSize of 5", options: servicePack(5), ntlmV1: true, prepare: noIRP(5),
		want: []string{"critical server_out_of_resources"}, says: []string{"IRPStackSize is 5, too small for SP5, which uses its default of 7", "Set IRPStackSize to 11", "now: 5"},
	},
	{
		name: "IRPStackSize is at its maximum", prepare: noIRP(12),
		want: []string{"critical server_out_of_resources"}, says: []string{"Set IRPStackSize to 11", "the driver that needs so much has to go"},
	},
	{
		name: "IRPStackSize is over its maximum", options: servicePack(4), ntlmV1: true, prepare: noIRP(20),
		want: []string{"critical server_out_of_resources"}, says: []string{"Set IRPStackSize to 11", "It is 20 now"},
	},
	{
		name:    "IRPStackSize is a text",
		prepare: do(noIRP(0), func(h *simnt.Host) { h.System().Registry().SetText(keyLanman, "IRPStackSize", "15") }),
		want:    []string{"critical server_out_of_resources"},
		says:    []string{`IRPStackSize is "15" of type REG_SZ, which Windows ignores: 11 holds, the default of SP6.`, "Set IRPStackSize to 12 (decimal). Delete the value that is there first"}, never: []string{"IRPStackSize is not set"},
	},
	{
		name: "IRPStackSize is a text, Windows 2000", options: windows2000(),
		prepare: do(noIRP(0), func(h *simnt.Host) { h.System().Registry().SetText(keyLanman, "IRPStackSize", "15") }),
		want:    []string{"critical server_out_of_resources"},
		says:    []string{`IRPStackSize is "15" of type REG_SZ, which Windows ignores.`, "Delete IRPStackSize, whose type is REG_SZ"},
	},
	{
		name: "one folder alone is out of resources", log: failing(entryName, "1130"), prepare: fileRefuses(statusInsuffServerResources),
		want: []string{"critical server_out_of_resources"}, verdict: "CRITICAL",
		says: []string{"the phone book, although it opened the share", "[1130]", "Certain folders may be affected alone"},
	},
	{
		name: "nonpaged pool is used up", prepare: shareRefuses(statusInsufficientResources),
		want: []string{"critical server_out_of_resources"}, says: []string{"2019, 2020 and 2022", "Q272568"},
	},
	{
		name: "memory is used up at the phone book", prepare: fileRefuses(0xC0000017),
		want: []string{"critical server_out_of_resources"}, says: []string{"the phone book, although it opened the share", "2019, 2020 and 2022"},
	},
	{
		name: "licences are used up", prepare: shareRefuses(statusRequestNotAccepted),
		want: []string{"warning licences_used_up"}, says: []string{"net session", "Control Panel, Licensing"},
	},
	{
		name:    "the Server service is paused, and the account is an administrator",
		prepare: service(rpc.Service{Name: "LanmanServer", Display: "Server", State: paused, Start: automatic}),
		want:    []string{"warning server_paused"}, fix: "net continue server", says: []string{"lets only administrators", "paused on purpose", "net continue server"},
	},
	{
		name: "the Server service is paused, and the account is not an administrator", prepare: shareRefuses(statusSharingPaused),
		want: []string{"warning server_paused"}, fix: "net continue server", says: []string{"Administrators are still let in, so the exporter's account"},
	},
	{
		name: "services.exe has crashed", prepare: pipesRefuse(statusObjectNameNotFound),
		want: []string{"critical services_exe_not_answering"}, says: []string{"Close all programs and restart", "may hang", "10 minutes"},
	},
	{
		name: "each remote query is refused", prepare: pipesRefuse(statusAccessDenied),
		want: []string{"warning rpc_refused"}, says: []string{"every remote query is refused", "winreg", "CrashOnAuditFail"},
	},
	{
		name:    "the security log is full, and the event log is refused",
		prepare: do(pipesRefuse(statusAccessDenied, "eventlog"), setNumber(keyLsa, "CrashOnAuditFail", 2)),
		want:    []string{"warning event_log_not_readable"}, says: []string{"CrashOnAuditFail is 2", "Save the security log", "Save Key", "Set CrashOnAuditFail back", "now: 2", "set: 1"},
	},
	{
		name: "the event log alone is refused", prepare: pipesRefuse(statusAccessDenied, "eventlog"),
		want: []string{"warning event_log_not_readable"}, says: []string{"refused to the exporter's account", "Q245128"}, never: []string{"CrashOnAuditFail is 2"},
	},
	{
		name: "each pipe answers with a status that tells nothing", prepare: pipesRefuse(0xC000000D),
		want: []string{"warning event_log_not_readable"}, says: []string{"The event log cannot be read (STATUS_INVALID_PARAMETER"},
	},
	{
		name: "each pipe answers with a status that tells nothing, and the event log is not asked for", module: []string{"eventlog: {enabled: false}"}, prepare: pipesRefuse(0xC000000D),
		verdict: "UNKNOWN", says: []string{"the phone book is sound, the registry could not be read"},
	},
	{
		name: "an anonymous user may see less, and the exporter is none", prepare: setNumber(keyLsa, "RestrictAnonymous", 1),
	},
}
