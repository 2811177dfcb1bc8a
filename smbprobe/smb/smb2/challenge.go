package smb2

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"unicode/utf16"

	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/smb"
)

// challenge is what a server tells of itself in its NTLM CHALLENGE_MESSAGE
// ([MS-NLMP] 2.2.1.2). Texts are clean and bounded; empty is unknown.
type challenge struct {
	os, netbiosName, domain string
}

// AV_PAIR ids, [MS-NLMP] 2.2.2.1.
const (
	avEnd             uint16 = 0
	avNbComputerName  uint16 = 1
	avNbDomainName    uint16 = 2
	negotiateVersion  uint32 = 0x02000000
	challengeFixed           = 48 // bytes, up to the Version field
	challengeVersions        = 56 // bytes, with it
)

// parseChallenge looks for a challenge in the security buffer of a SESSION_SETUP
// answer, whatever SPNEGO has wrapped around it. What is not there, or lies
// outside, stays empty: nothing depends on it.
func parseChallenge(token []byte) challenge {
	var c challenge
	at := bytes.Index(token, []byte("NTLMSSP\x00\x02\x00\x00\x00"))
	if at < 0 || len(token)-at < challengeFixed {
		return c
	}
	message := token[at:]
	if flags := binary.LittleEndian.Uint32(message[20:24]); flags&negotiateVersion != 0 && len(message) >= challengeVersions {
		c.os = windowsVersion(message[48], message[49], binary.LittleEndian.Uint16(message[50:52]))
	}
	length, offset := uint64(binary.LittleEndian.Uint16(message[40:42])), uint64(binary.LittleEndian.Uint32(message[44:48]))
	if offset+length > uint64(len(message)) {
		return c
	}
	pairs := message[offset : offset+length]
	for len(pairs) >= 4 {
		id, size := binary.LittleEndian.Uint16(pairs[0:2]), int(binary.LittleEndian.Uint16(pairs[2:4]))
		if id == avEnd || size > len(pairs)-4 {
			break
		}
		switch value := pairs[4 : 4+size]; id {
		case avNbComputerName:
			c.netbiosName = decodeUTF16(value)
		case avNbDomainName:
			c.domain = decodeUTF16(value)
		}
		pairs = pairs[4+size:]
	}
	return c
}

// windowsVersion spells the VERSION structure ([MS-NLMP] 2.2.2.10). Samba calls
// itself Windows 6.1 without a build.
func windowsVersion(major, minor uint8, build uint16) string {
	switch {
	case major == 0 && minor == 0:
		return ""
	case build == 0:
		return fmt.Sprintf("Windows %d.%d", major, minor)
	}
	return fmt.Sprintf("Windows %d.%d build %d", major, minor, build)
}

// decodeUTF16 decodes little-endian UTF-16 from the network; an odd last byte
// is dropped.
func decodeUTF16(b []byte) string {
	units := make([]uint16, min(len(b)/2, 2*smb.MaxText))
	for i := range units {
		units[i] = binary.LittleEndian.Uint16(b[2*i:])
	}
	return smb.CleanText(string(utf16.Decode(units)))
}
