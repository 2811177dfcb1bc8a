package capture

import (
	"fmt"
	"net/netip"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
)

const (
	hopLimit = 64
	// maxSegment is the most payload of one TCP segment, as on Ethernet with IPv4.
	maxSegment = 1460
	// window and windowShift are what both ends offer: 8 MiB, more than a message of
	// the largest size, so that none overruns it before it is acknowledged.
	window      = 65535
	windowShift = 7
)

// network returns the IP header between two addresses of the same family.
func network(from, to netip.Addr, protocol layers.IPProtocol) interface {
	gopacket.NetworkLayer
	gopacket.SerializableLayer
} {
	if from.Is4() {
		return &layers.IPv4{
			Version: 4, TTL: hopLimit, Flags: layers.IPv4DontFragment, Protocol: protocol,
			SrcIP: from.AsSlice(), DstIP: to.AsSlice(),
		}
	}
	return &layers.IPv6{
		Version: 6, HopLimit: hopLimit, NextHeader: protocol,
		SrcIP: from.AsSlice(), DstIP: to.AsSlice(),
	}
}

// tcpPacket makes a packet of one segment. Of the segment, the ports, the window and,
// on a SYN, the options are filled in here.
func tcpPacket(from, to netip.AddrPort, segment *layers.TCP, payload []byte) ([]byte, error) {
	segment.SrcPort, segment.DstPort, segment.Window = layers.TCPPort(from.Port()), layers.TCPPort(to.Port()), window
	if segment.SYN {
		segment.Options = []layers.TCPOption{
			{OptionType: layers.TCPOptionKindMSS, OptionData: []byte{maxSegment >> 8, maxSegment & 0xFF}},
			{OptionType: layers.TCPOptionKindWindowScale, OptionData: []byte{windowShift}},
		}
	}
	ip := network(from.Addr(), to.Addr(), layers.IPProtocolTCP)
	if err := segment.SetNetworkLayerForChecksum(ip); err != nil {
		return nil, err
	}
	return serialize(ip, segment, payload)
}

// udpPacket makes a packet of one datagram.
func udpPacket(from, to netip.AddrPort, payload []byte) ([]byte, error) {
	ip := network(from.Addr(), to.Addr(), layers.IPProtocolUDP)
	datagram := &layers.UDP{SrcPort: layers.UDPPort(from.Port()), DstPort: layers.UDPPort(to.Port())}
	if err := datagram.SetNetworkLayerForChecksum(ip); err != nil {
		return nil, err
	}
	return serialize(ip, datagram, payload)
}

func serialize(ip, transport gopacket.SerializableLayer, payload []byte) ([]byte, error) {
	buffer := gopacket.NewSerializeBuffer()
	options := gopacket.SerializeOptions{FixLengths: true, ComputeChecksums: true}
	if err := gopacket.SerializeLayers(buffer, options, ip, transport, gopacket.Payload(payload)); err != nil {
		return nil, err
	}
	if n := len(buffer.Bytes()); n > snapLength {
		return nil, fmt.Errorf("a packet of %d bytes, of at most %d", n, snapLength)
	}
	return buffer.Bytes(), nil
}
