package smbprobe_test

import (
	"testing"

	"github.com/rasphone-exporter/rasphone_exporter/internal/testserver"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe"
)

// BenchmarkProbe probes share and phone book of a server on this machine, as every
// probe but the first one does it.
func BenchmarkProbe(b *testing.B) {
	for _, dialect := range []struct{ name, protocol string }{{"smb1", "NT1"}, {"smb2", "SMB3_11"}} {
		b.Run(dialect.name, func(b *testing.B) {
			samba := testserver.StartSamba(b, testserver.SambaOptions{MinProtocol: dialect.protocol})
			p, target := newProber(b, smbprobe.Options{}), direct(samba.Addr()).target(b)
			if r := p.Probe(b.Context(), target); !r.Success || r.Phonebook.State != smbprobe.PhonebookOK {
				b.Fatalf("share %s, phone book %s: %q", r.Share, r.Phonebook.State, r.Trace)
			}
			b.ReportAllocs()
			rounds, probes := 0, 0
			for b.Loop() {
				r := p.Probe(b.Context(), target)
				if r.Phonebook.State != smbprobe.PhonebookOK {
					b.Fatalf("share %s, phone book %s: %q", r.Share, r.Phonebook.State, r.Trace)
				}
				rounds += r.RoundTrips
				probes++
			}
			b.ReportMetric(float64(rounds)/float64(probes), "round-trips/op")
		})
	}
}
