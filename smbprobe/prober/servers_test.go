package prober_test

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"net/netip"
	"sync"
	"testing"
	"time"

	"github.com/rasphone-exporter/rasphone_exporter/internal/simnt"
	"github.com/rasphone-exporter/rasphone_exporter/internal/simnt/rpc"
	"github.com/rasphone-exporter/rasphone_exporter/internal/smbtest"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/smb"
)

// serve calls a function for every connection to a new address, and keeps the connection open
// after that until the client closes it. The end of the test closes everything.
func serve(t testing.TB, answer func(net.Conn)) netip.AddrPort {
	t.Helper()
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() {
		for {
			c, err := l.Accept()
			if errors.Is(err, net.ErrClosed) {
				return
			}
			if err != nil {
				t.Errorf("accepting a connection: %v", err)
				return
			}
			running.Go(func() {
				defer c.Close()
				defer context.AfterFunc(ctx, func() { c.Close() })()
				answer(c)
				_, _ = io.Copy(io.Discard, c) // however the client closes
			})
		}
	})
	t.Cleanup(func() {
		l.Close()
		cancel()
		running.Wait()
	})
	return l.Addr().(*net.TCPAddr).AddrPort()
}

// newNT returns a simulated Windows NT 4.0 with the account of the tests, events and services.
func newNT(t testing.TB, o simnt.Options) *simnt.Host {
	t.Helper()
	o.Name, o.Domain = "EXCH01", "TESTDOM"
	host, err := simnt.New(o)
	if err != nil {
		t.Fatal(err)
	}
	host.AddAccount(smbtest.Username, smbtest.Password, simnt.Account{Administrator: true})
	host.WriteFile(`C:\WINNT\System32\Ras\rasphone.pbk`, []byte(phonebookEntry("ISP")), time.Now().Add(-time.Hour))
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

// startNT starts a healthy Windows NT 4.0 Server with Service Pack 6 whose dial-up connection
// fails.
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

// noise returns n random bytes.
func noise(seed uint64, n int) []byte {
	random := rand.New(rand.NewPCG(seed, 0))
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(random.Uint32())
	}
	return b
}

// framed puts the transport header in front of a message.
func framed(message []byte) []byte {
	return append(binary.BigEndian.AppendUint32(nil, uint32(len(message))), message...)
}

// spoiler changes the answers of a real server, the n-th of a connection, from 0. If it
// returns nil, the server is silent from then on. If more is false, the connection ends after
// the answer.
type spoiler func(n int, answer []byte) (instead []byte, more bool)

// interim reports whether a message is an interim answer of SMB2, STATUS_PENDING.
func interim(message []byte) bool {
	return len(message) >= 12 && string(message[:4]) == "\xfeSMB" && binary.LittleEndian.Uint32(message[8:]) == uint32(smb.StatusPending)
}

// spoiled is a server whose answers a spoiler changes, until the end of the test.
type spoiled struct {
	addr netip.AddrPort

	mu     sync.Mutex
	opened int
	closed int // by the client
}

// spoil starts a proxy before a server whose answers a spoiler changes.
func spoil(t testing.TB, server netip.AddrPort, change spoiler) *spoiled {
	t.Helper()
	s := &spoiled{}
	s.addr = serve(t, func(client net.Conn) {
		s.mu.Lock()
		s.opened++
		s.mu.Unlock()
		upstream, err := net.Dial("tcp", server.String())
		if err != nil {
			t.Errorf("connecting to the server to spoil: %v", err)
			return
		}
		var answering sync.WaitGroup
		answering.Go(func() {
			for n := 0; ; n++ {
				message, err := readMessage(upstream)
				if err != nil {
					return
				}
				if interim(message) { // of a busy Samba: not an answer, and not counted
					n--
					if _, err := client.Write(framed(message)); err != nil {
						return
					}
					continue
				}
				instead, more := change(n, message)
				if instead == nil {
					return // requests are still read
				}
				if _, err := client.Write(instead); err != nil {
					return
				}
				if !more {
					client.Close()
					return
				}
			}
		})
		_, _ = io.Copy(upstream, client) // until the client closes, however it does
		s.mu.Lock()
		s.closed++
		s.mu.Unlock()
		upstream.Close()
		answering.Wait()
	})
	return s
}

// wantConnections waits until so many connections were made and the client has closed
// them all.
func (s *spoiled) wantConnections(t testing.TB, want int) {
	t.Helper()
	for deadline := time.Now().Add(patience); ; time.Sleep(time.Millisecond) {
		s.mu.Lock()
		opened, closed := s.opened, s.closed
		s.mu.Unlock()
		if opened == want && closed == want {
			return
		}
		if opened > want || time.Now().After(deadline) {
			t.Errorf("%d connections, %d of them closed; want %d", opened, closed, want)
			return
		}
	}
}

func readMessage(r io.Reader) ([]byte, error) {
	var head [4]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return nil, err
	}
	message := make([]byte, binary.BigEndian.Uint32(head[:])&0xFFFFFF)
	_, err := io.ReadFull(r, message)
	return message, err
}
