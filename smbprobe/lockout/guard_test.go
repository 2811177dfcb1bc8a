package lockout

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/rasphone-exporter/rasphone_exporter/internal/secret"
)

func (t Target) withPassword(password string) Target {
	t.Password = secret.New(password)
	return t
}

// TestHeldWithoutALogin: a target that had no login since the start has no state.
func TestHeldWithoutALogin(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		targets := fleet(2)
		g := newTester(t, Options{}, targets...)
		g.login(targets[0], refused())
		if held := g.wantHeld(targets[1], AuthorityHeld, 31*time.Minute); held.State != "" || held.Status != 0 {
			t.Errorf("state %q, status %#x of a target that had no login", held.State, held.Status)
		}
		held := g.wantHeld(targets[0], AuthorityHeld, 31*time.Minute)
		if held.State != "login_failed" || held.Status != 0xC000006D {
			t.Errorf("state %q, status %#x", held.State, held.Status)
		}
		want := "too many logins with the same account failed; next login after 2000-01-01 00:31:00 UTC"
		if diff := cmp.Diff(want, held.Error()); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	})
}

func TestStrings(t *testing.T) {
	t.Parallel()
	seen := make(map[string]bool)
	for r := range Reason(len(reasons)) {
		if seen[r.String()] {
			t.Errorf("%q twice", r)
		}
		seen[r.String()] = true
	}
	for r, want := range map[Reason]string{0: "the login is held back", 99: "the login is held back"} {
		if got := r.String(); got != want {
			t.Errorf("%d: %q, want %q", r, got, want)
		}
	}
	one := &ForgetError{Auth: "corp", Accounts: 1, Until: epoch}
	two := &ForgetError{Auth: "corp", Accounts: 2, Until: epoch}
	for err, want := range map[error]string{
		one: `auth "corp": four logins of the account have failed, one more might lock it; possible after 1998-04-01 00:00:00 UTC`,
		two: `auth "corp": four logins have failed of each of 2 accounts, one more might lock it; possible after 1998-04-01 00:00:00 UTC`,
	} {
		if got := err.Error(); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

// TestWaiterPriority: targets whose last login was accepted go first, the one that
// accepted last before the others.
func TestWaiterPriority(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		targets := fleet(8)
		g := newTester(t, Options{}, targets...)
		g.warm(targets[:5]...)
		var releases []func(Outcome)
		for _, target := range targets[:3] {
			releases = append(releases, g.start(target))
		}
		releases = append(releases, g.start(targets[4])) // the fourth place
		var mu sync.Mutex
		var order []string
		var wg sync.WaitGroup
		for _, target := range []Target{targets[5], targets[6], targets[3], targets[7], targets[4]} {
			wg.Go(func() {
				release, err := g.Acquire(t.Context(), target, "")
				if err != nil {
					t.Error(err)
					return
				}
				mu.Lock()
				order = append(order, target.Name)
				mu.Unlock()
				time.Sleep(time.Second)
				release(notSent())
			})
			synctest.Wait()
		}
		for _, release := range releases {
			release(notSent())
			synctest.Wait()
		}
		wg.Wait()
		want := []string{"exch04", "exch03", "exch05", "exch06", "exch07"}
		if diff := cmp.Diff(want, order); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	})
}

// TestWaitEndsWithItsContext, leaves no trace, and tells the cause.
func TestWaitEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		targets := fleet(2)
		g := newTester(t, Options{}, targets...)
		release := g.start(targets[0])
		cause := errors.New("draining")
		ctx, cancel := context.WithCancelCause(t.Context())
		time.AfterFunc(time.Hour, func() { cancel(cause) })
		if _, err := g.Acquire(ctx, targets[1], ""); !errors.Is(err, ErrNoPlace) || !errors.Is(err, cause) {
			t.Errorf("%v, want no place because of draining", err)
		}
		release(accepted())
		if _, err := g.Acquire(ctx, targets[1], ""); !errors.Is(err, ErrNoPlace) {
			t.Errorf("%v: the context had ended before", err)
		}
		if got := g.count(); got != 0 {
			t.Errorf("count %d, want 0", got)
		}
		g.wantFree(targets[1])
	})
}

// TestReleaseTwice: the second outcome does not count.
func TestReleaseTwice(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		targets := fleet(1)
		g := newTester(t, Options{}, targets...)
		release := g.start(targets[0])
		release(accepted())
		release(refused())
		g.wantFree(targets[0])
	})
}

// TestOneOfAHundredHangs: the other 99 are never held, and hardly wait.
func TestOneOfAHundredHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		targets := fleet(100)
		g := newTester(t, Options{}, targets...)
		g.warm(targets...)
		var wg sync.WaitGroup
		for i, target := range targets {
			wg.Go(func() {
				time.Sleep(time.Duration(i*37%60) * time.Second)
				for range 120 {
					ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
					release, err := g.Acquire(ctx, target, "CORP")
					switch {
					case err != nil && i != 42:
						t.Errorf("%s: %v", target.Name, err)
					case err != nil:
					case i == 42:
						<-ctx.Done()
						release(inDoubt())
					default:
						time.Sleep(200 * time.Millisecond)
						release(accepted())
					}
					cancel()
					time.Sleep(time.Minute)
				}
			})
		}
		wg.Wait()
	})
}

// TestHundredAtOnceWithAWrongPassword: one login after a start, four after it was
// accepted.
func TestHundredAtOnceWithAWrongPassword(t *testing.T) {
	t.Parallel()
	for want, warm := range map[int]bool{1: false, 4: true} {
		synctest.Test(t, func(t *testing.T) {
			targets := fleet(100)
			g := newTester(t, Options{}, targets...)
			if warm {
				g.warm(targets...)
			}
			var mu sync.Mutex
			sent := 0
			var wg sync.WaitGroup
			for _, target := range targets {
				wg.Go(func() {
					release, err := g.tryStart(target)
					if err != nil {
						return
					}
					mu.Lock()
					sent++
					mu.Unlock()
					time.Sleep(time.Second)
					release(refused())
				})
			}
			wg.Wait()
			if sent != want {
				t.Errorf("%d logins, want %d", sent, want)
			}
		})
	}
}

// TestConfigure: what a reload forgets, and what it keeps.
func TestConfigure(t *testing.T) {
	t.Parallel()
	changed := func(change func(*Target)) func([]Target) []Target {
		return func(targets []Target) []Target {
			for i := range targets {
				change(&targets[i])
			}
			return targets
		}
	}
	for _, tt := range []struct {
		name   string
		reload func([]Target) []Target
		kept   bool
	}{
		{"nothing changed", changed(func(*Target) {}), true},
		{"auth has another name", changed(func(t *Target) { t.Auth = "exchange" }), true},
		{"other case", changed(func(t *Target) { t.Username, t.Domain = "Rasphone", "corp" }), true},
		{"targets added", func(targets []Target) []Target { return append(targets, corp("new")) }, true},
		{"another target removed", func(targets []Target) []Target { return targets[:2] }, true},
		{"password", changed(func(t *Target) { *t = t.withPassword("new-1999") }), false},
		{"user", changed(func(t *Target) { t.Username = "backup" }), false},
		{"domain", changed(func(t *Target) { t.Domain = "SALES" }), false},
		{"no domain", changed(func(t *Target) { t.Domain = "" }), false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				g := newTester(t, Options{}, fleet(3)...)
				g.login(fleet(1)[0], refused())
				targets := tt.reload(fleet(3))
				for range 100 { // a storm of reloads
					g.configure(targets...)
				}
				if tt.kept {
					held := g.wantHeld(targets[0], AuthorityHeld, 31*time.Minute)
					if held.State != "login_failed" {
						t.Errorf("state %q, want that of the last login", held.State)
					}
					g.wantHeld(targets[1], AuthorityHeld, 31*time.Minute)
					return
				}
				if got := g.HeldBack(); got != 0 {
					t.Errorf("%d held back, want 0", got)
				}
				g.login(targets[0], refused())
				g.wantHeld(targets[0], AuthorityHeld, 31*time.Minute)
			})
		})
	}
}

// TestTargetIsRemovedAndReturns: its hold goes on, also if a reload in between does
// not have it.
func TestTargetIsRemovedAndReturns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		targets := fleet(2)
		g := newTester(t, Options{}, targets...)
		g.warm(targets...)
		g.login(targets[1], refused())
		g.configure(targets[:1]...)
		if _, err := g.tryStart(targets[1]); !errors.Is(err, ErrNotInForce) {
			t.Errorf("%v, want the login not in force", err)
		}
		if got := g.HeldBack(); got != 0 {
			t.Errorf("%d held back, want 0", got)
		}
		g.configure()
		g.configure(targets...)
		g.wantHeld(targets[1], TargetRefused, min15)
		time.Sleep(min15)
		g.configure(targets[:1]...)
		g.configure(targets...)
		g.wantFree(targets[1])
	})
}

// TestTwoPasswords of one account are an error that does not name them.
func TestTwoPasswords(t *testing.T) {
	t.Parallel()
	g := newTester(t, Options{}, corp("exch01"))
	other := corp("exch02").withPassword("other-1998")
	other.Auth = "other"
	err := g.Configure([]Target{corp("exch01"), other})
	if err == nil || strings.Contains(err.Error(), "1998") || !strings.Contains(err.Error(), `"other"`) {
		t.Errorf("error %v", err)
	}
	g.wantFree(corp("exch01")) // as before
	if err := g.Configure([]Target{local("exch01"), local("exch02").withPassword("other-1998")}); err != nil {
		t.Errorf("accounts of the targets' own: %v", err)
	}
}

// TestReloadWhileLoginsAreUnderWay: those that wait with the old password are not sent, and
// what comes of those that were does not count.
func TestReloadWhileLoginsAreUnderWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		targets := fleet(6)
		g := newTester(t, Options{}, targets...)
		g.warm(targets...)
		var releases []func(Outcome)
		for _, target := range targets[:3] {
			releases = append(releases, g.start(target))
		}
		waited := make(chan error)
		go func() {
			_, err := g.Acquire(t.Context(), targets[4], "")
			waited <- err
		}()
		synctest.Wait()
		renewed := fleet(6)
		for i := range renewed {
			renewed[i] = renewed[i].withPassword("new-1999")
		}
		g.configure(renewed...)
		if err := <-waited; !errors.Is(err, ErrNotInForce) {
			t.Errorf("waiting with the old password: %v", err)
		}
		if _, err := g.tryStart(targets[4]); !errors.Is(err, ErrNotInForce) {
			t.Errorf("the old password: %v", err)
		}
		if _, err := g.tryStart(corp("unknown")); !errors.Is(err, ErrNotInForce) {
			t.Errorf("unknown target: %v", err)
		}
		first := g.start(renewed[5])
		for i, release := range releases {
			release([]Outcome{refused(), inDoubt(), accepted()}[i])
		}
		if got := g.count(); got != 1 {
			t.Errorf("count %d, want the one under way", got)
		}
		g.wantWait(renewed[0]) // the new ones were not accepted yet
		first(accepted())
		for _, target := range renewed {
			g.wantFree(target)
		}
	})
}

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

// TestOneTargetIsRefusedFourTimes: an account of its own is not locked by changes of the
// password either.
func TestOneTargetIsRefusedFourTimes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := new(memStore)
		g := newTester(t, Options{store: store}, corp("exch01"))
		for i := range 4 {
			if i == 2 { // with a restart in between, which finds a record with another password
				g = newTester(t, Options{store: store})
			}
			target := corp("exch01").withPassword(fmt.Sprint("wrong-", i))
			g.configure(target)
			g.login(target, refused())
			time.Sleep(time.Minute)
		}
		target := corp("exch01").withPassword("right-1999")
		g.configure(target)
		g.wantHeld(target, CountFull, 30*time.Minute)
		time.Sleep(30 * time.Minute)
		g.login(target, accepted())
	})
}
