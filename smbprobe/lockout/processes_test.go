package lockout

import (
	"bytes"
	"context"
	"errors"
	"path/filepath"
	"runtime"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

// TestUnsavedIsMerged: a failed write does not lose what another process wrote meanwhile.
func TestUnsavedIsMerged(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := new(memStore)
		g := newTester(t, Options{store: store}, fleet(6)...)
		other := newTester(t, Options{store: store}, fleet(6)...)
		g.warm(fleet(6)...)
		other.warm(fleet(6)...)
		store.fail = errors.New("no space left on device")
		g.login(corp("exch00"), refused())
		store.fail = nil
		other.login(corp("exch01"), refused())
		for _, g := range []tester{g, other} {
			g.login(corp("exch05"), accepted())
			g.wantHeld(corp("exch00"), TargetRefused, min15)
			g.wantHeld(corp("exch01"), TargetRefused, min15)
			if got := g.count(); got != 2 {
				t.Errorf("count %d, want 2", got)
			}
		}
	})
}

// TestWrittenBeforeSent: a login under way is in the file, as is what came of it.
func TestWrittenBeforeSent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := new(memStore)
		g := newTester(t, Options{store: store}, fleet(6)...)
		g.warm(fleet(6)...)
		states := func() []recordState {
			t.Helper()
			r, err := decode(store.content)
			if err != nil || len(r.Authorities) != 1 {
				t.Fatalf("%d authorities, %v", len(r.Authorities), err)
			}
			var states []recordState
			for _, l := range r.Authorities[0].Logins {
				states = append(states, l.State)
			}
			return states
		}
		for _, tt := range []struct {
			outcome Outcome
			want    []recordState
		}{
			{accepted(), nil}, {guest(), nil}, {notSent(), nil}, {inDoubt(), []recordState{"in_doubt"}}, {refused(), []recordState{"refused"}},
		} {
			release := g.start(corp("exch01"))
			if diff := cmp.Diff([]recordState{"under_way"}, states()); diff != "" {
				t.Errorf("before it is sent (-want +got):\n%s", diff)
			}
			release(tt.outcome)
			if diff := cmp.Diff(tt.want, states()); diff != "" {
				t.Errorf("%+v (-want +got):\n%s", tt.outcome, diff)
			}
			time.Sleep(31 * time.Minute)
			g.warm(corp("exch02"))
		}
	})
}

// TestWaiterIsWrittenBeforeItGoesOn, although another goroutine writes it.
func TestWaiterIsWrittenBeforeItGoesOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := new(memStore)
		g := newTester(t, Options{store: store}, fleet(2)...)
		first := g.start(corp("exch00"))
		go func() {
			release := g.start(corp("exch01"))
			if !bytes.Contains(store.content, []byte("accepted_at")) { // by the same write
				t.Error("the login went on, and is not in the file")
			}
			release(accepted())
		}()
		synctest.Wait()
		store.before = func() {
			for range 1000 {
				runtime.Gosched() // time for the waiter to go on too early
			}
		}
		first(accepted())
		synctest.Wait()
	})
}

// TestKilledProcess: a login whose process ended is in doubt, and holds its target unless
// that had accepted the credentials.
func TestKilledProcess(t *testing.T) {
	t.Parallel()
	for _, acceptedBefore := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			store := new(memStore)
			g := newTester(t, Options{store: store}, fleet(6)...)
			g.warm(corp("exch05"))
			if acceptedBefore {
				g.warm(corp("exch00"))
			}
			g.start(corp("exch00")) // with 10 seconds, and no release

			g = newTester(t, Options{store: store}, fleet(6)...)
			time.Sleep(2*time.Minute - 10*time.Second) // exch05 was accepted long ago
			time.Sleep(10 * time.Second)
			if acceptedBefore {
				g.wantFree(corp("exch00"))
			} else {
				g.wantHeld(corp("exch00"), TargetInDoubt, min15-110*time.Second)
			}
			if got := g.count(); got != 1 {
				t.Errorf("count %d, want 1", got)
			}
			g.login(corp("exch05"), accepted())
			if got := g.count(); got != 0 {
				t.Errorf("count %d, want 0", got)
			}
		})
	}
}

// TestOtherProcessIsAlone: what another process has under way after a hold makes this one
// wait, until it is in the file that it has ended.
func TestOtherProcessIsAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := new(memStore)
		g := newTester(t, Options{store: store}, fleet(3)...)
		other := newTester(t, Options{store: store}, fleet(3)...)
		first := other.start(corp("exch00"))
		start := time.Now()
		time.AfterFunc(time.Second, func() { first(accepted()) })
		release := g.start(corp("exch01"))
		if waited := time.Since(start); waited < time.Second || waited > time.Second+recheckFileInterval {
			t.Errorf("waited for %s", waited)
		}
		release(accepted())
	})
}

// TestOtherConfiguration: a process keeps what it does not know, for a day.
func TestOtherConfiguration(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := new(memStore)
		g := newTester(t, Options{store: store}, fleet(2)...)
		g.warm(fleet(2)...)
		g.login(corp("exch01"), refused())
		backup := corp("exch01")
		backup.Username = "backup"
		for name, targets := range map[string][]Target{
			"another user":     {backup},
			"another password": {corp("exch01").withPassword("new-1999")},
			"another target":   {corp("exch09")},
			"no target":        nil,
		} {
			other := newTester(t, Options{store: store}, targets...)
			for _, target := range targets {
				other.login(target, accepted())
			}
			g := newTester(t, Options{store: store}, fleet(2)...)
			if _, err := g.tryStart(corp("exch01")); err == nil {
				t.Errorf("%s: the hold was lost", name)
			}
		}
		time.Sleep(25 * time.Hour)
		other := newTester(t, Options{store: store}, backup)
		other.login(backup, accepted())
		if r, err := decode(store.content); err != nil || len(r.Authorities) != 1 {
			t.Errorf("%+v, %v; want one authority", r, err)
		}
	})
}

// TestAnotherSalt: another process has made a new file. What both know is kept.
func TestAnotherSalt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := new(memStore)
		g := newTester(t, Options{store: store}, fleet(6)...)
		g.warm(fleet(6)...)
		g.login(corp("exch00"), refused())
		store.content = nil
		other := newTester(t, Options{store: store}, fleet(6)...)
		other.warm(fleet(6)...)
		other.login(corp("exch01"), refused())
		for _, g := range []tester{g, newTester(t, Options{store: store}, fleet(6)...)} {
			g.login(corp("exch05"), accepted())
			g.wantHeld(corp("exch00"), TargetRefused, min15-7*time.Millisecond)
			g.wantHeld(corp("exch01"), TargetRefused, min15)
			if got := g.count(); got != 2 {
				t.Errorf("count %d, want 2", got)
			}
		}
	})
}

// TestChangedPasswordAfterARestart: the hold was that of the old one.
func TestChangedPasswordAfterARestart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := new(memStore)
		newTester(t, Options{store: store}, corp("exch00")).login(corp("exch00"), refused())
		renewed := corp("exch00").withPassword("new-1999")
		newTester(t, Options{store: store}, renewed).login(renewed, accepted())
		newTester(t, Options{store: store}, corp("exch00")).wantHeld(corp("exch00"), AuthorityHeld, 31*time.Minute)
	})
}

// TestTwoGuardsOneFile: two processes that log in as fast as they can. No more than four
// logins fail.
func TestTwoGuardsOneFile(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "lockout.json")
	targets := fleet(20)
	var guards [2]tester
	for i := range guards {
		guards[i] = newTester(t, Options{File: path, RequireFile: true, Warn: func(err error) { t.Error(err) }}, targets...)
		guards[i].warm(targets[:4]...)
	}
	var mu sync.Mutex
	var failed, sent int
	var wg sync.WaitGroup
	for _, g := range guards {
		for _, target := range targets {
			wg.Go(func() {
				for range 5 {
					ctx, cancel := context.WithTimeout(t.Context(), time.Second)
					release, err := g.Acquire(ctx, target, "CORP")
					cancel()
					if err != nil {
						continue
					}
					mu.Lock()
					sent++
					o := accepted()
					if sent > 50 {
						o = refused()
						failed++
					}
					mu.Unlock()
					release(o)
				}
			})
		}
	}
	wg.Wait()
	if failed == 0 || failed >= lockAt {
		t.Errorf("%d logins failed", failed)
	}
	if _, err := decode(readFile(t, path)); err != nil {
		t.Error(err)
	}
}
