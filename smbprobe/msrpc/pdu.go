package msrpc

import (
	"encoding/binary"
	"fmt"

	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/smb"
)

// maxFragment is the longest fragment, in bytes, that is sent or taken. It is
// what Windows offers: with the header of a READ_ANDX it fits the smallest SMB
// buffer of a server.
const maxFragment = 4280

const (
	headerSize         = 16 // C706 12.6.3.1
	requestHeaderSize  = 24 // C706 12.6.4.9
	responseHeaderSize = 24 // C706 12.6.4.10
	faultSize          = 32 // C706 12.6.4.7
)

// Types of a PDU (C706 12.6.4).
const (
	typeRequest  = 0
	typeResponse = 2
	typeFault    = 3
	typeBind     = 11
	typeBindAck  = 12
	typeBindNak  = 13
)

// Flags of a PDU (C706 12.6.3.1).
const (
	flagFirst = 0x01
	flagLast  = 0x02
)

// header appends the common header of a PDU that is one whole fragment
// (C706 12.6.3.1).
func header(b []byte, kind uint8, size int, callID uint32) []byte {
	b = append(b, 5, 0, kind, flagFirst|flagLast)
	b = append(b, 0x10, 0, 0, 0) // little-endian, ASCII, IEEE
	b = binary.LittleEndian.AppendUint16(b, uint16(size))
	b = binary.LittleEndian.AppendUint16(b, 0) // auth_length
	return binary.LittleEndian.AppendUint32(b, callID)
}

// fragment is a PDU that came from the server.
type fragment struct {
	kind        uint8
	first, last bool
	message     []byte // all of it
}

// parseFragment checks the common header against the message that it came in
// and the call that it should answer. A message is one fragment.
func parseFragment(message []byte, callID uint32) (fragment, error) {
	if len(message) < headerSize {
		return fragment{}, protocolError("a fragment of %d bytes", len(message))
	}
	if message[0] != 5 || message[1] != 0 {
		return fragment{}, protocolError("DCE/RPC version %d.%d", message[0], message[1])
	}
	if message[4] != 0x10 || message[5] != 0 {
		return fragment{}, protocolError("data representation %02x%02x", message[4], message[5])
	}
	if size := int(binary.LittleEndian.Uint16(message[8:])); size != len(message) {
		return fragment{}, protocolError("a fragment of %d bytes in a message of %d", size, len(message))
	}
	if auth := binary.LittleEndian.Uint16(message[10:]); auth != 0 {
		return fragment{}, protocolError("%d bytes of authentication that nobody asked for", auth)
	}
	if id := binary.LittleEndian.Uint32(message[12:]); id != callID {
		return fragment{}, protocolError("an answer to call %d, where %d was asked", id, callID)
	}
	flags := message[3]
	return fragment{message[2], flags&flagFirst != 0, flags&flagLast != 0, message}, nil
}

// whole reports whether the PDU is one fragment alone.
func (f fragment) whole() bool { return f.first && f.last }

// fault returns what a fault says (C706 12.6.4.7).
func (f fragment) fault() error {
	if len(f.message) < faultSize-4 { // the reserved bytes at the end may be missing
		return protocolError("a fault of %d bytes", len(f.message))
	}
	return Fault{binary.LittleEndian.Uint32(f.message[24:])}
}

// response returns the part of the stub that is in a response, and alloc_hint:
// how many bytes the server says that this fragment and those after it hold, 0
// where it says nothing (C706 12.6.4.10).
func (f fragment) response() (stub []byte, hint uint32, err error) {
	if len(f.message) < responseHeaderSize {
		return nil, 0, protocolError("a response of %d bytes", len(f.message))
	}
	if context := binary.LittleEndian.Uint16(f.message[20:]); context != 0 {
		return nil, 0, protocolError("an answer in presentation context %d", context)
	}
	return f.message[responseHeaderSize:], binary.LittleEndian.Uint32(f.message[16:]), nil
}

func protocolError(format string, args ...any) error {
	return fmt.Errorf("%w: %s", smb.ErrProtocol, fmt.Sprintf(format, args...))
}
