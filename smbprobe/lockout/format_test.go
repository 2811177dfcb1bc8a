package lockout

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

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
