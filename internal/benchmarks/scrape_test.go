package benchmarks

import (
	"net/netip"
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/rasphone-exporter/rasphone_exporter/smbprobe"
)

// modules are what is measured.
var keptModules = []struct{ name, module string }{
	{"kept-everything", kept(everything)},
	{"kept-share-file-log", kept(shareFileLog)},
	{"kept-share-file", kept(shareFile)},
}

var modules = []struct{ name, module string }{
	{"everything", everything},
	{"share-file-log", shareFileLog},
	{"share-file", shareFile},
}

func checkResult(tb testing.TB, r *smbprobe.Result) {
	tb.Helper()
	if !r.Success || r.Share != smbprobe.ShareOK || r.Phonebook.State != smbprobe.PhonebookOK {
		tb.Fatalf("share %s (%s), phone book %s, event log %s, registry %s\n%v", r.Share, r.ShareError, r.Phonebook.State, r.Eventlog.Error, r.Registry.Error, r.Trace.Lines())
	}
}

// BenchmarkScrape scrapes an unchanged server as Prometheus does.
func BenchmarkScrape(b *testing.B) {
	for _, m := range slices.Concat(modules, keptModules) {
		b.Run(m.name, func(b *testing.B) { benchmarkScrape(b, m.module) })
	}
}

func benchmarkScrape(b *testing.B, module string) {
	server := startServers(b, 1)[0]
	e := startExporter(b, server, module, false)
	s := e.scraper(server)
	s.scrape()
	checkResult(b, e.result())
	b.ReportAllocs()
	for b.Loop() {
		s.scrape()
	}
	b.ReportMetric(float64(e.result().RoundTrips), "round-trips/op")
}

// limits are what a scrape may cost: the first one, and those of an unchanged server.
type limits struct {
	name, module     string
	first, unchanged int     // round trips, the connection included
	requests         int     // of an unchanged server
	allocations      float64 // of the exporter, HTTP included
	kilobytes        float64
}

// TestCosts holds round trips, requests and allocations of scrapes against a simulated
// Windows NT 4.0.
func TestCosts(t *testing.T) {
	for _, l := range []limits{
		{"everything", everything, 24, 18, 72, 850, 95}, // see TestFlights of the prober
		{"share-file-log", shareFileLog, 16, 13, 19, 490, 65},
		{"share-file", shareFile, 7, 7, 8, 345, 42},
	} {
		server := startServers(t, 1)[0]
		counted := startExporter(t, server, l.module, true)
		s := counted.scraper(server)
		for i, most := range []int{l.first, l.unchanged, l.unchanged} {
			s.scrape()
			checkResult(t, counted.result())
			if n := counted.result().RoundTrips; n > most {
				t.Errorf("%s, scrape %d: %d round trips, want at most %d", l.name, i+1, n, most)
			}
			sent := counted.wire.take()
			if i > 0 && sent.requests > l.requests {
				t.Errorf("%s: %d requests, want at most %d", l.name, sent.requests, l.requests)
			}
			if sent.maxInFlight > 8 {
				t.Errorf("%s: %d requests in flight, want at most 8", l.name, sent.maxInFlight)
			}
			t.Logf("%s, scrape %d: %d round trips, %d requests, %d writes, %d reads, %d bytes", l.name, i+1, counted.result().RoundTrips, sent.requests, sent.writes, sent.reads, sent.bytes)
		}
		l.checkMemory(t, server)
	}
}

// checkMemory compares what a scrape takes from the heap. It may count again, because a
// collection of garbage between two scrapes may take what is pooled, which is as much as many
// scrapes take.
func (l limits) checkMemory(t *testing.T, server netip.AddrPort) {
	t.Helper()
	s := startExporter(t, server, l.module, false).scraper(server)
	s.allocated(20)
	var allocations, bytes float64
	for range 5 {
		allocations, bytes = s.allocated(100)
		t.Logf("%s: %.0f allocations, %.0f KB", l.name, allocations, bytes/1000)
		if raceDetector || allocations <= l.allocations && bytes <= 1000*l.kilobytes {
			break
		}
	}
	if raceDetector {
		return // it drops what is pooled
	}
	if allocations > l.allocations || bytes > 1000*l.kilobytes {
		t.Errorf("%s: %.0f allocations of %.0f KB, want at most %.0f of %.0f", l.name, allocations, bytes/1000, l.allocations, l.kilobytes)
	}
}

// TestKeptCosts is TestCosts for kept sessions. What closes a log and a file is sent after
// the answer, and may be counted with the next scrape: so several are counted.
func TestKeptCosts(t *testing.T) {
	const scrapes = 8 // without a full one
	for _, l := range []limits{
		{"everything", kept(everything), 20, 2, 20, 400, 58},
		{"share-file-log", kept(shareFileLog), 14, 2, 8, 300, 48},
	} {
		server := startServers(t, 1)[0]
		counted := startExporter(t, server, l.module, true)
		s := counted.scraper(server)
		s.scrape()
		s.scrape() // waits until the session is parked
		counted.wire.take()
		for range scrapes {
			s.scrape()
			checkResult(t, counted.result())
			if n := counted.result().RoundTrips; n > l.unchanged {
				t.Errorf("%s: %d round trips, want at most %d", l.name, n, l.unchanged)
			}
		}
		if sent := counted.wire.take(); sent.requests > scrapes*l.requests+l.requests/2 {
			t.Errorf("%s: %d requests of %d scrapes, want at most %d each", l.name, sent.requests, scrapes, l.requests)
		}
		l.checkMemory(t, server)
	}
}

// TestIdleSessionsAreSmall: a session that is kept, and not used, has no goroutine and
// little memory.
func TestIdleSessionsAreSmall(t *testing.T) {
	const sessions = 200
	port := startServers(t, 1)[0].Port()
	targets := make([]netip.AddrPort, sessions)
	for i := range targets {
		targets[i] = netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 1, byte(i + 1)}), port)
	}
	e := startExporter(t, targets[0], kept(everything), false, targets[1:]...)
	results := make([]*smbprobe.Result, sessions) // are remembered in any case
	probe := func(session string) {
		for i, target := range targets {
			probed, err := e.config.Target(target.String(), "")
			if err != nil {
				t.Fatal(err)
			}
			probed.Module.Session = session
			results[i] = e.prober.Probe(t.Context(), probed)
			checkResult(t, results[i])
		}
	}
	probe(smbprobe.SessionPerProbe) // what is remembered in any case
	heap, goroutines := settled()
	probe(smbprobe.SessionKept)
	e.prober.Probe(t.Context(), smbprobe.Target{}) // of nothing
	keptHeap, keptGoroutines := settled()
	size := (keptHeap - heap) / sessions
	runtime.KeepAlive(results)
	t.Logf("%d bytes for each session", size)
	if size > 10_000 {
		t.Errorf("%d bytes for each session, want at most 10,000", size)
	}
	if keptGoroutines > goroutines {
		t.Errorf("%d goroutines, and %d without sessions", keptGoroutines, goroutines)
	}
}

// settled returns the bytes of the heap and the goroutines, once neither changes.
func settled() (heap, goroutines int) {
	for same := 0; same < 5; {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		now := runtime.NumGoroutine()
		if now == goroutines && max(heap, int(m.HeapAlloc))-min(heap, int(m.HeapAlloc)) < 10_000 {
			same++
		} else {
			same = 0
		}
		heap, goroutines = int(m.HeapAlloc), now
		time.Sleep(10 * time.Millisecond)
	}
	return heap, goroutines
}
