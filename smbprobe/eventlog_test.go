package smbprobe_test

import (
	"testing"
	"time"

	"github.com/rasphone-exporter/rasphone_exporter/internal/testserver"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe"
)

func TestEventlogTry(t *testing.T) {
	for _, protocol := range []string{"NT1", "SMB3_11"} {
		t.Run(protocol, func(t *testing.T) {
			samba := testserver.StartSamba(t, testserver.SambaOptions{MinProtocol: protocol})
			p := newProber(t, smbprobe.Options{})
			target := direct(samba.Addr(), "eventlog: {enabled: true}").target(t)
			r := probe(t, p, target)
			t.Logf("%+v", r.Eventlog)
			now := time.Now()
			var events []testserver.Event
			for i := range 10 {
				events = append(events, testserver.Event{At: now.Add(time.Duration(i-20) * time.Minute), ID: 0xC000100A, Source: "MSExchangeIMC", Strings: []string{"ISP", "633"}})
			}
			samba.WriteEvents(events...)
			for range 2 {
				r = probe(t, p, target)
				t.Logf("%+v %d", r.Eventlog, r.RoundTrips)
				for _, w := range r.Eventlog.Windows {
					t.Logf("%+v", w)
				}
			}
		})
	}
}
