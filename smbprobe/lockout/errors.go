package lockout

import (
	"errors"
	"fmt"
	"time"
)

var (
	// ErrNoPlace: the context ended while the login waited for others to end.
	ErrNoPlace = errors.New("waited for other logins with the same account to end")

	// ErrNotInForce: the configuration has another login for the target, or none.
	ErrNotInForce = errors.New("the login is not the one in the configuration any more")

	// ErrUnknownAuth: no configured target has the auth.
	ErrUnknownAuth = errors.New("no target has this auth")

	errDamaged    = errors.New("the lockout file is damaged")
	errLocked     = errors.New("another process has it locked and does not go on")
	errNotRegular = errors.New("not a regular file")
	errTooLarge   = fmt.Errorf("larger than %d bytes", maxFileSize)
)

// HeldError reports that a login is held back to keep the account from being locked.
type HeldError struct {
	Target string
	Until  time.Time // when a login may be tried again, at the earliest
	Reason Reason

	// State and Status are from the outcome of the target's last login; both are
	// zero if it had none since the start or since its credentials changed.
	State  string
	Status uint32
}

// Error implements error.
func (e *HeldError) Error() string {
	return fmt.Sprintf("%s; next login after %s", e.Reason, e.Until.UTC().Format("2006-01-02 15:04:05 UTC"))
}

// Reason is why a login is held back.
type Reason uint8

// The reasons for holding a login back.
const (
	TargetRefused Reason = iota + 1 // the target refused the last login
	TargetInDoubt                   // the target's last login got no usable answer
	TargetGuest                     // the target's last login was a guest login
	AuthorityHeld                   // too many logins of the account failed
	AnotherFirst                    // after a hold, another target is tried first
	CountFull                       // one more failure might lock the account
)

// reasons are the texts of the reasons.
var reasons = [...]string{
	TargetRefused: "the server refused the last login",
	TargetInDoubt: "the last login got no usable answer",
	TargetGuest:   "the last login was as guest",
	AuthorityHeld: "too many logins with the same account failed",
	AnotherFirst:  "after the account was held back, the server that accepted last is tried first",
	CountFull:     "one more failed login might lock the account",
}

// String implements fmt.Stringer.
func (r Reason) String() string {
	if r == 0 || int(r) >= len(reasons) {
		return "the login is held back"
	}
	return reasons[r]
}

// ForgetError reports that a hold cannot be ended yet.
type ForgetError struct {
	Auth     string
	Accounts int       // of the auth, that stay held
	Until    time.Time // when the last of them can be permitted a login
}

// Error implements error.
func (e *ForgetError) Error() string {
	what := "four logins of the account have failed"
	if e.Accounts > 1 {
		what = fmt.Sprintf("four logins have failed of each of %d accounts", e.Accounts)
	}
	return fmt.Sprintf("auth %q: %s, one more might lock it; possible after %s", e.Auth, what, e.Until.UTC().Format("2006-01-02 15:04:05 UTC"))
}
