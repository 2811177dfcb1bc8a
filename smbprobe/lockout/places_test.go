package lockout

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

// TestCount: what counts, and for how long.
func TestCount(t *testing.T) {
	t.Parallel()
	type step struct {
		target  int
		outcome Outcome
		takes   time.Duration
	}
	elsewhere := func(o Outcome) Outcome { o.Domain = "WORKGROUP"; return o }
	const s, m = time.Second, time.Minute
	for _, tt := range []struct {
		name  string
		steps []step // one after the other
		want  int
	}{
		{"nothing", nil, 0},
		{"accepted", []step{{0, accepted(), s}}, 0},
		{"guest", []step{{0, guest(), s}}, 0},
		{"not sent", []step{{0, notSent(), s}}, 0},
		{"refused", []step{{0, refused(), s}}, 1},
		{"restricted", []step{{0, restricted(), s}}, 1},
		{"in doubt", []step{{0, inDoubt(), s}}, 1},
		{"in doubt, then accepted", []step{{0, inDoubt(), s}, {1, accepted(), s}}, 0},
		{"refused, then accepted", []step{{0, refused(), s}, {1, accepted(), s}}, 1},
		{"in doubt, then accepted in another domain", []step{{0, inDoubt(), s}, {1, elsewhere(accepted()), s}}, 1},
		{"in doubt in another domain, then accepted", []step{{0, elsewhere(inDoubt()), s}, {1, accepted(), s}}, 1},
		{"30 minutes after", []step{{0, refused(), s}, {1, accepted(), 31*m - 3}}, 1},
		{"31 minutes after", []step{{0, refused(), s}, {1, accepted(), 31 * m}}, 0},
		{"31 minutes after the first of two", []step{{0, refused(), 16 * m}, {1, refused(), 16 * m}, {2, accepted(), s}}, 2},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				targets := fleet(4)
				g := newTester(t, Options{}, targets...)
				g.warm(targets...)
				for _, step := range tt.steps {
					release := g.start(targets[step.target])
					time.Sleep(step.takes)
					release(step.outcome)
					time.Sleep(time.Nanosecond)
				}
				if got := g.count(); got != tt.want {
					t.Errorf("count %d, want %d", got, tt.want)
				}
			})
		})
	}
}

// count is the count of the only authority.
func (g tester) count() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, a := range g.authorities {
		a.advance(g.opts.Now())
		return len(a.counted)
	}
	return 0
}

// TestUnderWayLeavesTheCount if another login was accepted meanwhile: in the same domain,
// sent later, and not within half a second.
func TestUnderWayLeavesTheCount(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name     string
		underWay time.Duration // when the other login is accepted
		domain   string
		same     bool // sent at the same time
		outcome  Outcome
		want     int // while it is under way
		wantThen int // when it has ended
	}{
		{"in doubt", 501 * time.Millisecond, "CORP", false, inDoubt(), 0, 0},
		{"refused after all", 501 * time.Millisecond, "CORP", false, refused(), 0, 1},
		{"accepted", 501 * time.Millisecond, "CORP", false, accepted(), 0, 0},
		{"half a second", 500 * time.Millisecond, "CORP", false, inDoubt(), 1, 1},
		{"another domain", time.Hour, "WORKGROUP", false, inDoubt(), 1, 1},
		{"the same domain, spelled differently", time.Hour, "Corp", false, inDoubt(), 0, 0},
		{"not sent before", time.Hour, "CORP", true, inDoubt(), 1, 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				targets := fleet(2)
				g := newTester(t, Options{}, targets...)
				g.warm(targets...)
				release := g.start(targets[0])
				if !tt.same {
					time.Sleep(time.Nanosecond)
				}
				other := g.start(targets[1])
				time.Sleep(tt.underWay - 1)
				other(Outcome{Result: Accepted, Domain: tt.domain})
				if got := g.count(); got != tt.want {
					t.Errorf("count %d, want %d", got, tt.want)
				}
				time.Sleep(time.Second)
				release(tt.outcome)
				if got := g.count(); got != tt.wantThen {
					t.Errorf("then %d, want %d", got, tt.wantThen)
				}
			})
		})
	}
}

// TestUnderWayKeepsTheCount: a login that was sent while others counted may have been
// counted with them, so they count until it has ended.
func TestUnderWayKeepsTheCount(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		targets := fleet(4)
		g := newTester(t, Options{}, targets...)
		g.warm(targets...)
		for _, target := range targets[:2] {
			g.login(target, refused())
		}
		time.Sleep(30 * time.Minute)
		release := g.start(targets[2])
		time.Sleep(time.Hour)
		if got := g.count(); got != 3 {
			t.Errorf("count %d, want 3", got)
		}
		release(notSent())
		if got := g.count(); got != 0 {
			t.Errorf("count %d, want 0", got)
		}
	})
}

// TestFourPlaces: three for any target, the fourth for the one that accepted last.
func TestFourPlaces(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		targets := fleet(6)
		g := newTester(t, Options{}, targets...)
		g.warm(targets[:5]...) // exch05 was never accepted
		var releases []func(Outcome)
		for _, target := range targets[:3] {
			releases = append(releases, g.start(target))
		}
		g.wantWait(targets[5])
		g.wantWait(targets[3])
		fourth := g.start(targets[4]) // which accepted last
		g.wantWait(targets[4])        // one at a time
		g.wantWait(targets[3])
		fourth(notSent())

		// After two minutes it is for any target whose last login was accepted.
		time.Sleep(2 * time.Minute)
		g.wantFree(targets[3])
		g.wantWait(targets[5])

		// An accepted login takes those off the count that are under way.
		g.login(targets[4], accepted())
		g.wantFree(targets[5])

		for _, release := range releases {
			release(refused()) // count again
		}
		g.wantHeld(targets[5], CountFull, 31*time.Minute)
		g.warm(targets[4])
		g.login(targets[3], refused())
		for _, target := range targets[3:] {
			g.wantHeld(target, AuthorityHeld, 31*time.Minute)
		}
		if got := g.HeldBack(); got != 6 {
			t.Errorf("%d held back, want 6", got)
		}
	})
}

// TestFourthPlaceAfterAnAcceptedLogin: it is for any target that accepted, as soon as
// one has accepted since the third place was taken.
func TestFourthPlaceAfterAnAcceptedLogin(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		targets := fleet(6)
		g := newTester(t, Options{}, targets...)
		g.warm(targets...)
		for _, target := range targets[:3] {
			g.login(target, refused())
		}
		time.Sleep(time.Nanosecond)
		g.wantWait(targets[3])
		g.login(targets[5], accepted())
		g.wantFree(targets[3])
	})
}

// TestWaiterGoesOn when two minutes have passed since the third place was taken.
func TestWaiterGoesOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		targets := fleet(6)
		g := newTester(t, Options{}, targets...)
		g.warm(targets...)
		for _, target := range targets[:3] {
			g.login(target, refused())
		}
		start := time.Now()
		release, err := g.Acquire(t.Context(), targets[3], "")
		if waited := time.Since(start); err != nil || waited < 2*time.Minute || waited > 2*time.Minute+2*recheckInterval {
			t.Fatalf("%v after %s", err, waited)
		}
		release(accepted())
	})
}

// TestWaitLeavesTimeForTheLogin: a login that gets its place late would get no answer in
// time, and count as in doubt.
func TestWaitLeavesTimeForTheLogin(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		targets := fleet(2)
		g := newTester(t, Options{}, targets...)
		release, err := g.Acquire(t.Context(), targets[0], "") // the first one alone
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		start := time.Now()
		_, err = g.Acquire(ctx, targets[1], "")
		if waited := time.Since(start); !errors.Is(err, ErrNoPlace) || waited != 5*time.Second {
			t.Errorf("%v after %s, want %v after 5s", err, waited, ErrNoPlace)
		}
		release(accepted())
	})
}
