package prober_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/rasphone-exporter/rasphone_exporter/internal/simnt"
	"github.com/rasphone-exporter/rasphone_exporter/internal/simnt/rpc"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe"
)

// TestSmallBuffers reads a long event log from servers that offer no large reads, and
// whose buffers are smaller than a fragment of an answer.
func TestSmallBuffers(t *testing.T) {
	t.Parallel()
	for _, o := range []simnt.Options{
		{ServicePack: 6, SmallReads: true},
		{ServicePack: 6, SmallReads: true, MaxBufferSize: 1024},
		{ServicePack: 6, MaxBufferSize: 1024},
		{ServicePack: 6, MaxMpxCount: 2},
		{ServicePack: 6, SmallReads: true, DOSErrors: true},
	} {
		t.Run(fmt.Sprintf("buffer %d, no large reads %t, %d in flight, DOS errors %t", o.MaxBufferSize, o.SmallReads, o.MaxMpxCount, o.DOSErrors), func(t *testing.T) {
			t.Parallel()
			host := newNT(t, o)
			log := host.System().Log("Application")
			for range 400 {
				log.Add(rpc.Event{At: time.Now().Add(-time.Minute), ID: 0xC000100A, Type: 1, Source: "MSExchangeIMC", Computer: "EXCH01", Strings: []string{"ISP", "633"}})
			}
			r := probeOnce(t, direct(serveNT(t, host), withEventlog, withServer))
			wantOutcome(t, "probe", allWell(), r)
			wantFailures(t, "log", [3]int{403, 403, 403}, r)
			if r.Registry.AutoShareServer == nil || r.Services[0].Installed == nil || !r.Host.Known {
				t.Errorf("registry %+v, services %+v, host %+v", r.Registry, r.Services, r.Host)
			}
			if r.RPC != smbprobe.RPCAnswers {
				t.Errorf("RPC %q", r.RPC)
			}
			wantNothingLeft(t, host)
		})
	}
}
