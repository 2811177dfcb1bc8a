package rpc

import (
	"encoding/binary"
)

// Lengths of the longest fragment in bytes that a system takes and sends, which it
// announces whatever the client offers. With the header of an SMB, one of Windows 2000
// fits the buffer of a Windows client.
const (
	fragmentNT4         = 5680
	fragmentWindows2000 = 4280
)

// mustFragment is what every end has to take (C706 12.6.3.6, MustRecvFragSize).
const mustFragment = 1432

// Sizes in bytes (C706 12.6.3.1, 12.6.4.9, 12.6.4.10, 12.6.4.7).
const (
	headerSize   = 16
	requestSize  = 24
	responseSize = 24
	faultSize    = 32
	objectSize   = 16
)

// Types of a PDU (C706 12.6.4).
const (
	kindRequest  = 0
	kindResponse = 2
	kindFault    = 3
	kindBind     = 11
	kindBindAck  = 12
	kindBindNak  = 13
	kindCancel   = 18
	kindOrphaned = 19
)

// Flags of a PDU (C706 12.6.3.1).
const (
	flagFirst         = 0x01
	flagLast          = 0x02
	flagsWhole        = flagFirst | flagLast
	flagDidNotExecute = 0x20
	flagObject        = 0x80
)

// header is the common header of a PDU from the client, and the message that it is in.
type header struct {
	kind, flags uint8
	auth        uint16 // bytes of authentication at the end
	callID      uint32
	message     []byte
}

// parseHeader reads the common header (C706 12.6.3.1). A message is one fragment of at
// most limit bytes, in the data representation of Windows.
func parseHeader(message []byte, limit int) (header, bool) {
	le := binary.LittleEndian
	if len(message) < headerSize || len(message) > limit || message[0] != 5 || message[1] != 0 ||
		le.Uint32(message[4:]) != 0x10 || int(le.Uint16(message[8:])) != len(message) {
		return header{}, false
	}
	return header{message[2], message[3], le.Uint16(message[10:]), le.Uint32(message[12:]), message}, true
}

// newPDU begins a PDU of this size with its common header.
func newPDU(kind, flags uint8, callID uint32, size int) []byte {
	b := make([]byte, 0, size)
	b = append(b, 5, 0, kind, flags, 0x10, 0, 0, 0)
	b = binary.LittleEndian.AppendUint16(b, uint16(size))
	b = append(b, 0, 0)
	return binary.LittleEndian.AppendUint32(b, callID)
}

// faultMessage builds a fault as Windows 2000 does: its alloc_hint is its own length.
func faultMessage(callID uint32, context uint16, flags uint8, code uint32) []byte {
	b := newPDU(kindFault, flags, callID, faultSize)
	b = binary.LittleEndian.AppendUint32(b, faultSize)
	b = binary.LittleEndian.AppendUint16(b, context)
	b = append(b, 0, 0)
	b = binary.LittleEndian.AppendUint32(b, code)
	return append(b, 0, 0, 0, 0)
}

// responseMessages cuts an answer into fragments of at most this size. Each says
// how many bytes of the stub it and those behind it hold; all but the last hold
// a multiple of 8.
func responseMessages(callID uint32, context uint16, stub []byte, fragment int) [][]byte {
	most := (fragment - responseSize) &^ 7
	var messages [][]byte
	for flags := uint8(flagFirst); ; flags = 0 {
		n := min(most, len(stub))
		if n == len(stub) {
			flags |= flagLast
		}
		b := newPDU(kindResponse, flags, callID, responseSize+n)
		b = binary.LittleEndian.AppendUint32(b, uint32(len(stub)))
		b = binary.LittleEndian.AppendUint16(b, context)
		b = append(b, 0, 0)
		messages = append(messages, append(b, stub[:n]...))
		stub = stub[n:]
		if flags&flagLast != 0 {
			return messages
		}
	}
}
