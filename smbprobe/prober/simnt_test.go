package prober_test

import (
	"net"
	"net/netip"
	"testing"
	"time"

	"github.com/rasphone-exporter/rasphone_exporter/internal/simnt"
	"github.com/rasphone-exporter/rasphone_exporter/internal/simnt/rpc"
	"github.com/rasphone-exporter/rasphone_exporter/internal/smbtest"
)

// newNT makes a simulated Windows NT 4.0 that knows the account of the tests, with
// events and services.
func newNT(t testing.TB, o simnt.Options) *simnt.Host {
	t.Helper()
	o.Name, o.Domain = "EXCH01", "TESTDOM"
	host, err := simnt.New(o)
	if err != nil {
		t.Fatal(err)
	}
	host.AddAccount(smbtest.Username, smbtest.Password, simnt.Account{Administrator: true})
	host.WriteFile(`C:\WINNT\System32\Ras\rasphone.pbk`, []byte(bookEntry("ISP")), time.Now().Add(-time.Hour))
	log := host.System().Log("Application")
	for range 20 {
		log.Add(rpc.Event{At: time.Now().Add(-2 * time.Hour), ID: 0x40001775, Type: 4, Source: "EventLog", Computer: "EXCH01"})
	}
	for range 3 {
		log.Add(rpc.Event{At: time.Now().Add(-2 * time.Minute), ID: 0xC000100A, Type: 1, Source: "MSExchangeIMC", Computer: "EXCH01", Strings: []string{"ISP", "633"}})
	}
	for _, name := range []string{"MSExchangeIMC", "LanmanServer", "PlugPlay"} {
		host.System().SetService(rpc.Service{Name: name, Display: name, State: 4, Start: 2})
	}
	host.System().SetService(rpc.Service{Name: "RasMan", Display: "RasMan", State: 1, Start: 3})
	return host
}

// serveNT serves a host until the test ends.
func serveNT(t testing.TB, host *simnt.Host) netip.AddrPort {
	t.Helper()
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- host.Serve(l) }()
	t.Cleanup(func() {
		if err := host.Close(); err != nil {
			t.Error(err)
		}
		<-ended
	})
	return l.Addr().(*net.TCPAddr).AddrPort()
}

// startNT is a Windows NT 4.0 Server with Service Pack 6 that is well, but for its
// dial-up connection.
func startNT(t testing.TB) (*simnt.Host, netip.AddrPort) {
	t.Helper()
	host := newNT(t, simnt.Options{ServicePack: 6})
	return host, serveNT(t, host)
}

// wantNothingLeft waits until a server has seen the end of every connection, and checks
// what it counted.
func wantNothingLeft(t *testing.T, host *simnt.Host) {
	t.Helper()
	wantNothingOpen(t, host)
	if s := host.Statistics(); s.MaxInFlight > 50 || s.Dropped != 0 {
		t.Errorf("%d requests in flight and %d connections that the server dropped, want at most 50 and none", s.MaxInFlight, s.Dropped)
	}
}

// wantNothingOpen waits until a server has seen the end of every connection, and checks
// that nothing is open on it.
func wantNothingOpen(t *testing.T, host *simnt.Host) {
	t.Helper()
	deadline := time.Now().Add(patience)
	s := host.Statistics()
	for s.ConnectionsNow != 0 && time.Now().Before(deadline) {
		time.Sleep(10 * time.Millisecond)
		s = host.Statistics()
	}
	if s.ConnectionsNow != 0 || s.SessionsNow != 0 || s.TreesNow != 0 || s.FilesNow != 0 || s.PipesNow != 0 {
		t.Errorf("left on the server: %+v", s)
	}
}
