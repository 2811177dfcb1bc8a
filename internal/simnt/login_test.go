package simnt

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// testChallenge is the challenge of the logins.
func testChallenge() [8]byte { return [8]byte{1, 2, 3, 4, 5, 6, 7, 8} }

// v2Response is what a client answers in NTLMv2.
func v2Response(password, user, domain string, at time.Time) []byte {
	w := &writer{}
	w.bytes([]byte{1, 1, 0, 0, 0, 0, 0, 0})
	w.u64(toFiletime(at))
	w.zeros(8 + 4 + 4 + 4)
	challenge := testChallenge()
	return append(hmacMD5(v2Hash(ntHash(password), user, domain), challenge[:], w.b), w.b...)
}

func TestAuthenticate(t *testing.T) {
	t.Parallel()
	now := time.Date(1999, time.May, 4, 3, 2, 1, 0, time.UTC)
	const right, wrong = "secret", "Secret"
	lmOf := func(password string) []byte {
		hash, _ := lmHash(password)
		return desl(hash, testChallenge())
	}
	ntlm := func(password string) credentials {
		return credentials{user: "USER", domain: "CORP", lm: lmOf(password), nt: desl(ntHash(password), testChallenge())}
	}
	v2 := func(password, user, domain string, at time.Time) credentials {
		return credentials{user: user, domain: domain, nt: v2Response(password, user, domain, at)}
	}
	lmv2 := func(password string) credentials {
		nonce, challenge := []byte("nonce678"), testChallenge()
		return credentials{user: "user", domain: "CORP", lm: append(hmacMD5(v2Hash(ntHash(password), "user", "CORP"), challenge[:], nonce), nonce...)}
	}
	only := func(c credentials, user string) credentials { c.user = user; return c }
	lmAlone := credentials{user: "user", lm: lmOf(wrong)} // it knows no case
	copied := credentials{user: "user", lm: desl(ntHash(right), testChallenge())}
	sp6 := Options{ServicePack: 6}
	tests := []struct {
		name    string
		options Options
		account Account
		c       credentials
		status  uint32
		want    identity // without key and response
	}{
		{"NTLMv1", Options{}, Account{Administrator: true}, ntlm(right), 0, identity{user: "user", administrator: true}},
		{"NTLMv1, wrong case", Options{}, Account{}, ntlm(wrong), statusLogonFailure, identity{}},
		{"NTLMv1 in the place of LM", Options{}, Account{}, copied, 0, identity{user: "user"}},
		{"NTLMv1 at level 4", Options{ServicePack: 4, LMCompatibility: 4}, Account{}, ntlm(right), 0, identity{user: "user"}},
		{"NTLMv1 at level 5", Options{ServicePack: 4, LMCompatibility: 5}, Account{}, ntlm(right), statusLogonFailure, identity{}},
		{"NTLMv1 in the place of LM at level 5", Options{ServicePack: 4, LMCompatibility: 5}, Account{}, copied, statusLogonFailure, identity{}},
		{"level 5 before SP4 is none", Options{ServicePack: 3, LMCompatibility: 5}, Account{}, ntlm(right), 0, identity{user: "user"}},
		{"LM", sp6, Account{}, lmAlone, 0, identity{user: "user", lm: true}},
		{"LM at level 4", Options{ServicePack: 6, LMCompatibility: 4}, Account{}, lmAlone, statusLogonFailure, identity{}},
		{"NTLMv2", sp6, Account{}, v2(right, "User", "Corp", now), 0, identity{user: "user"}},
		{"NTLMv2 at level 5", Options{ServicePack: 6, LMCompatibility: 5}, Account{}, v2(right, "User", "Corp", now), 0, identity{user: "user"}},
		{"NTLMv2 before SP4", Options{ServicePack: 3}, Account{}, v2(right, "user", "CORP", now), statusLogonFailure, identity{}},
		{"NTLMv2 on Windows 2000", Options{OS: Windows2000}, Account{}, v2(right, "user", "CORP", now), 0, identity{user: "user"}},
		{"NTLMv2, wrong password", sp6, Account{}, v2(wrong, "user", "CORP", now), statusLogonFailure, identity{}},
		{"NTLMv2 without domain", sp6, Account{}, v2(right, "user", "", now), statusLogonFailure, identity{}},
		{"NTLMv2, 29 minutes early", sp6, Account{}, v2(right, "user", "CORP", now.Add(-29*time.Minute)), 0, identity{user: "user"}},
		{"NTLMv2, 31 minutes late", sp6, Account{}, v2(right, "user", "CORP", now.Add(31*time.Minute)), statusLogonFailure, identity{}},
		{"LMv2", sp6, Account{}, lmv2(right), 0, identity{user: "user"}},
		{"LMv2, wrong password", sp6, Account{}, lmv2(wrong), statusLogonFailure, identity{}},
		{"LMv2 before SP4", Options{}, Account{}, lmv2(right), statusLogonFailure, identity{}},
		{"unknown user", sp6, Account{}, only(ntlm(right), "nobody"), statusLogonFailure, identity{}},
		{"unknown user and guest", Options{Guest: true}, Account{}, only(ntlm(right), "nobody"), 0, identity{user: "Guest", guest: true}},
		{"wrong password and guest", Options{Guest: true}, Account{}, ntlm(wrong), statusLogonFailure, identity{}},
		{"anonymous", sp6, Account{}, credentials{lm: []byte{0}}, 0, identity{anonymous: true}},
		{"no response", sp6, Account{}, credentials{user: "user"}, statusLogonFailure, identity{}},
		{"half a response", sp6, Account{}, credentials{user: "user", nt: make([]byte, 12)}, statusLogonFailure, identity{}},
		{"disabled", sp6, Account{Disabled: true}, ntlm(right), statusAccountDisabled, identity{}},
		{"disabled, wrong password", sp6, Account{Disabled: true}, ntlm(wrong), statusLogonFailure, identity{}},
		{"expired", sp6, Account{Expired: true}, ntlm(right), statusAccountExpired, identity{}},
		{"password expired", sp6, Account{PasswordExpired: true}, ntlm(right), statusPasswordExpired, identity{}},
		{"refused for another reason", sp6, Account{Refusal: 0xC000015B}, ntlm(right), 0xC000015B, identity{}},
		{"locked out, wrong password", sp6, Account{LockedOut: true}, ntlm(wrong), statusAccountLockedOut, identity{}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			tt.options.Name, tt.options.Now = "EXCH01", func() time.Time { return now }
			h, err := New(tt.options)
			if err != nil {
				t.Fatal(err)
			}
			h.AddAccount("user", right, tt.account)
			got, status := h.authenticate(tt.c, testChallenge())
			if status != tt.status {
				t.Errorf("status 0x%08X, want 0x%08X", status, tt.status)
			}
			account := status == statusOK && !got.guest && !got.anonymous
			if (len(got.key) == 16) != account || (len(got.response) > 0) != account {
				t.Errorf("key of %d and response of %d bytes for a login of an account: %t", len(got.key), len(got.response), account)
			}
			if diff := cmp.Diff(tt.want, identity{user: got.user, administrator: got.administrator, guest: got.guest, anonymous: got.anonymous, lm: got.lm},
				cmp.AllowUnexported(identity{})); diff != "" && status == statusOK {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

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
		{"counted from 0 after that", policy, []step{
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
