// Package pcap reads capture files for tests.
package pcap

import (
	"bytes"
	"errors"
	"io"
	"os"
	"testing"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
	"github.com/gopacket/gopacket/pcapgo"
)

// ReadTCP returns the TCP segments of a capture file, pcap or pcapng, in their order.
func ReadTCP(t testing.TB, file string) []*layers.TCP {
	t.Helper()
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var r interface {
		gopacket.PacketDataSource
		LinkType() layers.LinkType
	}
	if bytes.HasPrefix(content, []byte("\x0a\x0d\x0d\x0a")) {
		r, err = pcapgo.NewNgReader(bytes.NewReader(content), pcapgo.DefaultNgReaderOptions)
	} else {
		r, err = pcapgo.NewReader(bytes.NewReader(content))
	}
	if err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	var segments []*layers.TCP
	for {
		data, _, err := r.ReadPacketData()
		if errors.Is(err, io.EOF) {
			return segments
		}
		if err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		if tcp, ok := gopacket.NewPacket(data, r.LinkType(), gopacket.Default).Layer(layers.LayerTypeTCP).(*layers.TCP); ok {
			segments = append(segments, tcp)
		}
	}
}
