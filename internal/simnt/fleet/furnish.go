package fleet

import (
	"time"

	"github.com/rasphone-exporter/rasphone_exporter/internal/simnt"
	"github.com/rasphone-exporter/rasphone_exporter/internal/simnt/rpc"
)

const (
	adminShare  = "ADMIN$"
	systemShare = "C$"

	keyLanman       = `SYSTEM\CurrentControlSet\Services\LanmanServer\Parameters`
	keyWindowsNT    = `SOFTWARE\Microsoft\Windows NT\CurrentVersion`
	keyNetworkCards = keyWindowsNT + `\NetworkCards`
	keyShellFolders = `SOFTWARE\Microsoft\Windows\CurrentVersion\Explorer\Shell Folders`

	autoShareServer = "AutoShareServer"
)

// States and start modes of services (MS-SCMR 2.2.47, 2.2.15).
const (
	stopped = 1
	running = 4
	paused  = 7

	automatic = 2
	manual    = 3
)

// NT status codes (MS-ERREF 2.3).
const (
	statusAccessDenied          = 0xC0000022
	statusObjectNameNotFound    = 0xC0000034
	statusSharingViolation      = 0xC0000043
	statusSharingPaused         = 0xC00000CF
	statusRequestNotAccepted    = 0xC00000D0
	statusInsuffServerResources = 0xC0000205
)

// furnish gives a new host what every server of the fleet has: a phone
// book that was last changed two months ago, services, and some of the registry.
func furnish(h *simnt.Host, now time.Time) {
	h.WriteFile(bookPath, book(entryName, spareEntryName), now.AddDate(0, -2, 0))
	for _, s := range []rpc.Service{
		{Name: "LanmanServer", Display: "Server", State: running, Start: automatic},
		{Name: "LanmanWorkstation", Display: "Workstation", State: running, Start: automatic},
		{Name: "EventLog", Display: "EventLog", State: running, Start: automatic},
		{Name: "PlugPlay", Display: "Plug and Play", State: running, Start: automatic},
		{Name: "RasMan", Display: "Remote Access Connection Manager", State: running, Start: manual},
		{Name: "MSExchangeSA", Display: "Microsoft Exchange System Attendant", State: running, Start: automatic},
		{Name: "MSExchangeIS", Display: "Microsoft Exchange Information Store", State: running, Start: automatic},
		{Name: "MSExchangeMTA", Display: "Microsoft Exchange Message Transfer Agent", State: running, Start: automatic},
		{Name: mailService, Display: "Microsoft Exchange Internet Mail Service", State: running, Start: automatic},
	} {
		h.System().SetService(s)
	}
	registry := h.System().Registry()
	registry.SetText(keyWindowsNT, "SystemRoot", `C:\WINNT`)
	registry.SetText(keyShellFolders, "Common AppData", w2kAppData)
	networkCard(h, "1", "El90x1")
	registry.CreateKey(`SYSTEM\CurrentControlSet\Services\El90x1`)
}

// networkCard notes a network card as NT 4.0 does, with its service.
func networkCard(h *simnt.Host, number, service string) {
	h.System().Registry().SetText(keyNetworkCards+`\`+number, "ServiceName", service)
}

// stopService stops a service that starts automatically, with the Win32 error that ended it.
func stopService(h *simnt.Host, name, display string, exitCode uint32) {
	h.System().SetService(rpc.Service{Name: name, Display: display, State: stopped, Start: automatic, ExitCode: exitCode})
}
