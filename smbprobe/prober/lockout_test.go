package prober_test

import (
	"math/rand/v2"
	"path/filepath"
	"sync"
	"testing"

	"github.com/rasphone-exporter/rasphone_exporter/internal/smbtest"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/lockout"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/prober"
)

// lockAfter is the threshold of the servers below, the usual one of a domain.
const lockAfter = 5

// lockSite is an exporter of several targets that are all one Samba server, which locks the
// account after lockAfter refusals.
type lockSite struct {
	t       *testing.T
	samba   *smbtest.Samba
	network *network
	file    string // the lockout file
	targets []smbprobe.Target
	serving *prober.Prober
}

func startLockSite(t *testing.T, o smbtest.SambaOptions) *lockSite {
	t.Helper()
	s := &lockSite{t: t, samba: smbtest.StartSamba(t, o)}
	s.samba.LockAfter(lockAfter)
	return s
}

// begin starts from an account whose count of refusals is zero, with a new lockout file. Then
// the server gets another password than the exporter has; if accepted, only after the exporter
// was logged in.
func (s *lockSite) begin(targets int, accepted bool) {
	s.t.Helper()
	var site site
	site, s.network = sameAccount(s.samba, targets)
	s.targets = site.targets(s.t)
	s.samba.SetPassword(smbtest.Password)
	wantOutcome(s.t, "the right password", allWell(), probe(s.t, newProber(s.t, prober.Options{Dial: s.network.dial}), s.targets[0]))
	s.file = filepath.Join(s.t.TempDir(), "lockout.json")
	s.restart()
	if accepted {
		for _, target := range s.targets {
			wantOutcome(s.t, target.Name, allWell(), probe(s.t, s.serving, target))
		}
	}
	s.samba.SetPassword("changed-1998")
}

// start starts a process that shares the lockout file.
func (s *lockSite) start(serve bool) *prober.Prober {
	s.t.Helper()
	guard, err := lockout.New(lockout.Options{File: s.file, RequireFile: serve, Warn: func(err error) { s.t.Error(err) }})
	if err != nil {
		s.t.Fatal(err)
	}
	p := newProber(s.t, prober.Options{Guard: guard, Dial: s.network.dial})
	s.configure(p)
	return p
}

func (s *lockSite) configure(p *prober.Prober) {
	s.t.Helper()
	if err := p.Configure(s.targets); err != nil {
		s.t.Fatal(err)
	}
}

func (s *lockSite) restart() { s.serving = s.start(true) }

// round probes targets at the same time.
func (s *lockSite) round(p *prober.Prober, targets []smbprobe.Target) {
	var probing sync.WaitGroup
	for _, target := range targets {
		probing.Go(func() { p.Probe(s.t.Context(), target) })
	}
	probing.Wait()
}

// wantUnlocked checks that fewer logins than lock the account were made since there were
// before.
func (s *lockSite) wantUnlocked(before int) {
	s.t.Helper()
	if got := s.samba.Logins() - before; s.samba.Locked() || got == 0 || got >= lockAfter {
		s.t.Errorf("%d logins, locked %v", got, s.samba.Locked())
	}
}

// act does something that an operator, Prometheus, or a check of Nagios may do.
func (s *lockSite) act(random *rand.Rand) {
	s.t.Helper()
	some := make([]smbprobe.Target, 1+random.IntN(len(s.targets)))
	for i := range some {
		some[i] = s.targets[random.IntN(len(s.targets))]
	}
	switch random.IntN(12) {
	case 0: // a reload without a change
		s.configure(s.serving)
	case 1:
		s.restart()
	case 2:
		_ = s.serving.Forget("corp")
	case 3: // the command probe
		s.round(s.start(false), some)
	default:
		s.round(s.serving, some)
	}
}

// TestNothingLocksTheAccount: whatever is done with an exporter whose password is wrong, a
// server that locks accounts after five refusals does not lock it.
func TestNothingLocksTheAccount(t *testing.T) {
	t.Parallel()
	const actions = 25
	for _, protocol := range []string{"NT1", "SMB3_11"} {
		for _, guests := range []string{"Never", "Bad User"} {
			t.Run(protocol+", map to guest = "+guests, func(t *testing.T) {
				t.Parallel()
				s := startLockSite(t, smbtest.SambaOptions{MinProtocol: protocol, MapToGuest: guests})
				for seed := range uint64(2) {
					s.begin(4, seed == 0)
					before, random := s.samba.Logins(), rand.New(rand.NewPCG(seed, 3))
					for range actions {
						s.act(random)
					}
					s.wantUnlocked(before)
				}

				if guests != "Never" {
					return
				}
				// Each of many, in turn.
				s.begin(4, false)
				before := s.samba.Logins()
				for range 6 {
					s.round(s.serving, s.targets)
				}
				for range 5 {
					s.configure(s.serving)
					s.round(s.serving, s.targets)
				}
				for range lockAfter {
					s.restart()
					s.round(s.serving, s.targets)
				}
				for range 5 {
					_ = s.serving.Forget("corp")
					s.round(s.serving, s.targets)
				}
				s.wantUnlocked(before)

				// The check can fail: logins without a guard lock the account.
				for range lockAfter {
					newProber(t, prober.Options{Dial: s.network.dial}).Probe(t.Context(), s.targets[0])
				}
				if !s.samba.Locked() {
					t.Errorf("not locked after %d logins: the server does not do what the test needs", s.samba.Logins()-before)
				}
			})
		}
	}
}

// TestWrongPasswordAsGuest: a server that lets a known user with a wrong password in as guest
// counts a refusal all the same. Each target is logged in to once in 15 minutes, whatever is
// done short of Forget.
func TestWrongPasswordAsGuest(t *testing.T) {
	t.Parallel()
	const targets = lockAfter - 1
	for _, protocol := range []string{"NT1", "SMB3_11"} {
		t.Run(protocol, func(t *testing.T) {
			t.Parallel()
			s := startLockSite(t, smbtest.SambaOptions{MinProtocol: protocol, MapToGuest: "Bad Password"})
			s.begin(targets, true)
			before := s.samba.Logins()
			for range 3 {
				s.round(s.serving, s.targets)
				s.configure(s.serving)
				s.round(s.serving, s.targets)
				s.round(s.start(false), s.targets)
				s.restart()
			}
			if got := s.samba.Logins() - before; got != targets {
				t.Errorf("%d logins, want one for each of %d targets", got, targets)
			}
			s.wantUnlocked(before)
			if r := probe(t, s.serving, s.targets[0]); !r.LoginHeldBack {
				t.Errorf("not held back: share %s", r.Share)
			}
		})
	}
}
