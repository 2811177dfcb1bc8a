package capture

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"time"
)

// Numbers of the pcap file format: the magic number of time stamps in microseconds, the
// version, and the link type of packets that begin with the IP header.
const (
	pcapMagic   = 0xA1B2C3D4
	pcapMajor   = 2
	pcapMinor   = 4
	linkTypeRaw = 101
)

// appendFileHeader appends the header of a pcap file.
func appendFileHeader(b []byte) []byte {
	b = binary.LittleEndian.AppendUint32(b, pcapMagic)
	b = binary.LittleEndian.AppendUint16(b, pcapMajor)
	b = binary.LittleEndian.AppendUint16(b, pcapMinor)
	b = append(b, make([]byte, 8)...) // time zone, accuracy
	b = binary.LittleEndian.AppendUint32(b, snapLength)
	return binary.LittleEndian.AppendUint32(b, linkTypeRaw)
}

// appendRecord appends a packet with the header that it has in a pcap file.
func appendRecord(b []byte, at time.Time, packet []byte) []byte {
	b = binary.LittleEndian.AppendUint32(b, uint32(at.Unix()))
	b = binary.LittleEndian.AppendUint32(b, uint32(at.Nanosecond()/1000))
	b = binary.LittleEndian.AppendUint32(b, uint32(len(packet))) // captured
	b = binary.LittleEndian.AppendUint32(b, uint32(len(packet))) // sent
	return append(b, packet...)
}

const (
	hopLimit = 64
	// maxSegment is the most payload of one TCP segment, as on Ethernet with IPv4.
	maxSegment = 1460
	// window and windowShift are what both ends offer: 8 MiB, more than a message of
	// the largest size, so that none overruns it before it is acknowledged.
	window      = 65535
	windowShift = 7

	protocolTCP = 6
	protocolUDP = 17

	ipv4Header = 20
	ipv6Header = 40
	tcpHeader  = 20
	udpHeader  = 8
)

// Flags of a TCP segment (RFC 9293 3.1).
const (
	flagFIN = 0x01
	flagSYN = 0x02
	flagRST = 0x04
	flagPSH = 0x08
	flagACK = 0x10
)

// tcpSegment is what a segment has besides ports, window and options.
type tcpSegment struct {
	seq, ack uint32
	flags    byte
}

func (s tcpSegment) has(flag byte) bool { return s.flags&flag != 0 }

// tcpPacket makes a packet of one segment (RFC 9293 3.1). A SYN has the options for the
// longest segment and the window's scale.
func tcpPacket(from, to netip.AddrPort, s tcpSegment, payload []byte) ([]byte, error) {
	var options []byte
	if s.has(flagSYN) {
		options = []byte{2, 4, maxSegment >> 8, maxSegment & 0xFF, 3, 3, windowShift, 0}
	}
	t := make([]byte, 0, tcpHeader+len(options)+len(payload))
	t = binary.BigEndian.AppendUint16(t, from.Port())
	t = binary.BigEndian.AppendUint16(t, to.Port())
	t = binary.BigEndian.AppendUint32(t, s.seq)
	t = binary.BigEndian.AppendUint32(t, s.ack)
	t = append(t, byte((tcpHeader+len(options))/4<<4), s.flags)
	t = binary.BigEndian.AppendUint16(t, window)
	t = append(t, 0, 0, 0, 0) // checksum, urgent pointer
	t = append(append(t, options...), payload...)
	binary.BigEndian.PutUint16(t[16:], transportChecksum(from.Addr(), to.Addr(), protocolTCP, t))
	return ipPacket(from.Addr(), to.Addr(), protocolTCP, t)
}

// udpPacket makes a packet of one datagram (RFC 768).
func udpPacket(from, to netip.AddrPort, payload []byte) ([]byte, error) {
	u := make([]byte, 0, udpHeader+len(payload))
	u = binary.BigEndian.AppendUint16(u, from.Port())
	u = binary.BigEndian.AppendUint16(u, to.Port())
	u = binary.BigEndian.AppendUint16(u, uint16(udpHeader+len(payload)))
	u = append(append(u, 0, 0), payload...)
	sum := transportChecksum(from.Addr(), to.Addr(), protocolUDP, u)
	if sum == 0 {
		sum = 0xFFFF // 0 means that there is none
	}
	binary.BigEndian.PutUint16(u[6:], sum)
	return ipPacket(from.Addr(), to.Addr(), protocolUDP, u)
}

// ipPacket puts the IP header in front of a segment or datagram between two addresses of
// the same family (RFC 791, RFC 8200).
func ipPacket(from, to netip.Addr, protocol byte, payload []byte) ([]byte, error) {
	size := ipv4Header + len(payload)
	if from.Is6() {
		size = ipv6Header + len(payload)
	}
	if size > snapLength {
		return nil, fmt.Errorf("a packet of %d bytes, of at most %d", size, snapLength)
	}
	b := make([]byte, 0, size)
	if from.Is6() {
		b = append(b, 6<<4, 0, 0, 0)
		b = binary.BigEndian.AppendUint16(b, uint16(len(payload)))
		b = append(b, protocol, hopLimit)
		b = append(append(b, from.AsSlice()...), to.AsSlice()...)
		return append(b, payload...), nil
	}
	b = append(b, 4<<4|ipv4Header/4, 0)
	b = binary.BigEndian.AppendUint16(b, uint16(size))
	b = append(b, 0, 0, 0x40, 0, hopLimit, protocol, 0, 0) // do not fragment
	b = append(append(b, from.AsSlice()...), to.AsSlice()...)
	binary.BigEndian.PutUint16(b[10:], ^fold(sum(0, b)))
	return append(b, payload...), nil
}

// transportChecksum is the checksum of TCP and UDP over a pseudo header and the segment,
// whose own checksum is 0 (RFC 9293 3.1, RFC 8200 8.1).
func transportChecksum(from, to netip.Addr, protocol byte, segment []byte) uint16 {
	s := sum(0, from.AsSlice())
	s = sum(s, to.AsSlice())
	s += uint32(protocol) + uint32(len(segment))
	return ^fold(sum(s, segment))
}

// sum adds 16-bit words to a sum; an odd byte at the end counts as a word's first.
func sum(s uint32, b []byte) uint32 {
	for ; len(b) >= 2; b = b[2:] {
		s += uint32(b[0])<<8 | uint32(b[1])
	}
	if len(b) == 1 {
		s += uint32(b[0]) << 8
	}
	return s
}

// fold makes a sum one 16-bit word, in ones' complement (RFC 1071).
func fold(s uint32) uint16 {
	for s > 0xFFFF {
		s = s>>16 + s&0xFFFF
	}
	return uint16(s)
}
