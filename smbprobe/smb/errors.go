package smb

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"time"
)

// Kinds of failure that carry no status from the server; match with errors.Is.
// A time limit is context.DeadlineExceeded, a network failure what package net
// returns.
var (
	ErrNotSMB         = errors.New("what answers is not an SMB server")
	ErrProtocol       = errors.New("the answer breaks the protocol")
	ErrConnectionLost = errors.New("the server closed the connection")
	ErrSigning        = errors.New("the server does not sign, or signs wrongly")
	ErrGuest          = errors.New("the server let us in as guest only")
	ErrNotOffered     = errors.New("the server does not offer the dialect")

	// ErrEncryptionRequired is a session or a share that the server wants encrypted
	// (SMB 3, MS-SMB2 2.2.6 and 2.2.10), which is not supported. If it is a session,
	// the server has accepted the password.
	ErrEncryptionRequired = errors.New("the server requires SMB encryption, which is not supported")

	// ErrNotSent matches every NotSentError.
	ErrNotSent = errors.New("no login was sent")
)

// NotSentError is why a login ended before anything was sent that the server could
// check: no server has counted it.
type NotSentError struct{ Err error }

func (e *NotSentError) Error() string { return e.Err.Error() }

func (e *NotSentError) Unwrap() error { return e.Err }

// Is makes it ErrNotSent as well.
func (e *NotSentError) Is(target error) bool { return target == ErrNotSent }

// TimeLimitError is a call that was not answered within a time limit of its own, which is
// shorter than that of the probe. It is context.DeadlineExceeded as well.
type TimeLimitError struct{ Limit time.Duration }

func (e *TimeLimitError) Error() string {
	return fmt.Sprintf("no answer within %s", e.Limit.Round(time.Millisecond))
}

func (e *TimeLimitError) Unwrap() error { return context.DeadlineExceeded }

// Error is a failed request: what was tried, and the status that the server
// answered with, or the reason why there was no usable answer.
type Error struct {
	Op     string // "session setup", `open System32\Ras\rasphone.pbk`
	Status Status // StatusOK if the server sent none
	Err    error  // nil if the status is all there is
}

func (e *Error) Error() string {
	switch {
	case e.Err == nil:
		return fmt.Sprintf("%s: %s", e.Op, e.Status)
	case e.Status == StatusOK:
		return fmt.Sprintf("%s: %s", e.Op, e.Err)
	}
	return fmt.Sprintf("%s: %s (%s)", e.Op, e.Err, e.Status)
}

func (e *Error) Unwrap() error { return e.Err }

// StatusOf returns the status that the server refused with, or StatusOK if err
// has none.
func StatusOf(err error) Status {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Status
	}
	return StatusOK
}

// Protocolf returns an ErrProtocol that describes what was wrong with the answer.
func Protocolf(op, format string, args ...any) error {
	return &Error{Op: op, Err: fmt.Errorf("%w: %s", ErrProtocol, fmt.Sprintf(format, args...))}
}

// PanicError is a panic of a goroutine that a connection had started. Every call on
// the connection fails with it; it is a fault of this program, not of the server. Find
// it in an error with errors.AsType.
type PanicError struct {
	Value any    // what the goroutine panicked with
	Stack []byte // of the goroutine; for logs, not for users
}

// Recovered returns a *PanicError for the value that recover returned, with the
// stack of the calling goroutine, and nil for nil: a deferred function calls
// Recovered(recover()).
func Recovered(value any) error {
	if value == nil {
		return nil
	}
	return &PanicError{Value: value, Stack: debug.Stack()}
}

func (e *PanicError) Error() string { return fmt.Sprintf("internal error: panic: %v", e.Value) }
