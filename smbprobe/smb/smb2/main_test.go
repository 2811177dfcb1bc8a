package smb2

import (
	"context"
	"encoding/binary"
	"errors"
	"net"
	"net/netip"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/rasphone-exporter/rasphone_exporter/internal/smbtest"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/smb"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// patience is how long a test lets a server take that is alive.
const patience = 30 * time.Second

// testContext ends before the test binary gives up, so that a hang says where.
func testContext(t testing.TB) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	t.Cleanup(cancel)
	return ctx
}

func dialTCP(t testing.TB, addr netip.AddrPort) net.Conn {
	t.Helper()
	nc, err := net.Dial("tcp", addr.String())
	if err != nil {
		t.Fatalf("connecting: %v", err)
	}
	return nc
}

// login negotiates and logs in, as a probe that waits for nothing in between.
func login(ctx context.Context, nc net.Conn, creds smb.Credentials, opts Options) (*Session, error) {
	c, err := Negotiate(ctx, nc, creds, opts)
	if err != nil {
		return nil, err
	}
	return c.Login(ctx)
}

// mustLogin logs in and leaves the logoff to the end of the test.
func mustLogin(t testing.TB, nc net.Conn, creds smb.Credentials, opts Options) *Session {
	t.Helper()
	opts.Trace = func(e smb.Event) { t.Log(e) }
	s, err := login(testContext(t), nc, creds, opts)
	if err != nil {
		t.Fatalf("Login: %v", err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		if err := s.Close(ctx); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	return s
}

func mustConnect(t testing.TB, s *Session, share string) *Tree {
	t.Helper()
	tree, err := s.Connect(testContext(t), share)
	if err != nil {
		t.Fatalf("Connect: %v", err)
	}
	return tree.(*Tree)
}

func isPanic(err error) bool {
	_, ok := errors.AsType[*smb.PanicError](err)
	return ok
}

func startSamba(t testing.TB, o smbtest.SambaOptions) *smbtest.Samba {
	t.Helper()
	if o.MinProtocol == "" {
		o.MinProtocol, o.MaxProtocol = "SMB2_02", "SMB3_11"
	}
	return smbtest.StartSamba(t, o)
}

// watchedConn reports every frame that comes in before its last byte is read.
type watchedConn struct {
	net.Conn
	onFrame func(frame []byte) // without the transport header
	seen    []byte
}

func (c *watchedConn) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	c.seen = append(c.seen, b[:n]...)
	for len(c.seen) >= transportHeader {
		end := transportHeader + int(binary.BigEndian.Uint32(c.seen)&0xFFFFFF)
		if len(c.seen) < end {
			break
		}
		c.onFrame(c.seen[transportHeader:end])
		c.seen = c.seen[end:]
	}
	return n, err
}
