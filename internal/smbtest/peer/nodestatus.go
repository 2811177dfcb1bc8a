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
