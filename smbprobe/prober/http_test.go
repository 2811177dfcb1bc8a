package prober_test

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rasphone-exporter/rasphone_exporter/smbprobe"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/prober"
)

// TestWebServer: the port of a web server is told long before the probe's time ends, whether
// the server waits for the end of a line or answers at once that it understands nothing.
func TestWebServer(t *testing.T) {
	atOnce := func(l net.Listener) {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				_, _ = io.WriteString(conn, "HTTP/1.1 400 Bad Request\r\n\r\n")
				_, _ = io.Copy(io.Discard, conn)
				_ = conn.Close()
			}()
		}
	}
	for name, serve := range map[string]func(net.Listener){
		"waits for a line": func(l net.Listener) {
			server := &http.Server{Handler: http.NotFoundHandler(), ReadHeaderTimeout: time.Minute}
			t.Cleanup(func() { _ = server.Close() })
			_ = server.Serve(l)
		},
		"answers at once": atOnce,
	} {
		t.Run(name, func(t *testing.T) {
			l, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			served := make(chan struct{})
			go func() {
				defer close(served)
				serve(l)
			}()
			t.Cleanup(func() { _ = l.Close() })
			r := probeOnce(t, direct(netip.MustParseAddrPort(l.Addr().String()), "timeout: 5m"))
			if r.Share != smbprobe.ShareNotSMB || !strings.Contains(r.ShareError, "a web server: HTTP is spoken on this port") {
				t.Errorf("share %s: %s", r.Share, r.ShareError)
			}
		})
	}
}

// TestRefusedPortsAreNamed: both of them.
func TestRefusedPortsAreNamed(t *testing.T) {
	p := newProber(t, prober.Options{Dial: func(context.Context, string, string) (net.Conn, error) {
		return nil, &net.OpError{Op: "dial", Net: "tcp", Err: syscall.ECONNREFUSED}
	}})
	target := direct(netip.MustParseAddrPort("192.0.2.1:445")).target(t)
	target.Ports = []uint16{445, 139}
	r := probe(t, p, target)
	const want = "connect to 192.0.2.1:445: connection refused; connect to 192.0.2.1:139: connection refused"
	if r.Share != smbprobe.SharePortClosed || r.ShareError != want {
		t.Errorf("share %s: %s, want %s", r.Share, r.ShareError, want)
	}
}

// unknownName is a DNS that knows no name.
type unknownName struct{}

func (unknownName) LookupNetIP(_ context.Context, _, host string) ([]netip.Addr, error) {
	return nil, &net.DNSError{Err: "no such host", Name: host, IsNotFound: true}
}

// TestUnknownName: the error tells who was asked, who was not, and what works.
func TestUnknownName(t *testing.T) {
	p := newProber(t, prober.Options{Resolver: unknownName{}})
	target := direct(netip.MustParseAddrPort("192.0.2.1:445")).target(t)
	target.Addr, target.Host, target.LookupName = netip.Addr{}, "exch01", "exch01"
	r := probe(t, p, target)
	if r.Share != smbprobe.ShareNameNotResolved {
		t.Errorf("share %s: %s", r.Share, r.ShareError)
	}
	for _, want := range []string{"DNS was asked", "WINS and LMHOSTS are not", "an IP address works"} {
		if !strings.Contains(r.ShareError, want) {
			t.Errorf("no %q in %s", want, r.ShareError)
		}
	}
}
