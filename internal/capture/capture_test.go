package capture

import (
	"bytes"
	"io"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/rasphone-exporter/rasphone_exporter/internal/smbtest"
)

// start starts a capture and returns it with its buffer and a dial function.
func start(t *testing.T) (*Capture, *bytes.Buffer, func(network, address string) net.Conn) {
	t.Helper()
	var file bytes.Buffer
	c, err := New(&file)
	if err != nil {
		t.Fatal(err)
	}
	dial := c.Dial((&net.Dialer{}).DialContext)
	return c, &file, func(network, address string) net.Conn {
		t.Helper()
		conn, err := dial(t.Context(), network, address)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = conn.Close() }) // the test may have closed it
		return conn
	}
}

// serve listens on a loopback address and calls talk for each connection. The end of the test
// waits for all of them.
func serve(t *testing.T, address string, talk func(net.Conn)) netip.AddrPort {
	t.Helper()
	l, err := net.Listen("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	var wait sync.WaitGroup
	wait.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			wait.Go(func() {
				defer conn.Close()
				talk(conn)
			})
		}
	})
	t.Cleanup(func() { _ = l.Close(); wait.Wait() })
	return l.Addr().(*net.TCPAddr).AddrPort()
}

// echo sends back what it receives, until the end of the connection.
func echo(conn net.Conn) { _, _ = io.Copy(conn, conn) }

// say sends a message and waits for as many bytes to come back.
func say(t *testing.T, conn net.Conn, message string) {
	t.Helper()
	var wait sync.WaitGroup
	wait.Go(func() {
		if _, err := conn.Write([]byte(message)); err != nil {
			t.Errorf("write: %v", err)
		}
	})
	defer wait.Wait()
	got := make([]byte, len(message))
	if _, err := io.ReadFull(conn, got); err != nil {
		t.Fatalf("read: %v", err)
	}
	if string(got) != message {
		t.Error("the capture changed what the connection carries")
	}
}

// save closes the capture and writes its file.
func save(t *testing.T, c *Capture, file *bytes.Buffer) string {
	t.Helper()
	if err := c.Close(); err != nil {
		t.Errorf("the capture failed: %v", err)
	}
	path := filepath.Join(t.TempDir(), "capture.pcap")
	if err := os.WriteFile(path, file.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// wrong matches packets with faults: with a warning (0x600000) or an error of Wireshark, or
// without a good checksum (1). In the answers to SMB2 negotiates, Wireshark takes the hints of
// MS-SPNG 2.2.1 for a broken mechListMIC.
const wrong = "_ws.short || _ws.unreassembled || tcp.analysis.flags" +
	" || ((_ws.malformed || _ws.expert.severity >= 0x600000) && !(smb2.cmd == 0 && spnego))" +
	" || (ip && ip.checksum.status != 1) || (tcp && tcp.checksum.status != 1) || (udp && udp.checksum.status != 1)"

// checkSound lets Wireshark look for faults, checksums included.
func checkSound(t *testing.T, path string, port uint16) {
	t.Helper()
	if found := tshark(t, path, port, "-Y", wrong); found != "" {
		t.Errorf("Wireshark finds faults in\n%s", found)
	}
}

func tshark(t *testing.T, path string, port uint16, args ...string) string {
	t.Helper()
	return smbtest.Tshark(t, path, port, append([]string{
		"-o", "ip.check_checksum:TRUE", "-o", "tcp.check_checksum:TRUE", "-o", "udp.check_checksum:TRUE"}, args...)...)
}

// segments lists the TCP segments of a file: sender, flags, relative sequence and
// acknowledgement numbers, length of the payload.
func segments(t *testing.T, path string, port uint16) []string {
	t.Helper()
	out := tshark(t, path, port, "-Y", "tcp", "-T", "fields", "-E", "separator=/s",
		"-e", "tcp.dstport", "-e", "tcp.flags.str", "-e", "tcp.seq", "-e", "tcp.ack", "-e", "tcp.len")
	var all []string
	for line := range strings.Lines(out) {
		to, rest, _ := strings.Cut(strings.TrimSpace(line), " ")
		who := "server"
		if to == portText(port) {
			who = "client"
		}
		all = append(all, who+" "+strings.ReplaceAll(rest, "·", ""))
	}
	return all
}

func portText(port uint16) string { return strconv.Itoa(int(port)) }

func TestConnection(t *testing.T) {
	long := frame(smb1(0x2B, pad(8), block(u16(1), pad(3000)))) // SMB_COM_ECHO in 3 segments
	short := frame(smb1(0x71, pad(8), block("", "")))
	for _, address := range []string{"127.0.0.1:0", "[::1]:0"} {
		t.Run(address, func(t *testing.T) {
			server := serve(t, address, echo)
			c, file, dial := start(t)
			before := time.Now()
			conn := dial("tcp", server.String())
			say(t, conn, short)
			say(t, conn, long)
			if err := conn.Close(); err != nil {
				t.Error(err)
			}
			path := save(t, c, file)
			checkSound(t, path, server.Port())
			want := []string{
				"client S 0 0 0", "server AS 0 1 0", "client A 1 1 0",
				"client AP 1 1 39", "server A 1 40 0", "server AP 1 40 39", "client A 40 40 0",
				"client A 40 40 1460", "client A 1500 40 1460", "client AP 2960 40 121", "server A 40 3081 0",
				"server A 40 3081 1460", "server A 1500 3081 1460", "server AP 2960 3081 121", "client A 3081 3081 0",
				"client AF 3081 3081 0",
			}
			if diff := cmp.Diff(want, segments(t, path, server.Port())); diff != "" {
				t.Errorf("segments (-want +got):\n%s", diff)
			}
			out := tshark(t, path, server.Port(), "-T", "fields", "-e", "frame.time_epoch", "-e", "ip.src", "-e", "ipv6.src", "-e", "tcp.srcport", "-c", "1")
			fields := strings.Fields(out)
			local := conn.LocalAddr().(*net.TCPAddr).AddrPort()
			if len(fields) != 3 || fields[1] != local.Addr().String() || fields[2] != portText(local.Port()) {
				t.Errorf("the first packet is %q, want one from %s", fields, local)
			}
			seconds, err := time.ParseDuration(fields[0] + "s")
			if at := time.Unix(0, int64(seconds)); err != nil || at.Before(before.Truncate(time.Microsecond)) || at.After(time.Now()) {
				t.Errorf("the first packet is of %s (%v), want a time since %s", at, err, before)
			}
		})
	}
}

// TestEnds: a connection ends by the server, by a reset, or in the middle of a frame.
func TestEnds(t *testing.T) {
	short := frame(smb1(0x71, pad(8), block("", "")))
	tests := map[string]struct {
		talk func(net.Conn)
		want []string // after the handshake
	}{
		"by the server": {
			func(conn net.Conn) { _, _ = io.ReadFull(conn, make([]byte, len(short))) },
			[]string{"client AP 1 1 39", "server A 1 40 0", "server AF 1 40 0", "client A 40 2 0", "client AF 40 2 0"},
		},
		"in the middle of a frame": {
			func(conn net.Conn) {
				_, _ = io.ReadFull(conn, make([]byte, len(short)))
				_, _ = conn.Write([]byte(short[:20]))
			},
			[]string{"client AP 1 1 39", "server A 1 40 0", "server AP 1 40 20", "client A 40 21 0", "server AF 21 40 0", "client A 40 22 0", "client AF 40 22 0"},
		},
		"by a reset": {
			func(conn net.Conn) {
				_, _ = io.ReadFull(conn, make([]byte, len(short)))
				_ = conn.(*net.TCPConn).SetLinger(0)
			},
			[]string{"client AP 1 1 39", "server A 1 40 0", "server AR 1 40 0"},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			server := serve(t, "127.0.0.1:0", tt.talk)
			c, file, dial := start(t)
			conn := dial("tcp", server.String())
			if _, err := conn.Write([]byte(short)); err != nil {
				t.Fatal(err)
			}
			if _, err := io.Copy(io.Discard, conn); err != nil && name != "by a reset" {
				t.Error(err)
			}
			_ = conn.Close() // fails on a connection that was reset
			got := segments(t, save(t, c, file), server.Port())
			if diff := cmp.Diff(tt.want, got[min(3, len(got)):]); diff != "" {
				t.Errorf("segments after the handshake (-want +got):\n%s", diff)
			}
		})
	}
}

// TestConnectionsAtOnce: several connections at once, with messages longer than a window.
func TestConnectionsAtOnce(t *testing.T) {
	server := serve(t, "127.0.0.1:0", echo)
	c, file, dial := start(t)
	message := frame(smb2(8, 0, pad(16), u16(17)+pad(300000)))
	var wait sync.WaitGroup
	for range 4 {
		conn := dial("tcp", server.String())
		wait.Go(func() {
			for range 3 {
				say(t, conn, message)
			}
			_ = conn.Close()
		})
	}
	wait.Wait()
	path := save(t, c, file)
	checkSound(t, path, server.Port())
	out := tshark(t, path, server.Port(), "-Y", "smb2", "-T", "fields", "-e", "tcp.stream")
	if got, want := strings.Count(out, "\n"), 4*3*2; got != want {
		t.Errorf("%d SMB2 messages, want %d", got, want)
	}
}

func TestDatagrams(t *testing.T) {
	server, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	c, file, dial := start(t)
	conn := dial("udp", server.LocalAddr().String())
	if _, err := conn.Write([]byte("question")); err != nil {
		t.Fatal(err)
	}
	if _, err := server.WriteTo([]byte("answer"), conn.LocalAddr()); err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Read(make([]byte, 100)); err != nil {
		t.Fatal(err)
	}
	path := save(t, c, file)
	checkSound(t, path, 0)
	got := tshark(t, path, 0, "-T", "fields", "-e", "udp.dstport", "-e", "udp.payload", "-d", "udp.port==1-65535,data")
	_, to, _ := net.SplitHostPort(server.LocalAddr().String())
	_, from, _ := net.SplitHostPort(conn.LocalAddr().String())
	if diff := cmp.Diff(to+"\t7175657374696f6e\n"+from+"\t616e73776572\n", got); diff != "" {
		t.Errorf("datagrams (-want +got):\n%s", diff)
	}
}
