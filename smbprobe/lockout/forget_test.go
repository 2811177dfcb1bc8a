package lockout

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

// TestForget permits one login, alone, while fewer than four count.
func TestForget(t *testing.T) {
	const m = time.Minute
	synctest.Test(t, func(t *testing.T) {
		targets := fleet(8)
		g := newTester(t, Options{}, targets...)
		forget := func() {
			t.Helper()
			if err := g.Forget("corp"); err != nil {
				t.Fatal(err)
			}
		}
		if err := g.Forget("none"); !errors.Is(err, ErrUnknownAuth) {
			t.Errorf("%v, want an unknown auth", err)
		}
		forget() // nothing is held, so this permits nothing
		g.login(targets[0], refused())
		g.wantHeld(targets[1], AuthorityHeld, 31*m)

		forget()
		forget() // is still one login
		g.login(targets[0], notSent())
		release := g.start(targets[0]) // whose own hold does not matter either
		g.wantHeld(targets[1], AuthorityHeld, 31*m)
		release(refused())
		g.wantHeld(targets[1], AuthorityHeld, 62*m) // doubled

		forget()
		g.login(targets[1], refused())
		forget()
		g.login(targets[2], inDoubt())
		want := &ForgetError{Auth: "corp", Accounts: 1, Until: time.Now().Add(31 * m)}
		err := g.Forget("corp")
		got, _ := errors.AsType[*ForgetError](err)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("the fifth (-want +got):\n%s", diff)
		}
		time.Sleep(31 * m)
		forget()
		g.login(targets[7], accepted())
		g.wantFree(targets[6])
	})
}

// TestForgetOneTarget: if only a target is held, the permitted login is for it, and the
// others wait while it is under way.
func TestForgetOneTarget(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		targets := fleet(4)
		g := newTester(t, Options{}, targets...)
		g.warm(targets...)
		g.login(targets[0], refused())
		if err := g.Forget("corp"); err != nil {
			t.Fatal(err)
		}
		g.wantFree(targets[1])
		other := g.start(targets[1])
		acquired := make(chan func(Outcome))
		go func() {
			release, err := g.Acquire(t.Context(), targets[0], "")
			if err != nil {
				t.Error(err)
			}
			acquired <- release
		}()
		synctest.Wait()
		g.wantWait(targets[2]) // so that it does not wait indefinitely
		other(accepted())
		release := <-acquired
		g.wantWait(targets[2])
		release(refused())
		g.wantFree(targets[2]) // the authority is not held
		g.wantHeld(targets[0], TargetRefused, 30*time.Minute)
	})
}

// TestForgetLocalAccounts: once for each authority of the auth.
func TestForgetLocalAccounts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		targets := []Target{local("exch01"), local("exch02"), local("exch03")}
		g := newTester(t, Options{}, targets...)
		for _, target := range targets[:2] {
			g.login(target, refused())
		}
		if err := g.Forget("corp"); err != nil {
			t.Fatal(err)
		}
		g.login(targets[0], accepted())
		for range 3 {
			g.login(targets[1], refused())
			_ = g.Forget("corp")
		}
		err := g.Forget("corp")
		if got, _ := errors.AsType[*ForgetError](err); got == nil || got.Accounts != 1 {
			t.Errorf("%v, want one account that stays held", err)
		}
		g.wantFree(targets[2])
	})
}

// TestPrompted: a password that was just typed is tried once regardless.
func TestPrompted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := new(memStore)
		target := corp("exch01")
		g := newTester(t, Options{store: store}, target)
		g.login(target, refused())
		typed := target
		typed.Prompted = true
		for range 2 {
			g := newTester(t, Options{store: store}, typed, corp("exch02"))
			g.configure(typed, corp("exch02")) // permits no second one
			g.login(typed, notSent())
			g.login(typed, refused())
			if release, err := g.tryStart(typed); err == nil {
				release(notSent())
				t.Error("a second login was permitted")
			}
		}
		g.wantHeld(target, AuthorityHeld, 124*time.Minute) // the refusals were recorded
		if got := g.count(); got != 3 {
			t.Errorf("count %d, want 3", got)
		}
	})
}
