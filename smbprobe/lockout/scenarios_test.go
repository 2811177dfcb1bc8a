package lockout

import (
	"cmp"
	"fmt"
	"testing"
	"time"
)

// scenario is one of the simulation, and what must come out of it besides that no
// account is locked.
type scenario struct {
	name     string
	targets  int
	length   time.Duration // 0: 8 hours
	replicas int           // probes of each target in a minute; 0: 2, -1: none
	local    bool
	setup    func(*sim)

	recovers  time.Duration // when the trouble ends
	within    time.Duration // of that, all sound targets are back
	sightFrom time.Duration // between these, sound targets are not blind
	sightTo   time.Duration //
	blind     time.Duration // for more than this; 0: two minutes
	failures  int           // of an account; 0: any number, but never five in a row
}

// from is 1 from a moment on, until another one if there is one.
func from(start time.Duration, end ...time.Duration) func(time.Duration) int {
	return func(now time.Duration) int {
		if now >= start && (len(end) == 0 || now < end[0]) {
			return 1
		}
		return 0
	}
}

// some makes the first targets behave differently for a while.
func some(n int, b behaviour, start, end time.Duration) func(*sim) {
	return func(s *sim) {
		s.behaviour = func(i int, now time.Duration) behaviour {
			if i < n && start <= now && now < end {
				return b
			}
			return sound
		}
	}
}

func (s *sim) passwordChanges()   { s.password = from(2 * time.Hour) }
func (s *sim) alwaysWrong()       { s.password = from(0) }
func (s *sim) changesAndIsFixed() { s.password, s.config = from(2*time.Hour), from(5*time.Hour) }

func (s *sim) restartsEvery(period time.Duration, file bool) {
	s.every(7*time.Minute, period, func() { s.exporters[0].restart(file) })
}

func (s *sim) forget() {
	_ = s.exporters[0].guard.Forget("corp")
	s.exporters[0].settle()
}

// scenarios are those of the simulation's run1.py.
func scenarios() []scenario {
	const h, m = time.Hour, time.Minute
	list := []scenario{
		{name: "back on the domain", targets: 20, setup: func(s *sim) { s.password = from(2*h, 7*h) }},
		{name: "changed, targets come up one by one", targets: 6, setup: func(s *sim) {
			s.passwordChanges()
			s.behaviour = func(i int, now time.Duration) behaviour {
				if i >= 2 && now > 90*m && now < 2*h+time.Duration(1+7*i)*m {
					return down
				}
				return sound
			}
		}},
		{name: "changed and fixed, local accounts", targets: 20, local: true, setup: (*sim).changesAndIsFixed, recovers: 5 * h, within: 2 * m},
		{name: "answers garbled", targets: 100, replicas: 1, setup: some(5, garbles, h, 7*h), recovers: 7 * h, within: 17 * m, sightFrom: h, sightTo: 7 * h},
		{name: "guest on one", targets: 10, setup: some(1, asGuest, h, 7*h), recovers: 7 * h, within: 17 * m, sightFrom: h, sightTo: 7 * h},
		{name: "controller slow for good, wrong password", targets: 20, setup: func(s *sim) {
			some(20, slow, 2*h, 99*h)(s)
			s.passwordChanges()
		}},
		{name: "server slow for good, wrong password, local account", targets: 1, local: true, setup: func(s *sim) {
			some(1, slow, 2*h, 99*h)(s)
			s.passwordChanges()
		}},
		{name: "controller slow from the start, wrong password", targets: 20, setup: func(s *sim) {
			some(20, slow, 0, 20*m)(s)
			s.passwordChanges()
		}},
		{name: "20 with an old account are added", targets: 21, setup: func(s *sim) {
			s.behaviour = func(i int, _ time.Duration) behaviour { return [...]behaviour{sound, oldAccount}[min(1, i)] }
			clear(s.fleet[1:])
			s.at(h, func() {
				for i := range s.fleet {
					s.add(i)
				}
			})
		}, sightFrom: h, sightTo: 8 * h},
		{name: "20 with an old account from the start", targets: 21, setup: func(s *sim) {
			s.behaviour = func(i int, _ time.Duration) behaviour { return [...]behaviour{sound, oldAccount}[min(1, i)] }
		}},
		{name: "changed, one is no member and accepts", targets: 20, setup: func(s *sim) {
			some(1, ownAccount, 0, 99*h)(s)
			s.passwordChanges()
		}},
		{name: "changed, one is no member and accepts, controller slow", targets: 20, setup: func(s *sim) {
			s.passwordChanges()
			s.behaviour = func(i int, now time.Duration) behaviour {
				switch {
				case i == 0:
					return ownAccount
				case now > 2*h:
					return slow
				}
				return sound
			}
		}},
		{name: "one of 20 is started again", targets: 20, setup: reboot, recovers: 2*h + 8*m, within: 17 * m, sightFrom: 2 * h, sightTo: 2*h + 20*m},
		{name: "the only one is started again", targets: 1, setup: reboot, recovers: 2*h + 8*m, within: 17 * m},
		{name: "restarts, right password", targets: 20, setup: func(s *sim) { s.restartsEvery(10*m, true) }, sightFrom: h, sightTo: 7 * h},
		{name: "restarts, no file, wrong password", targets: 20, setup: func(s *sim) {
			s.passwordChanges()
			s.restartsEvery(10*m, false)
		}, failures: 4 + 48}, // each restart may add one, and may lock the account
		{name: "restarts, wrong password, controller slow", targets: 20, setup: func(s *sim) {
			s.restartsEvery(10*m, true)
			some(20, slow, 2*h, 99*h)(s)
			s.passwordChanges()
		}},
		{name: "probe of one as a check beside the exporter, wrong password", targets: 20, setup: func(s *sim) {
			s.passwordChanges()
			s.every(30*time.Second, m, func() { s.exporters[0].probe(0, probeTime) })
		}},
		{name: "account expired", targets: 20, setup: some(20, expired, 2*h, 6*h), recovers: 6 * h, within: 32 * m},
		{name: "a new target every 13 minutes, wrong password", targets: 20, setup: func(s *sim) {
			clear(s.fleet[2:])
			s.passwordChanges()
			for i := 2; i < 20; i++ {
				s.at(2*h+time.Duration(13*i)*m, func() { s.add(i) })
			}
		}},
		{name: "a new target hourly that refuses", targets: 24, setup: func(s *sim) {
			clear(s.fleet[2:])
			s.behaviour = func(i int, _ time.Duration) behaviour { return [...]behaviour{sound, oldAccount}[min(1, i/2)] }
			for i := 2; i < 24; i++ {
				s.at(time.Duration(i-1)*h, func() { s.add(i) })
			}
		}, sightFrom: h, sightTo: 8 * h},
		{name: "three of 20 hang, the last that accepted is switched off", targets: 20, setup: func(s *sim) {
			off := -1
			s.behaviour = func(i int, now time.Duration) behaviour {
				switch {
				case i == off:
					return down
				case i < 3 && now >= h:
					return hangs
				}
				return sound
			}
			s.at(h+4*m, func() {
				for _, a := range s.exporters[0].guard.authorities {
					if t := a.acceptedLast(func(*target) bool { return true }); t != nil {
						_, _ = fmt.Sscanf(t.name, "exch%d", &off)
					}
				}
			})
		}, sightFrom: h + 10*m, sightTo: 8 * h},
		{name: "changed and fixed, controller answers in 3 seconds", targets: 100, length: 6 * h, replicas: 1, setup: func(s *sim) {
			s.changesAndIsFixed()
			s.latency = func(now time.Duration) time.Duration {
				if now >= 115*m && now < 5*h {
					return 3 * time.Second
				}
				return 200 * time.Millisecond
			}
		}, recovers: 5 * h, within: 3 * m},
		{name: "all 100 at once, hourly, wrong password", targets: 100, replicas: -1, setup: func(s *sim) {
			s.password = from(h)
			s.every(m, h, func() {
				for i := range s.fleet {
					s.exporters[0].probe(i, probeTime)
				}
			})
		}},
		{name: "the controller answers nothing for 20 minutes", targets: 100, length: 4 * h, setup: some(100, hangs, 2*h, 2*h+20*m), recovers: 2*h + 20*m, within: 31 * m},
	}
	for _, n := range []int{1, 3, 20, 100} {
		list = append(list, scenario{name: fmt.Sprintf("wrong from the start, %d", n), targets: n, setup: (*sim).alwaysWrong, failures: 6})
	}
	for _, n := range []int{1, 20} {
		list = append(list,
			scenario{name: fmt.Sprintf("wrong from the start, %d local accounts", n), targets: n, local: true, setup: (*sim).alwaysWrong, failures: 6},
			scenario{name: fmt.Sprintf("Forget every minute, wrong password, %d", n), targets: n, setup: func(s *sim) {
				s.passwordChanges()
				s.every(2*h+30*time.Second, m, s.forget)
			}},
			scenario{name: fmt.Sprintf("loses 1 login in 20, %d", n), targets: n, setup: some(n, flaps, 0, 99*h), sightTo: 8 * h, blind: 50 * m},
		)
	}
	for _, n := range []int{1, 2, 20, 100} {
		list = append(list, scenario{name: fmt.Sprintf("changed and fixed, %d", n), targets: n, length: 6 * h, setup: (*sim).changesAndIsFixed, recovers: 5 * h, within: 2 * m})
	}
	for _, n := range []int{1, 3, 10, 30} {
		list = append(list, scenario{name: fmt.Sprintf("%d of 100 hang", n), targets: 100, replicas: 1, setup: some(n, hangs, h, 7*h), recovers: 7 * h, within: 17 * m, sightFrom: h, sightTo: 7 * h, blind: time.Duration(n) * 70 * time.Second})
	}
	for _, n := range []int{1, 20, 100} {
		list = append(list,
			scenario{name: fmt.Sprintf("controller slow for 20 minutes, %d", n), targets: n, length: 4 * h, setup: some(n, slow, 2*h, 2*h+20*m), recovers: 2*h + 20*m, within: 32 * m},
			scenario{name: fmt.Sprintf("controller slow for 20 minutes, wrong password, %d", n), targets: n, setup: func(s *sim) {
				some(n, slow, 2*h, 2*h+20*m)(s)
				s.passwordChanges()
			}},
		)
	}
	for _, n := range []int{1, 2, 20} {
		list = append(list, scenario{name: fmt.Sprintf("restarts, wrong password, %d", n), targets: n, setup: func(s *sim) {
			s.restartsEvery(10*m, true)
			s.passwordChanges()
		}})
	}
	for _, load := range []struct{ targets, replicas int }{{300, 2}, {500, 2}, {1000, 1}} {
		list = append(list, scenario{
			name: fmt.Sprintf("%d targets, %d replicas", load.targets, load.replicas), targets: load.targets, replicas: load.replicas, length: 40 * m,
			setup: func(*sim) {}, sightFrom: 10 * m, sightTo: 40 * m,
		})
	}
	return list
}

// reboot makes the first target hang, vanish, hang again and return.
func reboot(s *sim) {
	const h, m = time.Hour, time.Minute
	s.behaviour = func(i int, now time.Duration) behaviour {
		switch after := now - 2*h; {
		case i > 0 || after < 0 || after >= 8*m:
			return sound
		case after < m || after >= 6*m:
			return hangs
		}
		return down
	}
}

func TestScenarios(t *testing.T) {
	t.Parallel()
	for _, sc := range scenarios() {
		t.Run(sc.name, func(t *testing.T) {
			t.Parallel()
			s := newSim(1, sc.targets)
			s.local = sc.local
			sc.setup(s)
			for _, e := range s.exporters {
				e.configure()
				if sc.replicas >= 0 {
					e.schedule(cmp.Or(sc.replicas, 2))
				}
			}
			s.run(cmp.Or(sc.length, 8*time.Hour))
			checkScenario(t, s, sc)
		})
	}
}

func checkScenario(t *testing.T, s *sim, sc scenario) {
	t.Helper()
	if got := s.worst(); got >= lockAt && sc.failures < lockAt {
		t.Errorf("the controller counted %d", got)
	}
	for account, failed := range s.failed {
		if sc.failures > 0 && len(failed) > sc.failures {
			t.Errorf("account %d: %d failures, want at most %d", account, len(failed), sc.failures)
		}
	}
	if got := s.back(sc.recovers); sc.within > 0 && got > sc.within {
		t.Errorf("all targets were back after %s, want %s", got, sc.within)
	}
	if got := s.blind(sc.sightFrom, sc.sightTo); sc.sightTo > 0 && got > cmp.Or(sc.blind, 2*time.Minute) {
		t.Errorf("sound targets were not seen for %s", got)
	}
	t.Logf("worst %d, back after %s, blind for %s, %d sent", s.worst(), s.back(sc.recovers), s.blind(sc.sightFrom, max(sc.sightTo, 1)), s.sent)
}

// TestForgetAtTheWorstMoment: whenever it comes, there is no fifth failure.
func TestForgetAtTheWorstMoment(t *testing.T) {
	t.Parallel()
	for minute := time.Duration(1); minute < 70; minute++ {
		s := newSim(uint64(minute), 10)
		s.passwordChanges()
		s.at(2*time.Hour+minute*time.Minute, s.forget)
		s.exporters[0].schedule(1)
		s.run(200 * time.Minute)
		if got := s.worst(); got >= lockAt {
			t.Errorf("Forget after %d minutes: the controller counted %d", minute, got)
		}
	}
}
