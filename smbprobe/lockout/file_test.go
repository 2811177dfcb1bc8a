package lockout

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

// warnings collects them.
type warnings []error

func (w *warnings) add(err error) { *w = append(*w, err) }

func (w *warnings) take() []error {
	all := *w
	*w = nil
	return all
}

// wantWarning wants one warning, with a text in it; "": none.
func (w *warnings) wantWarning(t *testing.T, text string) {
	t.Helper()
	switch got := w.take(); {
	case text == "" && len(got) == 0:
	case text == "", len(got) != 1, !strings.Contains(got[0].Error(), text):
		t.Errorf("warnings %q, want one with %q in it", got, text)
	}
}

func writeFile(t *testing.T, path string, content []byte, mode fs.FileMode) {
	t.Helper()
	if err := os.WriteFile(path, content, mode); err != nil {
		t.Fatal(err)
	}
}

func readFile(t *testing.T, path string) []byte {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return content
}

// refusedFile is a lockout file that holds exch01 and its authority.
func refusedFile(t *testing.T, path string) {
	t.Helper()
	newTester(t, Options{File: path, RequireFile: true}, fleet(3)...).login(corp("exch01"), refused())
}

// wantRefused wants a guard to know what refusedFile wrote.
func wantRefused(t *testing.T, g tester) {
	t.Helper()
	_, err := g.tryStart(corp("exch01"))
	held, _ := errors.AsType[*HeldError](err)
	if held == nil || held.Reason != AuthorityHeld {
		t.Fatalf("%v, want the authority held", err)
	}
}

func TestFileModes(t *testing.T) {
	t.Parallel()
	for _, mode := range []fs.FileMode{0o600, 0o644, 0o666, 0o400} {
		path := filepath.Join(t.TempDir(), "lockout.json")
		refusedFile(t, path)
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
		var w warnings
		g := newTester(t, Options{File: path, RequireFile: true, Warn: w.add}, fleet(3)...)
		wantRefused(t, g)
		w.wantWarning(t, "")
		info, err := os.Stat(path)
		if err != nil || info.Mode() != 0o600 {
			t.Errorf("mode %v, %v; want 0600", info.Mode(), err)
		}
	}
}

func TestDirectoryHasNothingElse(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, "lockout.json")
	writeFile(t, path+".tmp", []byte("left over from a crash"), 0o644)
	refusedFile(t, path)
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	if diff := cmp.Diff([]string{"lockout.json", "lockout.json.lock"}, names); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestSymbolicLinks stay links, and what they lead to is the file.
func TestSymbolicLinks(t *testing.T) {
	t.Parallel()
	for _, exists := range []bool{true, false} {
		dir, link := t.TempDir(), filepath.Join(t.TempDir(), "link.json")
		path := filepath.Join(dir, "lockout.json")
		second := filepath.Join(dir, "second.json")
		if err := errors.Join(os.Symlink("lockout.json", second), os.Symlink(second, link)); err != nil {
			t.Fatal(err)
		}
		if exists {
			refusedFile(t, path)
		} else {
			refusedFile(t, link)
		}
		wantRefused(t, newTester(t, Options{File: link, RequireFile: true}, fleet(3)...))
		wantRefused(t, newTester(t, Options{File: path, RequireFile: true}, fleet(3)...))
		if info, err := os.Lstat(link); err != nil || info.Mode().Type() != fs.ModeSymlink {
			t.Errorf("%v, %v; want a symbolic link", info, err)
		}
	}
	loop := filepath.Join(t.TempDir(), "loop.json")
	if err := os.Symlink("loop.json", loop); err != nil {
		t.Fatal(err)
	}
	if _, err := New(Options{File: loop, RequireFile: true}); err == nil {
		t.Error("a link to itself is no error")
	}
}

// TestUnwritable: an error at the start of serve. For probe it is a warning, holds are
// respected all the same, and the first failure is the last.
func TestUnwritable(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		make func(t *testing.T, path string)
		held bool // what was in the file is known
	}{
		{"no directory", func(t *testing.T, path string) {
			if err := os.RemoveAll(filepath.Dir(path)); err != nil {
				t.Fatal(err)
			}
		}, false},
		{"a directory", func(t *testing.T, path string) {
			if err := errors.Join(os.Remove(path), os.Mkdir(path, 0o700)); err != nil {
				t.Fatal(err)
			}
		}, false},
		{"the directory is a file", func(t *testing.T, path string) {
			if err := os.RemoveAll(filepath.Dir(path)); err != nil {
				t.Fatal(err)
			}
			writeFile(t, filepath.Dir(path), nil, 0o600)
		}, false},
		{"the lock is a directory", func(t *testing.T, path string) {
			if err := errors.Join(os.Remove(path+".lock"), os.Mkdir(path+".lock", 0o700)); err != nil {
				t.Fatal(err)
			}
		}, true},
		{"a directory is in the way", func(t *testing.T, path string) {
			if err := os.MkdirAll(filepath.Join(path+".tmp", "full"), 0o700); err != nil {
				t.Fatal(err)
			}
		}, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "state", "lockout.json")
			if err := os.Mkdir(filepath.Dir(path), 0o700); err != nil {
				t.Fatal(err)
			}
			refusedFile(t, path)
			tt.make(t, path)
			if _, err := New(Options{File: path, RequireFile: true}); err == nil || !strings.Contains(err.Error(), filepath.Dir(path)) {
				t.Errorf("error %v, want one that names the file", err)
			}
			var w warnings
			g := newTester(t, Options{File: path, Warn: w.add}, fleet(3)...)
			if tt.held {
				wantRefused(t, g)
			} else {
				g.login(corp("exch00"), accepted())
				g.login(corp("exch01"), inDoubt())
				if _, err := g.tryStart(corp("exch02")); err == nil {
					t.Error("a second login after one that failed")
				}
			}
			w.wantWarning(t, "the first login of an account that fails is the last one")
		})
	}
}

// TestDamaged: a warning, rule (e), and a good file again.
func TestDamaged(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "lockout.json")
	refusedFile(t, path)
	good := string(readFile(t, path))
	for name, content := range map[string]string{
		"empty":            "",
		"truncated":        good[:len(good)/2],
		"one byte short":   good[:len(good)-2],
		"more after it":    good + "{}",
		"other JSON":       `[]`,
		"null":             `null`,
		"nothing in it":    `{}`,
		"later version":    strings.Replace(good, `"version":1`, `"version":2`, 1),
		"unknown key":      strings.Replace(good, `"version"`, `"extra":1,"version"`, 1),
		"unknown state":    strings.Replace(good, `"refused"`, `"forgiven"`, 1),
		"short salt":       strings.Replace(good, `"salt":"`, `"salt":"00","old":"`, 1),
		"huge":             good + strings.Repeat(" ", maxFileSize),
		"not JSON":         "lockout = none",
		"NUL bytes":        strings.Repeat("\x00", 4096),
		"number too large": strings.Replace(good, `"length":`, `"length":9e99,"doubled":`, 1),
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "lockout.json")
			writeFile(t, path, []byte(content), 0o600)
			var w warnings
			g := newTester(t, Options{File: path, RequireFile: true, Warn: w.add}, fleet(9)...)
			w.wantWarning(t, "damaged")
			if _, err := decode(readFile(t, path)); err != nil {
				t.Errorf("still damaged: %v", err)
			}
			g.warm(fleet(9)...)

			// While it runs as well: what is in memory is kept, and logins are tried one
			// at a time again.
			g.login(corp("exch08"), refused())
			writeFile(t, path, []byte(content), 0o600)
			first := g.start(corp("exch00"))
			w.wantWarning(t, "damaged")
			ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
			defer cancel()
			if _, err := g.Acquire(ctx, corp("exch01"), ""); !errors.Is(err, ErrNoPlace) {
				t.Errorf("a second login at a time: %v", err)
			}
			first(accepted())
			g.wantFree(corp("exch01"))
			w.wantWarning(t, "")
			_, err := newTester(t, Options{File: path}, fleet(9)...).tryStart(corp("exch08"))
			if held, _ := errors.AsType[*HeldError](err); held == nil || held.Reason != TargetRefused {
				t.Errorf("after a restart: %v, want the hold of the target", err)
			}
		})
	}
}

// TestFileIsDeleted: what is in memory is written again.
func TestFileIsDeleted(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "lockout.json")
	var w warnings
	g := newTester(t, Options{File: path, RequireFile: true, Warn: w.add}, fleet(3)...)
	g.login(corp("exch01"), refused())
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	wantRefused(t, g)
	wantRefused(t, newTester(t, Options{File: path}, fleet(3)...))
	w.wantWarning(t, "")
}

// TestFileFailsWhileRunning: one warning, and nothing is lost from memory. When it works
// again, everything is written.
func TestFileFailsWhileRunning(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := new(memStore)
		var w warnings
		g := newTester(t, Options{store: store, RequireFile: true, Warn: w.add}, fleet(6)...)
		g.warm(fleet(6)...)
		store.fail = errors.New("no space left on device")
		g.login(corp("exch00"), refused())
		g.login(corp("exch01"), refused())
		w.wantWarning(t, "no space")
		g.wantHeld(corp("exch00"), TargetRefused, min15)
		store.fail = nil
		g.login(corp("exch02"), accepted())
		w.wantWarning(t, "")
		other := newTester(t, Options{store: store}, fleet(6)...)
		other.wantHeld(corp("exch01"), TargetRefused, min15)
		if got := other.count(); got != 2 {
			t.Errorf("count %d, want 2", got)
		}
		store.fail = errors.New("no space left on device")
		g.login(corp("exch02"), accepted())
		w.wantWarning(t, "no space") // it is back
	})
}

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

// TestFileHasNoNames, and no password.
func TestFileHasNoNames(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "lockout.json")
	g := newTester(t, Options{File: path}, fleet(3)...)
	g.login(corp("exch00"), accepted())
	g.login(corp("exch01"), refused())
	content := bytes.ToLower(readFile(t, path))
	for _, word := range []string{"exch", "corp", "rasphone", "1998", "login_failed"} {
		if bytes.Contains(content, []byte(word)) {
			t.Errorf("%q is in the file: %s", word, content)
		}
	}
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

// TestSlowHash: the check is two bytes of PBKDF2, and computed once.
func TestSlowHash(t *testing.T) {
	t.Parallel()
	g := newTester(t, Options{rounds: hashRounds, store: new(memStore)}, fleet(2)...)
	g.file.salt = salt{1, 2, 3}
	a := g.targets["exch00"].authority
	a.credentials.hasCheck = false
	// python3 -c 'import hashlib; print(hashlib.pbkdf2_hmac("sha256", b"corp\0rasphone\0old-1998", bytes([1,2,3]+[0]*13)+b"credentials", 100000)[:2].hex())'
	if got, want := fmt.Sprintf("%x", g.checkOf(a.credentials)), "2d96"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	a.credentials.check = check{0xAB, 0xCD}
	if got := g.checkOf(g.targets["exch01"].authority.credentials); got != a.credentials.check {
		t.Errorf("%x was computed again", got)
	}
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

// TestFileFormat changes only on purpose.
func TestFileFormat(t *testing.T) {
	t.Parallel()
	r := &fileRecord{Version: fileVersion, Salt: salt{1}, Authorities: []authorityRecord{{
		ID: mac{2}, Check: check{3}, Pending: true, AcceptedBy: mac{4}, AcceptedAt: 5,
		Logins:  []loginRecord{{ID: loginID{6}, Target: mac{7}, Domain: mac{8}, State: "under_way", Sent: 9, End: 10, Exempt: true}},
		Hold:    holdRecord{Until: 11, Length: 12, Doubled: 13},
		Targets: []targetRecord{{ID: mac{14}, Hold: holdRecord{Until: 15, Length: 16}, Refused: true, InDoubt: true, Refusals: 17, RefusedAt: 18}},
	}}}
	got, err := r.encode()
	if err != nil {
		t.Fatal(err)
	}
	zeros := func(n int) string { return strings.Repeat("0", n) }
	want := `{"version":1,"salt":"01` + zeros(30) + `","authorities":[{"id":"02` + zeros(30) + `","check":"0300",` +
		`"logins":[{"id":"06` + zeros(14) + `","target":"07` + zeros(30) + `","domain":"08` + zeros(30) + `","state":"under_way","sent":9,"end":10,"exempt":true}],` +
		`"hold":{"until":11,"length":12,"doubled":13},"pending":true,"accepted_by":"04` + zeros(30) + `","accepted_at":5,` +
		`"targets":[{"id":"0e` + zeros(30) + `","hold":{"until":15,"length":16},"refused":true,"in_doubt":true,"refusals":17,"refused_at":18}]}]}` + "\n"
	if diff := cmp.Diff(want, string(got)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	again, err := decode(got)
	if diff := cmp.Diff(r, again); diff != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
}

// FuzzFile: no file makes the guard fail, or hold for more than four hours.
func FuzzFile(f *testing.F) {
	store := new(memStore)
	g, err := New(Options{store: store, rounds: 1})
	if err != nil {
		f.Fatal(err)
	}
	if err := g.Configure(fleet(6)); err != nil {
		f.Fatal(err)
	}
	now := time.Now()
	for i, o := range []Outcome{accepted(), inDoubt(), accepted(), refused(), guest()} {
		release, err := g.Acquire(context.Background(), corp(fmt.Sprintf("exch0%d", i)), "")
		if err != nil {
			f.Fatal(err)
		}
		f.Add(bytes.Clone(store.content))
		release(o)
		f.Add(bytes.Clone(store.content))
	}
	for _, until := range []string{"-1", "0", "9223372036854775807", "-9223372036854775808", fmt.Sprint(now.Add(99 * time.Hour).UnixMilli())} {
		f.Add(bytes.ReplaceAll(store.content, []byte(`"until":`), []byte(`"until":`+until+`,"doubled":`+until+`,"length":`+until+`,"old":`)))
		f.Add(bytes.ReplaceAll(store.content, []byte(`"sent":`), []byte(`"sent":`+until+`,"old":`)))
	}
	f.Fuzz(func(t *testing.T, content []byte) {
		if r, err := decode(content); err == nil {
			again, err := r.encode()
			if err != nil {
				t.Fatal(err)
			}
			if r2, err := decode(again); err != nil || !cmp.Equal(r, r2) {
				t.Fatalf("not the same after a round trip: %v", err)
			}
		}
		now := now
		clock := func() time.Time { return now }
		g := newTester(t, Options{store: &memStore{content: content}, RequireFile: true, Now: clock}, fleet(6)...)
		for range 3 {
			for _, target := range fleet(6) {
				w := g.begin(target, "", time.Second)
				if held, ok := errors.AsType[*HeldError](w.err); ok && held.Until.Sub(now) > longestHold {
					t.Fatalf("held back until %s", held.Until)
				}
				if !w.isDecided() {
					_ = g.abandon(w)
				} else if w.login != nil {
					g.release(w.login, inDoubt())
				}
			}
			now = now.Add(longestHold + preferenceTime)
		}
		if _, err := decode(g.opts.store.(*memStore).content); err != nil {
			t.Fatalf("the file that was written: %v", err)
		}
	})
}
