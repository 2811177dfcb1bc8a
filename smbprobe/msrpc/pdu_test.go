package msrpc

import (
	"bytes"
	"encoding/binary"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/smb"
)

func TestBindRequest(t *testing.T) {
	for name, want := range vectors(t, "BIND") {
		iface := Interface{
			UUID:  [16]byte(want[32:48]),
			Major: binary.LittleEndian.Uint16(want[48:]), Minor: binary.LittleEndian.Uint16(want[50:]),
		}
		got := bindRequest(iface, binary.LittleEndian.Uint32(want[12:]))
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-recorded +written):\n%s", name, diff)
		}
	}
}

func TestBind(t *testing.T) {
	ack := bindAck(t)
	changed := func(at int, b ...byte) []byte {
		message := bytes.Clone(ack)
		copy(message[at:], b)
		return message
	}
	for _, test := range []struct {
		name   string
		answer []byte
		want   error
	}{
		{"accepted", ack, nil},
		{"nak", append(header(nil, typeBindNak, 18, 1), 4, 0), ErrRejected},
		{"nak without a reason", header(nil, typeBindNak, 16, 1), smb.ErrProtocol},
		{"interface not there", changed(44, 2, 0, 1, 0), ErrRejected},
		{"rejected otherwise", changed(44, 2, 0, 2, 0), ErrRejected},
		{"fault", pdu(typeFault, both, 1, 0, []byte{3, 0, 1, 0x1C, 0, 0, 0, 0}), Fault{0x1C010003}},
		{"another call", changed(12, 2), smb.ErrProtocol},
		{"big-endian", changed(4, 0), smb.ErrProtocol},
		{"version 4", changed(0, 4), smb.ErrProtocol},
		{"first fragment of more", changed(3, flagFirst), smb.ErrProtocol},
		{"two results", changed(40, 2), smb.ErrProtocol},
		{"another syntax", changed(48, 5), smb.ErrProtocol},
		{"long address", changed(24, 0xFF, 0xFF), smb.ErrProtocol},
		{"fragments of 5680 bytes, as Windows NT 4.0", changed(16, 0x30, 0x16, 0x30, 0x16), nil},
		{"fragments of one byte more than ours", changed(16, 0xB9), nil},
		{"the longest fragments", changed(16, 0xFF, 0xFF, 0xFF, 0xFF), nil},
		{"short fragments", changed(16, 0xD0, 0x02, 0xD0, 0x02), nil},
		{"fragments that hold nothing", changed(16, 24, 0), smb.ErrProtocol},
		{"authentication", changed(10, 1), smb.ErrProtocol},
		{"a response", pdu(typeResponse, both, 1, 0, nil), smb.ErrProtocol},
		{"nothing", nil, smb.ErrProtocol},
	} {
		t.Run(test.name, func(t *testing.T) {
			conn, err := Bind(t.Context(), &script{answers: [][]byte{test.answer}}, eventlogInterface())
			if !errors.Is(err, test.want) || (conn == nil) != (test.want != nil) {
				t.Errorf("got %v, want %v", err, test.want)
			}
		})
	}
	for n := range ack {
		if _, err := parseBind(ack[:n], 1); !errors.Is(err, smb.ErrProtocol) {
			t.Errorf("cut after %d bytes: %v", n, err)
		}
		short := bytes.Clone(ack[:n])
		if n >= headerSize {
			binary.LittleEndian.PutUint16(short[8:], uint16(n))
			if _, err := parseBind(short, 1); !errors.Is(err, smb.ErrProtocol) {
				t.Errorf("a fragment of %d bytes: %v", n, err)
			}
		}
	}
}

// TestBindAcks: the secondary address may have any length, what aligns the result may hold
// anything, and something may follow it. Each fragment length that is longer than a header
// is taken as announced.
func TestBindAcks(t *testing.T) {
	ack := func(transmit, receive uint16, address, padding, end string) []byte {
		b := header(nil, typeBindAck, 0, 1)
		b = binary.LittleEndian.AppendUint16(b, transmit)
		b = binary.LittleEndian.AppendUint16(b, receive)
		b = binary.LittleEndian.AppendUint32(b, 0xFFFFFFFF) // association group
		b = binary.LittleEndian.AppendUint16(b, uint16(len(address)))
		b = append(b, address...)
		b = append(b, padding[:-len(b)&3]...)
		b = append(b, 1, 0xFF, 0xFF, 0xFF, 0, 0, 0, 0)
		b = append(append(b, ndrSyntax[:]...), end...)
		binary.LittleEndian.PutUint16(b[8:], uint16(len(b)))
		return b
	}
	for length := range 40 {
		address := strings.Repeat(`\`, length)
		for _, end := range []string{"", "\x00", "\x00\x00\x00\x00", strings.Repeat("x", 100)} {
			if got, err := parseBind(ack(5680, 5680, address, "\xff\xff\xff", end), 1); err != nil || got != (bound{maxFragment, 5680}) {
				t.Errorf("an address of %d bytes, and %d bytes at the end: %+v, %v", length, len(end), got, err)
			}
		}
	}
	for _, n := range []uint16{25, 512, 1024, 1432, 2048, 4096, 4279, 4280, 4281, 5680, 5840, 8192, 16384, 32767, 32768, 65534, 65535} {
		want := bound{request: min(int(n), maxFragment), answer: int(n)}
		if got, err := parseBind(ack(n, n, "", "\x00\x00\x00", ""), 1); err != nil || got != want {
			t.Errorf("fragments of %d bytes: %+v, %v", n, got, err)
		}
	}
}

// TestWindows2000 reads what a real server answered.
func TestWindows2000(t *testing.T) {
	for _, path := range []string{"testdata/w2k_tcp139_ntlm012.pcap", "testdata/w2k_tcp445_bind_dssetup.pcap"} {
		var acks, faults int
		for _, message := range captured(t, path) {
			callID := binary.LittleEndian.Uint32(message[12:])
			switch message[2] {
			case typeBindAck:
				acks++
				if got, err := parseBind(message, callID); err != nil || got.request < 1432 || got.answer < 1432 {
					t.Errorf("%s: bind_ack: %+v, %v", path, got, err)
				}
			case typeFault:
				faults++
				a := answer{callID: callID, limit: 100}
				_, err := a.add(message)
				if fault, ok := errors.AsType[Fault](err); !ok || fault.Name() == "" {
					t.Errorf("%s: fault: %v", path, err)
				}
			}
		}
		if acks == 0 {
			t.Errorf("%s: no bind_ack", path)
		}
		t.Logf("%s: %d bind_ack, %d faults", path, acks, faults)
	}
}

func FuzzBind(f *testing.F) {
	ack := bindAck(f)
	f.Add(ack)
	for _, announced := range []uint16{0, 24, 25, 1432, 5680, 65535} {
		b := bytes.Clone(ack)
		binary.LittleEndian.PutUint16(b[headerSize:], announced)
		f.Add(b)
	}
	f.Add(append(header(nil, typeBindNak, 18, 1), 4, 0))
	for _, path := range []string{"testdata/w2k_tcp139_ntlm012.pcap", "testdata/w2k_tcp445_bind_dssetup.pcap"} {
		for _, message := range captured(f, path) {
			f.Add(message)
		}
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		got, err := parseBind(b, 1)
		if err == nil && (got.request <= requestHeaderSize || got.request > maxFragment || got.answer <= responseHeaderSize || got.answer > 65535) {
			t.Fatalf("%+v", got)
		}
	})
}
