package lockout

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"
)

// mixture is a random one of the faults above, as fuzz.py of the simulation had them.
func mixture(seed uint64, withFile bool) *sim {
	const h = time.Hour
	r := rand.New(rand.NewPCG(seed, 2))
	n := []int{1, 2, 3, 8, 20, 40}[r.IntN(6)]
	s := newSim(seed, n)
	between := func(a, b time.Duration) time.Duration { return a + time.Duration(r.Int64N(int64(b-a))) }
	changed := between(h, 3*h)
	fixed := changed + between(6*time.Minute, 4*h)
	after := func(t time.Duration) func(time.Duration) int {
		return func(now time.Duration) int {
			if now >= t {
				return 1
			}
			return 0
		}
	}
	switch s.password = after(changed); r.IntN(3) {
	case 0:
		s.config = after(fixed)
	case 1:
		s.password = func(now time.Duration) int { return after(changed)(now) - after(fixed)(now) }
	}
	slowFrom := between(30*time.Minute, 4*h)
	slowTo := slowFrom + between(3*time.Minute, 2*h)
	kinds, from := make([]behaviour, n), make([]time.Duration, n)
	for i := range n {
		kinds[i] = []behaviour{sound, sound, sound, sound, hangs, garbles, flaps, oldAccount, down, asGuest}[r.IntN(10)]
		from[i] = between(0, 4*h)
	}
	stranger := -1
	if n > 1 && r.IntN(10) < 3 {
		stranger = 0
	}
	isSlow := r.IntN(2) == 0
	s.behaviour = func(i int, now time.Duration) behaviour {
		switch {
		case i == stranger:
			return ownAccount
		case isSlow && slowFrom <= now && now < slowTo:
			return slow
		case from[i] < now && now < from[i]+2*h:
			return kinds[i]
		}
		return sound
	}
	if withFile {
		s.exporters = nil
		s.addExporter(s.file)
	}
	e := s.exporters[0]
	if r.IntN(2) == 0 {
		period := between(time.Minute, 40*time.Minute)
		s.every(period, period, func() { e.restart(true) })
	}
	if r.IntN(2) == 0 {
		period := between(time.Minute, 40*time.Minute)
		s.every(period, period, func() {
			_ = e.guard.Forget("corp")
			e.settle()
		})
	}
	if r.IntN(10) < 3 {
		s.latency = func(time.Duration) time.Duration { return s.within(100*time.Millisecond, 4*time.Second) }
	}
	if r.IntN(3) == 0 { // reloads remove targets and add them again
		period := between(time.Minute, 30*time.Minute)
		s.every(period, period, func() {
			i := r.IntN(n)
			s.fleet[i] = !s.fleet[i]
			e.configure()
		})
	}
	e.schedule(1 + r.IntN(2))
	return s
}

// TestMixtures: whatever is mixed, the controller never counts five.
func TestMixtures(t *testing.T) {
	t.Parallel()
	runMixtures(t, mixtures, false)
}

// runMixtures runs so many mixtures.
func runMixtures(t *testing.T, n uint64, withFile bool) {
	t.Helper()
	const parts = 4
	for part := range uint64(parts) {
		t.Run(fmt.Sprint(part), func(t *testing.T) {
			t.Parallel()
			for seed := part; seed < n; seed += parts {
				runMixture(t, seed, withFile)
			}
		})
	}
}

func runMixture(t *testing.T, seed uint64, withFile bool) {
	t.Helper()
	s := mixture(seed, withFile)
	s.run(8 * time.Hour)
	if got := s.worst(); got >= lockAt {
		t.Errorf("seed %d, %d targets, with a file %t: the controller counted %d", seed, len(s.fleet), withFile, got)
	}
}
