package fleet

import (
	"time"

	"github.com/rasphone-exporter/rasphone_exporter/internal/simnt"
	"github.com/rasphone-exporter/rasphone_exporter/internal/simnt/rpc"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe"
)

// refusing returns a function that makes Admin$ refuse with an NT status.
func refusing(status uint32) func(*simnt.Host) {
	return func(h *simnt.Host) { h.SetShareStatus(adminShare, status) }
}

// serverKinds are servers with a fault that is not of the share, the phone book or dialing.
var serverKinds = []kind{
	{
		name: "mail-stopped", site: munich, options: nt4(),
		summary: "the Internet Mail Service ended with an error",
		prepare: func(h *simnt.Host) { stopService(h, mailService, "Microsoft Exchange Internet Mail Service", 1067) },
		want: sound(smbprobe.VerdictCritical, "critical service_not_running").
			with(`rasphone_service_running{service="MSExchangeIMC"} 0`),
	},
	{
		name: "services-gone", site: berlin, options: nt4(),
		summary: "services.exe crashed; files can still be read",
		prepare: func(h *simnt.Host) {
			h.System().SetPipes(func(string) uint32 { return statusObjectNameNotFound })
		},
		want: sound(smbprobe.VerdictCritical, "critical services_exe_not_answering").
			with("rasphone_eventlog_readable 0"),
	},
	{
		name: "server-full", site: hamburg, options: nt4(), prepare: refusing(statusRequestNotAccepted),
		summary: "all licences are in use",
		want:    shut(smbprobe.ShareServerFull, smbprobe.VerdictWarning, "warning licences_used_up"),
	},
	{
		name: "server-paused", site: cologne, options: nt4(),
		summary: "the Server service is paused",
		prepare: func(h *simnt.Host) {
			h.SetShareStatus(adminShare, statusSharingPaused)
			h.System().SetService(rpc.Service{Name: "LanmanServer", Display: "Server", State: paused, Start: automatic})
		},
		want: shut(smbprobe.ShareServerPaused, smbprobe.VerdictWarning, "warning server_paused"),
	},
	{
		name: "no-resources", site: munich, options: nt4(),
		summary: "IRPStackSize is too small for the anti-virus program",
		prepare: func(h *simnt.Host) {
			refusing(statusInsuffServerResources)(h)
			h.System().Registry().SetNumber(keyLanman, "IRPStackSize", 4)
		},
		want: shut(smbprobe.ShareOutOfResources, smbprobe.VerdictCritical, "critical server_out_of_resources"),
	},
	{
		name: "server-stopped", site: berlin, options: nt4(),
		summary: "the Server service is stopped: port 139 is open, and no called name is accepted",
		prepare: func(h *simnt.Host) { h.SetSessionRefusal(simnt.CodeCalledNameNotPresent) },
		want: shut(smbprobe.ShareSessionRefused, smbprobe.VerdictCritical, "critical server_not_answering_by_name").
			with("probe_success 1"),
	},
	{
		name: "w2k-stopped", site: berlin, options: windows2000(), portsClosed: true,
		summary: "Windows 2000 with the Server service stopped: its ports are closed",
		want: shut(smbprobe.SharePortClosed, smbprobe.VerdictCritical, "critical server_service_stopped").
			with("probe_success 0"),
	},
	{
		name: "hung", site: hamburg, options: nt4(), module: moduleImpatient,
		summary: "accepts connections and never answers",
		prepare: func(h *simnt.Host) { h.SetPhase(simnt.PhaseHung) },
		want:    shut(smbprobe.ShareTimeout, smbprobe.VerdictCritical, "critical no_answer").with("probe_success 0"),
	},
	{
		name: "clock-off", site: cologne,
		options: simnt.Options{ServicePack: 6, ClockOffset: 10 * time.Minute},
		summary: "the clock is ten minutes ahead",
		want:    sound(smbprobe.VerdictWarning, "warning clock_off"),
	},
}

const (
	smallLog = 64 << 10
	week     = 7 * 24 * 3600 // seconds
)

// logKinds are servers whose event log is incomplete.
var logKinds = []kind{
	{
		name: "log-overwritten", site: munich, options: nt4(),
		summary: "a small log with so many events that it covers less than an hour",
		log:     logPlan{maxSize: smallLog, every: 5 * time.Second, history: 3 * time.Hour},
		want: sound(smbprobe.VerdictOK).with(
			`rasphone_dialup_window_covered{window="15m"} 1`,
			`rasphone_dialup_window_covered{window="1h"} 0`,
			`rasphone_dialup_window_covered{window="24h"} 0`,
		),
	},
	{
		name: "log-full", site: berlin, options: nt4(),
		summary: "the log is full, keeps its events for a week, and drops new ones",
		log: logPlan{
			maxSize: 2 * smallLog, keep: week, every: 3 * time.Minute, history: 48 * time.Hour,
			stopped: 2 * time.Hour,
			renew:   48 * time.Hour, // before the first is a week old
		},
		want: sound(smbprobe.VerdictWarning, "warning event_log_full").with(
			"rasphone_eventlog_retention_seconds 604800",
			"rasphone_eventlog_max_size_bytes 131072",
		),
	},
}
