package smb1

import (
	"encoding/binary"
	"fmt"

	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/smb"
)

// Commands (MS-CIFS 2.2.2.1).
const (
	cmdClose          = 0x04
	cmdLockingAndX    = 0x24
	cmdTransaction    = 0x25
	cmdReadAndX       = 0x2E
	cmdTreeDisconnect = 0x71
	cmdNegotiate      = 0x72
	cmdSessionSetup   = 0x73
	cmdLogoff         = 0x74
	cmdTreeConnect    = 0x75
	cmdNTCreate       = 0xA2
	cmdNone           = 0xFF // ends a chain
)

// Flags and Flags2 (MS-CIFS 2.2.3.1).
const (
	flagCaseless  = 0x08
	flagCanonical = 0x10
	flagReply     = 0x80

	flags2LongNames        = 0x0001
	flags2Signed           = 0x0004
	flags2ExtendedSecurity = 0x0800
	flags2NTStatus         = 0x4000
	flags2Unicode          = 0x8000
)

const (
	headerSize  = 32
	minMessage  = headerSize + 3 // WordCount 0 and ByteCount 0
	oplockMID   = 0xFFFF         // the MID of messages that the server sends unasked
	signatureAt = 14             // offset of SecuritySignature
)

// header is the 32-byte SMB header (MS-CIFS 2.2.3.1).
type header struct {
	command byte
	status  smb.Status
	flags   byte
	flags2  uint16
	tid     uint16
	uid     uint16
	mid     uint16
}

// append writes the header with the status and the signature zero.
func (h header) append(b []byte) []byte {
	const processID = 0x2B0C // any value; one for all requests
	b = append(b, 0xFF, 'S', 'M', 'B', h.command, 0, 0, 0, 0, h.flags)
	b = binary.LittleEndian.AppendUint16(b, h.flags2)
	b = append(b, make([]byte, 12)...) // PIDHigh, SecuritySignature, Reserved
	b = binary.LittleEndian.AppendUint16(b, h.tid)
	b = binary.LittleEndian.AppendUint16(b, processID)
	b = binary.LittleEndian.AppendUint16(b, h.uid)
	return binary.LittleEndian.AppendUint16(b, h.mid)
}

// parseHeader reads the header of a message. The status is an NT status
// whatever form it came in: the answer's own flag decides, not the request's.
func parseHeader(b []byte) (header, error) {
	if len(b) < 4 || string(b[:4]) != "\xffSMB" {
		return header{}, smb.ErrNotSMB
	}
	if len(b) < minMessage {
		return header{}, fmt.Errorf("%w: a message of %d bytes", smb.ErrProtocol, len(b))
	}
	h := header{
		command: b[4],
		flags:   b[9],
		flags2:  binary.LittleEndian.Uint16(b[10:]),
		tid:     binary.LittleEndian.Uint16(b[24:]),
		uid:     binary.LittleEndian.Uint16(b[28:]),
		mid:     binary.LittleEndian.Uint16(b[30:]),
	}
	if h.flags2&flags2NTStatus != 0 {
		h.status = smb.Status(binary.LittleEndian.Uint32(b[5:]))
	} else {
		h.status = smb.StatusFromDOS(b[5], binary.LittleEndian.Uint16(b[7:]))
	}
	return h, nil
}

// commandName returns the name of a command as the specification has it.
func commandName(command byte) string {
	switch command {
	case cmdClose:
		return "CLOSE"
	case cmdTransaction:
		return "TRANSACTION"
	case cmdReadAndX:
		return "READ_ANDX"
	case cmdTreeDisconnect:
		return "TREE_DISCONNECT"
	case cmdNegotiate:
		return "NEGOTIATE"
	case cmdSessionSetup:
		return "SESSION_SETUP_ANDX"
	case cmdLogoff:
		return "LOGOFF_ANDX"
	case cmdTreeConnect:
		return "TREE_CONNECT_ANDX"
	case cmdNTCreate:
		return "NT_CREATE_ANDX"
	}
	return fmt.Sprintf("command 0x%02X", command)
}
