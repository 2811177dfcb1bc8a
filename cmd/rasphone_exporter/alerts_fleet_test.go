package main

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/alecthomas/kingpin/v2"

	"github.com/rasphone-exporter/rasphone_exporter/internal/config"
	"github.com/rasphone-exporter/rasphone_exporter/internal/simnt"
	"github.com/rasphone-exporter/rasphone_exporter/internal/simnt/fleet"
	"github.com/rasphone-exporter/rasphone_exporter/internal/simnt/rpc"
	"github.com/rasphone-exporter/rasphone_exporter/internal/smbtest"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/prober"
)

// fixable is the exporter of the command demo with a fleet whose faults can be fixed.
type fixable struct {
	*exporter
	servers []fleet.Server
	fixed   *atomic.Bool // the clock, the port that was closed, and the entry's name
	serving *sync.WaitGroup
	options prober.Options
}

const (
	closedServer = "w2k-stopped.demo" // its ports are closed
	hungServer   = "hung.demo"
	clockServer  = "clock-off.demo"
	clockOffset  = 10 * time.Minute
	longEntry    = "Internet by Provider Ltd."
)

// startFixable runs the exporter until the test ends, or stop is called.
func startFixable(t *testing.T) *fixable {
	t.Helper()
	m := &fixable{fixed: new(atomic.Bool), serving: new(sync.WaitGroup)}
	m.servers = m.makeServers(t)
	network, err := fleet.Listen(t.Context(), m.servers)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := network.Close(); err != nil {
			t.Error(err)
		}
		m.serving.Wait()
	})
	m.options = prober.Options{Resolver: network, Dial: m.reopened(t, network)}
	m.start(t)
	return m
}

// start runs an exporter until the test ends. It knows nothing of earlier ones.
func (m *fixable) start(t *testing.T) {
	t.Helper()
	output := newOutput()
	logger := slog.New(slog.NewTextHandler(output, nil))
	r, err := newRunning(m.source(), "", m.options, logger)
	if err != nil {
		t.Fatal(err)
	}
	app := kingpin.New("test", "")
	flags := newServing(app.Command("demo", ""), demoAddress)
	flags.enableLifecycle = true
	if _, err := app.Parse([]string{"demo", "--web.listen-address=127.0.0.1:0"}); err != nil {
		t.Fatal(err)
	}
	handler, err := flags.handler(r, logger)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	e := &exporter{log: output, stop: cancel, status: make(chan int, 1)}
	m.exporter = e
	go func() { e.status <- exitStatus(flags.listenAndServe(ctx, handler, r, logger), streams{err: output}) }()
	t.Cleanup(func() {
		cancel()
		if status := <-e.status; status != exitOK {
			t.Errorf("exit status %d\n%s", status, output)
		}
		http.DefaultClient.CloseIdleConnections()
	})
	m.url = "http://" + output.await(t, `msg="Listening on" address=(\S+)`)[1]
}

// makeServers returns the fleet. The clock that is wrong can be set.
func (m *fixable) makeServers(t *testing.T) []fleet.Server {
	t.Helper()
	servers, err := fleet.Fleet(time.Now)
	if err != nil {
		t.Fatal(err)
	}
	others, err := fleet.Fleet(func() time.Time {
		if m.fixed.Load() {
			return time.Now().Add(-clockOffset)
		}
		return time.Now()
	})
	if err != nil {
		t.Fatal(err)
	}
	for i, s := range others {
		if s.Name == clockServer {
			servers[i] = s
		}
	}
	return servers
}

// source is the demo's configuration. Once the fleet is fixed, the entry whose name is too
// long for the Internet Mail Service has another.
func (m *fixable) source() source {
	return source{"demo", func() (*config.Config, error) {
		text := string(fleet.Config(m.servers))
		text = strings.ReplaceAll(text, "\n    timeout: 3s", "")
		text = strings.ReplaceAll(text, "\n    phonebook:", "\n    timeout: 2m\n    phonebook:") // enough on a busy machine
		if m.fixed.Load() {
			text = strings.ReplaceAll(text, longEntry, "Internet")
		}
		return config.Parse("", []byte(text), nil)
	}}
}

// reopened returns the dial function of the network, with another open port once the fleet is
// fixed.
func (m *fixable) reopened(t *testing.T, network *fleet.Network) func(context.Context, string, string) (net.Conn, error) {
	t.Helper()
	addrs, err := network.LookupNetIP(t.Context(), "ip", closedServer)
	if err != nil {
		t.Fatal(err)
	}
	closed := net.JoinHostPort(addrs[0].String(), "139")
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	host := m.host(t, closedServer)
	m.serving.Go(func() {
		if err := host.Serve(listener); !errors.Is(err, simnt.ErrClosed) {
			t.Errorf("%s: %v", closedServer, err)
		}
	})
	return func(ctx context.Context, kind, address string) (net.Conn, error) {
		if address == closed && kind == "tcp" && m.fixed.Load() {
			address = listener.Addr().String()
			return new(net.Dialer).DialContext(ctx, kind, address)
		}
		return network.Dial(ctx, kind, address)
	}
}

func (m *fixable) host(t *testing.T, name string) *simnt.Host {
	t.Helper()
	for _, s := range m.servers {
		if s.Name == name {
			return s.Host
		}
	}
	t.Fatalf("no server %s in the fleet", name)
	return nil
}

// fix ends every fault of every server, and starts another exporter: what the first one
// remembers of failed calls and refused logins outlives a fault.
func (m *fixable) fix(t *testing.T) {
	t.Helper()
	m.fixed.Store(true)
	for _, s := range m.servers {
		fixHost(s.Host)
	}
	m.start(t)
}

// fixHost makes a server healthy, whatever its fault was.
func fixHost(h *simnt.Host) {
	const (
		book   = `C:\WINNT\System32\Ras\rasphone.pbk`
		lanman = `SYSTEM\CurrentControlSet\Services\LanmanServer\Parameters`
		cards  = `SOFTWARE\Microsoft\Windows NT\CurrentVersion\NetworkCards\2`
	)
	h.SetPhase(simnt.PhaseAnswering)
	h.SetSessionRefusal(0)
	h.SetSharePath("ADMIN$", `C:\WINNT`)
	h.AddAccount("rasphone", "as in the demo", simnt.Account{Administrator: true})
	for _, share := range []string{"ADMIN$", "C$"} {
		h.RestoreShare(share)
		h.SetShareStatus(share, 0)
	}
	h.WriteFile(book, []byte(strings.Replace(string(smbtest.Phonebook()), "[Internet Dial-Up]", "[Internet]", 1)), time.Now())
	h.DenyFile(book, 0)
	h.System().SetPipes(nil)
	h.System().Registry().SetNumber(lanman, "AutoShareServer", 1)
	h.System().Registry().Delete(lanman, "IRPStackSize")
	h.System().Registry().DeleteKey(cards)
	for service, start := range map[string]uint32{"MSExchangeIMC": 2, "PlugPlay": 2, "LanmanServer": 2, "RasMan": 3} {
		h.System().SetService(rpc.Service{Name: service, Display: service, State: 4, Start: start})
	}
	quiet(h)
}

// quiet replaces the application log by one in which nothing failed.
func quiet(h *simnt.Host) {
	log := h.System().Log("Application")
	log.SetLimits(512<<10, 0)
	log.Clear()
	now := time.Now()
	for age := 26 * time.Hour; age >= 0; age -= 30 * time.Minute {
		log.Add(rpc.Event{At: now.Add(-age), ID: 0x400004C5, Type: 4, Source: "MSExchangeIS Private", Strings: []string{"7"}})
	}
}
