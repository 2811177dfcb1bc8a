package simnt

import (
	"strings"
	"time"
)

// maxClockSkew is how far the time stamp of an NTLMv2 response may be from the server's clock
// (MS-NLMP appendix A <39>, Q147706).
const maxClockSkew = 30 * time.Minute

// credentials are what a client logs in with.
type credentials struct {
	user, domain string
	lm           []byte // the field for LM, LMv2, or a copy of the NTLM response
	nt           []byte // the field for NTLM, NTLMv2
}

func (c *credentials) anonymous() bool {
	return c.user == "" && len(c.nt) == 0 && (len(c.lm) == 0 || len(c.lm) == 1 && c.lm[0] == 0)
}

// identity is who a session belongs to.
type identity struct {
	user          string
	administrator bool
	guest         bool
	anonymous     bool
	lm            bool   // the LM response was the one that counted
	key, response []byte // for the signatures; of a real login alone
}

// authenticate decides on a login by the server's own accounts, which is where a name of an
// unknown domain leads as well (Q163632). A user who is not there becomes guest where
// that account is enabled; a wrong password never does (Q103390).
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

// checkPassword checks the response for NT where there is one, else what stands in the field
// for LM.
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

// Levels of LMCompatibility (Q147706): from these on a server refuses.
const (
	refusesLM   = 4
	refusesNTLM = 5
)

// level is the LMCompatibility that counts: NT 4.0 has it with NTLMv2.
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

// checkNTLMv2 wants a domain (Q236414), and a time stamp by the server's clock.
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
