package prober_test

import (
	"fmt"
	"testing"

	"github.com/rasphone-exporter/rasphone_exporter/internal/smbtest"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/prober"
)

// BenchmarkProbe probes share and phone book of a server on this machine, as every
// probe but the first one does it, and an event log that is as it was.
func BenchmarkProbe(b *testing.B) {
	for _, dialect := range []struct{ name, protocol string }{{"smb1", "NT1"}, {"smb2", "SMB3_11"}} {
		b.Run(dialect.name, func(b *testing.B) { benchmarkProbe(b, dialect.protocol, 0) })
		for _, records := range []int{10, 1000} {
			b.Run(fmt.Sprintf("%s-eventlog-%d", dialect.name, records), func(b *testing.B) { benchmarkProbe(b, dialect.protocol, records) })
		}
	}
}

// benchmarkProbe probes with an event log of so many records, with 0 without it.
func benchmarkProbe(b *testing.B, protocol string, records int) {
	samba := smbtest.StartSamba(b, smbtest.SambaOptions{MinProtocol: protocol})
	s := direct(samba.Addr())
	if records > 0 {
		samba.WriteEvents(mixedEvents(records, 1)...)
		s = direct(samba.Addr(), withEventlog)
	}
	counter := new(requestCounter)
	p, target := newProber(b, prober.Options{Dial: counter.dial}), s.target(b)
	check := func(r *smbprobe.Result) {
		if !r.Success || r.Phonebook.State != smbprobe.PhonebookOK || records > 0 && (r.Eventlog.Records == nil || *r.Eventlog.Records != records) {
			b.Fatalf("share %s, phone book %s, event log %q: %q", r.Share, r.Phonebook.State, r.Eventlog.Error, r.Trace)
		}
	}
	check(p.Probe(b.Context(), target))
	b.ReportAllocs()
	rounds, probes := 0, 0
	counter.sent, counter.bytes = 0, 0
	for b.Loop() {
		r := p.Probe(b.Context(), target)
		check(r)
		rounds += r.RoundTrips
		probes++
	}
	b.ReportMetric(float64(rounds)/float64(probes), "round-trips/op")
	b.ReportMetric(float64(counter.sent)/float64(probes), "requests/op")
	b.ReportMetric(float64(counter.bytes)/float64(probes), "wire-bytes/op")
}
