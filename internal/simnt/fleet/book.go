package fleet

import (
	"fmt"
	"strings"
)

const (
	bookPath   = `C:\WINNT\System32\Ras\rasphone.pbk`
	rasFolder  = `C:\WINNT\System32\Ras`
	w2kBook    = `C:\Documents and Settings\All Users\Application Data\Microsoft\Network\Connections\Pbk\rasphone.pbk`
	w2kAppData = `C:\Documents and Settings\All Users\Application Data`

	// The entries that the Internet Mail Service dials, and one that it does not.
	entryName      = "Internet"
	spareEntryName = "Head Office"
	// longEntryName has more than the 20 characters that the service takes.
	longEntryName = "Internet by Provider Ltd."
)

// book is a sound phone book of Windows NT 4.0 with these entries, each over a modem.
func book(entries ...string) []byte {
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

// crashed is a book as a server leaves it that crashed while it wrote: the end of the file
// has its length, and nothing in it.
func crashed(whole []byte) []byte {
	n := len(whole) * 3 / 5
	damaged := make([]byte, len(whole))
	copy(damaged, whole[:n])
	return damaged
}
