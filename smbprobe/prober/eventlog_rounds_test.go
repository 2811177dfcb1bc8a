package prober_test

import (
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/rasphone-exporter/rasphone_exporter/internal/smbtest"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/prober"
)

// What probes with the event log may wait for over SMB1 with a NetBIOS session, the
// connection included.
const (
	maxRoundsUnchanged = 12 // of a log that is as it was
	maxRoundsFirst     = 15 // of a log of 1,000 records, 100 of them failures in the windows
)

func TestEventlogRoundTrips(t *testing.T) {
	t.Parallel()
	samba := smbtest.StartSamba(t, smbtest.SambaOptions{MinProtocol: "NT1"})
	samba.WriteEvents(slices.Concat(otherEvents(40*time.Hour, 900), failuresAgo(3*time.Hour, 50), failuresAgo(time.Minute, 50))...)
	s := site{hosts: []string{samba.Addr().String()}, module: []string{"transport: netbios", withEventlog}}
	p, target := newProber(t, prober.Options{}), s.target(t)
	for _, test := range []struct {
		name string
		most int
	}{{"first probe", maxRoundsFirst}, {"second probe", maxRoundsUnchanged}, {"third probe", maxRoundsUnchanged}} {
		r := probe(t, p, target)
		wantFailures(t, test.name, [3]int{50, 50, 100}, r)
		if r.RoundTrips > test.most {
			t.Errorf("%s: %d round trips, want at most %d", test.name, r.RoundTrips, test.most)
		}
	}
}

// otherWindow makes another module of a target, or another version of its module:
// one with a single window.
func otherWindow(target smbprobe.Target, module, label string, d time.Duration) smbprobe.Target {
	target.Module.Name = module
	target.Module.EventLog.Windows = []smbprobe.Window{{Label: label, Duration: d}}
	return target
}

// wantWindow compares the count of the only window.
func wantWindow(t *testing.T, what string, want int, r *smbprobe.Result) {
	t.Helper()
	w := r.Eventlog.Windows
	if len(w) != 1 || w[0].Failures == nil || *w[0].Failures != want {
		t.Errorf("%s: %+v, want one window with %d failures: %s", what, w, want, r.Eventlog.Error)
	}
}

// TestEventlogOtherWindow: what is remembered for a small window is no answer for a
// larger one.
func TestEventlogOtherWindow(t *testing.T) {
	t.Parallel()
	onLogServers(t, func(t *testing.T, samba *smbtest.Samba) {
		// More than what is read beyond a window's start.
		samba.WriteEvents(slices.Concat(failuresAgo(3*time.Hour, 200), failuresAgo(5*time.Minute, 4))...)
		p, target := newProber(t, prober.Options{}), direct(samba.Addr(), withEventlog).target(t)
		for _, reload := range []struct {
			label string
			d     time.Duration
			want  int
		}{{"15m", 15 * time.Minute, 4}, {"24h", 24 * time.Hour, 204}, {"15m", 15 * time.Minute, 4}} {
			wantWindow(t, reload.label, reload.want, probe(t, p, otherWindow(target, "default", reload.label, reload.d)))
		}
	})
}

// TestEventlogOfTwoModules probes one target with two modules at the same time.
func TestEventlogOfTwoModules(t *testing.T) {
	t.Parallel()
	onLogServers(t, func(t *testing.T, samba *smbtest.Samba) {
		samba.WriteEvents(slices.Concat(failuresAgo(3*time.Hour, 200), failuresAgo(5*time.Minute, 4))...)
		p, target := newProber(t, prober.Options{}), direct(samba.Addr(), withEventlog).target(t)
		small, large := otherWindow(target, "small", "15m", 15*time.Minute), otherWindow(target, "large", "24h", 24*time.Hour)
		for range 2 { // on an empty memory, and on a full one
			var wait sync.WaitGroup
			for range 2 {
				wait.Go(func() { wantWindow(t, "small", 4, probe(t, p, small)) })
				wait.Go(func() { wantWindow(t, "large", 204, probe(t, p, large)) })
			}
			wait.Wait()
		}
	})
}
