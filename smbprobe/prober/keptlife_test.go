package prober_test

import (
	"context"
	"net"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rasphone-exporter/rasphone_exporter/internal/secret"
	"github.com/rasphone-exporter/rasphone_exporter/internal/simnt"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/prober"
)

const timeOfDay = 28 // NetrRemoteTOD

// TestKeptReload: a session that is in use, or being parked, while what it was made for
// changes, ends with its probe.
func TestKeptReload(t *testing.T) {
	t.Parallel()
	for when, call := range map[string]struct {
		pipe  string
		opnum uint16
	}{"in use": {"srvsvc", timeOfDay}, "being parked": {"eventlog", 2}} {
		for what, change := range map[string]func(*smbprobe.Target){
			"the password": func(t *smbprobe.Target) { t.Auth.Password = secret.New("another") },
			"the module":   func(t *smbprobe.Target) { t.Module.MinInterval++; t.Modules = []smbprobe.Module{t.Module} },
			"the target":   func(t *smbprobe.Target) { t.Name, t.Host = "another", "another" },
		} {
			t.Run(when+", "+what, func(t *testing.T) {
				t.Parallel()
				host := newNT(t, simnt.Options{ServicePack: 6})
				k := keptNT(t, host)
				target := k.target
				change(&target)
				var once sync.Once
				host.System().SetFault(func(pipe string, opnum uint16) uint32 {
					if pipe == call.pipe && opnum == call.opnum {
						once.Do(func() {
							if err := k.Configure([]smbprobe.Target{target}); err != nil {
								t.Error(err)
							}
						})
					}
					return 0
				})
				k.probe(allWell())
				if n := k.KeptSessions(); n != 0 {
					t.Errorf("%d sessions are kept", n)
				}
				wantNothingOpen(t, host)
			})
		}
	}
}

// TestKeptResultIsTheCallers: what is done to a result does not change the next one.
func TestKeptResultIsTheCallers(t *testing.T) {
	t.Parallel()
	host := newNT(t, simnt.Options{ServicePack: 6})
	k := keptNT(t, host)
	for range prober.MaxQuick + 2 { // a full one among them
		r := k.probe(allWell())
		for i := range r.Services {
			r.Services[i] = smbprobe.ServiceResult{Name: "changed"}
		}
	}
	if s := host.Statistics(); s.Logins != 1 {
		t.Errorf("%d logins, want one", s.Logins)
	}
}

// pipeListener hands the servers' ends of connections in memory to a simulated server.
type pipeListener struct {
	conns  chan net.Conn
	closed chan struct{}
	once   sync.Once
}

func (l *pipeListener) Accept() (net.Conn, error) {
	select {
	case c := <-l.conns:
		return c, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

func (l *pipeListener) Close() error {
	l.once.Do(func() { close(l.closed) })
	return nil
}

func (l *pipeListener) Addr() net.Addr { return &net.TCPAddr{} }

func (l *pipeListener) dial(context.Context, string, string) (net.Conn, error) {
	ours, theirs := net.Pipe()
	select {
	case l.conns <- theirs:
		return ours, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

// inMemory serves a host on connections in memory, with the clock of a bubble, and returns a
// prober and a target.
func inMemory(t *testing.T, host *simnt.Host, module ...string) (*prober.Prober, smbprobe.Target) {
	l := &pipeListener{conns: make(chan net.Conn), closed: make(chan struct{})}
	ended := make(chan error, 1)
	go func() { ended <- host.Serve(l) }()
	t.Cleanup(func() {
		if err := host.Close(); err != nil {
			t.Error(err)
		}
		<-ended
	})
	p := newProber(t, prober.Options{Dial: l.dial})
	t.Cleanup(p.Close)
	return p, site{hosts: []string{"192.0.2.1:139"}, module: append([]string{"transport: netbios", keptSession}, module...)}.target(t)
}

// silentTime makes a host that never answers NetrRemoteTOD, as JFileServer does.
func silentTime(t *testing.T) *simnt.Host {
	host := newNT(t, simnt.Options{ServicePack: 6})
	host.System().SetSilent(func(pipe string, opnum uint16) bool { return pipe == "srvsvc" && opnum == timeOfDay })
	return host
}

// TestProbeWhileParking: a session that is being parked, and hangs, leaves the next probe time
// for a new one.
func TestProbeWhileParking(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, target := inMemory(t, silentTime(t), nothingBeside, "timeout: 3s")
		for range 5 {
			wantOutcome(t, "probe", allWell(), probe(t, p, target))
		}
	})
}

// TestCloseWhileParking: a session that is being parked, and hangs, does not delay the end.
func TestCloseWhileParking(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, target := inMemory(t, silentTime(t), nothingBeside)
		wantOutcome(t, "probe", allWell(), probe(t, p, target))
		began := time.Now()
		p.Close()
		if took := time.Since(began); took > 6*time.Second {
			t.Errorf("closing took %s of the bubble's time", took)
		}
	})
}

// TestSilentClockIsAskedAgain: a server that was in trouble when its time was asked for.
func TestSilentClockIsAskedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		host := silentTime(t)
		p, target := inMemory(t, host, nothingBeside)
		probeAndPark := func(want int) {
			t.Helper()
			wantOutcome(t, "probe", allWell(), probe(t, p, target))
			p.AwaitParked()
			if n := p.KeptSessions(); n != want {
				t.Errorf("%d sessions are kept, want %d", n, want)
			}
		}
		probeAndPark(0)
		host.System().SetSilent(nil)
		probeAndPark(0)
		time.Sleep(time.Hour)
		probeAndPark(1)
	})
}

// TestKeptTogether: probes of one target, by two modules, at once, and reloads meanwhile.
func TestKeptTogether(t *testing.T) {
	t.Parallel()
	host := newNT(t, simnt.Options{ServicePack: 6})
	k := keptNT(t, host)
	other := k.target
	other.Module.Name = "other"
	targets := []smbprobe.Target{k.target, other}
	var wait sync.WaitGroup
	for i := range 6 {
		wait.Go(func() {
			for range 5 {
				if r := k.Probe(t.Context(), targets[i%2]); !r.Success {
					t.Errorf("share %s: %s", r.Share, r.ShareError)
				}
				if err := k.Configure(targets[:1]); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wait.Wait()
	k.AwaitParked()
	if n := k.KeptSessions(); n > 2 {
		t.Errorf("%d sessions of two modules are kept", n)
	}
	k.Close()
	wantNothingOpen(t, host)
}
