package prober

import (
	"context"
	"errors"
	"net"
	"slices"
	"strings"

	"github.com/rasphone-exporter/rasphone_exporter/smbprobe"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/smb"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/smb/netbios"
)

// failureState returns the state of the share for an error that is not an NT status:
// one of the network, of the transport or of the protocol.
func failureState(err error) smbprobe.ShareState {
	if dns, ok := errors.AsType[*net.DNSError](err); ok && !dns.IsNotFound {
		return smbprobe.ShareNotProbed // the DNS server failed, which shows nothing about the target
	} else if ok {
		return smbprobe.ShareNameNotResolved
	}
	switch {
	case errors.Is(err, context.Canceled), isLocalShortage(err):
		return smbprobe.ShareNotProbed
	case isTimeout(err):
		return smbprobe.ShareTimeout
	}
	if _, ok := errors.AsType[*netbios.RefusedError](err); ok {
		return smbprobe.ShareSessionRefused
	}
	switch {
	case errors.Is(err, errRetarget):
		return smbprobe.ShareSessionRefused
	case errors.Is(err, smb.ErrGuest):
		return smbprobe.ShareGuestOnly
	case errors.Is(err, smb.ErrEncryptionRequired):
		return smbprobe.ShareEncryptionRequired
	case errors.Is(err, smb.ErrSigning):
		return smbprobe.ShareSigningRefused
	case errors.Is(err, smb.ErrNotSMB):
		return smbprobe.ShareNotSMB
	case errors.Is(err, smb.ErrConnectionLost):
		return smbprobe.ShareConnectionLost
	case isOneOf(err, errnosRefused):
		return smbprobe.SharePortClosed
	case isOneOf(err, errnosReset):
		return smbprobe.ShareConnectionLost
	}
	if network, ok := errors.AsType[*net.OpError](err); ok && network.Op == "dial" {
		return smbprobe.ShareHostUnreachable // by the network, or by a firewall or a route of this computer
	}
	return smbprobe.ShareProtocolError
}

// errorText returns the text of an error for a result, which people read: without the words
// that Go's packages have for a time limit.
func errorText(err error) string { return timeLimitWords.Replace(err.Error()) }

var timeLimitWords = strings.NewReplacer(
	"no answer in time: context deadline exceeded", "no answer in time",
	"context deadline exceeded", "no answer in time",
	"i/o timeout", "no answer in time",
	"context canceled", "canceled",
)

// isTimeout reports whether the time ran out, ours or the network's own.
func isTimeout(err error) bool {
	if errors.Is(err, context.DeadlineExceeded) {
		return true
	}
	n, ok := errors.AsType[net.Error](err)
	return ok && n.Timeout()
}

// isLocalShortage reports whether this computer lacks descriptors, ports or buffers.
func isLocalShortage(err error) bool { return isOneOf(err, errnosExhausted) }

func isOneOf(err error, targets []error) bool {
	return slices.ContainsFunc(targets, func(target error) bool { return errors.Is(err, target) })
}

// negotiateState returns the state of the share after a failed negotiate.
func negotiateState(err error) smbprobe.ShareState {
	if state, ok := serverState(smb.StatusOf(err)); ok {
		return state
	}
	return failureState(err)
}

// loginState returns the state of the share after a failed login, and whether the server
// refused the account, which may count towards a lockout.
func loginState(err error) (state smbprobe.ShareState, refused bool) {
	status := smb.StatusOf(err)
	switch {
	case status == smb.StatusOK:
		return failureState(err), false
	case isRestriction(status):
		return smbprobe.ShareAccountRestricted, true
	case isNoDomain(status):
		return smbprobe.ShareLoginFailed, false
	}
	if state, ok := serverState(status); ok {
		return state, false
	}
	return smbprobe.ShareLoginFailed, true
}

// isWrongPassword reports whether a status means that name or password are wrong.
func isWrongPassword(status smb.Status) bool {
	switch status {
	case smb.StatusLogonFailure, smb.StatusWrongPassword, smb.StatusNoSuchUser:
		return true
	}
	return false
}

// isRestriction reports whether a status means that the account may not log in there or
// now, whatever its password.
func isRestriction(status smb.Status) bool {
	switch status {
	case smb.StatusAccountRestriction, smb.StatusInvalidLogonHours, smb.StatusInvalidWorkstation,
		smb.StatusPasswordExpired, smb.StatusPasswordMustChange, smb.StatusAccountDisabled,
		smb.StatusAccountExpired, smb.StatusAccountLockedOut, smb.StatusLogonTypeNotGranted:
		return true
	}
	return false
}

// isNoDomain reports whether a status means that no domain controller could be asked.
func isNoDomain(status smb.Status) bool {
	switch status {
	case smb.StatusNoLogonServers, smb.StatusNoTrustSAMAccount, smb.StatusTrustedDomainFailure,
		smb.StatusTrustedRelationshipFailure, smb.StatusNetlogonNotStarted, smb.StatusInvalidServerState:
		return true
	}
	return false
}

// isNotChecked reports whether a status means that the password was not checked, so that no
// controller can have counted the login. STATUS_NO_LOGON_SERVERS does not mean that: a server
// answers so if it finds no controller, and also if one took the login and its answer did not
// come in time. Such a login is in doubt. The other statuses of isNoDomain are those of a
// secure channel that could not be set up, or of a service that does not run, before any
// password goes to a controller.
func isNotChecked(status smb.Status) bool {
	if isNoDomain(status) {
		return status != smb.StatusNoLogonServers
	}
	switch state, _ := serverState(status); state {
	case smbprobe.ShareServerFull, smbprobe.ShareOutOfResources, smbprobe.ShareServerPaused:
		return true
	}
	return false
}

// serverState returns the state for a status that concerns the server as a whole.
func serverState(status smb.Status) (smbprobe.ShareState, bool) {
	switch status {
	case smb.StatusRequestNotAccepted, smb.StatusTooManySessions, smb.StatusRemoteSessionLimit:
		return smbprobe.ShareServerFull, true
	case smb.StatusInsuffServerResources, smb.StatusInsufficientResources, smb.StatusNoMemory:
		return smbprobe.ShareOutOfResources, true
	case smb.StatusSharingPaused:
		return smbprobe.ShareServerPaused, true
	case smb.StatusUserSessionDeleted, smb.StatusSMBBadUID, smb.StatusNetworkSessionExpired:
		return smbprobe.ShareConnectionLost, true
	case smb.StatusInvalidSMB, smb.StatusSMBBadCommand, smb.StatusNotImplemented:
		return smbprobe.ShareProtocolError, true
	}
	return "", false
}

// treeState returns the state of the share after a failed tree connect.
func treeState(err error) smbprobe.ShareState {
	switch status := smb.StatusOf(err); status {
	case smb.StatusOK:
		return failureState(err)
	case smb.StatusBadNetworkName, smb.StatusBadDeviceType, smb.StatusNetworkNameDeleted, smb.StatusSMBBadTID,
		smb.StatusObjectNameNotFound, smb.StatusObjectPathNotFound:
		return smbprobe.ShareMissing
	case smb.StatusAccessDenied, smb.StatusNetworkAccessDenied:
		return smbprobe.ShareAccessDenied
	default:
		if state, ok := serverState(status); ok {
			return state
		}
		return smbprobe.ShareProtocolError
	}
}

// phonebookState returns the state of the phone book after a failed open or read.
func phonebookState(err error) smbprobe.PhonebookState {
	switch smb.StatusOf(err) {
	case smb.StatusObjectNameNotFound, smb.StatusNoSuchFile, smb.StatusDeletePending, smb.StatusFileIsADirectory:
		return smbprobe.PhonebookMissing
	case smb.StatusObjectPathNotFound, smb.StatusNotADirectory:
		return smbprobe.PhonebookFolderMissing
	case smb.StatusAccessDenied, smb.StatusNetworkAccessDenied:
		return smbprobe.PhonebookAccessDenied
	case smb.StatusSharingViolation, smb.StatusFileLockConflict, smb.StatusLockNotGranted:
		return smbprobe.PhonebookLocked
	case smb.StatusFileCorruptError, smb.StatusDiskCorruptError, smb.StatusDataError, smb.StatusCRCError,
		smb.StatusDeviceDataError, smb.StatusIODeviceError, smb.StatusDeviceNotConnected,
		smb.StatusNoMediaInDevice, smb.StatusIOTimeout, smb.StatusNoSuchDevice, smb.StatusWrongVolume,
		smb.StatusUnrecognizedMedia, smb.StatusUnrecognizedVolume, smb.StatusNonexistentSector, smb.StatusInPageError,
		smb.StatusEACorruptError, smb.StatusFileInvalid, smb.StatusDevicePowerFailure, smb.StatusDeviceNotReady,
		smb.StatusUnexpectedIOError, smb.StatusDiskRecalibrateFailed, smb.StatusDiskOperationFailed,
		smb.StatusDiskResetFailed, smb.StatusDeviceConfigurationError, smb.StatusDriverInternalError,
		smb.StatusDeviceProtocolError, smb.StatusVolumeDismounted:
		return smbprobe.PhonebookDiskError
	}
	return smbprobe.PhonebookUnknown
}
