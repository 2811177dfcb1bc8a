package lockout

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/rasphone-exporter/rasphone_exporter/smbprobe"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/smb"
)

const account = "corp"

func wrongPassword() Refusal {
	return Refusal{State: smbprobe.ShareLoginFailed, Status: smb.StatusLogonFailure}
}

// login asks for leave, and ends the login with an outcome at once; false: it was held
// back.
func login(t *testing.T, l *Guard, target string, o loginOutcome) bool {
	t.Helper()
	done, h := l.Acquire(t.Context(), account, target)
	if h != nil {
		return false
	}
	done(o, wrongPassword())
	return true
}

// mustLogin is login where it must not be held back.
func mustLogin(t *testing.T, l *Guard, target string, o loginOutcome) {
	t.Helper()
	if !login(t, l, target, o) {
		t.Fatalf("%s: the login was held back", target)
	}
}

// mustHold asks for leave that must be refused.
func mustHold(t *testing.T, l *Guard, target string) *Held {
	t.Helper()
	done, h := l.Acquire(t.Context(), account, target)
	if h == nil {
		done(LoginUnanswered, Refusal{})
		t.Fatalf("%s: the login was not held back", target)
	}
	return h
}

func TestHoldDoublesUpToFourHours(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := New(time.Now)
		for _, length := range []time.Duration{15 * time.Minute, 30 * time.Minute, time.Hour, 2 * time.Hour, 4 * time.Hour, 4 * time.Hour} {
			mustLogin(t, l, "exch01", LoginRefused)
			until := time.Now().Add(length)
			want := Held{Until: until, Refusal: wrongPassword(), Why: "the server refused the last login"}
			if diff := cmp.Diff(want, *mustHold(t, l, "exch01"), cmp.AllowUnexported(Held{}, Refusal{})); diff != "" {
				t.Errorf("after a hold of %s (-want +got):\n%s", length, diff)
			}
			time.Sleep(length - time.Nanosecond)
			mustHold(t, l, "exch01")
			time.Sleep(time.Nanosecond)
		}
		mustLogin(t, l, "exch01", LoginAccepted)
		mustLogin(t, l, "exch01", LoginRefused)
		time.Sleep(15 * time.Minute) // from the beginning again
		mustLogin(t, l, "exch01", LoginAccepted)
	})
}

func TestThreeRefusalsHoldTheAuthEverywhere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := New(time.Now)
		for i := range 3 {
			mustLogin(t, l, fmt.Sprint("exch0", i), LoginRefused)
		}
		h := mustHold(t, l, "exch09")
		want := Held{
			Until: time.Now().Add(15 * time.Minute), Refusal: Refusal{State: smbprobe.ShareLoginFailed},
			Why: "three logins in a row with this auth were refused",
		}
		if diff := cmp.Diff(want, *h, cmp.AllowUnexported(Held{}, Refusal{})); diff != "" {
			t.Errorf("held back (-want +got):\n%s", diff)
		}
		if got := l.HeldBack(); got != 4 {
			t.Errorf("%d held back, want 3 targets and the auth", got)
		}
		if done, h := l.Acquire(t.Context(), "another", "exch00"); h != nil {
			t.Errorf("another auth is held back: %s", h.Why)
		} else {
			done(LoginAccepted, Refusal{})
		}

		// After the hold one login alone is tried, and its refusal doubles the hold.
		time.Sleep(15 * time.Minute)
		done, h := l.Acquire(t.Context(), account, "exch09")
		if h != nil {
			t.Fatalf("after the hold: %s", h.Why)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, h := l.Acquire(ctx, account, "exch08"); h == nil || !h.Until.IsZero() || h.Refusal.State != smbprobe.ShareNotProbed {
			t.Errorf("a second login beside the first one after the hold: %+v", h)
		}
		done(LoginRefused, wrongPassword())
		if got, want := mustHold(t, l, "exch08").Until, time.Now().Add(30*time.Minute); !got.Equal(want) {
			t.Errorf("held back until %s, want %s", got, want)
		}
		time.Sleep(30 * time.Minute)
		mustLogin(t, l, "exch08", LoginAccepted)
		for i := range 10 {
			mustLogin(t, l, fmt.Sprint("exch1", i), LoginAccepted)
		}
	})
}

// TestSuccessBetweenRefusals: three refusals in a row hold the auth, not three in all.
func TestSuccessBetweenRefusals(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := New(time.Now)
		for i := range 9 {
			mustLogin(t, l, fmt.Sprint("bad", i), LoginRefused)
			mustLogin(t, l, "good", LoginAccepted)
		}
		if got := l.HeldBack(); got != 9 {
			t.Errorf("%d held back, want 9 targets", got)
		}
	})
}

// TestUnansweredLoginsAreNoRefusals, and no successes either.
func TestUnansweredLoginsAreNoRefusals(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := New(time.Now)
		for _, o := range []loginOutcome{LoginRefused, LoginUnanswered, LoginHung, LoginRefused, LoginUnanswered, LoginHung} {
			mustLogin(t, l, fmt.Sprint("exch", o, time.Now().UnixNano()), o)
			time.Sleep(time.Nanosecond)
		}
		mustLogin(t, l, "third", LoginRefused)
		mustHold(t, l, "fourth")
	})
}

func TestResetEndsTheHold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := New(time.Now)
		for i := range 3 {
			mustLogin(t, l, fmt.Sprint("exch0", i), LoginRefused)
		}
		// A login that began with the old password counts for nothing any more.
		l.Reset()
		done, h := l.Acquire(t.Context(), account, "exch00")
		if h != nil {
			t.Fatalf("after a reset: %s", h.Why)
		}
		l.Reset()
		done(LoginRefused, wrongPassword())
		if got := l.HeldBack(); got != 0 {
			t.Errorf("%d held back, want 0", got)
		}
		mustLogin(t, l, "exch00", LoginAccepted)
	})
}

// TestHundredTargetsAtOnce: no more logins with a wrong password than it takes
// to hold the auth back.
func TestHundredTargetsAtOnce(t *testing.T) {
	for _, answer := range []time.Duration{0, time.Second} {
		synctest.Test(t, func(t *testing.T) {
			l := New(time.Now)
			var mu sync.Mutex
			tried, heldBack := 0, 0
			var running sync.WaitGroup
			for i := range 100 {
				running.Go(func() {
					done, h := l.Acquire(t.Context(), account, fmt.Sprint("exch", i))
					mu.Lock()
					if h != nil {
						heldBack++
					} else {
						tried++
					}
					mu.Unlock()
					if h == nil {
						time.Sleep(answer)
						done(LoginRefused, wrongPassword())
					}
				})
			}
			running.Wait()
			if tried != 3 || heldBack != 97 {
				t.Errorf("%d logins and %d held back, want 3 and 97", tried, heldBack)
			}
		})
	}
}

// TestRightPasswordIsNotSlowedDown: the places are used again as logins are
// answered, three at a time.
func TestRightPasswordIsNotSlowedDown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := New(time.Now)
		begin := time.Now()
		var running sync.WaitGroup
		for i := range 99 {
			running.Go(func() {
				done, h := l.Acquire(t.Context(), account, fmt.Sprint("exch", i))
				if h != nil {
					t.Errorf("held back: %s", h.Why)
					return
				}
				time.Sleep(10 * time.Millisecond)
				done(LoginAccepted, Refusal{})
			})
		}
		running.Wait()
		if took := time.Since(begin); took != 330*time.Millisecond {
			t.Errorf("99 logins of 10 ms took %s, want 330 ms", took)
		}
	})
}

// TestHungLoginsShareOnePlace: servers that hang cannot keep the others waiting,
// except the first time.
func TestHungLoginsShareOnePlace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := New(time.Now)
		for i := range 5 {
			mustLogin(t, l, fmt.Sprint("hung", i), LoginHung)
		}
		done, h := l.Acquire(t.Context(), account, "hung0")
		if h != nil {
			t.Fatalf("held back: %s", h.Why)
		}
		for i := range 5 {
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			if _, h := l.Acquire(ctx, account, fmt.Sprint("hung", i)); h == nil {
				t.Error("a second place for the targets that hung")
			}
			cancel()
		}
		mustLogin(t, l, "good", LoginAccepted)
		done(LoginAccepted, Refusal{})

		// Once it answers it takes any place.
		first, h := l.Acquire(t.Context(), account, "hung0")
		if h != nil {
			t.Fatalf("held back: %s", h.Why)
		}
		mustLogin(t, l, "hung1", LoginAccepted)
		first(LoginAccepted, Refusal{})
	})
}

func TestWaitingEndsWithTheContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := New(time.Now)
		for i := range 3 {
			done, h := l.Acquire(t.Context(), account, fmt.Sprint("exch0", i))
			if h != nil {
				t.Fatalf("held back: %s", h.Why)
			}
			defer done(LoginUnanswered, Refusal{})
		}
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		begin := time.Now()
		_, h := l.Acquire(ctx, account, "exch09")
		want := &Held{Refusal: Refusal{State: smbprobe.ShareNotProbed}, Why: "waited for other logins with the same account to be answered"}
		if diff := cmp.Diff(want, h, cmp.AllowUnexported(Held{}, Refusal{})); diff != "" {
			t.Errorf("held (-want +got):\n%s", diff)
		}
		if took := time.Since(begin); took != 5*time.Second {
			t.Errorf("waited for %s, want 5 s", took)
		}
	})
}

// TestTwoLoginsOnOneTarget: two modules of a target are probed side by side, and
// the login that is refused is held back whatever the other one came to.
func TestTwoLoginsOnOneTarget(t *testing.T) {
	for _, other := range []loginOutcome{LoginUnanswered, LoginHung, LoginAccepted} {
		synctest.Test(t, func(t *testing.T) {
			l := New(time.Now)
			first, h := l.Acquire(t.Context(), account, "exch01")
			if h != nil {
				t.Fatalf("held back: %s", h.Why)
			}
			second, h := l.Acquire(t.Context(), account, "exch01")
			if h != nil {
				t.Fatalf("held back: %s", h.Why)
			}
			first(other, Refusal{})
			second(LoginRefused, wrongPassword())
			mustHold(t, l, "exch01")
		})
	}
}

func TestNothingGrowsOnAWalkThroughARange(t *testing.T) {
	l := New(time.Now)
	for i := range 1000 {
		for _, o := range []loginOutcome{LoginAccepted, LoginUnanswered} {
			mustLogin(t, l, fmt.Sprint("exch", i), o)
		}
	}
	mustLogin(t, l, "exch", LoginHung)
	mustLogin(t, l, "exch", LoginAccepted)
	if got := len(l.auths[account].targets); got != 0 {
		t.Errorf("%d targets are remembered, want 0", got)
	}
	if got := len(l.auths); got != 1 {
		t.Errorf("%d auths are remembered, want 1", got)
	}
}
