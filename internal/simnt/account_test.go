package simnt

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// TestLockout goes through what wrong and right passwords do to an account as time passes.
func TestLockout(t *testing.T) {
	t.Parallel()
	const right, wrong = "secret", "guess"
	type step struct {
		after    time.Duration
		password string
		status   uint32
		bad      int // counted afterwards
		locked   bool
	}
	policy := Lockout{Threshold: 3, Window: 30 * time.Minute, Duration: time.Hour}
	for _, tt := range []struct {
		name   string
		policy Lockout
		steps  []step
	}{
		{"no policy", Lockout{}, []step{
			{0, wrong, statusLogonFailure, 1, false}, {0, wrong, statusLogonFailure, 2, false}, {0, wrong, statusLogonFailure, 3, false},
			{0, right, statusOK, 0, false},
		}},
		{"locked at the threshold, and unlocked by time", policy, []step{
			{0, wrong, statusLogonFailure, 1, false}, {0, wrong, statusLogonFailure, 2, false}, {0, wrong, statusLogonFailure, 3, true},
			{0, right, statusAccountLockedOut, 3, true}, {59 * time.Minute, wrong, statusAccountLockedOut, 3, true},
			{time.Minute, right, statusOK, 0, false},
		}},
		{"counted anew after that", policy, []step{
			{0, wrong, statusLogonFailure, 1, false}, {0, wrong, statusLogonFailure, 2, false}, {0, wrong, statusLogonFailure, 3, true},
			{time.Hour, wrong, statusLogonFailure, 1, false},
		}},
		{"reset by a right password", policy, []step{
			{0, wrong, statusLogonFailure, 1, false}, {0, wrong, statusLogonFailure, 2, false}, {0, right, statusOK, 0, false},
			{0, wrong, statusLogonFailure, 1, false}, {0, wrong, statusLogonFailure, 2, false},
		}},
		{"reset by time", policy, []step{
			{0, wrong, statusLogonFailure, 1, false}, {29 * time.Minute, wrong, statusLogonFailure, 2, false}, {30 * time.Minute, wrong, statusLogonFailure, 1, false},
		}},
		{"locked until it is unlocked, and never reset by time", Lockout{Threshold: 2}, []step{
			{0, wrong, statusLogonFailure, 1, false}, {1000 * time.Hour, wrong, statusLogonFailure, 2, true},
			{1000 * time.Hour, right, statusAccountLockedOut, 2, true},
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			now := time.Date(1999, time.May, 4, 3, 2, 1, 0, time.UTC)
			h, err := New(Options{Name: "EXCH01", ServicePack: 6, Lockout: tt.policy, Now: func() time.Time { return now }})
			if err != nil {
				t.Fatal(err)
			}
			h.AddAccount("user", right, Account{})
			want := AccountState{}
			for i, s := range tt.steps {
				now = now.Add(s.after)
				_, status := h.authenticate(credentials{user: "User", nt: desl(ntHash(s.password), testChallenge())}, testChallenge())
				if status != s.status {
					t.Errorf("step %d: status 0x%08X, want 0x%08X", i, status, s.status)
				}
				want.Logins++
				if status != statusOK {
					want.Refused++
				}
				want.BadPasswords, want.LockedOut = s.bad, s.locked
				got, ok := h.AccountState("USER")
				if diff := cmp.Diff(want, got); diff != "" || !ok {
					t.Errorf("step %d: %t (-want +got):\n%s", i, ok, diff)
				}
			}
			h.Unlock("user")
			if got, _ := h.AccountState("user"); got.LockedOut || got.BadPasswords != 0 {
				t.Errorf("unlocked: %+v", got)
			}
		})
	}
	h, err := New(Options{Name: "EXCH01"})
	if err != nil {
		t.Fatal(err)
	}
	h.Unlock("nobody")
	if _, ok := h.AccountState("nobody"); ok {
		t.Error("an account that is not there has a state")
	}
}
