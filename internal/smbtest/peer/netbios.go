package peer

import (
	"encoding/binary"
	"strings"
)

// decodeName undoes the first-level encoding of a NetBIOS name (RFC 1001 14.1):
// a length byte of 32, two letters for each byte, an empty scope.
func decodeName(b []byte) (name string, suffix byte, err error) {
	if len(b) != 34 || b[0] != 32 || b[33] != 0 {
		return "", 0, malformed("no encoded NetBIOS name")
	}
	var plain [16]byte
	for i := range plain {
		high, low := b[1+2*i]-'A', b[2+2*i]-'A'
		if high > 15 || low > 15 {
			return "", 0, malformed("an encoded NetBIOS name with a letter out of range")
		}
		plain[i] = high<<4 | low
	}
	return strings.TrimRight(string(plain[:15]), " "), plain[15], nil
}

// sessionRequest answers SESSION REQUEST (RFC 1002 4.3.2).
func (c *conversation) sessionRequest(payload []byte) error {
	c.note(func(r *Connection) { r.Commands = append(r.Commands, StepSessionRequest) })
	if len(payload) != 68 {
		return malformed("a session request of %d bytes", len(payload))
	}
	called, suffix, err := decodeName(payload[:34])
	if err != nil {
		return err
	}
	if suffix != 0x20 {
		return malformed("a session request for %s with the suffix 0x%02X", called, suffix)
	}
	calling, _, err := decodeName(payload[34:])
	if err != nil {
		return err
	}
	c.note(func(r *Connection) {
		r.CalledNames = append(r.CalledNames, called)
		r.CallingName = calling
	})
	if fault, ok := c.faultAt(StepSessionRequest); ok {
		if err := c.fail(fault, nil); err != nil {
			return err
		}
	}
	service := c.script.NetBIOS
	if to := service.Retarget; to.IsValid() {
		address := to.Addr().As4()
		return c.lastWord(frame(packetRetarget, binary.BigEndian.AppendUint16(address[:], to.Port())))
	}
	code, ok := service.Names[called]
	if !ok {
		code = service.Others
	}
	if code != 0 {
		return c.lastWord(frame(packetNegative, []byte{code}))
	}
	return c.send(frame(packetPositive, nil))
}

// lastWord sends an answer after which the connection is closed.
func (c *conversation) lastWord(b []byte) error {
	if err := c.send(b); err != nil {
		return err
	}
	return errOver
}
