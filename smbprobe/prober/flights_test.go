package prober_test

import (
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rasphone-exporter/rasphone_exporter/internal/simnt"
	"github.com/rasphone-exporter/rasphone_exporter/internal/simnt/rpc"
	"github.com/rasphone-exporter/rasphone_exporter/internal/smbtest"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/prober"
)

// TestFlights: how many flights of at most eight requests a probe of a Windows NT 4.0 takes,
// the connection to port 139 included.
func TestFlights(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name             string
		module           []string
		first, unchanged int
	}{
		{"share and file", nil, 7, 7},
		{"and event log", []string{withEventlog}, 14, 11},
		// 63 requests that are waited for, after the login and before the logoff: eight flights.
		{"and registry and services", []string{withEventlog, everyCheck}, 20, 13},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			host := newNT(t, simnt.Options{ServicePack: 6})
			for _, name := range []string{"MSExchangeIMC", "RasMan", "LanmanServer", "PlugPlay"} {
				host.System().SetService(rpc.Service{Name: name, State: 4, Start: 2})
			}
			log, now := host.System().Log("Application"), time.Now()
			for i := range 900 {
				log.Add(rpc.Event{At: now.Add(time.Duration(i-3600) * time.Minute), ID: 1221, Type: 4, Source: "MSExchangeIS", Strings: []string{strings.Repeat("x", 20)}})
			}
			for i := range 100 {
				log.Add(rpc.Event{At: now.Add(time.Duration(i-110) * time.Minute), ID: 0xC000100A, Type: 1, Source: "MSExchangeIMC", Strings: []string{"ISP", strings.Repeat("y", 20), "633"}})
			}
			p := newProber(t, prober.Options{})
			p.CountFlights()
			target := site{hosts: []string{serveNT(t, host).String()}, module: append([]string{"transport: netbios"}, tt.module...)}.target(t)
			for i, most := range []int{tt.first, tt.unchanged, tt.unchanged} {
				r := probe(t, p, target)
				wantOutcome(t, "probe", allWell(), r)
				if r.RoundTrips > most {
					t.Errorf("probe %d: %d round trips, want at most %d", i+1, r.RoundTrips, most)
				}
			}
			if n := host.Statistics().MaxInFlight; n > 8 {
				t.Errorf("%d requests in flight, want at most 8", n)
			}
		})
	}
}

// TestSMB2RoundTrips: each call of a pipe takes two round trips over SMB2 and 3. Requests are
// not sent together, so that a busy machine puts one behind the other: the fewest count.
func TestSMB2RoundTrips(t *testing.T) {
	t.Parallel()
	const most = 20
	samba := smbtest.StartSamba(t, smbtest.SambaOptions{MinProtocol: "SMB3_11"})
	samba.WriteEvents(slices.Concat(otherEvents(40*time.Hour, 100), failuresAgo(time.Minute, 20))...)
	p, target := newProber(t, prober.Options{}), site{hosts: []string{samba.Addr().String()}, module: []string{"transport: direct", "dialect: smb2", withEventlog}}.target(t)
	wantFailures(t, "first probe", [3]int{20, 20, 20}, probe(t, p, target))
	fewest := math.MaxInt
	for range 5 {
		r := probe(t, p, target)
		wantFailures(t, "probe", [3]int{20, 20, 20}, r)
		fewest = min(fewest, r.RoundTrips)
	}
	if fewest > most {
		t.Errorf("%d round trips, want at most %d", fewest, most)
	}
}
