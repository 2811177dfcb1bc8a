package prober

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

	"github.com/rasphone-exporter/rasphone_exporter/smbprobe"
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
		want smbprobe.ShareState
	}{
		{&net.DNSError{Err: "no such host", IsNotFound: true}, smbprobe.ShareNameNotResolved},
		{&net.DNSError{Err: "server misbehaving", IsTemporary: true}, smbprobe.ShareNotProbed},
		{&net.DNSError{Err: "i/o timeout", IsTimeout: true}, smbprobe.ShareNotProbed},
		{&net.DNSError{Err: "operation was canceled", UnwrapErr: context.Canceled}, smbprobe.ShareNotProbed},
		{&netbios.RefusedError{Called: "EXCH01", Code: netbios.CodeCalledNotPresent}, smbprobe.ShareSessionRefused},
		{fmt.Errorf("%w: 10.9.9.9:139", errRetarget), smbprobe.ShareSessionRefused},
		{&smb.Error{Op: "negotiate", Err: context.DeadlineExceeded}, smbprobe.ShareTimeout},
		{context.Canceled, smbprobe.ShareNotProbed},
		{dialError(os.ErrDeadlineExceeded), smbprobe.ShareTimeout},
		{dialError(syscall.ETIMEDOUT), smbprobe.ShareTimeout},
		{dialError(syscall.ECONNREFUSED), smbprobe.SharePortClosed},
		{dialError(syscall.EHOSTUNREACH), smbprobe.ShareHostUnreachable},
		{dialError(syscall.ENETUNREACH), smbprobe.ShareHostUnreachable},
		{dialError(syscall.EHOSTDOWN), smbprobe.ShareHostUnreachable},
		{dialError(syscall.EADDRNOTAVAIL), smbprobe.ShareNotProbed},
		{dialError(syscall.EMFILE), smbprobe.ShareNotProbed},
		{dialError(syscall.ENFILE), smbprobe.ShareNotProbed},
		{dialError(syscall.ENOBUFS), smbprobe.ShareNotProbed},
		{dialError(syscall.ENOMEM), smbprobe.ShareNotProbed},
		{dialError(syscall.EADDRINUSE), smbprobe.ShareNotProbed},
		{dialError(syscall.EAGAIN), smbprobe.ShareNotProbed},
		{dialError(syscall.EPERM), smbprobe.ShareHostUnreachable},  // a firewall of our own host
		{dialError(syscall.EACCES), smbprobe.ShareHostUnreachable}, // a route that prohibits
		{dialError(syscall.ECONNRESET), smbprobe.ShareConnectionLost},
		{&net.OpError{Op: "write", Net: "tcp", Err: syscall.EPIPE}, smbprobe.ShareConnectionLost},
		{&smb.Error{Op: "read", Err: fmt.Errorf("%w: %w", smb.ErrConnectionLost, io.EOF)}, smbprobe.ShareConnectionLost},
		{&smb.Error{Op: "session setup", Err: smb.ErrGuest}, smbprobe.ShareGuestOnly},
		{&smb.Error{Op: "session setup", Err: smb.ErrSigning}, smbprobe.ShareSigningRefused},
		{&smb.Error{Op: "negotiate", Err: smb.ErrNotSMB}, smbprobe.ShareNotSMB},
		{&smb.Error{Op: "negotiate", Err: smb.ErrNotOffered}, smbprobe.ShareProtocolError},
		{smb.Protocolf("negotiate", "cut short"), smbprobe.ShareProtocolError},
		{errors.New("anything else"), smbprobe.ShareProtocolError},
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
		want smbprobe.ShareState
	}{
		{answered(smb.StatusRequestNotAccepted), smbprobe.ShareServerFull},
		{answered(smb.StatusInsuffServerResources), smbprobe.ShareOutOfResources},
		{answered(smb.StatusSharingPaused), smbprobe.ShareServerPaused},
		{answered(smb.StatusInvalidSMB), smbprobe.ShareProtocolError},
		{answered(smb.StatusAccessDenied), smbprobe.ShareProtocolError},
		{&smb.Error{Op: "negotiate", Status: smb.StatusNotSupported, Err: smb.ErrNotOffered}, smbprobe.ShareProtocolError},
		{&smb.Error{Op: "negotiate", Err: smb.ErrNotSMB}, smbprobe.ShareNotSMB},
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
		want    smbprobe.ShareState
		refused bool
	}{
		{answered(smb.StatusLogonFailure), smbprobe.ShareLoginFailed, true},
		{answered(smb.StatusNoSuchUser), smbprobe.ShareLoginFailed, true},
		{answered(smb.StatusWrongPassword), smbprobe.ShareLoginFailed, true},
		{answered(smb.StatusAccessDenied), smbprobe.ShareLoginFailed, true},
		{answered(smb.StatusInvalidParameter), smbprobe.ShareLoginFailed, true}, // Samba to NTLMv2 without extended security
		{answered(smb.Status(0xC0009999)), smbprobe.ShareLoginFailed, true},
		{answered(smb.StatusAccountRestriction), smbprobe.ShareAccountRestricted, true},
		{answered(smb.StatusInvalidLogonHours), smbprobe.ShareAccountRestricted, true},
		{answered(smb.StatusInvalidWorkstation), smbprobe.ShareAccountRestricted, true},
		{answered(smb.StatusPasswordExpired), smbprobe.ShareAccountRestricted, true},
		{answered(smb.StatusPasswordMustChange), smbprobe.ShareAccountRestricted, true},
		{answered(smb.StatusAccountDisabled), smbprobe.ShareAccountRestricted, true},
		{answered(smb.StatusAccountExpired), smbprobe.ShareAccountRestricted, true},
		{answered(smb.StatusAccountLockedOut), smbprobe.ShareAccountRestricted, true},
		{answered(smb.StatusLogonTypeNotGranted), smbprobe.ShareAccountRestricted, true},
		{answered(smb.StatusNoLogonServers), smbprobe.ShareLoginFailed, false},
		{answered(smb.StatusNoTrustSAMAccount), smbprobe.ShareLoginFailed, false},
		{answered(smb.StatusTrustedDomainFailure), smbprobe.ShareLoginFailed, false},
		{answered(smb.StatusTrustedRelationshipFailure), smbprobe.ShareLoginFailed, false},
		{answered(smb.StatusNetlogonNotStarted), smbprobe.ShareLoginFailed, false},
		{answered(smb.StatusInvalidServerState), smbprobe.ShareLoginFailed, false},
		{answered(smb.StatusRequestNotAccepted), smbprobe.ShareServerFull, false},
		{answered(smb.StatusTooManySessions), smbprobe.ShareServerFull, false},
		{answered(smb.StatusRemoteSessionLimit), smbprobe.ShareServerFull, false},
		{answered(smb.StatusInsuffServerResources), smbprobe.ShareOutOfResources, false},
		{answered(smb.StatusInsufficientResources), smbprobe.ShareOutOfResources, false},
		{answered(smb.StatusNoMemory), smbprobe.ShareOutOfResources, false},
		{answered(smb.StatusSharingPaused), smbprobe.ShareServerPaused, false},
		{answered(smb.StatusUserSessionDeleted), smbprobe.ShareConnectionLost, false},
		{answered(smb.StatusInvalidSMB), smbprobe.ShareProtocolError, false},
		{answered(smb.StatusNotImplemented), smbprobe.ShareProtocolError, false},
		{&smb.Error{Op: "session setup", Err: smb.ErrGuest}, smbprobe.ShareGuestOnly, false},
		{&smb.Error{Op: "session setup", Err: smb.ErrConnectionLost}, smbprobe.ShareConnectionLost, false},
		{&smb.Error{Op: "session setup", Err: context.DeadlineExceeded}, smbprobe.ShareTimeout, false},
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
		want smbprobe.ShareState
	}{
		{answered(smb.StatusBadNetworkName), smbprobe.ShareMissing},
		{answered(smb.StatusNetworkNameDeleted), smbprobe.ShareMissing},
		{answered(smb.StatusObjectNameNotFound), smbprobe.ShareMissing},
		{answered(smb.StatusObjectPathNotFound), smbprobe.ShareMissing},
		{answered(smb.StatusSMBBadTID), smbprobe.ShareMissing},
		{answered(smb.StatusAccessDenied), smbprobe.ShareAccessDenied},
		{answered(smb.StatusNetworkAccessDenied), smbprobe.ShareAccessDenied},
		{answered(smb.StatusRequestNotAccepted), smbprobe.ShareServerFull},
		{answered(smb.StatusInsufficientResources), smbprobe.ShareOutOfResources},
		{answered(smb.StatusSharingPaused), smbprobe.ShareServerPaused},
		{answered(smb.StatusUserSessionDeleted), smbprobe.ShareConnectionLost},
		{answered(smb.StatusNetworkSessionExpired), smbprobe.ShareConnectionLost},
		{answered(smb.StatusSMBBadUID), smbprobe.ShareConnectionLost},
		{answered(smb.StatusInvalidParameter), smbprobe.ShareProtocolError},
		{&smb.Error{Op: "tree connect", Err: context.DeadlineExceeded}, smbprobe.ShareTimeout},
		{&smb.Error{Op: "tree connect", Err: smb.ErrConnectionLost}, smbprobe.ShareConnectionLost},
	}
	for _, tt := range tests {
		if got := treeState(tt.err); got != tt.want {
			t.Errorf("%v: %s, want %s", tt.err, got, tt.want)
		}
	}
}

func TestPhonebookState(t *testing.T) {
	for want, statuses := range map[smbprobe.PhonebookState][]smb.Status{
		smbprobe.PhonebookMissing:       {smb.StatusObjectNameNotFound, smb.StatusNoSuchFile, smb.StatusDeletePending, smb.StatusFileIsADirectory},
		smbprobe.PhonebookFolderMissing: {smb.StatusObjectPathNotFound, smb.StatusNotADirectory},
		smbprobe.PhonebookAccessDenied:  {smb.StatusAccessDenied, smb.StatusNetworkAccessDenied},
		smbprobe.PhonebookLocked:        {smb.StatusSharingViolation, smb.StatusFileLockConflict, smb.StatusLockNotGranted},
		smbprobe.PhonebookDiskError: {smb.StatusDiskOperationFailed, smb.StatusUnexpectedIOError, smb.StatusDeviceNotReady, smb.StatusNonexistentSector, smb.StatusInPageError, smb.StatusVolumeDismounted,
			smb.StatusFileCorruptError, smb.StatusDiskCorruptError, smb.StatusDataError, smb.StatusCRCError,
			smb.StatusDeviceDataError, smb.StatusIODeviceError, smb.StatusDeviceNotConnected, smb.StatusNoMediaInDevice, smb.StatusIOTimeout},
		smbprobe.PhonebookUnknown: {smb.StatusOK, smb.StatusInvalidParameter, smb.StatusInsufficientResources, smb.StatusUserSessionDeleted},
	} {
		for _, status := range statuses {
			if got := phonebookState(answered(status)); got != want {
				t.Errorf("%s: %s, want %s", status, got, want)
			}
		}
	}
	if got := phonebookState(smb.Protocolf("open", "cut short")); got != smbprobe.PhonebookUnknown {
		t.Errorf("a broken answer: %s, want %s", got, smbprobe.PhonebookUnknown)
	}
}

// TestBestDialError: of several attempts the one that tells most is reported. What this
// computer could not try leaves the state open.
func TestBestDialError(t *testing.T) {
	closed, silent, unreachable := dialError(syscall.ECONNREFUSED), dialError(os.ErrDeadlineExceeded), dialError(syscall.EHOSTUNREACH)
	noPort := &net.OpError{Op: "dial", Net: "tcp", Addr: &net.TCPAddr{IP: net.IPv4(10, 1, 2, 3), Port: 139}, Err: os.NewSyscallError("connect", errnoNoAddress)}
	noIPv6 := &net.OpError{Op: "dial", Net: "tcp", Addr: &net.TCPAddr{IP: net.ParseIP("2001:db8::1"), Port: 139}, Err: os.NewSyscallError("connect", errnoNoAddress)}
	at := func(port uint16, err error) error {
		return &connectError{netip.AddrPortFrom(netip.MustParseAddr("10.1.2.3"), port), err}
	}
	tests := []struct {
		errs []error
		want smbprobe.ShareState
	}{
		{[]error{closed, silent}, smbprobe.SharePortClosed},
		{[]error{at(445, closed), at(139, silent)}, smbprobe.ShareTimeout},
		{[]error{at(445, closed), at(445, closed), at(139, noIPv6), at(139, silent)}, smbprobe.ShareTimeout},
		{[]error{at(445, closed), at(139, closed), at(139, silent)}, smbprobe.SharePortClosed},
		{[]error{at(139, closed), at(445, silent)}, smbprobe.SharePortClosed},
		{[]error{at(445, closed), at(139, closed)}, smbprobe.SharePortClosed},
		{[]error{silent, unreachable, closed}, smbprobe.SharePortClosed},
		{[]error{unreachable, silent}, smbprobe.ShareTimeout},
		{[]error{dialError(syscall.ECONNRESET), unreachable}, smbprobe.ShareHostUnreachable},
		{[]error{dialError(syscall.ECONNRESET)}, smbprobe.ShareConnectionLost},
		{[]error{closed, dialError(syscall.EMFILE)}, smbprobe.ShareNotProbed},
		{[]error{dialError(syscall.ENOBUFS), silent}, smbprobe.ShareNotProbed},
		{[]error{unreachable, dialError(syscall.ENFILE)}, smbprobe.ShareNotProbed},
		{[]error{closed, noPort}, smbprobe.ShareNotProbed},
		{[]error{closed, closed, noIPv6, noIPv6}, smbprobe.SharePortClosed},
		{[]error{noIPv6, noIPv6}, smbprobe.ShareNotProbed},
	}
	for _, tt := range tests {
		if got := failureState(bestDialError(tt.errs)); got != tt.want {
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
	none := resolver(func(context.Context, string, string) ([]netip.Addr, error) { return nil, nil })
	addrs, err := lookup(t.Context(), none, smbprobe.Target{Host: "exch01.corp.example"})
	if err == nil || failureState(err) != smbprobe.ShareNameNotResolved {
		t.Errorf("%v, %v; want the state %s", addrs, err, smbprobe.ShareNameNotResolved)
	}
}

func TestErrorText(t *testing.T) {
	for _, tt := range []struct {
		err  error
		want string
	}{
		{fmt.Errorf("no answer in time: %w", context.DeadlineExceeded), "no answer in time"},
		{fmt.Errorf("tree connect: %w", context.DeadlineExceeded), "tree connect: no answer in time"},
		{fmt.Errorf("read: %w", os.ErrDeadlineExceeded), "read: no answer in time"},
		{fmt.Errorf("connect: %w", context.Canceled), "connect: canceled"},
		{errors.New("connect: connection refused"), "connect: connection refused"},
	} {
		if got := errorText(tt.err); got != tt.want {
			t.Errorf("%v: %q, want %q", tt.err, got, tt.want)
		}
	}
}
