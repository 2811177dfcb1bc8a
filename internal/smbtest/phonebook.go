package smbtest

import "strings"

// PhonebookName is the phone book's path on the share ADMIN$, as the client
// spells it.
const PhonebookName = `System32\Ras\rasphone.pbk`

// Phonebook returns a sound phone book of NT 4.0: one entry, "Internet Dial-Up",
// over a serial modem. Name and number are made up.
func Phonebook() []byte {
	lines := []string{
		"[Internet Dial-Up]",
		"Description=Synthetic entry for tests",
		"AutoLogon=0",
		"BaseProtocol=1",
		"Authentication=-1",
		"IpPrioritizeRemote=1",
		"IpHeaderCompression=1",
		"UseCountryAndAreaCodes=0",
		"IdleDisconnectSeconds=0",
		"RedialAttempts=0",
		"RedialSeconds=15",
		"",
		"MEDIA=serial",
		"Port=COM2",
		"Device=Synthetic Modem 33600",
		"ConnectBPS=115200",
		"",
		"DEVICE=modem",
		"PhoneNumber=555-0100",
		"PromoteHuntNumbers=0",
		"HwFlowControl=1",
		"Protocol=1",
		"Compression=1",
		"Speaker=1",
		"",
	}
	return []byte(strings.Join(lines, "\r\n"))
}
