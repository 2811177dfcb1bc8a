package msrpc

import (
	"encoding/binary"
	"fmt"

	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/smb"
)

// maxFragment is the longest fragment, in bytes, that a request takes, and what a
// bind offers to receive. Windows clients offer the same: with the header of a
// READ_ANDX it fits the smallest SMB buffer of a server. A server may announce, and
// then send, longer fragments.
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

// fragmentLength returns frag_length of a message, which may be cut. ok is false
// if the message is too short to have one.
func fragmentLength(message []byte) (length int, ok bool) {
	if len(message) < 10 {
		return 0, false
	}
	return int(binary.LittleEndian.Uint16(message[8:])), true
}

// parseFragment checks the common header of a whole fragment, and that it answers
// this call.
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
		return fragment{}, protocolError("%d bytes of unexpected authentication data", auth)
	}
	if id := binary.LittleEndian.Uint32(message[12:]); id != callID {
		return fragment{}, protocolError("an answer to call %d, expected one to call %d", id, callID)
	}
	flags := message[3]
	return fragment{message[2], flags&flagFirst != 0, flags&flagLast != 0, message}, nil
}

// whole reports whether the PDU is one fragment alone.
func (f fragment) whole() bool { return f.first && f.last }

// fault returns the Fault that a fault PDU describes (C706 12.6.4.7).
func (f fragment) fault() error {
	if len(f.message) < faultSize-4 { // the reserved bytes at the end may be missing
		return protocolError("a fault of %d bytes", len(f.message))
	}
	return Fault{binary.LittleEndian.Uint32(f.message[24:])}
}

// response returns a response's part of the stub, and alloc_hint: the number of
// stub bytes that this fragment and those after it hold, by the server's word; 0
// is no hint (C706 12.6.4.10).
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

// Interface names what a server offers on a pipe.
type Interface struct {
	UUID         [16]byte // as it is on the wire: the first three fields little-endian
	Major, Minor uint16
	Name         string // for messages: "eventlog"
}

const syntaxSize = 20

// ndrSyntax is the transfer syntax NDR, 8a885d04-1ceb-11c9-9fe8-08002b104860,
// version 2.0 (C706 appendix I).
var ndrSyntax = [syntaxSize]byte{
	0x04, 0x5d, 0x88, 0x8a, 0xeb, 0x1c, 0xc9, 0x11, 0x9f, 0xe8, 0x08, 0x00, 0x2b, 0x10, 0x48, 0x60,
	2, 0, 0, 0,
}

// bindRequest offers one presentation context, number 0, in NDR (C706 12.6.4.3).
func bindRequest(iface Interface, callID uint32) []byte {
	const size = headerSize + 8 + 4 + 4 + 2*syntaxSize
	b := header(make([]byte, 0, size), typeBind, size, callID)
	b = binary.LittleEndian.AppendUint16(b, maxFragment)
	b = binary.LittleEndian.AppendUint16(b, maxFragment)
	b = binary.LittleEndian.AppendUint32(b, 0) // a new association group
	b = append(b, 1, 0, 0, 0)                  // contexts, reserved
	b = append(b, 0, 0, 1, 0)                  // context 0 with one transfer syntax
	b = append(b, iface.UUID[:]...)
	b = binary.LittleEndian.AppendUint16(b, iface.Major)
	b = binary.LittleEndian.AppendUint16(b, iface.Minor)
	return append(b, ndrSyntax[:]...)
}

// bound is the result of a bind: the longest fragment, in bytes, that each end
// sends.
type bound struct{ request, answer int }

// parseBind reads the answer to a bind (C706 12.6.4.4 and 12.6.4.5). It ignores
// the secondary address, because NT names another pipe there.
func parseBind(message []byte, callID uint32) (bound, error) {
	f, err := parseFragment(message, callID)
	if err != nil {
		return bound{}, err
	}
	if !f.whole() {
		return bound{}, protocolError("a fragmented answer to a bind")
	}
	switch f.kind {
	case typeBindAck:
		return parseBindAck(message)
	case typeBindNak:
		if len(message) < headerSize+2 {
			return bound{}, protocolError("a bind_nak of %d bytes", len(message))
		}
		return bound{}, fmt.Errorf("%w (bind_nak, reason %d)", ErrRejected, binary.LittleEndian.Uint16(message[headerSize:]))
	case typeFault:
		return bound{}, f.fault()
	}
	return bound{}, protocolError("PDU type %d, expected a bind_ack", f.kind)
}

func parseBindAck(message []byte) (bound, error) {
	const addressAt = headerSize + 10
	if len(message) < addressAt {
		return bound{}, protocolError("a bind_ack of %d bytes", len(message))
	}
	maxTransmit := int(binary.LittleEndian.Uint16(message[headerSize:]))
	maxReceive := int(binary.LittleEndian.Uint16(message[headerSize+2:]))
	resultsAt := addressAt + int(binary.LittleEndian.Uint16(message[addressAt-2:]))
	resultsAt += -resultsAt & 3
	// What follows the result does not matter.
	if want := resultsAt + 4 + 4 + syntaxSize; len(message) < want {
		return bound{}, protocolError("a bind_ack of %d bytes, expected %d for one result", len(message), want)
	}
	results := message[resultsAt:]
	if results[0] != 1 {
		return bound{}, protocolError("%d results for one presentation context", results[0])
	}
	result, reason := binary.LittleEndian.Uint16(results[4:]), binary.LittleEndian.Uint16(results[6:])
	switch {
	case result == 2 && reason == 1:
		return bound{}, fmt.Errorf("%w: the server does not have it", ErrRejected)
	case result != 0:
		return bound{}, fmt.Errorf("%w (result %d, reason %d)", ErrRejected, result, reason)
	case [syntaxSize]byte(results[8:]) != ndrSyntax:
		return bound{}, protocolError("transfer syntax %x, which was not offered", results[8:8+syntaxSize])
	}
	// max_xmit_frag is the server's own limit and not an answer to our offer:
	// Windows NT 4.0 sets 5,680 and Windows 2000 sets 4,280. Its 16 bits bound the
	// memory that a fragment takes.
	b := bound{request: min(maxReceive, maxFragment), answer: maxTransmit}
	if b.request <= requestHeaderSize || b.answer <= responseHeaderSize {
		return bound{}, protocolError("fragments of %d and %d bytes are too short for a header", b.request, b.answer)
	}
	return b, nil
}
