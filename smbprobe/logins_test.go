package smbprobe

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/smb"
)

const account = "corp"

func wrongPassword() refusal {
	return refusal{state: ShareLoginFailed, status: smb.StatusLogonFailure}
}

// login asks for leave, and ends the login with an outcome at once; false: it was held
// back.
func login(t *testing.T, l *logins, target string, o loginOutcome) bool {
	t.Helper()
	done, h := l.acquire(t.Context(), account, target)
	if h != nil {
		return false
	}
	done(o, wrongPassword())
	return true
}

// mustLogin is login where it must not be held back.
func mustLogin(t *testing.T, l *logins, target string, o loginOutcome) {
	t.Helper()
	if !login(t, l, target, o) {
		t.Fatalf("%s: the login was held back", target)
	}
}

// mustHold asks for leave that must be refused.
func mustHold(t *testing.T, l *logins, target string) *held {
	t.Helper()
	done, h := l.acquire(t.Context(), account, target)
	if h == nil {
		done(loginUnanswered, refusal{})
		t.Fatalf("%s: the login was not held back", target)
	}
	return h
}

func TestHoldDoublesUpToFourHours(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLogins(time.Now)
		for _, length := range []time.Duration{15 * time.Minute, 30 * time.Minute, time.Hour, 2 * time.Hour, 4 * time.Hour, 4 * time.Hour} {
			mustLogin(t, l, "exch01", loginRefused)
			until := time.Now().Add(length)
			want := held{until: until, refusal: wrongPassword(), why: "the server refused the last login"}
			if diff := cmp.Diff(want, *mustHold(t, l, "exch01"), cmp.AllowUnexported(held{}, refusal{})); diff != "" {
				t.Errorf("after a hold of %s (-want +got):\n%s", length, diff)
			}
			time.Sleep(length - time.Nanosecond)
			mustHold(t, l, "exch01")
			time.Sleep(time.Nanosecond)
		}
		mustLogin(t, l, "exch01", loginAccepted)
		mustLogin(t, l, "exch01", loginRefused)
		time.Sleep(15 * time.Minute) // from the beginning again
		mustLogin(t, l, "exch01", loginAccepted)
	})
}

func TestThreeRefusalsHoldTheAuthEverywhere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLogins(time.Now)
		for i := range 3 {
			mustLogin(t, l, fmt.Sprint("exch0", i), loginRefused)
		}
		h := mustHold(t, l, "exch09")
		want := held{
			until: time.Now().Add(15 * time.Minute), refusal: refusal{state: ShareLoginFailed},
			why: "three logins in a row with this auth were refused",
		}
		if diff := cmp.Diff(want, *h, cmp.AllowUnexported(held{}, refusal{})); diff != "" {
			t.Errorf("held back (-want +got):\n%s", diff)
		}
		if got := l.heldBack(); got != 4 {
			t.Errorf("%d held back, want 3 targets and the auth", got)
		}
		if done, h := l.acquire(t.Context(), "another", "exch00"); h != nil {
			t.Errorf("another auth is held back: %s", h.why)
		} else {
			done(loginAccepted, refusal{})
		}

		// After the hold one login alone is tried, and its refusal doubles the hold.
		time.Sleep(15 * time.Minute)
		done, h := l.acquire(t.Context(), account, "exch09")
		if h != nil {
			t.Fatalf("after the hold: %s", h.why)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, h := l.acquire(ctx, account, "exch08"); h == nil || !h.until.IsZero() || h.refusal.state != ShareNotProbed {
			t.Errorf("a second login beside the first one after the hold: %+v", h)
		}
		done(loginRefused, wrongPassword())
		if got, want := mustHold(t, l, "exch08").until, time.Now().Add(30*time.Minute); !got.Equal(want) {
			t.Errorf("held back until %s, want %s", got, want)
		}
		time.Sleep(30 * time.Minute)
		mustLogin(t, l, "exch08", loginAccepted)
		for i := range 10 {
			mustLogin(t, l, fmt.Sprint("exch1", i), loginAccepted)
		}
	})
}

// TestSuccessBetweenRefusals: three refusals in a row hold the auth, not three in all.
func TestSuccessBetweenRefusals(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLogins(time.Now)
		for i := range 9 {
			mustLogin(t, l, fmt.Sprint("bad", i), loginRefused)
			mustLogin(t, l, "good", loginAccepted)
		}
		if got := l.heldBack(); got != 9 {
			t.Errorf("%d held back, want 9 targets", got)
		}
	})
}

// TestUnansweredLoginsAreNoRefusals, and no successes either.
func TestUnansweredLoginsAreNoRefusals(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLogins(time.Now)
		for _, o := range []loginOutcome{loginRefused, loginUnanswered, loginHung, loginRefused, loginUnanswered, loginHung} {
			mustLogin(t, l, fmt.Sprint("exch", o, time.Now().UnixNano()), o)
			time.Sleep(time.Nanosecond)
		}
		mustLogin(t, l, "third", loginRefused)
		mustHold(t, l, "fourth")
	})
}

func TestResetEndsTheHold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLogins(time.Now)
		for i := range 3 {
			mustLogin(t, l, fmt.Sprint("exch0", i), loginRefused)
		}
		// A login that began with the old password counts for nothing any more.
		l.reset()
		done, h := l.acquire(t.Context(), account, "exch00")
		if h != nil {
			t.Fatalf("after a reset: %s", h.why)
		}
		l.reset()
		done(loginRefused, wrongPassword())
		if got := l.heldBack(); got != 0 {
			t.Errorf("%d held back, want 0", got)
		}
		mustLogin(t, l, "exch00", loginAccepted)
	})
}

// TestHundredTargetsAtOnce: no more logins with a wrong password than it takes
// to hold the auth back.
func TestHundredTargetsAtOnce(t *testing.T) {
	for _, answer := range []time.Duration{0, time.Second} {
		synctest.Test(t, func(t *testing.T) {
			l := newLogins(time.Now)
			var mu sync.Mutex
			tried, heldBack := 0, 0
			var running sync.WaitGroup
			for i := range 100 {
				running.Go(func() {
					done, h := l.acquire(t.Context(), account, fmt.Sprint("exch", i))
					mu.Lock()
					if h != nil {
						heldBack++
					} else {
						tried++
					}
					mu.Unlock()
					if h == nil {
						time.Sleep(answer)
						done(loginRefused, wrongPassword())
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
		l := newLogins(time.Now)
		begin := time.Now()
		var running sync.WaitGroup
		for i := range 99 {
			running.Go(func() {
				done, h := l.acquire(t.Context(), account, fmt.Sprint("exch", i))
				if h != nil {
					t.Errorf("held back: %s", h.why)
					return
				}
				time.Sleep(10 * time.Millisecond)
				done(loginAccepted, refusal{})
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
		l := newLogins(time.Now)
		for i := range 5 {
			mustLogin(t, l, fmt.Sprint("hung", i), loginHung)
		}
		done, h := l.acquire(t.Context(), account, "hung0")
		if h != nil {
			t.Fatalf("held back: %s", h.why)
		}
		for i := range 5 {
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			if _, h := l.acquire(ctx, account, fmt.Sprint("hung", i)); h == nil {
				t.Error("a second place for the targets that hung")
			}
			cancel()
		}
		mustLogin(t, l, "good", loginAccepted)
		done(loginAccepted, refusal{})

		// Once it answers it takes any place.
		first, h := l.acquire(t.Context(), account, "hung0")
		if h != nil {
			t.Fatalf("held back: %s", h.why)
		}
		mustLogin(t, l, "hung1", loginAccepted)
		first(loginAccepted, refusal{})
	})
}

func TestWaitingEndsWithTheContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLogins(time.Now)
		for i := range 3 {
			done, h := l.acquire(t.Context(), account, fmt.Sprint("exch0", i))
			if h != nil {
				t.Fatalf("held back: %s", h.why)
			}
			defer done(loginUnanswered, refusal{})
		}
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		begin := time.Now()
		_, h := l.acquire(ctx, account, "exch09")
		want := &held{refusal: refusal{state: ShareNotProbed}, why: "waited for other logins with the same account to be answered"}
		if diff := cmp.Diff(want, h, cmp.AllowUnexported(held{}, refusal{})); diff != "" {
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
	for _, other := range []loginOutcome{loginUnanswered, loginHung, loginAccepted} {
		synctest.Test(t, func(t *testing.T) {
			l := newLogins(time.Now)
			first, h := l.acquire(t.Context(), account, "exch01")
			if h != nil {
				t.Fatalf("held back: %s", h.why)
			}
			second, h := l.acquire(t.Context(), account, "exch01")
			if h != nil {
				t.Fatalf("held back: %s", h.why)
			}
			first(other, refusal{})
			second(loginRefused, wrongPassword())
			mustHold(t, l, "exch01")
		})
	}
}

func TestNothingGrowsOnAWalkThroughARange(t *testing.T) {
	l := newLogins(time.Now)
	for i := range 1000 {
		for _, o := range []loginOutcome{loginAccepted, loginUnanswered} {
			mustLogin(t, l, fmt.Sprint("exch", i), o)
		}
	}
	mustLogin(t, l, "exch", loginHung)
	mustLogin(t, l, "exch", loginAccepted)
	if got := len(l.auths[account].targets); got != 0 {
		t.Errorf("%d targets are remembered, want 0", got)
	}
	if got := len(l.auths); got != 1 {
		t.Errorf("%d auths are remembered, want 1", got)
	}
}
