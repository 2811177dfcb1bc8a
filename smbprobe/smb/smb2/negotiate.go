package smb2

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"time"
	"unicode/utf16"

	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/smb"
)

// Dialects, [MS-SMB2] 2.2.4. The wildcard 0x02FF is not among them: it answers
// the SMB1 form of the negotiation, which is not sent here.
const (
	dialect202 uint16 = 0x0202
	dialect210 uint16 = 0x0210
	dialect300 uint16 = 0x0300
	dialect302 uint16 = 0x0302
	dialect311 uint16 = 0x0311
)

var dialectNames = map[uint16]string{
	dialect202: "SMB 2.0.2",
	dialect210: "SMB 2.1",
	dialect300: "SMB 3.0",
	dialect302: "SMB 3.0.2",
	dialect311: "SMB 3.1.1",
}

// minTransfer is the least that a server may let us read or write at once, in
// bytes. Real ones take 65,536; with 0 go-smb2 would ask indefinitely.
const minTransfer = 4 << 10

// maxNegotiateContexts is far more than there are types of context.
const maxNegotiateContexts = 16

// Negotiate contexts for preauthentication integrity and for encryption,
// [MS-SMB2] 2.2.4.1.
const (
	contextPreauth    uint16 = 1
	contextEncryption uint16 = 2
)

// negotiated is what a NEGOTIATE answer settles ([MS-SMB2] 2.2.4).
type negotiated struct {
	dialect       uint16
	signingNeeded bool      // the server requires it
	maxRead       uint32    // bytes
	systemTime    time.Time // the server's clock, UTC; zero if it sent none
}

// parseNegotiate reads the body of a NEGOTIATE answer of at least 64 bytes.
func parseNegotiate(body []byte) (negotiated, error) {
	n := negotiated{
		signingNeeded: binary.LittleEndian.Uint16(body[2:4])&0x02 != 0,
		dialect:       binary.LittleEndian.Uint16(body[4:6]),
		maxRead:       binary.LittleEndian.Uint32(body[32:36]),
		systemTime:    fromFiletime(binary.LittleEndian.Uint64(body[40:48])),
	}
	if dialectNames[n.dialect] == "" {
		return n, violation("dialect 0x%04X, which was not offered", n.dialect)
	}
	for _, at := range []int{28, 32, 36} { // MaxTransactSize, MaxReadSize, MaxWriteSize
		if size := binary.LittleEndian.Uint32(body[at : at+4]); size < minTransfer {
			return n, violation("the server takes no more than %d bytes at once", size)
		}
	}
	if n.dialect != dialect311 {
		return n, nil
	}
	return n, checkContexts(body)
}

// checkContexts walks the negotiate contexts of SMB 3.1.1 ([MS-SMB2] 2.2.4.1).
func checkContexts(body []byte) error {
	count, offset := binary.LittleEndian.Uint16(body[6:8]), binary.LittleEndian.Uint32(body[60:64])
	if count > maxNegotiateContexts {
		return violation("%d negotiate contexts", count)
	}
	if offset < headerSize+64 || offset%8 != 0 || uint64(offset) > uint64(headerSize+len(body)) {
		return violation("negotiate contexts at offset %d of a body of %d bytes", offset, len(body))
	}
	list := body[offset-headerSize:]
	preauth := 0
	for range count {
		if len(list) < 8 {
			return violation("a negotiate context cut short")
		}
		size := 8 + int(binary.LittleEndian.Uint16(list[2:4]))
		if size > len(list) {
			return violation("a negotiate context of %d bytes leaves the frame", size)
		}
		switch binary.LittleEndian.Uint16(list[0:2]) {
		case contextPreauth:
			preauth++
		case contextEncryption:
			if err := checkCipher(list[8:size]); err != nil {
				return err
			}
		}
		list = list[min((size+7)&^7, len(list)):]
	}
	if preauth != 1 {
		return violation("SMB 3.1.1 with %d negotiate contexts for preauthentication integrity, and one is due", preauth)
	}
	return nil
}

// checkCipher reads the encryption capabilities in an answer ([MS-SMB2]
// 2.2.4.1.2). go-smb2 gives up a connection without a cipher that it knows,
// though nothing is ever encrypted here.
func checkCipher(data []byte) error {
	const aes128CCM, aes128GCM = 1, 2
	if len(data) < 4 || binary.LittleEndian.Uint16(data[0:2]) != 1 {
		return violation("encryption capabilities that do not name one cipher")
	}
	if id := binary.LittleEndian.Uint16(data[2:4]); id != aes128CCM && id != aes128GCM {
		return fmt.Errorf("%w: SMB 3.1.1 with AES-128-CCM or AES-128-GCM (its cipher is 0x%04X)", smb.ErrNotOffered, id)
	}
	return nil
}

// filetimeEpoch is 1970-01-01 as a FILETIME ([MS-DTYP] 2.3.3): units of 100 ns
// since 1601-01-01.
const filetimeEpoch = 116444736000000000

// fromFiletime converts a FILETIME; 0 and what lies before 1970 or beyond the
// signed range become the zero time, which means unknown.
func fromFiletime(ft uint64) time.Time {
	if ft < filetimeEpoch || ft > 1<<63-1 {
		return time.Time{}
	}
	ft -= filetimeEpoch
	return time.Unix(int64(ft/1e7), int64(ft%1e7)*100).UTC()
}

// challenge is what a server tells about itself in its NTLM CHALLENGE_MESSAGE
// ([MS-NLMP] 2.2.1.2). Texts are clean and bounded; empty is unknown.
type challenge struct {
	os, netbiosName, domain string
}

// AV_PAIR ids, [MS-NLMP] 2.2.2.1.
const (
	avEnd            uint16 = 0
	avNbComputerName uint16 = 1
	avNbDomainName   uint16 = 2
	avFlags          uint16 = 6
)

// Flags and sizes of a CHALLENGE_MESSAGE, [MS-NLMP] 2.2.2.5 and 2.2.1.2.
const (
	flagRequestTarget uint32 = 0x00000004
	flagTargetInfo    uint32 = 0x00800000
	flagVersion       uint32 = 0x02000000

	challengeFixed    = 48 // bytes, up to the Version field
	challengeVersions = 56 // bytes, with it
)

// parseChallenge reads the challenge in the security buffer of a SESSION_SETUP
// answer, whatever SPNEGO has wrapped around it. A buffer without one is left to
// go-smb2. A challenge that go-smb2 cannot answer is an error; what it does tell
// is returned all the same.
func parseChallenge(token []byte) (c challenge, err error) {
	at := bytes.Index(token, []byte("NTLMSSP\x00\x02\x00\x00\x00"))
	if at < 0 {
		return c, nil
	}
	message := token[at:]
	if len(message) < challengeFixed {
		return c, violation("an NTLM challenge of %d bytes", len(message))
	}
	flags := binary.LittleEndian.Uint32(message[20:24])
	if flags&flagVersion != 0 && len(message) >= challengeVersions {
		c.os = windowsVersion(message[48], message[49], binary.LittleEndian.Uint16(message[50:52]))
	}
	if flags&flagRequestTarget == 0 || flags&flagTargetInfo == 0 {
		return c, fmt.Errorf("%w: its NTLM challenge grants no target information (flags 0x%08X), which NTLMv2 needs here", smb.ErrNotOffered, flags)
	}
	if _, ok := payload(message, 12); !ok {
		return c, violation("an NTLM challenge whose target name leaves it")
	}
	pairs, ok := payload(message, 40)
	if !ok {
		return c, violation("an NTLM challenge whose target information leaves it")
	}
	return c, c.parsePairs(pairs)
}

func (c *challenge) parsePairs(pairs []byte) error {
	for len(pairs) >= 4 {
		id, size := binary.LittleEndian.Uint16(pairs[0:2]), int(binary.LittleEndian.Uint16(pairs[2:4]))
		if size > len(pairs)-4 {
			return violation("an NTLM challenge with a pair (id %d) that leaves its target information", id)
		}
		value := pairs[4 : 4+size]
		pairs = pairs[4+size:]
		switch id {
		case avEnd:
			if len(bytes.Trim(pairs, "\x00")) != 0 {
				return violation("an NTLM challenge with data behind the end of its target information")
			}
			return nil
		case avNbComputerName:
			c.netbiosName = decodeUTF16(value)
		case avNbDomainName:
			c.domain = decodeUTF16(value)
		case avFlags:
			if size != 4 {
				return violation("an NTLM challenge with flags of %d bytes in its target information", size)
			}
		}
	}
	return violation("an NTLM challenge whose target information has no end")
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
