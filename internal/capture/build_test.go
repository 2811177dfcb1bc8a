package capture

import (
	"encoding/binary"
	"strings"
)

// The messages of these tests are built by hand, without the code that is tested.

// secret must not be in a capture, and occurs nowhere else.
const secret = "SECRETsecretSECRETsecret"

// zeros is what a capture has in its place.
func zeros() string { return strings.Repeat("\x00", len(secret)) }

func octet(n int) string { return string([]byte{byte(n)}) }
func u16(n int) string   { return string(binary.LittleEndian.AppendUint16(nil, uint16(n))) }
func u32(n int) string   { return string(binary.LittleEndian.AppendUint32(nil, uint32(n))) }
func pad(n int) string   { return strings.Repeat("\x00", n) }

// frame is a message of the NetBIOS session service.
func frame(message string) string {
	return "\x00" + octet(len(message)>>16) + octet(len(message)>>8) + octet(len(message)) + message
}

// smb1 is a message with a signature.
func smb1(command int, signature, blocks string) string {
	return "\xffSMB" + octet(command) + pad(4) + "\x18" + u16(0xC807) + u16(0) + signature + pad(10) + blocks
}

// block is a block with ByteCount.
func block(words, data string) string {
	return octet(len(words)/2) + words + u16(len(data)) + data
}

// setup13 is the block of a session setup without extended security, with another one
// behind it where next is not 0xFF.
func setup13(next int, oem, unicode, rest string) string {
	data := oem + unicode + rest
	at := smb1Header + 1 + 26 + 2 + len(data)
	return block(octet(next)+"\x00"+u16(at)+u16(4356)+u16(50)+u16(1)+u32(0)+u16(len(oem))+u16(len(unicode))+u32(0)+u32(0xD4), data)
}

// setup12 is the block of a session setup with extended security.
func setup12(blob, rest string) string {
	return block("\xff\x00"+u16(0)+u16(4356)+u16(50)+u16(1)+u32(0)+u16(len(blob))+u32(0)+u32(0), blob+rest)
}

// treeConnect is the block of a tree connect.
func treeConnect(password, rest string) string {
	return block("\xff\x00"+u16(0)+u16(0)+u16(len(password)), password+rest)
}

// smb2 is a packet with a signature.
func smb2(command, next int, signature, body string) string {
	return "\xfeSMB" + u16(64) + u16(0) + u32(0) + u16(command) + u16(1) + u32(8) + u32(next) + pad(8) + pad(8) + pad(8) + signature + body
}

// setupRequest is the body of an SMB2 session setup.
func setupRequest(blob string) string {
	return u16(25) + "\x00\x01" + u32(1) + u32(0) + u16(64+24) + u16(len(blob)) + pad(8) + blob
}

// setupAnswer is the body of its answer.
func setupAnswer(blob string) string { return u16(9) + u16(0) + u16(64+8) + u16(len(blob)) + blob }

// parts of an AUTHENTICATE_MESSAGE.
type parts struct{ lm, nt, domain, user, workstation, key, version, mic string }

// authenticate is an NTLM AUTHENTICATE_MESSAGE.
func authenticate(p parts) string {
	at := 64 + len(p.version) + len(p.mic)
	var fields, payload string
	for _, s := range []string{p.lm, p.nt, p.domain, p.user, p.workstation, p.key} {
		fields += u16(len(s)) + u16(len(s)) + u32(at+len(payload))
		payload += s
	}
	return "NTLMSSP\x00" + u32(3) + fields + u32(0x62088215) + p.version + p.mic + payload
}

// der is an element of less than 64 KiB.
func der(tag byte, content string) string {
	switch n := len(content); {
	case n < 0x80:
		return string([]byte{tag, byte(n)}) + content
	case n < 0x100:
		return string([]byte{tag, 0x81, byte(n)}) + content
	default:
		return string([]byte{tag, 0x82, byte(n >> 8), byte(n)}) + content
	}
}

// negTokenResp is a NegTokenResp of SPNEGO.
func negTokenResp(token, mic string) string {
	fields := der(0xA0, "\x0a\x01\x01")
	if token != "" {
		fields += der(0xA2, der(0x04, token))
	}
	if mic != "" {
		fields += der(0xA3, der(0x04, mic))
	}
	return der(0xA1, der(0x30, fields))
}

// negTokenInit is a NegTokenInit of SPNEGO that offers NTLM.
func negTokenInit(token string) string {
	const spnego, ntlmssp = "\x06\x06\x2b\x06\x01\x05\x05\x02", "\x06\x0a\x2b\x06\x01\x04\x01\x82\x37\x02\x02\x0a"
	return der(0x60, spnego+der(0xA0, der(0x30, der(0xA0, der(0x30, ntlmssp))+der(0xA2, der(0x04, token)))))
}
