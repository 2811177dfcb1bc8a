package fleet

import (
	"context"
	"errors"
	"net"
	"syscall"
	"testing"
	"time"

	"github.com/rasphone-exporter/rasphone_exporter/internal/simnt"
)

func TestNetwork(t *testing.T) {
	all, err := Fleet(time.Now)
	if err != nil {
		t.Fatal(err)
	}
	var servers []Server
	for _, s := range all {
		switch s.auth() {
		case "healthy", "healthy-w2k", "server-stopped", "w2k-stopped":
			servers = append(servers, s)
		}
	}
	n, err := Listen(t.Context(), servers)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := n.Close(); err != nil {
			t.Error(err)
		}
	})
	for _, test := range []struct {
		network, host, port string
		want                error
	}{
		{"tcp", "healthy.demo", "139", nil},
		{"tcp", "HEALTHY.demo", "139", nil},
		{"tcp", "healthy.demo", "445", syscall.ECONNREFUSED},
		{"udp", "healthy.demo", "137", syscall.ECONNREFUSED},
		{"udp", "healthy.demo", "139", syscall.ECONNREFUSED},
		{"tcp", "healthy-w2k.demo", "139", nil},
		{"tcp", "healthy-w2k.demo", "445", nil},
		{"tcp", "server-stopped.demo", "139", nil},
		{"tcp", "server-stopped.demo", "445", syscall.ECONNREFUSED},
		{"tcp", "w2k-stopped.demo", "139", syscall.ECONNREFUSED},
		{"tcp", "w2k-stopped.demo", "445", syscall.ECONNREFUSED},
	} {
		addrs, err := n.LookupNetIP(t.Context(), "ip", test.host)
		if err != nil || len(addrs) != 1 {
			t.Fatalf("%s: %v, %v", test.host, addrs, err)
		}
		conn, err := n.Dial(t.Context(), test.network, net.JoinHostPort(addrs[0].String(), test.port))
		if !errors.Is(err, test.want) {
			t.Errorf("%s %s:%s: %v", test.network, test.host, test.port, err)
		}
		if conn != nil {
			_ = conn.Close()
		}
	}

	if conn, err := n.Dial(t.Context(), "tcp", "127.0.0.1:139"); conn != nil || !errors.Is(err, syscall.EHOSTUNREACH) {
		t.Errorf("an address without a server: %v", err)
	}
	if conn, err := n.Dial(t.Context(), "tcp", "healthy.demo:139"); conn != nil || err == nil {
		t.Errorf("no address: %v", err)
	}
	_, err = n.LookupNetIP(t.Context(), "ip", "localhost")
	if notFound, ok := errors.AsType[*net.DNSError](err); !ok || !notFound.IsNotFound {
		t.Errorf("a name without a server: %v", err)
	}
}

// TestNetworkFailed: Close returns the error of a server that failed.
func TestNetworkFailed(t *testing.T) {
	n := &Network{}
	broken := errors.New("broken")
	n.ended(simnt.ErrClosed)
	if err := n.Close(); err != nil {
		t.Errorf("closed: %v", err)
	}
	n.ended(broken)
	if err := n.Close(); !errors.Is(err, broken) {
		t.Errorf("broken: %v", err)
	}
}

// TestChangeEnds: Change ends with its context.
func TestChangeEnds(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		Change(ctx, nil, time.Now)
	}()
	cancel()
	<-ended
}
