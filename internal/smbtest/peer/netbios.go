package peer

import (
	"encoding/binary"
	"errors"
	"net"
	"net/netip"
	"strings"
	"sync"
	"testing"
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

// lastWord sends an answer, and closes the connection.
func (c *conversation) lastWord(b []byte) error {
	if err := c.send(b); err != nil {
		return err
	}
	return errOver
}

// NodeName is one line of a node's name table.
type NodeName struct {
	Name     string // at most 15 bytes
	Suffix   byte   // 0x20 is the server service
	Group    bool
	Conflict bool
}

// StartNodeStatus answers node status queries (RFC 1002 4.2.17, 4.2.18) with these names
// until the end of the test. It returns its UDP address.
func StartNodeStatus(t testing.TB, names ...NodeName) netip.AddrPort {
	t.Helper()
	conn, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatalf("starting a node status responder: %v", err)
	}
	var running sync.WaitGroup
	running.Go(func() {
		b := make([]byte, 1024)
		for {
			n, from, err := conn.ReadFromUDPAddrPort(b)
			if errors.Is(err, net.ErrClosed) {
				return
			}
			if err != nil {
				t.Errorf("reading a node status query: %v", err)
				return
			}
			if reply := nodeStatus(b[:n], names); reply != nil {
				if _, err := conn.WriteToUDPAddrPort(reply, from); err != nil && !errors.Is(err, net.ErrClosed) {
					t.Errorf("answering a node status query: %v", err)
				}
			}
		}
	})
	t.Cleanup(func() {
		_ = conn.Close()
		running.Wait()
	})
	return conn.LocalAddr().(*net.UDPAddr).AddrPort()
}

// nodeStatus answers a query for "*"; every other datagram gets no answer.
func nodeStatus(query []byte, names []NodeName) []byte {
	be := binary.BigEndian
	wildcard := "\x20CK" + strings.Repeat("A", 30) + "\x00"
	if len(query) != 50 || string(query[12:46]) != wildcard || be.Uint16(query[46:]) != 0x21 || be.Uint16(query[48:]) != 1 {
		return nil
	}
	data := []byte{byte(len(names))}
	for _, n := range names {
		flags := uint16(0x0400) // active
		if n.Group {
			flags |= 0x8000
		}
		if n.Conflict {
			flags |= 0x0800
		}
		padded := n.Name + strings.Repeat(" ", 15)
		data = append(append(data, padded[:15]...), n.Suffix)
		data = be.AppendUint16(data, flags)
	}
	data = append(data, make([]byte, 46)...) // adapter address, statistics

	reply := append([]byte{}, query[:2]...)
	reply = append(reply, 0x84, 0, 0, 0, 0, 1, 0, 0, 0, 0) // response, authoritative; one answer
	reply = append(reply, wildcard...)
	reply = be.AppendUint16(reply, 0x21)
	reply = be.AppendUint16(reply, 1)
	reply = be.AppendUint32(reply, 0) // TTL
	reply = be.AppendUint16(reply, uint16(len(data)))
	return append(reply, data...)
}
