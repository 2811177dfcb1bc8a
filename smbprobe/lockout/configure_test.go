package lockout

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rasphone-exporter/rasphone_exporter/internal/secret"
)

func (t Target) withPassword(password string) Target {
	t.Password = secret.New(password)
	return t
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

// TestReloadStorm: reloads that change nothing do not write the file, end no wait, and
// forget no login that is under way.
func TestReloadStorm(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := new(memStore)
		g := newTester(t, Options{store: store}, fleet(6)...)
		g.warm(fleet(6)...)
		g.login(corp("exch05"), refused())
		first, second := g.start(corp("exch00")), g.start(corp("exch01"))
		acquired := make(chan func(Outcome))
		go func() { acquired <- g.start(corp("exch02")) }()
		synctest.Wait()
		writes := store.writes
		for range 1000 {
			g.configure(fleet(6)...)
		}
		if store.writes != writes {
			t.Errorf("%d writes", store.writes-writes)
		}
		g.wantHeld(corp("exch05"), TargetRefused, min15)
		if got := g.count(); got != 3 {
			t.Errorf("count %d, want 3", got)
		}
		first(inDoubt())
		second(accepted())
		(<-acquired)(accepted())
		if got := g.count(); got != 2 {
			t.Errorf("count %d, want the refusal and the doubt", got)
		}
	})
}

// TestSlowHashLocksNothing: the file is not locked while slow hashes are computed. On a busy
// computer other processes would not get the lock in time, go on without it, and know
// nothing of each other's logins.
func TestSlowHashLocksNothing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store := new(memStore)
		newTester(t, Options{store: store}, fleet(2)...).login(corp("exch00"), refused())
		hashes := 0
		opts := Options{store: store, hashing: func() {
			hashes++
			if !store.mu.TryLock() {
				t.Error("the file is locked")
				return
			}
			store.mu.Unlock()
		}}
		g := newTester(t, opts, fleet(2)...)
		g.wantHeld(corp("exch00"), AuthorityHeld, 31*time.Minute)
		renewed := corp("exch00").withPassword("new-1999")
		g.configure(renewed)
		g.login(renewed, accepted())
		if hashes != 2 {
			t.Errorf("%d slow hashes, want one for each password", hashes)
		}
	})
}
