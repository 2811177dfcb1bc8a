package smbprobe

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"syscall"
	"testing"

	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/smb"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/smb/netbios"
)

// dialError is how package net reports a connection that could not be made.
func dialError(err error) error {
	return fmt.Errorf("connect to 10.1.2.3:445: %w", &net.OpError{Op: "dial", Net: "tcp", Err: os.NewSyscallError("connect", err)})
}

func answered(status smb.Status) error {
	return fmt.Errorf("wrapped: %w", &smb.Error{Op: "session setup", Status: status})
}

func TestFailureState(t *testing.T) {
	tests := []struct {
		err  error
		want ShareState
	}{
		{&net.DNSError{Err: "no such host", IsNotFound: true}, ShareNameNotResolved},
		{&net.DNSError{Err: "server misbehaving", IsTemporary: true}, ShareNameNotResolved},
		{&net.DNSError{Err: "i/o timeout", IsTimeout: true}, ShareTimeout},
		{&net.DNSError{Err: "operation was canceled", UnwrapErr: context.Canceled}, ShareTimeout},
		{&netbios.RefusedError{Called: "EXCH01", Code: netbios.CodeCalledNotPresent}, ShareSessionRefused},
		{fmt.Errorf("%w: 10.9.9.9:139", errRetarget), ShareSessionRefused},
		{&smb.Error{Op: "negotiate", Err: context.DeadlineExceeded}, ShareTimeout},
		{context.Canceled, ShareTimeout},
		{dialError(os.ErrDeadlineExceeded), ShareTimeout},
		{dialError(syscall.ETIMEDOUT), ShareTimeout},
		{dialError(syscall.ECONNREFUSED), SharePortClosed},
		{dialError(syscall.EHOSTUNREACH), ShareHostUnreachable},
		{dialError(syscall.ENETUNREACH), ShareHostUnreachable},
		{dialError(syscall.EHOSTDOWN), ShareHostUnreachable},
		{dialError(syscall.EADDRNOTAVAIL), ShareHostUnreachable},
		{dialError(syscall.EPERM), ShareHostUnreachable},  // a firewall of our own host
		{dialError(syscall.EACCES), ShareHostUnreachable}, // a route that prohibits
		{dialError(syscall.ECONNRESET), ShareConnectionLost},
		{&net.OpError{Op: "write", Net: "tcp", Err: syscall.EPIPE}, ShareConnectionLost},
		{&smb.Error{Op: "read", Err: fmt.Errorf("%w: %w", smb.ErrConnectionLost, io.EOF)}, ShareConnectionLost},
		{&smb.Error{Op: "session setup", Err: smb.ErrGuest}, ShareGuestOnly},
		{&smb.Error{Op: "session setup", Err: smb.ErrSigning}, ShareSigningRefused},
		{&smb.Error{Op: "negotiate", Err: smb.ErrNotSMB}, ShareNotSMB},
		{&smb.Error{Op: "negotiate", Err: smb.ErrNotOffered}, ShareProtocolError},
		{smb.Protocolf("negotiate", "cut short"), ShareProtocolError},
		{errors.New("anything else"), ShareProtocolError},
	}
	for _, tt := range tests {
		if got := failureState(tt.err); got != tt.want {
			t.Errorf("%v: %s, want %s", tt.err, got, tt.want)
		}
	}
}

func TestNegotiateState(t *testing.T) {
	tests := []struct {
		err  error
		want ShareState
	}{
		{answered(smb.StatusRequestNotAccepted), ShareServerFull},
		{answered(smb.StatusInsuffServerResources), ShareOutOfResources},
		{answered(smb.StatusSharingPaused), ShareServerPaused},
		{answered(smb.StatusInvalidSMB), ShareProtocolError},
		{answered(smb.StatusAccessDenied), ShareProtocolError},
		{&smb.Error{Op: "negotiate", Status: smb.StatusNotSupported, Err: smb.ErrNotOffered}, ShareProtocolError},
		{&smb.Error{Op: "negotiate", Err: smb.ErrNotSMB}, ShareNotSMB},
	}
	for _, tt := range tests {
		if got := negotiateState(tt.err); got != tt.want {
			t.Errorf("%v: %s, want %s", tt.err, got, tt.want)
		}
	}
}

func TestLoginState(t *testing.T) {
	tests := []struct {
		err     error
		want    ShareState
		refused bool
	}{
		{answered(smb.StatusLogonFailure), ShareLoginFailed, true},
		{answered(smb.StatusNoSuchUser), ShareLoginFailed, true},
		{answered(smb.StatusWrongPassword), ShareLoginFailed, true},
		{answered(smb.StatusAccessDenied), ShareLoginFailed, true},
		{answered(smb.StatusInvalidParameter), ShareLoginFailed, true}, // Samba to NTLMv2 without extended security
		{answered(smb.Status(0xC0009999)), ShareLoginFailed, true},
		{answered(smb.StatusAccountRestriction), ShareAccountRestricted, true},
		{answered(smb.StatusInvalidLogonHours), ShareAccountRestricted, true},
		{answered(smb.StatusInvalidWorkstation), ShareAccountRestricted, true},
		{answered(smb.StatusPasswordExpired), ShareAccountRestricted, true},
		{answered(smb.StatusPasswordMustChange), ShareAccountRestricted, true},
		{answered(smb.StatusAccountDisabled), ShareAccountRestricted, true},
		{answered(smb.StatusAccountExpired), ShareAccountRestricted, true},
		{answered(smb.StatusAccountLockedOut), ShareAccountRestricted, true},
		{answered(smb.StatusLogonTypeNotGranted), ShareAccountRestricted, true},
		{answered(smb.StatusNoLogonServers), ShareLoginFailed, false},
		{answered(smb.StatusNoTrustSAMAccount), ShareLoginFailed, false},
		{answered(smb.StatusTrustedDomainFailure), ShareLoginFailed, false},
		{answered(smb.StatusTrustedRelationshipFailure), ShareLoginFailed, false},
		{answered(smb.StatusNetlogonNotStarted), ShareLoginFailed, false},
		{answered(smb.StatusInvalidServerState), ShareLoginFailed, false},
		{answered(smb.StatusRequestNotAccepted), ShareServerFull, false},
		{answered(smb.StatusTooManySessions), ShareServerFull, false},
		{answered(smb.StatusRemoteSessionLimit), ShareServerFull, false},
		{answered(smb.StatusInsuffServerResources), ShareOutOfResources, false},
		{answered(smb.StatusInsufficientResources), ShareOutOfResources, false},
		{answered(smb.StatusNoMemory), ShareOutOfResources, false},
		{answered(smb.StatusSharingPaused), ShareServerPaused, false},
		{answered(smb.StatusUserSessionDeleted), ShareConnectionLost, false},
		{answered(smb.StatusInvalidSMB), ShareProtocolError, false},
		{answered(smb.StatusNotImplemented), ShareProtocolError, false},
		{&smb.Error{Op: "session setup", Err: smb.ErrGuest}, ShareGuestOnly, false},
		{&smb.Error{Op: "session setup", Err: smb.ErrConnectionLost}, ShareConnectionLost, false},
		{&smb.Error{Op: "session setup", Err: context.DeadlineExceeded}, ShareTimeout, false},
	}
	for _, tt := range tests {
		if got, refused := loginState(tt.err); got != tt.want || refused != tt.refused {
			t.Errorf("%v: %s, refused %t; want %s, %t", tt.err, got, refused, tt.want, tt.refused)
		}
	}
}

func TestTreeState(t *testing.T) {
	tests := []struct {
		err  error
		want ShareState
	}{
		{answered(smb.StatusBadNetworkName), ShareMissing},
		{answered(smb.StatusNetworkNameDeleted), ShareMissing},
		{answered(smb.StatusObjectNameNotFound), ShareMissing},
		{answered(smb.StatusObjectPathNotFound), ShareMissing},
		{answered(smb.StatusSMBBadTID), ShareMissing},
		{answered(smb.StatusAccessDenied), ShareAccessDenied},
		{answered(smb.StatusNetworkAccessDenied), ShareAccessDenied},
		{answered(smb.StatusRequestNotAccepted), ShareServerFull},
		{answered(smb.StatusInsufficientResources), ShareOutOfResources},
		{answered(smb.StatusSharingPaused), ShareServerPaused},
		{answered(smb.StatusUserSessionDeleted), ShareConnectionLost},
		{answered(smb.StatusNetworkSessionExpired), ShareConnectionLost},
		{answered(smb.StatusSMBBadUID), ShareConnectionLost},
		{answered(smb.StatusInvalidParameter), ShareProtocolError},
		{&smb.Error{Op: "tree connect", Err: context.DeadlineExceeded}, ShareTimeout},
		{&smb.Error{Op: "tree connect", Err: smb.ErrConnectionLost}, ShareConnectionLost},
	}
	for _, tt := range tests {
		if got := treeState(tt.err); got != tt.want {
			t.Errorf("%v: %s, want %s", tt.err, got, tt.want)
		}
	}
}

func TestPhonebookState(t *testing.T) {
	for want, statuses := range map[PhonebookState][]smb.Status{
		PhonebookMissing:       {smb.StatusObjectNameNotFound, smb.StatusNoSuchFile, smb.StatusDeletePending, smb.StatusFileIsADirectory},
		PhonebookFolderMissing: {smb.StatusObjectPathNotFound, smb.StatusNotADirectory},
		PhonebookAccessDenied:  {smb.StatusAccessDenied, smb.StatusNetworkAccessDenied},
		PhonebookLocked:        {smb.StatusSharingViolation, smb.StatusFileLockConflict, smb.StatusLockNotGranted},
		PhonebookDiskError: {smb.StatusFileCorruptError, smb.StatusDiskCorruptError, smb.StatusDataError, smb.StatusCRCError,
			smb.StatusDeviceDataError, smb.StatusIODeviceError, smb.StatusDeviceNotConnected, smb.StatusNoMediaInDevice, smb.StatusIOTimeout},
		PhonebookUnknown: {smb.StatusOK, smb.StatusInvalidParameter, smb.StatusInsufficientResources, smb.StatusUserSessionDeleted},
	} {
		for _, status := range statuses {
			if got := phonebookState(answered(status)); got != want {
				t.Errorf("%s: %s, want %s", status, got, want)
			}
		}
	}
	if got := phonebookState(smb.Protocolf("open", "cut short")); got != PhonebookUnknown {
		t.Errorf("a broken answer: %s, want %s", got, PhonebookUnknown)
	}
}

// TestRaceError: of several attempts the one that tells most is reported.
func TestRaceError(t *testing.T) {
	closed, silent, unreachable := dialError(syscall.ECONNREFUSED), dialError(os.ErrDeadlineExceeded), dialError(syscall.EHOSTUNREACH)
	tests := []struct {
		errs []error
		want ShareState
	}{
		{[]error{closed, silent}, SharePortClosed},
		{[]error{silent, unreachable, closed}, SharePortClosed},
		{[]error{unreachable, silent}, ShareTimeout},
		{[]error{dialError(syscall.ECONNRESET), unreachable}, ShareHostUnreachable},
		{[]error{dialError(syscall.ECONNRESET)}, ShareConnectionLost},
	}
	for _, tt := range tests {
		if got := failureState(raceError(tt.errs)); got != tt.want {
			t.Errorf("%v: %s, want %s", tt.errs, got, tt.want)
		}
	}
}

type resolver func(ctx context.Context, network, host string) ([]netip.Addr, error)

func (r resolver) LookupNetIP(ctx context.Context, network, host string) ([]netip.Addr, error) {
	return r(ctx, network, host)
}

// TestResolveToNothing: a name without an address is one that does not resolve.
func TestResolveToNothing(t *testing.T) {
	p, err := New(Options{Resolver: resolver(func(context.Context, string, string) ([]netip.Addr, error) { return nil, nil })})
	if err != nil {
		t.Fatal(err)
	}
	addrs, err := p.resolve(t.Context(), Target{Host: "exch01.corp.example"})
	if err == nil || failureState(err) != ShareNameNotResolved {
		t.Errorf("%v, %v; want the state %s", addrs, err, ShareNameNotResolved)
	}
}
