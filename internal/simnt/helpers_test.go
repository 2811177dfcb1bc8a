package simnt_test

import (
	"errors"
	"net"
	"net/netip"
	"testing"
	"time"

	"github.com/rasphone-exporter/rasphone_exporter/internal/simnt"
	"github.com/rasphone-exporter/rasphone_exporter/internal/simnt/rpc"
)

// The account that tests log in with.
const (
	username = "rasphone"
	password = "Pa$$w0rd-98"
	domain   = "CORP"
)

// newHost makes a host with one account, and without serving it.
func newHost(t testing.TB, o simnt.Options) *simnt.Host {
	t.Helper()
	if o.Name == "" {
		o.Name = "EXCH01"
	}
	if o.Domain == "" {
		o.Domain = domain
	}
	h, err := simnt.New(o)
	if err != nil {
		t.Fatal(err)
	}
	h.AddAccount(username, password, simnt.Account{Administrator: true})
	h.System().SetService(rpc.Service{Name: "MSExchangeIMC", Display: "Microsoft Exchange Internet Mail Service", State: 4, Start: 2, Account: "LocalSystem"})
	h.System().SetService(rpc.Service{Name: "RasMan", Display: "Remote Access Connection Manager", State: 4, Start: 3, Account: "LocalSystem"})
	return h
}

// serve serves a host on a port of the loopback interface until the end of the test.
func serve(t testing.TB, h *simnt.Host) netip.AddrPort {
	t.Helper()
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- h.Serve(l) }()
	t.Cleanup(func() {
		if err := h.Close(); err != nil {
			t.Errorf("closing the host: %v", err)
		}
		if err := <-served; !errors.Is(err, simnt.ErrClosed) {
			t.Errorf("Serve returned %v, want ErrClosed", err)
		}
		want := simnt.Statistics{}
		if s := h.Statistics(); s.ConnectionsNow != want.ConnectionsNow || s.SessionsNow != 0 || s.TreesNow != 0 || s.FilesNow != 0 || s.PipesNow != 0 {
			t.Errorf("after Close something is still there: %+v", s)
		}
	})
	return l.Addr().(*net.TCPAddr).AddrPort()
}

// start makes a host and serves it.
func start(t testing.TB, o simnt.Options) (*simnt.Host, netip.AddrPort) {
	t.Helper()
	h := newHost(t, o)
	return h, serve(t, h)
}

// addEvents adds failures of the dial-up connection to the Application log.
func addEvents(h *simnt.Host, n int, at time.Time) {
	for i := range n {
		h.System().Log("Application").Add(rpc.Event{
			At: at.Add(time.Duration(i) * time.Second), ID: 0xC000100A, Type: 1, Category: 3, Source: "MSExchangeIMC", Computer: "EXCH01",
			Strings: []string{"Internet Dial-Up", "633", "The port is already in use."},
		})
	}
}
