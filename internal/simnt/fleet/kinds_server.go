package fleet

import (
	"time"

	"github.com/rasphone-exporter/rasphone_exporter/internal/simnt"
	"github.com/rasphone-exporter/rasphone_exporter/internal/simnt/rpc"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe"
)

// serverKinds are servers that are ill as a whole.
func serverKinds() []kind {
	refusing := func(status uint32) func(*simnt.Host) {
		return func(h *simnt.Host) { h.SetShareStatus(adminShare, status) }
	}
	return []kind{
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
			name: "server-stopped", site: berlin, options: nt4(), serverStopped: true,
			summary: "the Server service is stopped: nobody listens",
			want: shut(smbprobe.SharePortClosed, smbprobe.VerdictCritical, "critical server_service_stopped").
				with("probe_success 0"),
		},
		{
			name: "hung", site: hamburg, options: nt4(), module: moduleImpatient,
			summary: "takes connections and never answers",
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
}
