package capture

import "encoding/binary"

// The SMB2 header, MS-SMB2 2.2.1.2.
const (
	smb2Header        = 64 // its length
	smb2CommandAt     = 12
	smb2NextCommandAt = 20
	smb2SignatureAt   = 48

	smb2SessionSetup = 1
)

// The header of encrypted messages, MS-SMB2 2.2.41.
const (
	transformHeader       = 52 // its length
	transformSignatureEnd = 20
)

// blankSMB2 blanks an SMB2 message, and all that are compounded with it: signatures,
// and what a login holds.
func blankSMB2(m []byte, client bool) {
	for len(m) > 0 {
		if len(m) < smb2Header || protocolOf(m) != protocolSMB2 {
			clear(m[min(len(m), protocolID):])
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

// blankSMB2SessionSetup blanks a packet: a request (MS-SMB2 2.2.5) or an answer (2.2.6;
// an answer with an error, 2.2.2, has the same length and says that there is no blob).
func blankSMB2SessionSetup(packet []byte, client bool) {
	fixed, blobAt := 8, 4 // length of the body without the blob; where it says where the blob is
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

// blankTransform blanks an encrypted message. What is left is the nonce, the length and
// the session.
func blankTransform(m []byte) {
	clear(m[protocolID:min(len(m), transformSignatureEnd)])
	clear(m[min(len(m), transformHeader):])
}
