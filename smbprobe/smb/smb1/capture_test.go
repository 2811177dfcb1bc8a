package smb1

import (
	"bytes"
	"context"
	"encoding/binary"
	"flag"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/gopacket/gopacket/layers"

	"github.com/rasphone-exporter/rasphone_exporter/internal/secret"
	"github.com/rasphone-exporter/rasphone_exporter/internal/smbtest/pcap"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/msrpc/eventlog"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/msrpc/srvsvc"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/msrpc/svcctl"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/msrpc/winreg"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/smb"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/smb/netbios"
)

var update = flag.Bool("update", false, "write the golden files again")

// exchange is a request of a recorded conversation, and the messages that answer it.
type exchange struct {
	request []byte
	answers [][]byte
}

// recorded returns the exchanges of a capture, in the order of their requests.
func recorded(t testing.TB, path string) []*exchange {
	t.Helper()
	var exchanges []*exchange
	waiting := make(map[uint16]*exchange) // by MID
	rest := make(map[layers.TCPPort][]byte)
	for _, tcp := range pcap.ReadTCP(t, path) {
		stream := append(rest[tcp.SrcPort], tcp.Payload...)
		for len(stream) >= netbios.HeaderSize {
			length := int(binary.BigEndian.Uint32(stream) & 0xFFFFFF)
			if len(stream) < netbios.HeaderSize+length {
				break
			}
			kind, m := stream[0], stream[netbios.HeaderSize:netbios.HeaderSize+length]
			stream = stream[netbios.HeaderSize+length:]
			if kind != 0 {
				continue // the session request and its answer
			}
			mid := binary.LittleEndian.Uint16(m[30:])
			if m[9]&flagReply == 0 {
				waiting[mid] = &exchange{request: m}
				exchanges = append(exchanges, waiting[mid])
			} else if waiting[mid] != nil {
				waiting[mid].answers = append(waiting[mid].answers, m)
			}
		}
		rest[tcp.SrcPort] = bytes.Clone(stream)
	}
	return exchanges
}

func captures(t testing.TB) []string {
	t.Helper()
	paths, err := filepath.Glob("testdata/captures/*.pcap")
	if err != nil || len(paths) == 0 {
		t.Fatal("no captures", err)
	}
	return paths
}

// describe decodes an answer with the decoder for its command.
func describe(e *exchange, raw []byte) string {
	h, err := parseHeader(raw)
	if err != nil {
		return err.Error()
	}
	m := &message{header: h, raw: raw}
	var text string
	switch {
	case h.status.IsError():
	case h.command == cmdNegotiate:
		var n negotiated
		n, err = parseNegotiate(m)
		text = fmt.Sprintf(", security mode %d, MaxMpxCount %d, MaxBufferSize %d, capabilities %#x, %s, challenge %x, %q %q",
			n.securityMode, n.maxMpx, n.maxBufferSize, n.capabilities, n.time.Format(time.RFC3339Nano), n.challenge, n.domain, n.serverName)
	case h.command == cmdSessionSetup:
		var a loginAnswer
		a, err = parseLogin(m)
		text = fmt.Sprintf(", %+v", a)
	case h.command == cmdNTCreate:
		var c created
		c, err = parseCreate(m)
		text = fmt.Sprintf(", FID %#x, %d bytes of %s, folder %v, type %d", c.fid, c.size, c.modified.Format(time.RFC3339Nano), c.directory, c.resourceType)
	case h.command == cmdReadAndX:
		var data []byte
		data, err = parseRead(m, int(binary.LittleEndian.Uint16(e.request[43:])))
		text = fmt.Sprintf(", %d bytes", len(data))
	case h.command == cmdTransaction:
		tr := transaction{limit: maxTransact}
		var last bool
		last, err = tr.add(m)
		text = fmt.Sprintf(", %d bytes, last %v", len(tr.data), last)
	}
	if err != nil {
		text = ", " + err.Error()
	}
	return fmt.Sprintf("%s: %s%s", commandName(h.command), h.status, text)
}

// golden compares a text with a file of testdata/golden.
func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", "golden", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(got, "\n")); diff != "" {
		t.Errorf("%s (-want +got):\n%s", path, diff)
	}
}

// TestRecordedAnswers decodes every answer of the recorded servers.
func TestRecordedAnswers(t *testing.T) {
	for _, path := range captures(t) {
		name := strings.TrimSuffix(filepath.Base(path), ".pcap")
		t.Run(name, func(t *testing.T) {
			var text strings.Builder
			for _, e := range recorded(t, path) {
				for _, raw := range e.answers {
					text.WriteString(describe(e, raw) + "\n")
				}
			}
			golden(t, name+"_answers.txt", text.String())
		})
	}
}

// notRecorded is the status of the answers to requests that no capture holds.
const notRecorded smb.Status = 0xE0000001

// replay answers requests as a recorded server did. Of requests that are the same, the
// first one recorded is answered first. One that was never answered ends the
// connection.
func replay(t *testing.T, exchanges []*exchange) net.Conn {
	return peer(t, func(conn net.Conn, r asked) {
		for i, e := range exchanges {
			if !sameRequest(e.request, r.raw) {
				continue
			}
			exchanges = append(exchanges[:i:i], exchanges[i+1:]...)
			for _, raw := range e.answers {
				raw = bytes.Clone(raw)
				binary.LittleEndian.PutUint16(raw[30:], r.mid)
				send(conn, raw)
			}
			if len(e.answers) == 0 {
				_ = conn.Close()
			}
			return
		}
		send(conn, answer(r.command, r.mid, notRecorded, nil, nil))
	})
}

// sameRequest compares what matters of two requests: logins and negotiates answer to no
// contents, and all others are the same but for the MID.
func sameRequest(a, b []byte) bool {
	switch {
	case a[4] != b[4]:
		return false
	case a[4] == cmdNegotiate, a[4] == cmdSessionSetup:
		return true
	}
	const tidAt, midAt = 24, 30
	return bytes.Equal(a[tidAt:tidAt+2], b[tidAt:tidAt+2]) && bytes.Equal(a[midAt+2:], b[midAt+2:])
}

// visit makes one connection's worth of a probe's requests, and describes the results.
// Each step has a pipe of its own, as in a probe.
func visit(ctx context.Context, conn net.Conn, serverName string, steps ...func(context.Context, smb.Tree) string) string {
	var text strings.Builder
	client, err := Negotiate(ctx, conn, Options{ServerName: serverName, Rounds: new(smb.Rounds)})
	if err != nil {
		return fmt.Sprintf("negotiate: %v\n", err)
	}
	s, err := client.Login(ctx, smb.Credentials{Username: "tester", Password: secret.New("x")}, "IPC$")
	if err != nil {
		return fmt.Sprintf("login: %v\n", err)
	}
	info := s.Server()
	fmt.Fprintf(&text, "login: %q %q, domain %q\n", info.OS, info.LANManager, info.Domain)
	fmt.Fprintf(&text, "phone book: %s\n", readBook(ctx, s))
	ipc, err := s.Connect(ctx, "IPC$")
	if err != nil {
		fmt.Fprintf(&text, "IPC$: %v\n", err)
	}
	for _, step := range steps {
		if err == nil {
			text.WriteString(step(ctx, ipc) + "\n")
		}
	}
	_ = s.Close(ctx)
	return text.String()
}

func readBook(ctx context.Context, s *Session) string {
	admin, err := s.Connect(ctx, "ADMIN$")
	if err != nil {
		return err.Error()
	}
	file, err := admin.Open(ctx, `System32\Ras\rasphone.pbk`)
	if err != nil {
		return err.Error()
	}
	data, err := file.ReadAll(ctx)
	return fmt.Sprintf("%d of %d bytes, %v", len(data), file.Info().Size, err)
}

func visitEventlog(ctx context.Context, ipc smb.Tree) string {
	pipe, err := ipc.OpenPipe(ctx, eventlog.PipeName)
	if err == nil {
		_, err = eventlog.Open(ctx, pipe, "Application")
	}
	return fmt.Sprintf("event log: %v", err)
}

func visitSrvsvc(server string) func(context.Context, smb.Tree) string {
	return func(ctx context.Context, ipc smb.Tree) string {
		pipe, err := ipc.OpenPipe(ctx, srvsvc.PipeName)
		if err != nil {
			return fmt.Sprintf("srvsvc: %v", err)
		}
		conn, err := srvsvc.Open(ctx, pipe, server)
		if err != nil {
			return fmt.Sprintf("srvsvc: %v", err)
		}
		info, err := conn.Server(ctx)
		text := fmt.Sprintf("srvsvc: %+v, %v", info, err)
		if err == nil {
			clock, err := conn.TimeOfDay(ctx)
			text += fmt.Sprintf("; %s, %v", clock.Time, err)
		}
		return text
	}
}

func visitWinreg(key, value string) func(context.Context, smb.Tree) string {
	return func(ctx context.Context, ipc smb.Tree) string {
		var text string
		pipe, err := ipc.OpenPipe(ctx, winreg.PipeName)
		if err == nil {
			var r *winreg.Registry
			var k *winreg.Key
			if r, err = winreg.Open(ctx, pipe); err == nil {
				if k, err = r.OpenKey(ctx, key); err == nil {
					text, _, err = k.Text(ctx, value)
				}
			}
		}
		return fmt.Sprintf("winreg %s: %q, %v", value, text, err)
	}
}

func visitSvcctl(server, service string) func(context.Context, smb.Tree) string {
	return func(ctx context.Context, ipc smb.Tree) string {
		pipe, err := ipc.OpenPipe(ctx, svcctl.PipeName)
		if err == nil {
			var m *svcctl.Manager
			if m, err = svcctl.Open(ctx, pipe, server); err == nil {
				_, err = m.OpenService(ctx, service, svcctl.QueryStatus|svcctl.QueryConfig)
			}
		}
		return fmt.Sprintf("svcctl: %v", err)
	}
}

// TestReplay makes the client talk to the recorded servers. Its requests must be those
// that were recorded, to the byte.
func TestReplay(t *testing.T) {
	const local = "127.0.0.1"
	productType := visitWinreg(`SYSTEM\CurrentControlSet\Control\ProductOptions`, "ProductType")
	for _, test := range []struct {
		name   string
		server string
		steps  []func(context.Context, smb.Tree) string
	}{
		{"samba20", local, []func(context.Context, smb.Tree) string{visitEventlog, visitSvcctl(local, "RasMan"), visitWinreg("", ""), visitSrvsvc(local)}},
		{"samba22", local, []func(context.Context, smb.Tree) string{visitEventlog, visitSvcctl(local, "RasMan"), visitWinreg("", ""), visitSrvsvc(local)}},
		{"samba30", local, []func(context.Context, smb.Tree) string{visitSvcctl(local, "LanmanServer"), visitEventlog, productType, visitSrvsvc(local)}},
		{"jfileserver", local, []func(context.Context, smb.Tree) string{visitEventlog, productType, visitSrvsvc("JFILESRV")}},
		{"node_smb_server", local, []func(context.Context, smb.Tree) string{visitEventlog, productType, visitSrvsvc(local)}},
		{"smblibrary", "127.0.0.44", []func(context.Context, smb.Tree) string{visitEventlog, productType, visitSrvsvc("127.0.0.44")}},
	} {
		t.Run(test.name, func(t *testing.T) {
			conn := replay(t, recorded(t, "testdata/captures/"+test.name+".pcap"))
			golden(t, test.name+"_replay.txt", visit(t.Context(), conn, test.server, test.steps...))
		})
	}
}
