package lockout

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"
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

// TestFileStaysLocked: a process that was stopped while it had the lock delays one login
// in 30 seconds, and keeps none from being sent.
func TestFileStaysLocked(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "lockout.json")
	now := time.Now().Truncate(time.Millisecond)
	var w warnings
	g := newTester(t, Options{store: &diskStore{path: path}, RequireFile: true, Warn: w.add, Now: func() time.Time { return now }}, fleet(3)...)
	g.login(corp("exch00"), accepted())
	stopped, err := os.OpenFile(path+".lock", os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	if locked, err := tryLock(stopped); !locked || err != nil {
		t.Fatal(locked, err)
	}
	before := readFile(t, path)
	g.login(corp("exch00"), accepted())
	g.login(corp("exch01"), refused())
	w.wantWarning(t, errLocked.Error())
	if diff := cmp.Diff(string(before), string(readFile(t, path))); diff != "" {
		t.Errorf("the file was changed (-before +after):\n%s", diff)
	}
	if _, err := New(Options{store: &diskStore{path: path}, RequireFile: true}); !errors.Is(err, errLocked) {
		t.Errorf("a process that starts: %v", err)
	}

	// A check of Nagios starts again and again: none of them tries a login.
	var checked warnings
	check := newTester(t, Options{store: &diskStore{path: path}, Warn: checked.add, Now: func() time.Time { return now }}, fleet(3)...)
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(10*time.Millisecond, cancel)
	if release, err := check.Acquire(ctx, corp("exch02"), "CORP"); !errors.Is(err, ErrNoPlace) {
		t.Errorf("a check that starts: %v", err)
		release(notSent())
	}
	checked.wantWarning(t, errLocked.Error())
	if err := stopped.Close(); err != nil {
		t.Fatal(err)
	}
	g.login(corp("exch00"), accepted()) // does not try
	now = now.Add(lockAgain)
	g.login(corp("exch00"), accepted())
	w.wantWarning(t, "")
	other := newTester(t, Options{store: &diskStore{path: path}, Now: func() time.Time { return now }}, fleet(3)...)
	other.wantHeld(corp("exch01"), TargetRefused, min15-lockAgain)
}

// TestLockedForAMoment: a process that has just been started has the locks of its parent until
// it is replaced. Logins wait that long, one behind the other, also in simulated time.
func TestLockedForAMoment(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "lockout.json")
	synctest.Test(t, func(t *testing.T) {
		g := newTester(t, Options{store: &diskStore{path: path, patience: lockPatience}, RequireFile: true}, fleet(3)...)
		g.login(corp("exch00"), accepted())
		other, err := os.OpenFile(path+".lock", os.O_RDWR, 0)
		if err != nil {
			t.Fatal(err)
		}
		if locked, err := tryLock(other); !locked || err != nil {
			t.Fatal(locked, err)
		}
		time.AfterFunc(lockPatience/2, func() { _ = other.Close() })
		var logins sync.WaitGroup
		for _, host := range []string{"exch00", "exch01", "exch02"} {
			logins.Go(func() { g.login(corp(host), accepted()) })
		}
		logins.Wait()
	})
}

// TestUnlockInSpiteOfCopies: a process that is just being started has a copy of the descriptor.
func TestUnlockInSpiteOfCopies(t *testing.T) {
	s := &diskStore{path: filepath.Join(t.TempDir(), "lockout.json")}
	f, err := openLockFile(s.path + ".lock")
	if err != nil {
		t.Fatal(err)
	}
	copied, err := unix.Dup(int(f.Fd()))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = unix.Close(copied) }()
	if locked, err := tryLock(f); !locked || err != nil {
		t.Fatalf("locked: %t, %v", locked, err)
	}
	unlock(f)
	release, err := s.lock()
	if err != nil {
		t.Fatal(err)
	}
	release()
}
