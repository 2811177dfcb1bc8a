package prober_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/rasphone-exporter/rasphone_exporter/internal/secret"
	"github.com/rasphone-exporter/rasphone_exporter/internal/simnt"
	"github.com/rasphone-exporter/rasphone_exporter/internal/simnt/rpc"
	"github.com/rasphone-exporter/rasphone_exporter/internal/smbtest"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/prober"
)

const (
	keptSession   = "session: kept"
	everyCheck    = "server: {registry: true, services: [MSExchangeIMC, RasMan]}"
	nothingBeside = "server: {registry: false, services: []}"
)

// keeper is a prober with one target whose sessions are kept.
type keeper struct {
	*prober.Prober
	t        *testing.T
	target   smbprobe.Target
	requests requestCounter
}

func newKeeper(t *testing.T, s site) *keeper {
	t.Helper()
	k := &keeper{t: t}
	k.Prober, k.target = newProber(t, prober.Options{Dial: k.requests.dial}), s.target(t)
	k.CountFlights()
	t.Cleanup(k.Close)
	return k
}

// keptNT returns a keeper of a simulated server with every check, after its first probe.
func keptNT(t *testing.T, host *simnt.Host) *keeper {
	t.Helper()
	for _, name := range []string{"MSExchangeIMC", "RasMan", "LanmanServer", "PlugPlay"} {
		host.System().SetService(rpc.Service{Name: name, State: 4, Start: 2})
	}
	for i := range 20 {
		host.System().Log("Application").Add(rpc.Event{
			At: time.Now().Add(time.Duration(i-30) * time.Minute), ID: 0xC000100A, Type: 1, Source: "MSExchangeIMC", Strings: []string{"ISP", "633"},
		})
	}
	k := newKeeper(t, site{hosts: []string{serveNT(t, host).String()}, module: []string{"transport: netbios", keptSession, withEventlog, everyCheck}})
	k.probe(allWell())
	if n := k.KeptSessions(); n != 1 {
		t.Fatalf("%d sessions are kept after the first probe, want 1", n)
	}
	return k
}

// probe probes, and waits until the session is parked.
func (k *keeper) probe(want outcome) *smbprobe.Result {
	k.t.Helper()
	r := probe(k.t, k.Prober, k.target)
	k.AwaitParked()
	wantOutcome(k.t, "probe", want, r)
	return r
}

// TestKeptCounts: what probes on a kept session send, and wait for.
func TestKeptCounts(t *testing.T) {
	t.Parallel()
	const probes = 8
	check := func(t *testing.T, k *keeper, most int) {
		t.Helper()
		k.probe(allWell())
		k.requests.sentSince()
		for range probes {
			if r := k.probe(allWell()); r.RoundTrips > 2 {
				t.Errorf("%d round trips, want at most 2", r.RoundTrips)
			}
			if n := k.requests.sentSince(); n > most {
				t.Errorf("%d requests, want at most %d", n, most)
			}
		}
	}
	t.Run("Samba", func(t *testing.T) {
		t.Parallel()
		samba := smbtest.StartSamba(t, smbtest.SambaOptions{MinProtocol: "NT1"})
		samba.WriteEvents(mixedEvents(100, 1)...)
		check(t, newKeeper(t, site{hosts: []string{samba.Addr().String()}, module: []string{"transport: netbios", keptSession, withEventlog, nothingBeside}}), 8)
	})
	t.Run("NT 4.0, everything", func(t *testing.T) {
		t.Parallel()
		check(t, keptNT(t, newNT(t, simnt.Options{ServicePack: 6})), 20) // 8, and three for each of four services
	})
}

// TestKeptServer: what a server sees of a session between probes.
func TestKeptServer(t *testing.T) {
	t.Parallel()
	host := newNT(t, simnt.Options{ServicePack: 6})
	k := keptNT(t, host)
	for range 12 { // a full one among them
		k.probe(allWell())
	}
	s := host.Statistics()
	if s.Logins != 1 || s.SessionsNow != 1 || s.TreesNow != 1 || s.FilesNow != 0 || s.PipesNow != 6 {
		t.Errorf("%+v, want one login and session, the tree IPC$, no file, six pipes", s)
	}
	if s.MaxInFlight > 8 {
		t.Errorf("%d requests in flight, want at most 8", s.MaxInFlight)
	}
	k.Close()
	wantNothingOpen(t, host)
}

// TestKeptSessionIsMadeAgain: what ends a kept session, and what the probe after that finds.
func TestKeptSessionIsMadeAgain(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		change func(*keeper, *simnt.Host)
		want   outcome
		logins int
	}{
		{"nothing", func(*keeper, *simnt.Host) {}, allWell(), 1},
		{"the connection is lost", func(_ *keeper, h *simnt.Host) {
			h.SetPhase(simnt.PhaseRefusing)
			h.SetPhase(simnt.PhaseAnswering)
		}, allWell(), 2},
		{"fifteen minutes", func(k *keeper, _ *simnt.Host) { k.AgeKept(15*time.Minute, 0) }, allWell(), 2},
		{"fourteen minutes", func(k *keeper, _ *simnt.Host) { k.AgeKept(14*time.Minute, 0) }, allWell(), 1},
		{"the account's password is another one", func(k *keeper, h *simnt.Host) {
			h.AddAccount(smbtest.Username, "another", simnt.Account{Administrator: true})
			k.AgeKept(15*time.Minute, 0)
		}, share(smbprobe.ShareLoginFailed, 0xC000006D), 2},
		{"the share is removed", func(_ *keeper, h *simnt.Host) { h.RemoveShare("ADMIN$") },
			share(smbprobe.ShareMissing, 0xC00000CC), 2},
		{"the phone book is removed", func(_ *keeper, h *simnt.Host) { h.RemoveFile(`C:\WINNT\System32\Ras\rasphone.pbk`) },
			book(smbprobe.PhonebookMissing), 2},
		{"the phone book is another one", func(_ *keeper, h *simnt.Host) {
			h.WriteFile(`C:\WINNT\System32\Ras\rasphone.pbk`, smbtest.Phonebook(), time.Now())
		}, allWell(), 1},
		{"a service is removed", func(_ *keeper, h *simnt.Host) { h.System().RemoveService("RasMan") }, allWell(), 2},
		{"services.exe starts again", func(_ *keeper, h *simnt.Host) {
			faults := 0
			h.System().SetFault(func(pipe string, _ uint16) uint32 {
				if pipe != "svcctl" || faults == 4 {
					return 0
				}
				faults++
				return 0x1C00001A // a handle of before
			})
		}, allWell(), 2},
		{"the clock is set", func(_ *keeper, h *simnt.Host) { h.System().SetRemoteTODOffset(2 * time.Minute) }, allWell(), 2},
		{"NetrRemoteTOD is not answered any more", func(_ *keeper, h *simnt.Host) {
			h.System().SetFault(func(pipe string, opnum uint16) uint32 {
				if pipe == "srvsvc" && opnum == 28 {
					return 5
				}
				return 0
			})
		}, allWell(), 2},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			host := newNT(t, simnt.Options{ServicePack: 6})
			k := keptNT(t, host)
			k.probe(allWell())
			tt.change(k, host)
			r := probe(t, k.Prober, k.target)
			k.AwaitParked()
			wantOutcome(t, tt.name, tt.want, r)
			if s := host.Statistics(); s.Logins != tt.logins || s.SessionsNow > 1 {
				t.Errorf("%d logins and %d sessions, want %d and one at most", s.Logins, s.SessionsNow, tt.logins)
			}
			k.Close()
			wantNothingOpen(t, host)
		})
	}
}

// TestKeptFindsWhatANewSessionFinds: results of a kept session are those of a new one.
func TestKeptFindsWhatANewSessionFinds(t *testing.T) {
	t.Parallel()
	host := newNT(t, simnt.Options{ServicePack: 6})
	k := keptNT(t, host)
	log := host.System().Log("Application")
	other := newProber(t, prober.Options{})
	fresh := site{hosts: []string{k.target.Name}, module: []string{"transport: netbios", withEventlog, everyCheck}}.target(t)
	probe(t, other, fresh)
	for i, change := range []func(){
		func() {},
		func() {
			log.Add(rpc.Event{At: time.Now(), ID: 0xC000100A, Type: 1, Source: "MSExchangeIMC", Strings: []string{"ISP", "5"}})
		},
		func() { log.Clear() },
		func() {
			host.System().SetService(rpc.Service{Name: "RasMan", State: 1, Start: 2, ExitCode: 1066})
		},
		func() {
			log.Add(rpc.Event{At: time.Now(), ID: 0xC000100A, Type: 1, Source: "MSExchangeIMC", Strings: []string{"ISP", "2"}})
		},
		func() {
			host.WriteFile(`C:\WINNT\System32\Ras\rasphone.pbk`, []byte(strings.ReplaceAll(string(smbtest.Phonebook()), "COM1", "COM2")), time.Now().Add(-time.Hour))
		},
	} {
		change()
		got := k.probe(allWell())
		want := probe(t, other, fresh)
		summary := func(r *smbprobe.Result) string {
			var causes []string
			for _, c := range r.Causes {
				causes = append(causes, fmt.Sprint(c.Severity, " ", c.Name))
			}
			var windows []string
			for _, w := range r.Eventlog.Windows {
				windows = append(windows, fmt.Sprint(w.Label, " ", *w.Failures, " ", w.Covered, " ", w.ByError))
			}
			var services []string
			for _, s := range r.Services {
				services = append(services, fmt.Sprint(s.Name, " ", s.State, " ", s.StartMode, " ", s.ExitCode))
			}
			return fmt.Sprint(causes, windows, services, r.Phonebook.Links, *r.Eventlog.Records, r.Registry.StaleNetworkCards, r.Server.OS, r.Host.Known, r.ClockOffset.Round(time.Minute))
		}
		if summary(got) != summary(want) {
			t.Errorf("change %d: the kept session found\n%s\na new one\n%s", i, summary(got), summary(want))
		}
	}
}

// TestKeptIdle: a session that is not used is closed after three intervals.
func TestKeptIdle(t *testing.T) {
	t.Parallel()
	host := newNT(t, simnt.Options{ServicePack: 6})
	k := keptNT(t, host)
	k.probe(allWell())
	k.AgeKept(0, 50*time.Second) // intervals of less than 20 seconds count as 20
	k.SweepKept()
	if n := k.KeptSessions(); n != 1 {
		t.Errorf("%d sessions within three intervals, want 1", n)
	}
	k.AgeKept(0, 20*time.Second)
	k.SweepKept()
	if n := k.KeptSessions(); n != 0 {
		t.Errorf("%d sessions after three intervals, want none", n)
	}
	wantNothingOpen(t, host)
}

// TestKeptConfiguration: a session ends with what it was made for.
func TestKeptConfiguration(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*smbprobe.Target) bool{
		"nothing":      func(*smbprobe.Target) bool { return true },
		"the password": func(t *smbprobe.Target) bool { t.Auth.Password = secret.New("another"); return false },
		"the account":  func(t *smbprobe.Target) bool { t.Auth.Username = "another"; return false },
		"the module":   func(t *smbprobe.Target) bool { t.Modules[0].MinInterval++; return false },
		"the target":   func(t *smbprobe.Target) bool { t.Name, t.Host = "another", "another"; return false },
		"another module": func(t *smbprobe.Target) bool {
			t.Modules = append(t.Modules, smbprobe.Module{Name: "first"})
			t.Module = smbprobe.Module{Name: "first"}
			return true
		},
		"the second module": func(t *smbprobe.Target) bool {
			t.Modules[0].MinInterval++
			t.Modules = append([]smbprobe.Module{{Name: "first"}}, t.Modules...)
			t.Module = t.Modules[0]
			return false
		},
		"one of two modules": func(t *smbprobe.Target) bool {
			t.Module = smbprobe.Module{Name: "first"}
			t.Modules = []smbprobe.Module{t.Module}
			return false
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			host := newNT(t, simnt.Options{ServicePack: 6})
			k := keptNT(t, host)
			target := k.target
			target.Modules = []smbprobe.Module{target.Module}
			stays := change(&target)
			if err := k.Configure([]smbprobe.Target{target}); err != nil {
				t.Fatal(err)
			}
			if !stays {
				wantNothingOpen(t, host)
			}
			if n := k.KeptSessions(); n != map[bool]int{true: 1, false: 0}[stays] {
				t.Errorf("%d sessions are kept", n)
			}
		})
	}
}

// TestSilentClockIsNotKept: without NetrRemoteTOD the time of a kept session is not known.
func TestSilentClockIsNotKept(t *testing.T) {
	t.Parallel()
	host := newNT(t, simnt.Options{ServicePack: 6})
	host.System().SetFault(func(pipe string, opnum uint16) uint32 {
		if pipe == "srvsvc" && opnum == 28 {
			return 5
		}
		return 0
	})
	k := newKeeper(t, site{hosts: []string{serveNT(t, host).String()}, module: []string{"transport: netbios", keptSession, withEventlog, nothingBeside}})
	for range 3 {
		k.probe(allWell())
		wantNothingOpen(t, host)
	}
	if s := host.Statistics(); s.Logins != 3 || s.Connections != 3 {
		t.Errorf("%d logins on %d connections, want 3 on 3", s.Logins, s.Connections)
	}
}
