package simnt

import (
	"strings"
	"time"
)

// maxClockSkew is how far the time stamp of an NTLMv2 response may be from the server's clock
// (MS-NLMP appendix A <39>, Q147706).
const maxClockSkew = 30 * time.Minute

// credentials are the login data that a client sends.
type credentials struct {
	user, domain string
	lm           []byte // the field for LM, LMv2, or a copy of the NTLM response
	nt           []byte // the field for NTLM, NTLMv2
}

func (c *credentials) anonymous() bool {
	return c.user == "" && len(c.nt) == 0 && (len(c.lm) == 0 || len(c.lm) == 1 && c.lm[0] == 0)
}

// identity is the account of a session.
type identity struct {
	user          string
	administrator bool
	guest         bool
	anonymous     bool
	lm            bool   // the LM response was the accepted one
	key, response []byte // for signing; not of guests and anonymous logins
}

// authenticate decides on a login by the server's own accounts, which also serve users of an
// unknown domain (Q163632). An unknown user is logged in as guest if that account is enabled; a
// known one with a wrong password is not (Q103390).
func (h *Host) authenticate(c credentials, challenge [8]byte) (identity, uint32) {
	if c.anonymous() {
		return identity{anonymous: true}, statusOK
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	a := h.accounts[strings.ToUpper(c.user)]
	switch {
	case a == nil && h.options.Guest:
		return identity{user: "Guest", guest: true}, statusOK
	case a == nil:
		return identity{}, statusLogonFailure
	}
	id, status := h.authenticateAccount(a, c, challenge)
	a.state.Logins++
	if status != statusOK {
		a.state.Refused++
	}
	return id, status
}

// authenticateAccount decides on a login to an account. Host.mu is held.
func (h *Host) authenticateAccount(a *account, c credentials, challenge [8]byte) (identity, uint32) {
	h.passTime(a)
	if a.LockedOut || !a.locked.IsZero() {
		return identity{}, statusAccountLockedOut
	}
	id, ok := h.checkPassword(a, c, challenge)
	h.countPassword(a, ok)
	if !ok {
		return identity{}, statusLogonFailure
	}
	if status := a.refusal(); status != statusOK {
		return identity{}, status
	}
	id.user, id.administrator = a.name, a.Administrator
	return id, statusOK
}

// checkPassword checks the NT response if there is one, else the response in the field for LM.
func (h *Host) checkPassword(a *account, c credentials, challenge [8]byte) (identity, bool) {
	switch {
	case len(c.nt) > responseSize:
		return h.checkNTLMv2(a, c, challenge)
	case len(c.nt) == responseSize:
		return h.checkNTLMv1(a, c.nt, challenge)
	case len(c.nt) != 0 || len(c.lm) != responseSize:
		return identity{}, false
	}
	for _, check := range []func() (identity, bool){
		func() (identity, bool) { return h.checkLM(a, c.lm, challenge) },
		func() (identity, bool) { return h.checkLMv2(a, c, challenge) },
		func() (identity, bool) { return h.checkNTLMv1(a, c.lm, challenge) },
	} {
		if id, ok := check(); ok {
			return id, true
		}
	}
	return identity{}, false
}

// The lowest levels of LMCompatibility at which a server refuses (Q147706).
const (
	refusesLM   = 4
	refusesNTLM = 5
)

// level returns the effective LMCompatibility: NT 4.0 has levels since it has NTLMv2.
func (h *Host) level() int {
	if !h.options.knowsNTLMv2() {
		return 0
	}
	return h.options.LMCompatibility
}

func (h *Host) checkLM(a *account, response []byte, challenge [8]byte) (identity, bool) {
	if a.noLM || h.level() >= refusesLM || !same(response, desl(a.lm, challenge)) {
		return identity{}, false
	}
	return identity{lm: true, key: lmSessionKey(a.lm), response: response}, true
}

func (h *Host) checkNTLMv1(a *account, response []byte, challenge [8]byte) (identity, bool) {
	if h.level() >= refusesNTLM || !same(response, desl(a.nt, challenge)) {
		return identity{}, false
	}
	return identity{key: v1SessionKey(a.nt), response: response}, true
}

// checkNTLMv2 requires a domain (Q236414), and a time stamp close to the server's clock.
func (h *Host) checkNTLMv2(a *account, c credentials, challenge [8]byte) (identity, bool) {
	stamp, ok := v2Time(c.nt)
	if !ok || c.domain == "" || !h.options.knowsNTLMv2() || h.now().Sub(fromFiletime(stamp)).Abs() > maxClockSkew {
		return identity{}, false
	}
	key, ok := checkV2(v2Hash(a.nt, c.user, c.domain), challenge, c.nt)
	return identity{key: key, response: c.nt}, ok
}

func (h *Host) checkLMv2(a *account, c credentials, challenge [8]byte) (identity, bool) {
	if c.domain == "" || !h.options.knowsNTLMv2() {
		return identity{}, false
	}
	key, ok := checkV2(v2Hash(a.nt, c.user, c.domain), challenge, c.lm)
	return identity{key: key, response: c.lm}, ok
}

// Account describes an account besides its name and password.
type Account struct {
	Administrator   bool
	Disabled        bool
	LockedOut       bool // whatever the password
	Expired         bool
	PasswordExpired bool
	// Refusal is the NT status that a login with the right password is refused with, for
	// restrictions without a field here: logon hours, other workstations, no right to log on
	// over the network; 0: none.
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

// refusal returns the status of a login with the right password.
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

// AddAccount adds an account to the server's own database, or replaces the one with that name.
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
