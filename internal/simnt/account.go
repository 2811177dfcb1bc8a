package simnt

import "strings"

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
