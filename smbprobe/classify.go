package smbprobe

import (
	"context"
	"errors"
	"net"
	"syscall"

	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/smb"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/smb/netbios"
)

// failureState returns the share's state for an error that is no status: the way to
// the server, the transport, the protocol.
func failureState(err error) ShareState {
	if isTimeout(err) {
		return ShareTimeout
	}
	if _, ok := errors.AsType[*netbios.RefusedError](err); ok {
		return ShareSessionRefused
	}
	if _, ok := errors.AsType[*net.DNSError](err); ok {
		return ShareNameNotResolved
	}
	switch {
	case errors.Is(err, errRetarget):
		return ShareSessionRefused
	case errors.Is(err, smb.ErrGuest):
		return ShareGuestOnly
	case errors.Is(err, smb.ErrSigning):
		return ShareSigningRefused
	case errors.Is(err, smb.ErrNotSMB):
		return ShareNotSMB
	case errors.Is(err, smb.ErrConnectionLost):
		return ShareConnectionLost
	case errors.Is(err, syscall.ECONNREFUSED):
		return SharePortClosed
	case errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE):
		return ShareConnectionLost
	}
	if network, ok := errors.AsType[*net.OpError](err); ok && network.Op == "dial" {
		return ShareHostUnreachable // by the network, or by a firewall or a route of our own host
	}
	return ShareProtocolError
}

// isTimeout reports whether the time was up, ours or the network's own.
func isTimeout(err error) bool {
	if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) {
		return true
	}
	n, ok := errors.AsType[net.Error](err)
	return ok && n.Timeout()
}

// negotiateState returns the share's state after a negotiate that failed.
func negotiateState(err error) ShareState {
	if state, ok := serverState(smb.StatusOf(err)); ok {
		return state
	}
	return failureState(err)
}

// loginState returns the share's state after a login that failed, and whether the
// server refused the account: then it may count towards a lockout.
func loginState(err error) (state ShareState, refused bool) {
	switch status := smb.StatusOf(err); status {
	case smb.StatusOK:
		return failureState(err), false
	case smb.StatusAccountRestriction, smb.StatusInvalidLogonHours, smb.StatusInvalidWorkstation,
		smb.StatusPasswordExpired, smb.StatusPasswordMustChange, smb.StatusAccountDisabled,
		smb.StatusAccountExpired, smb.StatusAccountLockedOut, smb.StatusLogonTypeNotGranted:
		return ShareAccountRestricted, true
	case smb.StatusNoLogonServers, smb.StatusNoTrustSAMAccount, smb.StatusTrustedDomainFailure,
		smb.StatusTrustedRelationshipFailure, smb.StatusNetlogonNotStarted, smb.StatusInvalidServerState:
		return ShareLoginFailed, false // nobody looked at the password
	default:
		if state, ok := serverState(status); ok {
			return state, false
		}
		return ShareLoginFailed, true
	}
}

// serverState returns the state for a status that is about the server as a whole.
func serverState(status smb.Status) (ShareState, bool) {
	switch status {
	case smb.StatusRequestNotAccepted, smb.StatusTooManySessions, smb.StatusRemoteSessionLimit:
		return ShareServerFull, true
	case smb.StatusInsuffServerResources, smb.StatusInsufficientResources, smb.StatusNoMemory:
		return ShareOutOfResources, true
	case smb.StatusSharingPaused:
		return ShareServerPaused, true
	case smb.StatusUserSessionDeleted, smb.StatusSMBBadUID, smb.StatusNetworkSessionExpired:
		return ShareConnectionLost, true
	case smb.StatusInvalidSMB, smb.StatusSMBBadCommand, smb.StatusNotImplemented:
		return ShareProtocolError, true
	}
	return "", false
}

// treeState returns the share's state after a tree connect that failed.
func treeState(err error) ShareState {
	switch status := smb.StatusOf(err); status {
	case smb.StatusOK:
		return failureState(err)
	case smb.StatusBadNetworkName, smb.StatusNetworkNameDeleted, smb.StatusSMBBadTID,
		smb.StatusObjectNameNotFound, smb.StatusObjectPathNotFound:
		return ShareMissing
	case smb.StatusAccessDenied, smb.StatusNetworkAccessDenied:
		return ShareAccessDenied
	default:
		if state, ok := serverState(status); ok {
			return state
		}
		return ShareProtocolError
	}
}

// phonebookState returns the phone book's state after an open or a read that failed.
func phonebookState(err error) PhonebookState {
	switch smb.StatusOf(err) {
	case smb.StatusObjectNameNotFound, smb.StatusNoSuchFile, smb.StatusDeletePending, smb.StatusFileIsADirectory:
		return PhonebookMissing
	case smb.StatusObjectPathNotFound, smb.StatusNotADirectory:
		return PhonebookFolderMissing
	case smb.StatusAccessDenied, smb.StatusNetworkAccessDenied:
		return PhonebookAccessDenied
	case smb.StatusSharingViolation, smb.StatusFileLockConflict, smb.StatusLockNotGranted:
		return PhonebookLocked
	case smb.StatusFileCorruptError, smb.StatusDiskCorruptError, smb.StatusDataError, smb.StatusCRCError,
		smb.StatusDeviceDataError, smb.StatusIODeviceError, smb.StatusDeviceNotConnected,
		smb.StatusNoMediaInDevice, smb.StatusIOTimeout:
		return PhonebookDiskError
	}
	return PhonebookUnknown
}
