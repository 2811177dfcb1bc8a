package simnt

import (
	"strings"
	"time"
)

// Account says what an account is besides its name and password.
type Account struct {
	Administrator   bool
	Disabled        bool
	LockedOut       bool // whatever the password
	Expired         bool
	PasswordExpired bool
	// Refusal is an NT status that a right password is answered with, for what has no
	// field here: logon hours, other workstations, no right to log on over the network;
	// 0: none.
	Refusal uint32
}

// account is one entry of the account database.
type account struct {
	Account
	name string
	nt   [16]byte // NT hash
	lm   [16]byte // LM hash
	noLM bool     // more than 14 characters: it has no LM hash

	state   AccountState // guarded by Host.mu, with what follows
	lastBad time.Time    // the last wrong password
	locked  time.Time    // since when it is locked for wrong passwords; zero: it is not
}

// Lockout is the policy that locks accounts for wrong passwords, as User Manager sets it:
// after how many, after how long without one the count starts again at 0, and after how long
// a locked account is unlocked. A right password resets the count. A login while the account
// is locked is refused, whatever its password, and does not count.
type Lockout struct {
	Threshold int           // wrong passwords; 0: never
	Window    time.Duration // 0: the count is never reset by time alone
	Duration  time.Duration // 0: until Unlock
}

// AccountState is what a host has counted for an account.
type AccountState struct {
	Logins       int // tried, since AddAccount
	Refused      int // of these: for a wrong password, a lockout or another restriction
	BadPasswords int // since the count was reset
	LockedOut    bool
}

// AccountState returns what was counted for an account up to now; ok is false if there is none.
func (h *Host) AccountState(name string) (s AccountState, ok bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	a := h.accounts[strings.ToUpper(name)]
	if a == nil {
		return s, false
	}
	h.passTime(a)
	s = a.state
	s.LockedOut = a.LockedOut || !a.locked.IsZero()
	return s, true
}

// Unlock unlocks an account that was locked for wrong passwords and resets its count.
func (h *Host) Unlock(name string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if a := h.accounts[strings.ToUpper(name)]; a != nil {
		a.locked, a.state.BadPasswords = time.Time{}, 0
	}
}

// passTime unlocks an account, and resets its count, when the time for it has come. Host.mu is held.
func (h *Host) passTime(a *account) {
	p, now := h.options.Lockout, h.now()
	switch {
	case !a.locked.IsZero():
		if p.Duration > 0 && now.Sub(a.locked) >= p.Duration {
			a.locked, a.state.BadPasswords = time.Time{}, 0
		}
	case p.Window > 0 && now.Sub(a.lastBad) >= p.Window:
		a.state.BadPasswords = 0
	}
}

// countPassword counts a password that was checked. The one that reaches the threshold locks
// the account; the login with it is still refused for its password. Host.mu is held.
func (h *Host) countPassword(a *account, right bool) {
	if right {
		a.state.BadPasswords = 0
		return
	}
	a.lastBad = h.now()
	a.state.BadPasswords++
	if p := h.options.Lockout; p.Threshold > 0 && a.state.BadPasswords >= p.Threshold {
		a.locked = a.lastBad
	}
}

// refusal returns what a login with the right password is answered with.
func (a *account) refusal() uint32 {
	switch {
	case a.Disabled:
		return statusAccountDisabled
	case a.Expired:
		return statusAccountExpired
	case a.PasswordExpired:
		return statusPasswordExpired
	}
	return a.Refusal
}

// AddAccount adds an account to the server's own database, or replaces the one of that name.
func (h *Host) AddAccount(name, password string, a Account) {
	entry := &account{Account: a, name: name, nt: ntHash(password)}
	var ok bool
	if entry.lm, ok = lmHash(password); !ok {
		entry.noLM = true
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.accounts[strings.ToUpper(name)] = entry
}
