//go:build long

package prober_test

import (
	"runtime"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rasphone-exporter/rasphone_exporter/internal/simnt"
	"github.com/rasphone-exporter/rasphone_exporter/internal/simnt/rpc"
	"github.com/rasphone-exporter/rasphone_exporter/internal/smbtest"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe"
)

// TestLongEventlog is TestEventlogCounts for a log that is larger than any on Windows NT. It
// takes minutes, most of them in Samba.
func TestLongEventlog(t *testing.T) {
	onLogServers(t, func(t *testing.T, samba *smbtest.Samba) {
		samba.SetLogSize(512 << 20)
		short := countTwice(t, samba, 10, 1)
		samba.ClearLog()
		if long := countTwice(t, samba, 100_000, 5); long != short {
			t.Errorf("%d requests for the second probe of 100,000 records, %d of 10", long, short)
		}
	})
}

// TestLongFaultMatrix is TestFaultMatrix with every kind of fault at every message.
func TestLongFaultMatrix(t *testing.T) { testFaultMatrix(t, 1) }

// TestLongHostile is TestHostile with 3,000 sessions over SMB1 and as many over SMB2.
func TestLongHostile(t *testing.T) { testHostile(t, 1500) }

// TestLongLoginMixtures is TestLoginMixtures with many more of them.
func TestLongLoginMixtures(t *testing.T) { testLoginMixtures(t, 200) }

// TestLongKept: nothing grows with the probes on a kept session, whether it lasts (multiplex
// identifiers start again every few thousand probes) or is made again every 15 minutes.
func TestLongKept(t *testing.T) {
	for name, pause := range map[string]time.Duration{"one session": 0, "renewed": time.Minute} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				host := newNT(t, simnt.Options{ServicePack: 6})
				log := host.System().Log("Application")
				log.SetLimits(64<<10, 0)
				p, target := inMemory(t, host, withEventlog, everyCheck)
				var objects uint64
				var goroutines int
				const probes, first = 20_000, 2_000
				for i := range probes {
					if r := p.Probe(t.Context(), target); !r.Success || r.Phonebook.State != smbprobe.PhonebookOK {
						t.Fatalf("probe %d: share %s (%s), phone book %s", i, r.Share, r.ShareError, r.Phonebook.State)
					}
					p.AwaitParked()
					if i%10 == 0 {
						log.Add(rpc.Event{At: time.Now(), ID: 0xC000100A, Type: 1, Source: "MSExchangeIMC", Strings: []string{"ISP", "633"}})
					}
					if i == first || i == probes-1 {
						runtime.GC()
						var m runtime.MemStats
						runtime.ReadMemStats(&m)
						if i == first {
							objects, goroutines = m.HeapObjects, runtime.NumGoroutine()
						} else if n := runtime.NumGoroutine(); m.HeapObjects > objects*3/2 || n > goroutines {
							t.Errorf("%d objects and %d goroutines, %d and %d after %d probes", m.HeapObjects, n, objects, goroutines, first)
						}
					}
					time.Sleep(pause)
				}
				s := host.Statistics()
				if most := int(probes*pause/(15*time.Minute)) + 2; s.Logins > most || s.ConnectionsNow != 1 || s.TreesNow != 1 || s.FilesNow != 0 || s.PipesNow != 6 {
					t.Errorf("%+v, want at most %d logins", s, most)
				}
			})
		})
	}
}
