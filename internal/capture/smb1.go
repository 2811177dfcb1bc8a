package capture

import "encoding/binary"

// The SMB1 header, MS-CIFS 2.2.3.1.
const (
	smb1Header       = 32 // its length
	smb1CommandAt    = 4
	smb1SignatureAt  = 14
	smb1SignatureEnd = 22
)

// Commands that chain another one behind them, MS-CIFS 2.2.3.4.
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

// blankSMB1 blanks an SMB1 message: its signature, and what a login holds.
func blankSMB1(m []byte, client bool) {
	if len(m) < smb1Header {
		clear(m[protocolID:])
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
		// Where the next block is said to be inside of this one, neither is what it
		// seems. There are always words: each AndX block begins with four bytes.
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

// smb1Block reads the block that b begins with (MS-CIFS 2.2.3.2, 2.2.3.3). Its data
// is all that follows: ByteCount is not relied upon.
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

// blankSMB1SessionSetup blanks the block of a request.
func blankSMB1SessionSetup(words, data []byte) {
	const passwordLengths = 14 // offset; the same in all forms
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

// blankSMB1TreeConnect blanks the block of a request, MS-CIFS 2.2.4.55.1.
func blankSMB1TreeConnect(words, data []byte) {
	if len(words)/2 != 4 {
		clear(data)
		return
	}
	clearLength(data, int(binary.LittleEndian.Uint16(words[6:])))
}

// blankSMB1Answer blanks the first block of the answer to a session setup. Only the
// form of extended security has a blob, MS-SMB 2.2.4.6.2.
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

// clearLength clears the first n bytes, or all where there are fewer.
func clearLength(b []byte, n int) { clear(b[:min(n, len(b))]) }
