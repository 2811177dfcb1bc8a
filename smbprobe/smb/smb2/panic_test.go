package smb2

import (
	"net"
	"strings"
	"testing"

	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/smb"
)

// panickingConn panics in one of its methods after a number of calls of it.
type panickingConn struct {
	net.Conn
	in    string
	after int
}

func (c *panickingConn) check(method string) {
	if c.in != method {
		return
	}
	if c.after--; c.after < 0 {
		panic("test panic in " + method)
	}
}

func (c *panickingConn) Read(b []byte) (int, error)  { c.check("Read"); return c.Conn.Read(b) }
func (c *panickingConn) Write(b []byte) (int, error) { c.check("Write"); return c.Conn.Write(b) }
func (c *panickingConn) Close() error                { c.check("Close"); return c.Conn.Close() }

// TestPanicBecomesError panics below this package and in its callbacks, in
// goroutines that are not the caller's. Each call that it concerns fails.
func TestPanicBecomesError(t *testing.T) {
	honest := func(request header) ([]byte, bool) { return framed(fileAnswer(request)), true }
	for _, conn := range []panickingConn{
		{in: "Read"}, {in: "Read", after: 2}, {in: "Read", after: 7},
		{in: "Write"}, {in: "Write", after: 3},
	} {
		conn.Conn = startPeer(t, honest)
		s, err := login(testContext(t), &conn, testCreds(), Options{})
		if err == nil {
			_, err = s.Connect(testContext(t), "ADMIN$")
			_ = s.Close(testContext(t)) // the panic again
		}
		if !isPanic(err) {
			t.Errorf("in %s after %d calls: %v", conn.in, conn.after, err)
		}
	}

	calls := 0
	_, err := login(testContext(t), startPeer(t, honest), testCreds(), Options{OnNegotiate: func(smb.ServerInfo) {
		if calls++; calls == 2 {
			panic("test panic in OnNegotiate")
		}
	}})
	if !isPanic(err) {
		t.Errorf("in OnNegotiate: %v", err)
	}
}

// TestPanicAtEnd panics when only Close can report it.
func TestPanicAtEnd(t *testing.T) {
	for _, in := range []string{"Close", "Trace"} {
		nc := startPeer(t, func(request header) ([]byte, bool) {
			if request.command() == cmdClose {
				return framed(packet(request, smb.StatusFileClosed, errorBody())), true
			}
			return framed(fileAnswer(request)), true
		})
		s, err := login(testContext(t), &panickingConn{Conn: nc, in: in}, testCreds(), Options{Trace: func(e smb.Event) {
			if in == "Trace" && strings.HasPrefix(e.String(), "close ") {
				panic("test panic in Trace")
			}
		}})
		if err != nil {
			t.Fatalf("Login: %v", err)
		}
		file, err := mustConnect(t, s, "ADMIN$").Open(testContext(t), "hello.txt")
		if err != nil {
			t.Fatalf("Open: %v", err)
		}
		_ = file.Close(testContext(t)) // always nil
		if err := s.Close(testContext(t)); !isPanic(err) {
			t.Errorf("in %s: Close: %v", in, err)
		}
	}
}
