package lockout

import (
	"testing"
	"testing/synctest"
	"time"
)

// TestHoldIsNeverLonger than its own length, whatever the clock or the file says.
func TestHoldIsNeverLonger(t *testing.T) {
	t.Parallel()
	for _, jump := range []time.Duration{-time.Minute, -time.Hour, -48 * time.Hour, -30 * 365 * 24 * time.Hour} {
		synctest.Test(t, func(t *testing.T) {
			store := new(memStore)
			g := newTester(t, Options{store: store}, fleet(6)...)
			g.warm(fleet(6)...)
			g.hold(fleet(6), refused())
			time.Sleep(31 * time.Minute)
			g.login(corp("exch05"), refused()) // for 62 minutes
			time.Sleep(10 * time.Minute)

			clock := func() time.Time { return time.Now().Add(jump) }
			g = newTester(t, Options{store: store, Now: clock, Wall: func() time.Time { return clock().Round(0) }}, fleet(6)...)
			g.wantHeld(corp("exch04"), AuthorityHeld, min(62*time.Minute, 52*time.Minute-jump))
			time.Sleep(62 * time.Minute)
			g.login(corp("exch04"), accepted())
		})
	}
}

// TestClockJumpsWhileRunning: holds do not change, and a restart finds the new times.
func TestClockJumpsWhileRunning(t *testing.T) {
	t.Parallel()
	for _, jump := range []time.Duration{-24 * time.Hour, -time.Hour, time.Hour, 24 * time.Hour} {
		synctest.Test(t, func(t *testing.T) {
			store := new(memStore)
			shift := time.Duration(0)
			opts := Options{store: store, Wall: func() time.Time { return time.Now().Round(0).Add(shift) }}
			g := newTester(t, opts, fleet(6)...)
			g.warm(fleet(6)...)
			g.hold(fleet(6), refused())
			time.Sleep(10 * time.Minute)
			shift = jump
			g.wantHeld(corp("exch05"), AuthorityHeld, 21*time.Minute)
			time.Sleep(time.Minute)
			g = newTester(t, opts, fleet(6)...)
			g.wantHeld(corp("exch05"), AuthorityHeld, 20*time.Minute)
			if got := g.count(); got != 4 {
				t.Errorf("count %d, want 4", got)
			}
			time.Sleep(20 * time.Minute)
			g.login(corp("exch05"), accepted())
		})
	}
}
