package benchmarks

import (
	"testing"

	"github.com/rasphone-exporter/rasphone_exporter/smbprobe"
)

// modules are what is measured.
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
	for _, m := range modules {
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

// TestCounts prints what a scrape sends.
func TestCounts(t *testing.T) {
	for _, m := range modules {
		server := startServers(t, 1)[0]
		e := startExporter(t, server, m.module, true)
		s := e.scraper(server)
		s.scrape()
		t.Logf("%s, first: %d round trips, %+v", m.name, e.result().RoundTrips, e.wire.take())
		checkResult(t, e.result())
		s.scrape()
		t.Logf("%s, unchanged: %d round trips, %+v", m.name, e.result().RoundTrips, e.wire.take())
		checkResult(t, e.result())
		for _, l := range e.result().Trace.Lines() {
			t.Log(l)
		}
		e = startExporter(t, server, m.module, false)
		s = e.scraper(server)
		s.allocated(10)
		n, bytes := s.allocated(100)
		t.Logf("%s: %.0f allocations, %.0f bytes", m.name, n, bytes)
	}
}
