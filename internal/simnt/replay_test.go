package simnt

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/rasphone-exporter/rasphone_exporter/internal/simnt/rpc"
	"github.com/rasphone-exporter/rasphone_exporter/internal/smbtest"
	"github.com/rasphone-exporter/rasphone_exporter/internal/smbtest/pcap"
)

// clientMessages returns the SMBs that a client sent to a port in a capture. Each is alone in
// its packet there.
func clientMessages(t *testing.T, file string, port uint16) [][]byte {
	t.Helper()
	var all [][]byte
	for _, tcp := range pcap.ReadTCP(t, file) {
		if uint16(tcp.DstPort) == port && len(tcp.Payload) > packetHeader && tcp.Payload[0] == packetMessage {
			all = append(all, bytes.Clone(tcp.Payload[packetHeader:]))
		}
	}
	return all
}

// replayer sends what a client sent to another server, with the identifiers of this one in it.
type replayer struct {
	*wire
	fid    uint16
	handle []byte // the last context handle that was given
}

// fit puts identifiers, handles and the answer to the challenge into a message.
func (p *replayer) fit(m []byte) {
	p.mid++
	for at, v := range map[int]uint16{24: p.tid, 28: p.uid, 30: p.mid} {
		binary.LittleEndian.PutUint16(m[at:], v)
	}
	fidAt := map[byte]int{cmdClose: 33, cmdReadAndX: 37, cmdWriteAndX: 37, cmdTransaction: 63}[m[4]]
	if fidAt > 0 {
		binary.LittleEndian.PutUint16(m[fidAt:], p.fid)
	}
	if m[4] == cmdSessionSetup && m[49] == responseSize {
		copy(m[61+responseSize:], desl(ntHash(testPassword), p.nonce))
	}
	recorded, _ := hex.DecodeString("00000000a1a2a3a4b1b2c1c2d1d2d3d4d5d6d7d8")
	if i := bytes.Index(m, recorded); i >= 0 && p.handle != nil {
		copy(m[i:], p.handle)
	}
}

// note keeps what the next messages need of an answer.
func (p *replayer) note(r reply) {
	switch r.command {
	case cmdNegotiate:
		copy(p.nonce[:], r.bytes)
	case cmdSessionSetup, cmdTreeConnect:
		p.uid, p.tid = r.uid, r.tid
	case cmdNTCreate:
		if r.wordCount() > 0 {
			p.fid = r.u16(5)
		}
	case cmdTransaction:
		const responseHeader, handleSize, response = 24, 20, 2
		if r.wordCount() == 0 {
			return
		}
		if pdu := dataOf(r); len(pdu) == responseHeader+handleSize+4 && pdu[2] == response {
			p.handle = pdu[responseHeader : responseHeader+handleSize]
		}
	}
}

// answersOf returns the answers of the server in a capture as tshark decodes them: command,
// WordCount and status.
func answersOf(t *testing.T, file string, port uint16) []string {
	t.Helper()
	if bad := smbtest.Tshark(t, file, port, "-Y", "_ws.malformed || _ws.expert.severity >= 8388608"); bad != "" {
		t.Errorf("tshark finds errors in %s:\n%s", file, bad)
	}
	out := smbtest.Tshark(t, file, port, "-Y", "smb.flags.response == 1", "-T", "fields", "-E", "separator=;",
		"-e", "smb.cmd", "-e", "smb.wct", "-e", "smb.nt_status", "-e", "smb.error_class", "-e", "smb.error_code")
	return strings.Split(strings.TrimSpace(out), "\n")
}

// TestReplay sends the clients' halves of captures, and compares the answers with those of the
// server in the capture.
func TestReplay(t *testing.T) {
	t.Parallel()
	// NT 4.0 knows no extended answer to an open, which Windows 2000 gave.
	plainOpen := strings.NewReplacer("0xa2,0xff;42;", "0xa2,0xff;34;")
	tests := []struct {
		file    string
		port    uint16
		options Options
		prepare func(w *wire)
		change  *strings.Replacer // of a request's bytes
	}{
		{"synthetic_reference.pcap", 139, Options{Name: "EXCH1", Domain: "EXCHDOM", ServicePack: 6}, nil, strings.NewReplacer()},
		// Only the programs behind the pipes that a probe needs are there: another one stands in.
		{"w2k_tcp139_ntlm012.pcap", 139, Options{OS: Windows2000}, nil, strings.NewReplacer("\\locator\x00", "\\srvsvc\x00\x00")},
		{"w2k_tcp445_bind_dssetup.pcap", 445, Options{OS: Windows2000}, func(w *wire) { w.session("IPC$") },
			strings.NewReplacer("l\x00s\x00a\x00r\x00p\x00c\x00", "s\x00r\x00v\x00s\x00v\x00c\x00")},
	}
	for _, tt := range tests {
		t.Run(tt.file, func(t *testing.T) {
			t.Parallel()
			w := startWire(t, tt.options)
			w.host.AddAccount("svcprobe", testPassword, Account{Administrator: true})
			w.host.System().SetService(rpc.Service{Name: "MSExchangeIMC", State: 4, Start: 2})
			w.host.System().Registry().SetNumber(`SYSTEM\CurrentControlSet\Services\LanmanServer\Parameters`, "AutoShareServer", 1)
			w.host.System().Log("Application").Add(rpc.Event{At: time.Now(), ID: 0xC001100A, Type: 1, Source: "MSExchangeIMC", Computer: "EXCH1", Strings: []string{"ISP"}})
			if tt.prepare != nil {
				tt.prepare(w)
			}
			port := tcpPort(w)
			capture := smbtest.StartCapture(t, port)
			p := &replayer{wire: w}
			for _, m := range clientMessages(t, "testdata/"+tt.file, tt.port) {
				changed := []byte(tt.change.Replace(string(m)))
				if changed[4] == cmdNTCreate && strings.Contains(tt.file, "tcp139") {
					changed[38]-- // the name is shorter now
				}
				p.fit(changed)
				w.send(changed)
				p.note(w.receive())
			}
			want := answersOf(t, "testdata/"+tt.file, tt.port)
			for i := range want {
				want[i] = plainOpen.Replace(want[i])
			}
			if diff := cmp.Diff(want, answersOf(t, capture.Stop(), port)); diff != "" {
				t.Errorf("answers (-capture +ours):\n%s", diff)
			}
		})
	}
}
