package capture

import "encoding/binary"

// Protocol identifiers, with which messages begin (MS-CIFS 2.2.3.1, MS-SMB2 2.2.1, 2.2.41,
// 2.2.42).
const (
	protocolSize       = 4
	protocolSMB1       = "\xffSMB"
	protocolSMB2       = "\xfeSMB"
	protocolTransform  = "\xfdSMB"
	protocolCompressed = "\xfcSMB"
)

func protocolOf(m []byte) string { return string(m[:min(len(m), protocolSize)]) }

// blankMessage blanks the secrets in one message, without the frame's header, from the
// client or from the server. It returns false, and leaves m as it is, if m is not an SMB
// message.
func blankMessage(m []byte, client bool) bool {
	switch protocolOf(m) {
	case protocolSMB1:
		blankSMB1(m, client)
	case protocolSMB2:
		blankSMB2(m, client)
	case protocolTransform:
		blankTransform(m)
	case protocolCompressed:
		clear(m[protocolSize:])
	default:
		return false
	}
	return true
}

// The SMB1 header (MS-CIFS 2.2.3.1): its size and the offsets of its fields.
const (
	smb1Header       = 32
	smb1CommandAt    = 4
	smb1SignatureAt  = 14
	smb1SignatureEnd = 22
)

// Commands that another one may be chained to (MS-CIFS 2.2.3.4).
const (
	smb1LockingAndX  = 0x24
	smb1OpenAndX     = 0x2D
	smb1ReadAndX     = 0x2E
	smb1WriteAndX    = 0x2F
	smb1SessionSetup = 0x73
	smb1Logoff       = 0x74
	smb1TreeConnect  = 0x75
	smb1NTCreateAndX = 0xA2
	smb1None         = 0xFF // ends a chain
)

// blankSMB1 blanks the signature of an SMB1 message, and the secrets of a login.
func blankSMB1(m []byte, client bool) {
	if len(m) < smb1Header {
		clear(m[protocolSize:])
		return
	}
	clear(m[smb1SignatureAt:smb1SignatureEnd])
	if !client {
		if m[smb1CommandAt] == smb1SessionSetup {
			blankSMB1Answer(m[smb1Header:])
		}
		return
	}
	for command, at := m[smb1CommandAt], smb1Header; command != smb1None; {
		words, data, ok := smb1Block(m[at:])
		if !ok {
			clear(m[at:])
			return
		}
		switch command {
		case smb1SessionSetup:
			blankSMB1SessionSetup(words, data)
		case smb1TreeConnect:
			blankSMB1TreeConnect(words, data)
		}
		if !chains(command) {
			return
		}
		// Each AndX block begins with four bytes of words. If the next block is inside
		// this one, the message is malformed.
		if len(words) < 4 {
			clear(data)
			return
		}
		command = words[0]
		next, dataAt := int(binary.LittleEndian.Uint16(words[2:])), len(m)-len(data)
		if command != smb1None && (next < dataAt || next >= len(m)) {
			clear(data)
			return
		}
		at = next
	}
}

func chains(command byte) bool {
	switch command {
	case smb1LockingAndX, smb1OpenAndX, smb1ReadAndX, smb1WriteAndX, smb1SessionSetup, smb1Logoff, smb1TreeConnect, smb1NTCreateAndX:
		return true
	}
	return false
}

// smb1Block reads the block at the start of b (MS-CIFS 2.2.3.2, 2.2.3.3). All that follows
// the words counts as its data, because ByteCount may be wrong.
func smb1Block(b []byte) (words, data []byte, ok bool) {
	const byteCount = 2
	if len(b) == 0 {
		return nil, nil, false
	}
	n := 1 + 2*int(b[0])
	if len(b) < n+byteCount {
		return nil, nil, false
	}
	return b[1:n], b[n+byteCount:], true
}

// blankSMB1SessionSetup blanks the passwords in the block of a request.
func blankSMB1SessionSetup(words, data []byte) {
	const passwordLengths = 14 // offset in all forms
	switch len(words) / 2 {
	case 10: // before NT LM 0.12
		clearLength(data, int(binary.LittleEndian.Uint16(words[passwordLengths:])))
	case 12: // extended security, MS-SMB 2.2.4.6.1
		blob := int(binary.LittleEndian.Uint16(words[passwordLengths:]))
		blankToken(data[:min(blob, len(data))])
	case 13: // MS-CIFS 2.2.4.53.1
		oem := int(binary.LittleEndian.Uint16(words[passwordLengths:]))
		unicode := int(binary.LittleEndian.Uint16(words[passwordLengths+2:]))
		clearLength(data, oem+unicode)
	default:
		clear(data)
	}
}

// blankSMB1TreeConnect blanks the password in the block of a request (MS-CIFS 2.2.4.55.1).
func blankSMB1TreeConnect(words, data []byte) {
	if len(words)/2 != 4 {
		clear(data)
		return
	}
	clearLength(data, int(binary.LittleEndian.Uint16(words[6:])))
}

// blankSMB1Answer blanks the first block of the answer to a session setup. Only the form
// with extended security has a blob (MS-SMB 2.2.4.6.2).
func blankSMB1Answer(b []byte) {
	words, data, ok := smb1Block(b)
	if !ok {
		clear(b)
		return
	}
	if len(words)/2 == 4 {
		blob := int(binary.LittleEndian.Uint16(words[6:]))
		blankToken(data[:min(blob, len(data))])
	}
}

// clearLength clears the first n bytes, or all of them if there are fewer.
func clearLength(b []byte, n int) { clear(b[:min(n, len(b))]) }

// The SMB2 header (MS-SMB2 2.2.1.2): its size and the offsets of its fields.
const (
	smb2Header        = 64
	smb2CommandAt     = 12
	smb2NextCommandAt = 20
	smb2SignatureAt   = 48

	smb2SessionSetup = 1
)

// The header of encrypted messages (MS-SMB2 2.2.41).
const (
	transformHeader       = 52
	transformSignatureEnd = 20
)

// blankSMB2 blanks the signatures of an SMB2 message and of those compounded with it, and
// the secrets of logins in them.
func blankSMB2(m []byte, client bool) {
	for len(m) > 0 {
		if len(m) < smb2Header || protocolOf(m) != protocolSMB2 {
			clear(m[min(len(m), protocolSize):])
			return
		}
		clear(m[smb2SignatureAt:smb2Header])
		packet := m
		if next := binary.LittleEndian.Uint32(m[smb2NextCommandAt:]); next != 0 {
			if next < smb2Header || uint64(next) > uint64(len(m)) {
				clear(m[smb2Header:])
				return
			}
			packet = m[:next]
		}
		if binary.LittleEndian.Uint16(packet[smb2CommandAt:]) == smb2SessionSetup {
			blankSMB2SessionSetup(packet, client)
		}
		m = m[len(packet):]
	}
}

// blankSMB2SessionSetup blanks a request (MS-SMB2 2.2.5) or an answer (2.2.6). An error
// answer (2.2.2) has the same length, and in the place of the blob's length a 0.
func blankSMB2SessionSetup(packet []byte, client bool) {
	fixed, blobAt := 8, 4 // size of the body without the blob; offset of the blob's offset and length
	if client {
		fixed, blobAt = 24, 12
	}
	body := packet[smb2Header:]
	if len(body) < fixed {
		clear(body)
		return
	}
	begin := int(binary.LittleEndian.Uint16(body[blobAt:]))
	length := int(binary.LittleEndian.Uint16(body[blobAt+2:]))
	if length == 0 {
		clear(body[fixed:])
		return
	}
	if begin < smb2Header+fixed || begin+length > len(packet) {
		clear(body)
		return
	}
	clear(packet[smb2Header+fixed : begin])
	blankToken(packet[begin : begin+length])
	clear(packet[begin+length:])
}

// blankTransform blanks an encrypted message, all but the nonce, the length and the
// session.
func blankTransform(m []byte) {
	clear(m[protocolSize:min(len(m), transformSignatureEnd)])
	clear(m[min(len(m), transformHeader):])
}
