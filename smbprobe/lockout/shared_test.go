package lockout

import (
	"cmp"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rasphone-exporter/rasphone_exporter/internal/secret"
)

// The scenarios in which processes share a file, and those in which the clock jumps. Each
// login is written here.

// checkProcess is a process that probes one target, as a check of Nagios does.
func (s *sim) checkProcess(i int, killedAfter time.Duration) {
	s.addExporter(s.file).probe(i, killedAfter)
	s.exporters = s.exporters[:len(s.exporters)-1]
}

func TestSharedFile(t *testing.T) {
	t.Parallel()
	const h, m = time.Hour, time.Minute
	for _, sc := range []scenario{
		{name: "two exporters", targets: 20, length: 6 * h, setup: func(s *sim) {
			s.changesAndIsFixed()
			s.exporters = nil
			s.addExporter(s.file)
			s.addExporter(s.file)
		}, recovers: 5 * h, within: 2 * m, sightFrom: 10 * m, sightTo: 2 * h},
		{name: "20 checks at the same second, wrong password", targets: 20, length: 4 * h, replicas: -1, setup: func(s *sim) {
			s.passwordChanges()
			s.every(30*time.Second, m, func() {
				for i := range s.fleet {
					s.checkProcess(i, probeTime)
				}
			})
		}},
		{name: "20 checks at the same second", targets: 20, length: h, replicas: -1, setup: func(s *sim) {
			s.every(30*time.Second, m, func() {
				for i := range s.fleet {
					s.checkProcess(i, probeTime)
				}
			})
		}, sightFrom: 10 * m, sightTo: h},
		{name: "a check that is killed after 8 seconds, wrong password, controller slow", targets: 1, replicas: -1, setup: func(s *sim) {
			some(1, slow, 2*h, 99*h)(s)
			s.passwordChanges()
			s.every(30*time.Second, m, func() { s.checkProcess(0, 8*time.Second) })
		}},
		{name: "a check beside an exporter", targets: 100, length: 2 * h, setup: func(s *sim) {
			s.exporters = nil
			s.addExporter(s.file)
			s.every(30*time.Second, m, func() { s.checkProcess(7, probeTime) })
		}, sightFrom: 10 * m, sightTo: 2 * h},
		{name: "a check with the new password beside an exporter with the old one", targets: 20, length: 6 * h, setup: func(s *sim) {
			s.exporters = nil
			s.addExporter(s.file)
			s.password = from(2 * h)
			s.every(30*time.Second, m, func() {
				s.config = s.password
				s.checkProcess(7, probeTime)
				s.config = func(time.Duration) int { return 0 }
			})
		}},
		{name: "the clock jumps ahead, then a restart, wrong password", targets: 20, length: 6 * h, setup: func(s *sim) {
			s.exporters = nil
			e := s.addExporter(s.file)
			s.passwordChanges()
			s.at(2*h+3*m, func() { s.jump = h })
			s.at(2*h+5*m, func() { e.restart(true) })
		}},
		{name: "the clock jumps back, then a restart, controller slow", targets: 20, length: 4 * h, setup: func(s *sim) {
			s.exporters = nil
			e := s.addExporter(s.file)
			some(20, slow, 2*h, 2*h+20*m)(s)
			s.at(2*h+12*m, func() { s.jump = -2 * h })
			s.at(2*h+15*m, func() { e.restart(true) })
		}, recovers: 2*h + 20*m, within: 32 * m},
		{name: "the clock jumps back while the exporter does not run", targets: 20, length: 4 * h, setup: func(s *sim) {
			s.exporters = nil
			e := s.addExporter(s.file)
			some(20, slow, 2*h, 2*h+20*m)(s)
			s.at(2*h+15*m, func() {
				s.jump = -2 * h
				e.restart(true)
			})
		}, recovers: 2*h + 20*m, within: 32 * m},
		{name: "the clock jumps to and fro, wrong password", targets: 20, length: 6 * h, setup: func(s *sim) {
			s.exporters = nil
			s.addExporter(s.file)
			s.changesAndIsFixed()
			s.every(m, 7*m, func() { s.jump = s.within(-10*h, 10*h) })
		}, recovers: 5 * h, within: 2 * m, sightFrom: 10 * m, sightTo: 2 * h},
	} {
		t.Run(sc.name, func(t *testing.T) {
			t.Parallel()
			s := newSim(1, sc.targets)
			sc.setup(s)
			for _, e := range s.exporters {
				if sc.replicas >= 0 {
					e.schedule(1)
				}
			}
			s.run(cmp.Or(sc.length, 6*time.Hour))
			checkScenario(t, s, sc)
			if s.sent == 0 || s.file.writes < s.sent {
				t.Errorf("%d logins and %d writes", s.sent, s.file.writes)
			}
		})
	}
}

// TestMixturesWithFile writes every login, where TestMixtures writes before a restart.
func TestMixturesWithFile(t *testing.T) {
	t.Parallel()
	for seed := uint64(0); seed < mixturesWithFile; seed++ {
		runMixture(t, seed, true)
	}
}

// TestTenRestarts of a process whose password is wrong, each as soon as the last one
// knows the outcome: none of them sends another login.
func TestTenRestarts(t *testing.T) {
	t.Parallel()
	s := newSim(1, 1)
	s.exporters = nil
	e := s.addExporter(s.file)
	s.alwaysWrong()
	s.every(time.Second, time.Second, func() {
		e.probe(0, probeTime)
		s.at(s.now+time.Second/2, func() { e.restart(true) })
	})
	s.run(10 * time.Second)
	if s.sent != 1 || s.held[0] != 9 {
		t.Errorf("%d logins, %d held back; want 1 and 9", s.sent, s.held[0])
	}
}

// TestTargetReturnsAfterRestart: a target that was not configured at the start, and is again,
// has what the file has of it, once.
func TestTargetReturnsAfterRestart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store, all := new(memStore), fleet(3)
		g := newTester(t, Options{store: store}, all...)
		g.warm(all...)
		g.login(all[0], refused())
		began := time.Now()

		g = newTester(t, Options{store: store}, all[1:]...)
		g.warm(all[1:]...)
		g.configure(all...)
		g.wantHeld(all[0], TargetRefused, min15-time.Since(began))
		time.Sleep(min15)
		g.login(all[0], refused())

		var warned warnings
		g = newTester(t, Options{store: store, Warn: warned.add}, all...)
		warned.wantWarning(t, "")
		g.wantHeld(all[0], TargetRefused, 2*min15)
	})
}

// TestPasswordOfAnotherProcess: a reload that brings the password of another process brings
// what that one had recorded of it.
func TestPasswordOfAnotherProcess(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store, before, after := new(memStore), corp("exch01"), corp("exch01")
		after.Password = secret.New("new-1999")
		g := newTester(t, Options{store: store}, before)
		g.login(before, refused())
		newTester(t, Options{store: store}, after).login(after, refused())
		g.wantHeld(before, AuthorityHeld, firstAuthorityHold)

		g.configure(after)
		g.wantHeld(after, AuthorityHeld, firstAuthorityHold)
		var warned warnings
		g = newTester(t, Options{store: store, Warn: warned.add}, after)
		warned.wantWarning(t, "")
		g.wantHeld(after, AuthorityHeld, firstAuthorityHold)
	})
}
