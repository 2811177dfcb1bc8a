package simnt

import (
	"bufio"
	"errors"
	"io"
	"strings"
)

// Packets of the session service (RFC 1002 4.3.1).
const (
	packetMessage   = 0x00
	packetRequest   = 0x81
	packetPositive  = 0x82
	packetNegative  = 0x83
	packetKeepAlive = 0x85
)

// Codes of a negative answer to a session request (RFC 1002 4.3.4).
const (
	CodeNotListening          byte = 0x80 // the called name exists, and no program listens on it
	CodeCalledNameNotPresent  byte = 0x82
	CodeInsufficientResources byte = 0x83
	codeUnspecified           byte = 0x8F
)

const (
	packetHeader      = 4
	sessionNames      = 68 // bytes of two encoded names without scope
	maxSessionRequest = 2 * 255
	anyServer         = "*SMBSERVER"
	suffixServer      = 0x20
)

// errTooLong is the error of a packet that is longer than a server accepts.
var errTooLong = errors.New("simnt: a packet longer than the server accepts")

// packet is a packet of the session service.
type packet struct {
	kind    byte
	payload []byte
}

// readPacket reads a packet whose message has at most limit bytes. The error of a longer one
// is errTooLong.
func readPacket(r io.Reader, limit int) (packet, error) {
	var header [packetHeader]byte
	if _, err := io.ReadFull(r, header[:]); err != nil {
		return packet{}, err
	}
	size := int(header[1])<<16 | int(header[2])<<8 | int(header[3])
	if header[0] == packetRequest {
		limit = maxSessionRequest
	}
	if size > limit {
		return packet{}, errTooLong
	}
	payload := make([]byte, size)
	if _, err := io.ReadFull(r, payload); err != nil {
		return packet{}, err
	}
	return packet{kind: header[0], payload: payload}, nil
}

// hasPacket reports whether a whole packet is in the buffer.
func hasPacket(r *bufio.Reader) bool {
	n := r.Buffered()
	if n < packetHeader {
		return false
	}
	header, err := r.Peek(packetHeader)
	return err == nil && n >= packetHeader+(int(header[1])<<16|int(header[2])<<8|int(header[3]))
}

// appendPacket appends a packet.
func appendPacket(b []byte, kind byte, payload []byte) []byte {
	size := len(payload)
	b = append(b, kind, byte(size>>16), byte(size>>8), byte(size))
	return append(b, payload...)
}

// decodeName reads a name in its first-level encoding (RFC 1001 14.1): 32 letters for 16
// bytes, the last of which is the suffix. Scopes are not simulated.
func decodeName(b []byte) (name string, suffix byte, ok bool) {
	const size = 34
	if len(b) != size || b[0] != 0x20 || b[size-1] != 0 {
		return "", 0, false
	}
	var plain [16]byte
	for i := range plain {
		high, low := b[1+2*i]-'A', b[2+2*i]-'A'
		if high > 0xF || low > 0xF {
			return "", 0, false
		}
		plain[i] = high<<4 | low
	}
	return strings.TrimRight(fromLatin1(plain[:15]), " "), plain[15], true
}

// sessionRequest decides on a session request. The code is that of the negative answer; 0:
// it is accepted.
func (h *Host) sessionRequest(payload []byte) (calling string, code byte) {
	if len(payload) != sessionNames {
		return "", codeUnspecified
	}
	called, suffix, ok := decodeName(payload[:sessionNames/2])
	calling, _, callingOK := decodeName(payload[sessionNames/2:])
	if !ok || !callingOK {
		return "", codeUnspecified
	}
	if refusal := h.currentRefusal(); refusal != 0 {
		return "", refusal
	}
	if suffix != suffixServer || !h.answersTo(called) {
		return "", CodeCalledNameNotPresent
	}
	return calling, 0
}

func (h *Host) answersTo(called string) bool {
	if called == anyServer {
		return !h.options.RefuseWildcard
	}
	for _, name := range append([]string{h.options.Name}, h.options.CalledNames...) {
		if strings.EqualFold(name, called) {
			return true
		}
	}
	return false
}
