package prober_test

import (
	"bytes"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/rasphone-exporter/rasphone_exporter/internal/smbtest"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/prober"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/smb"
)

// TestEventlogWithoutShare: the log is read even if the share cannot be opened.
func TestEventlogWithoutShare(t *testing.T) {
	t.Parallel()
	onLogServers(t, func(t *testing.T, samba *smbtest.Samba) {
		samba.WriteEvents(failuresAgo(5*time.Minute, 7)...)
		s := direct(samba.Addr(), withEventlog)
		for _, step := range []struct {
			name   string
			change func()
			want   outcome
		}{
			{"denied", samba.DenyShare, share(smbprobe.ShareAccessDenied, smb.StatusAccessDenied)},
			{"removed", samba.RemoveShare, share(smbprobe.ShareMissing, smb.StatusBadNetworkName)},
			{"restored", samba.RestoreShare, allWell()},
		} {
			step.change()
			r := probeOnce(t, s)
			wantOutcome(t, step.name, step.want, r)
			wantFailures(t, step.name, [3]int{7, 7, 7}, r)
			wantLog(t, step.name, r, samba)
		}
	})
}

// TestShareWithoutEventlog: share and phone book are reported even if the log cannot be
// read, and nothing is reported of the log.
func TestShareWithoutEventlog(t *testing.T) {
	t.Parallel()
	const statusObjectPathSyntaxBad = smb.Status(0xC0000039) // Samba's answer for an unknown log
	for _, test := range []struct {
		name   string
		extra  []string
		module string
		status smb.Status
	}{
		{"no such log", nil, "eventlog: {enabled: true, log: NoSuch}", statusObjectPathSyntaxBad},
		{"no logs", []string{"eventlog list ="}, withEventlog, statusObjectPathSyntaxBad},
		{"service off", []string{"rpc start on demand helpers = no"}, withEventlog, smb.StatusObjectNameNotFound},
	} {
		for name, o := range logServers() {
			t.Run(test.name+", "+name, func(t *testing.T) {
				t.Parallel()
				o.Extra = test.extra
				samba := smbtest.StartSamba(t, o)
				samba.WriteEvents(failuresAgo(5*time.Minute, 7)...)
				r := probeOnce(t, direct(samba.Addr(), test.module))
				wantOutcome(t, test.name, allWell(), r)
				no, why := false, r.Eventlog.Error
				if diff := cmp.Diff(smbprobe.EventlogResult{Readable: &no, Status: test.status, Error: why}, r.Eventlog); diff != "" || why == "" {
					t.Errorf("event log (-want +got), reason %q:\n%s", why, diff)
				}
			})
		}
	}
}

// Most round trips of probes with the event log over SMB1 with a NetBIOS session, the
// connection included.
const (
	maxRoundsUnchanged = 11 // of an unchanged log
	maxRoundsFirst     = 14 // of a log of 1,000 records, 100 of them failures in the windows
)

func TestEventlogRoundTrips(t *testing.T) {
	t.Parallel()
	samba := smbtest.StartSamba(t, smbtest.SambaOptions{MinProtocol: "NT1"})
	samba.WritePhonebook(bytes.ReplaceAll(smbtest.Phonebook(), []byte("Internet Dial-Up"), []byte("ISP"))) // has the entry of the events
	samba.WriteEvents(slices.Concat(otherEvents(40*time.Hour, 900), failuresAgo(3*time.Hour, 50), failuresAgo(time.Minute, 50))...)
	s := site{hosts: []string{samba.Addr().String()}, module: []string{"transport: netbios", withEventlog}}
	p, target := newProber(t, prober.Options{}), s.target(t)
	p.CountFlights()
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

// otherWindow returns a target with another module, or another version of its module: one
// with a single window.
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

// TestEventlogOtherWindow: what is remembered for a small window does not answer for a larger
// one.
func TestEventlogOtherWindow(t *testing.T) {
	t.Parallel()
	onLogServers(t, func(t *testing.T, samba *smbtest.Samba) {
		// More than are read beyond a window's start.
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

// TestEventlogOfTwoModules: two modules of a target are probed at the same time.
func TestEventlogOfTwoModules(t *testing.T) {
	t.Parallel()
	onLogServers(t, func(t *testing.T, samba *smbtest.Samba) {
		samba.WriteEvents(slices.Concat(failuresAgo(3*time.Hour, 200), failuresAgo(5*time.Minute, 4))...)
		p, target := newProber(t, prober.Options{}), direct(samba.Addr(), withEventlog).target(t)
		small, large := otherWindow(target, "small", "15m", 15*time.Minute), otherWindow(target, "large", "24h", 24*time.Hour)
		for range 2 { // first with nothing remembered
			var wait sync.WaitGroup
			for range 2 {
				wait.Go(func() { wantWindow(t, "small", 4, probe(t, p, small)) })
				wait.Go(func() { wantWindow(t, "large", 204, probe(t, p, large)) })
			}
			wait.Wait()
		}
	})
}
