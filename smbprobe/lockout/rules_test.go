package lockout

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

// The clauses (a) to (e) of the contract, one by one.

func TestTargetHolds(t *testing.T) {
	t.Parallel()
	const h, m = time.Hour, time.Minute
	for _, tt := range []struct {
		name    string
		outcome Outcome
		reason  Reason
		lengths []time.Duration // of the holds after each login
	}{
		{"refused", refused(), TargetRefused, []time.Duration{15 * m, 30 * m, h, 2 * h, 4 * h, 4 * h}},
		{"restricted", restricted(), TargetRefused, []time.Duration{15 * m, 15 * m}},
		{"guest", guest(), TargetGuest, []time.Duration{15 * m, 15 * m, 15 * m}},
		{"in doubt", inDoubt(), TargetInDoubt, []time.Duration{0, 15 * m, 15 * m, 15 * m}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				targets := fleet(2)
				g := newTester(t, Options{}, targets...)
				g.warm(targets...)
				for _, length := range tt.lengths {
					g.login(targets[0], tt.outcome)
					if length == 0 {
						g.wantFree(targets[0]) // the doubt that it may have
						continue
					}
					held := g.wantHeld(targets[0], tt.reason, length)
					want := &HeldError{Target: "exch00", Until: held.Until, Reason: tt.reason, State: tt.outcome.State, Status: tt.outcome.Status}
					if diff := cmp.Diff(want, held); diff != "" {
						t.Errorf("(-want +got):\n%s", diff)
					}
					if got := g.HeldBack(); got != 1 {
						t.Errorf("%d held back, want 1", got)
					}
					time.Sleep(length - 1)
					g.wantHeld(targets[0], tt.reason, 1)
					time.Sleep(time.Nanosecond)
					g.login(targets[1], accepted()) // so that the authority goes on
				}
				time.Sleep(31 * m)
				g.login(targets[0], accepted())
				g.login(targets[0], inDoubt()) // after it was accepted it may have one again
				g.wantFree(targets[0])
				if got := g.HeldBack(); got != 0 {
					t.Errorf("%d held back, want 0", got)
				}
			})
		})
	}
}

// TestAcceptedEndsDoubling: the next refusal holds for 15 minutes again.
func TestAcceptedEndsDoubling(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		targets := fleet(2)
		g := newTester(t, Options{}, targets...)
		g.warm(targets...)
		g.login(targets[0], refused())
		time.Sleep(min15)
		g.login(targets[0], refused())
		time.Sleep(time.Hour)
		g.warm(targets...)
		g.login(targets[0], refused())
		g.wantHeld(targets[0], TargetRefused, min15)
	})
}

// TestInDoubtOneAtATime: targets that hang share a place.
func TestInDoubtOneAtATime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		targets := fleet(4)
		g := newTester(t, Options{}, targets...)
		g.warm(targets...)
		g.login(targets[0], inDoubt())
		g.login(targets[1], inDoubt())
		g.warm(targets[2])
		first := g.start(targets[0])
		g.wantWait(targets[1])
		g.warm(targets[3])
		first(inDoubt())
		g.wantFree(targets[1])
	})
}

// hold has four logins fail, on the first four targets.
func (g tester) hold(targets []Target, o Outcome) {
	g.t.Helper()
	for _, target := range targets[:3] {
		g.login(target, o)
	}
	time.Sleep(2 * time.Minute)
	g.login(targets[3], o)
}

func TestAuthorityHolds(t *testing.T) {
	t.Parallel()
	const h, m = time.Hour, time.Minute
	for _, tt := range []struct {
		name    string
		outcome Outcome
		lengths []time.Duration
	}{
		{"refused", refused(), []time.Duration{31 * m, 62 * m, 124 * m, 4 * h, 4 * h}},
		{"restricted", restricted(), []time.Duration{31 * m, 31 * m, 31 * m}},
		{"in doubt", inDoubt(), []time.Duration{31 * m, 31 * m, 31 * m}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				targets := fleet(12)
				g := newTester(t, Options{}, targets...)
				g.warm(targets...)
				g.hold(targets, tt.outcome)
				next := 11
				for i, length := range tt.lengths {
					for _, target := range targets[4:next] {
						g.wantHeld(target, AuthorityHeld, length)
					}
					if got := g.HeldBack(); got != 12 {
						t.Errorf("%d held back, want 12", got)
					}
					time.Sleep(length + 2*time.Minute)
					if i < len(tt.lengths)-1 {
						g.login(targets[next], tt.outcome)
						next--
					}
				}
				g.login(targets[next], accepted()) // ends hold and length
				g.wantFree(targets[5])
				g.hold(targets[4:], refused())
				g.wantHeld(targets[next], AuthorityHeld, 31*time.Minute)
			})
		})
	}
}

// TestAfterAHold one login is tried, on the target that accepted last and was not refused
// since, then on one that was not refused, and after two minutes on any.
func TestAfterAHold(t *testing.T) {
	const m = time.Minute
	synctest.Test(t, func(t *testing.T) {
		targets := fleet(7)
		g := newTester(t, Options{}, targets...)
		g.warm(targets[:6]...) // exch06 was never accepted
		g.hold(targets, refused())
		time.Sleep(31 * m)

		g.wantHeld(targets[6], AnotherFirst, 2*m)
		g.wantHeld(targets[4], AnotherFirst, 2*m)
		g.wantHeld(targets[0], AnotherFirst, 2*m) // its own hold is over
		release := g.start(targets[5])
		g.wantWait(targets[5])
		g.wantWait(targets[4])
		release(refused())
		g.wantHeld(targets[5], AuthorityHeld, 62*m)

		time.Sleep(62 * m)
		g.login(targets[4], refused()) // accepted before exch05, and is the last now
		time.Sleep(124 * m)
		g.wantHeld(targets[0], AnotherFirst, 2*m)
		g.login(targets[6], refused()) // was not refused yet
		time.Sleep(4 * time.Hour)

		g.login(targets[0], refused()) // all were refused: any will do
		time.Sleep(4 * time.Hour)
		g.login(targets[3], accepted())
		g.wantFree(targets[6])
	})
}

// TestAfterAHoldAnyTarget: two minutes later it is for any target.
func TestAfterAHoldAnyTarget(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		targets := fleet(6)
		g := newTester(t, Options{}, targets...)
		g.warm(targets...)
		g.hold(targets, refused())
		g.wantHeld(targets[0], AuthorityHeld, 31*time.Minute)
		time.Sleep(33*time.Minute - 1)
		g.wantHeld(targets[0], AnotherFirst, 1)
		time.Sleep(time.Nanosecond)
		g.login(targets[0], accepted())
	})
}

// TestGuestAfterAHold: the login was not accepted, so the next hold begins. The guest
// does not go first again.
func TestGuestAfterAHold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		targets := fleet(3)
		g := newTester(t, Options{}, targets...)
		g.login(targets[0], refused())
		time.Sleep(31 * time.Minute)
		g.login(targets[1], guest())
		g.wantHeld(targets[2], AuthorityHeld, 31*time.Minute)
		time.Sleep(31 * time.Minute)
		g.wantHeld(targets[1], AnotherFirst, 2*time.Minute)
		g.login(targets[2], accepted())
		g.wantFree(targets[1])
	})
}

// TestTargetsServeTheirOwnHolds, whatever the authority does.
func TestTargetsServeTheirOwnHolds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		targets := fleet(6)
		g := newTester(t, Options{}, targets...)
		g.warm(targets...)
		g.login(targets[0], refused())
		time.Sleep(min15)
		g.login(targets[0], refused())
		time.Sleep(30 * time.Minute)
		g.login(targets[0], refused()) // for an hour
		g.login(targets[5], refused()) // the fourth
		g.wantHeld(targets[4], AuthorityHeld, 31*time.Minute)
		time.Sleep(31 * time.Minute)
		g.login(targets[4], accepted())
		g.wantHeld(targets[0], TargetRefused, 29*time.Minute)
		g.wantFree(targets[1])
	})
}

// TestAfterAStart: one login at a time; the first refusal holds, or the third doubt.
func TestAfterAStart(t *testing.T) {
	t.Parallel()
	const m = time.Minute
	for _, tt := range []struct {
		name     string
		outcomes []Outcome
		length   time.Duration // 0: not held
	}{
		{"refused", []Outcome{refused()}, 31 * m},
		{"restricted", []Outcome{restricted()}, 31 * m},
		{"one doubt", []Outcome{inDoubt()}, 0},
		{"two doubts", []Outcome{inDoubt(), inDoubt()}, 0},
		{"three doubts", []Outcome{inDoubt(), inDoubt(), inDoubt()}, 31 * m},
		{"doubts and a refusal", []Outcome{inDoubt(), inDoubt(), refused()}, 31 * m},
		{"guest", []Outcome{guest(), guest(), guest(), guest()}, 0},
		{"not sent", []Outcome{notSent(), notSent(), notSent(), notSent(), notSent()}, 0},
		{"doubts and an accepted login", []Outcome{inDoubt(), inDoubt(), accepted(), refused()}, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				targets := fleet(7)
				g := newTester(t, Options{}, targets...)
				for i, o := range tt.outcomes {
					release := g.start(targets[i])
					if i == 0 {
						g.wantWait(targets[5])
					}
					release(o)
				}
				if tt.length > 0 {
					g.wantHeld(targets[6], AuthorityHeld, tt.length)
				} else {
					g.wantFree(targets[6])
				}
			})
		})
	}
}

// TestAuthorities: what shares a count, and what does not.
func TestAuthorities(t *testing.T) {
	t.Parallel()
	other := func(t Target, change func(*Target)) Target {
		t.Name = "another"
		change(&t)
		return t
	}
	for _, tt := range []struct {
		name   string
		target Target
		shared bool
	}{
		{"the same auth", other(corp(""), func(*Target) {}), true},
		{"another auth with the same account", other(corp(""), func(t *Target) { t.Auth = "twin" }), true},
		{"the same names in capitals", other(corp(""), func(t *Target) { t.Auth, t.Username, t.Domain = "twin", "RASPHONE", "corp" }), true},
		{"another user", other(corp(""), func(t *Target) { t.Username = "backup" }), false},
		{"another domain", other(corp(""), func(t *Target) { t.Domain = "SALES" }), false},
		{"an account of the target's own", other(corp(""), func(t *Target) { t.Domain = "" }), false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				g := newTester(t, Options{}, corp("exch01"), tt.target, local("exch03"), local("exch04"))
				g.login(corp("exch01"), refused())
				if tt.shared {
					g.wantHeld(tt.target, AuthorityHeld, 31*time.Minute)
				} else {
					g.wantFree(tt.target)
				}
				g.login(local("exch03"), refused())
				g.wantFree(local("exch04"))
				g.wantHeld(local("EXCH03"), AuthorityHeld, 31*time.Minute)
			})
		})
	}
}
