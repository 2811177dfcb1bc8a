package prober_test

import (
	"path/filepath"
	"testing"

	"github.com/rasphone-exporter/rasphone_exporter/internal/smbtest"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/lockout"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/prober"
)

// lockAfter is the threshold of the servers below, the usual one of a domain.
const lockAfter = 5

// TestNothingLocksTheAccount: whatever is done with an exporter whose password is wrong, a
// server that locks accounts after five refusals does not lock it.
func TestNothingLocksTheAccount(t *testing.T) {
	for _, protocol := range []string{"NT1", "SMB3_11"} {
		t.Run(protocol, func(t *testing.T) {
			samba := smbtest.StartSamba(t, smbtest.SambaOptions{MinProtocol: protocol})
			samba.LockAfter(lockAfter)
			s, n := sameAccount(samba, 4)
			s.password = "wrong-1998"
			targets := s.targets(t)
			file := filepath.Join(t.TempDir(), "lockout.json")
			start := func() *prober.Prober {
				guard, err := lockout.New(lockout.Options{File: file, RequireFile: true, Warn: func(err error) { t.Error(err) }})
				if err != nil {
					t.Fatal(err)
				}
				p := newProber(t, prober.Options{Guard: guard, Dial: n.dial})
				if err := p.Configure(targets); err != nil {
					t.Fatal(err)
				}
				return p
			}
			round := func(p *prober.Prober) {
				for _, target := range targets {
					p.Probe(t.Context(), target)
				}
			}
			served := start()
			for range 12 {
				round(served)
			}
			for range 10 { // reloads without a change
				if err := served.Configure(targets); err != nil {
					t.Fatal(err)
				}
				round(served)
			}
			for range 10 { // restarts, or checks by the command probe, which share the file
				round(start())
			}
			for range 10 { // a person who clicks Forget again and again
				_ = served.Forget("corp")
				round(served)
			}
			round(start())
			if got := samba.Logins(); samba.Locked() || got >= lockAfter {
				t.Fatalf("%d logins, locked %v", got, samba.Locked())
			}

			// The check can fail: logins without a guard lock the account.
			for range lockAfter {
				newProber(t, prober.Options{Dial: n.dial}).Probe(t.Context(), targets[0])
			}
			if !samba.Locked() {
				t.Errorf("not locked after %d logins: the server does not do what the test needs", samba.Logins())
			}
		})
	}
}
