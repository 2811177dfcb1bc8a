package msrpc

import (
	"encoding/binary"
	"fmt"

	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/smb"
)

// Interface names what a server offers on a pipe.
type Interface struct {
	UUID         [16]byte // as it is on the wire: the first three fields little-endian
	Major, Minor uint16
	Name         string // for messages: "eventlog"
}

const syntaxSize = 20

// ndrSyntax returns the transfer syntax NDR, 8a885d04-1ceb-11c9-9fe8-08002b104860,
// version 2.0 (C706 appendix I).
func ndrSyntax() [syntaxSize]byte {
	return [syntaxSize]byte{
		0x04, 0x5d, 0x88, 0x8a, 0xeb, 0x1c, 0xc9, 0x11, 0x9f, 0xe8, 0x08, 0x00, 0x2b, 0x10, 0x48, 0x60,
		2, 0, 0, 0,
	}
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
	syntax := ndrSyntax()
	return append(b, syntax[:]...)
}

// bound is what the two ends have agreed on: the longest fragment in bytes that
// each of them sends.
type bound struct{ request, answer int }

// parseBind reads the answer to a bind (C706 12.6.4.4 and 12.6.4.5). The secondary
// address in it is not looked at: NT names another pipe there than was asked for.
func parseBind(message []byte, callID uint32) (bound, error) {
	f, err := parseFragment(message, callID)
	if err != nil {
		return bound{}, err
	}
	if !f.whole() {
		return bound{}, protocolError("an answer to a bind in fragments")
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
	return bound{}, protocolError("PDU type %d where a bind_ack was expected", f.kind)
}

func parseBindAck(message []byte) (bound, error) {
	const addressAt = headerSize + 10
	if len(message) < addressAt {
		return bound{}, protocolError("a bind_ack of %d bytes", len(message))
	}
	sends := int(binary.LittleEndian.Uint16(message[headerSize:]))
	takes := int(binary.LittleEndian.Uint16(message[headerSize+2:]))
	resultsAt := addressAt + int(binary.LittleEndian.Uint16(message[addressAt-2:]))
	resultsAt += -resultsAt & 3
	if want := resultsAt + 4 + 4 + syntaxSize; len(message) != want {
		return bound{}, protocolError("a bind_ack of %d bytes, where one result takes %d", len(message), want)
	}
	results := message[resultsAt:]
	if results[0] != 1 {
		return bound{}, protocolError("%d results to one presentation context", results[0])
	}
	result, reason := binary.LittleEndian.Uint16(results[4:]), binary.LittleEndian.Uint16(results[6:])
	switch {
	case result == 2 && reason == 1:
		return bound{}, fmt.Errorf("%w: it is not there", ErrRejected)
	case result != 0:
		return bound{}, fmt.Errorf("%w (result %d, reason %d)", ErrRejected, result, reason)
	case [syntaxSize]byte(results[8:]) != ndrSyntax():
		return bound{}, protocolError("transfer syntax %x, which was not offered", results[8:])
	}
	if sends > maxFragment {
		return bound{}, protocolError("the server sends fragments of %d bytes, where %d are the limit", sends, maxFragment)
	}
	b := bound{request: min(takes, maxFragment), answer: sends}
	if b.request <= requestHeaderSize || b.answer <= responseHeaderSize {
		return bound{}, fmt.Errorf("%w: fragments of %d and %d bytes hold nothing", smb.ErrProtocol, b.request, b.answer)
	}
	return b, nil
}
