package fleet

import (
	"fmt"
	"strings"
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

// dependencyFailed is the Win32 error of a service that needs one that does not run.
const dependencyFailed = 1068

// NT status codes (MS-ERREF 2.3).
const (
	statusAccessDenied          = 0xC0000022
	statusObjectNameNotFound    = 0xC0000034
	statusSharingViolation      = 0xC0000043
	statusSharingPaused         = 0xC00000CF
	statusRequestNotAccepted    = 0xC00000D0
	statusInsuffServerResources = 0xC0000205
)

// furnish gives a new host what every server of the fleet has: a phone book that was changed
// two months ago, services, and registry keys.
func furnish(h *simnt.Host, now time.Time) {
	h.WriteFile(phonebookPath, phonebook(entryName, spareEntryName), now.AddDate(0, -2, 0))
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

// networkCard registers a network card with its service, as NT 4.0 does.
func networkCard(h *simnt.Host, number, service string) {
	h.System().Registry().SetText(keyNetworkCards+`\`+number, "ServiceName", service)
}

// stopService stops a service that starts automatically, with the Windows error code that it
// ended with.
func stopService(h *simnt.Host, name, display string, exitCode uint32) {
	h.System().SetService(rpc.Service{Name: name, Display: display, State: stopped, Start: automatic, ExitCode: exitCode})
}

const (
	phonebookPath    = `C:\WINNT\System32\Ras\rasphone.pbk`
	rasFolder        = `C:\WINNT\System32\Ras`
	w2kPhonebookPath = `C:\Documents and Settings\All Users\Application Data\Microsoft\Network\Connections\Pbk\rasphone.pbk`
	w2kAppData       = `C:\Documents and Settings\All Users\Application Data`

	// The entry that the Internet Mail Service dials, and one that it does not.
	entryName      = "Internet"
	spareEntryName = "Head Office"
	// longEntryName is longer than the 20 characters that the service accepts.
	longEntryName = "Internet by Provider Ltd."
)

// phonebook returns a sound phone book of Windows NT 4.0 with these entries, each for a modem.
func phonebook(entries ...string) []byte {
	var b strings.Builder
	for i, entry := range entries {
		lines := []string{
			"[" + entry + "]",
			"Description=",
			"AutoLogon=0",
			"DialParamsUID=" + fmt.Sprint(418700+i),
			"UsePwForNetwork=0",
			"BaseProtocol=1",
			"Authentication=-1",
			"ExcludedProtocols=3",
			"LcpExtensions=1",
			"DataEncryption=0",
			"SwCompression=0",
			"UseCountryAndAreaCodes=0",
			"RedialAttempts=0",
			"RedialSeconds=15",
			"IdleDisconnectSeconds=0",
			"IpPrioritizeRemote=1",
			"IpHeaderCompression=1",
			"",
			"MEDIA=serial",
			fmt.Sprintf("Port=COM%d", i%4+1),
			"Device=Standard 28800 bps Modem",
			"ConnectBPS=57600",
			"",
			"DEVICE=modem",
			fmt.Sprintf("PhoneNumber=555-01%02d", i%100),
			"PromoteHuntNumbers=0",
			"HwFlowControl=1",
			"Protocol=1",
			"Compression=1",
			"Speaker=1",
			"",
		}
		b.WriteString(strings.Join(lines, "\r\n"))
		b.WriteString("\r\n")
	}
	return []byte(b.String())
}

// truncatedByCrash returns a phone book as a server leaves it that crashed while writing: the
// file has its length, and zeros at its end.
func truncatedByCrash(whole []byte) []byte {
	n := len(whole) * 3 / 5
	damaged := make([]byte, len(whole))
	copy(damaged, whole[:n])
	return damaged
}
