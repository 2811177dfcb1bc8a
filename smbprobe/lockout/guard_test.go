package lockout

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

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
		admitted := make(chan func(Outcome), 5)
		var order []string // one is admitted at a time
		for _, target := range []Target{targets[5], targets[6], targets[3], targets[7], targets[4]} {
			go func() {
				release, err := g.Acquire(t.Context(), target, "")
				if err != nil {
					t.Error(err)
					return
				}
				order = append(order, target.Name)
				admitted <- release
			}()
			synctest.Wait()
		}
		for _, release := range releases {
			release(notSent())
			synctest.Wait()
		}
		for range 5 {
			(<-admitted)(notSent())
			synctest.Wait()
		}
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
