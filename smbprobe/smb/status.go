package smb

import "fmt"

// Status is an NTSTATUS (MS-CIFS 2.2.2.4, MS-ERREF 2.3). A DOS error class and
// code is turned into the status that says the same, see StatusFromDOS.
type Status uint32

// The statuses that a probe can meet.
const (
	StatusOK                         Status = 0
	StatusLogonFailure               Status = 0xC000006D
	StatusNoSuchUser                 Status = 0xC0000064
	StatusWrongPassword              Status = 0xC000006A
	StatusAccountRestriction         Status = 0xC000006E
	StatusInvalidLogonHours          Status = 0xC000006F
	StatusInvalidWorkstation         Status = 0xC0000070
	StatusPasswordExpired            Status = 0xC0000071
	StatusPasswordMustChange         Status = 0xC0000224
	StatusAccountDisabled            Status = 0xC0000072
	StatusAccountExpired             Status = 0xC0000193
	StatusAccountLockedOut           Status = 0xC0000234
	StatusLogonTypeNotGranted        Status = 0xC000015B
	StatusNoLogonServers             Status = 0xC000005E
	StatusNoTrustSAMAccount          Status = 0xC000018B
	StatusTrustedDomainFailure       Status = 0xC000018C
	StatusTrustedRelationshipFailure Status = 0xC000018D
	StatusNetlogonNotStarted         Status = 0xC0000192
	StatusInvalidServerState         Status = 0xC00000DC
	StatusBadNetworkName             Status = 0xC00000CC
	StatusBadDeviceType              Status = 0xC00000CB
	StatusAccessDenied               Status = 0xC0000022
	StatusNetworkAccessDenied        Status = 0xC00000CA
	StatusSharingPaused              Status = 0xC00000CF
	StatusRequestNotAccepted         Status = 0xC00000D0
	StatusTooManySessions            Status = 0xC00000CE
	StatusRemoteSessionLimit         Status = 0xC0000196
	StatusInsuffServerResources      Status = 0xC0000205
	StatusInsufficientResources      Status = 0xC000009A
	StatusObjectNameNotFound         Status = 0xC0000034
	StatusObjectPathNotFound         Status = 0xC000003A
	StatusNoSuchFile                 Status = 0xC000000F
	StatusObjectNameInvalid          Status = 0xC0000033
	StatusObjectPathInvalid          Status = 0xC0000039
	StatusObjectPathSyntaxBad        Status = 0xC000003B
	StatusSharingViolation           Status = 0xC0000043
	StatusFileLockConflict           Status = 0xC0000054
	StatusLockNotGranted             Status = 0xC0000055
	StatusDeletePending              Status = 0xC0000056
	StatusFileIsADirectory           Status = 0xC00000BA
	StatusFileCorruptError           Status = 0xC0000102
	StatusDiskCorruptError           Status = 0xC0000032
	StatusDataError                  Status = 0xC000003E
	StatusCRCError                   Status = 0xC000003F
	StatusDeviceDataError            Status = 0xC000009C
	StatusIODeviceError              Status = 0xC0000185
	StatusDeviceNotConnected         Status = 0xC000009D
	StatusNoMediaInDevice            Status = 0xC0000013
	StatusIOTimeout                  Status = 0xC00000B5
	StatusInstanceNotAvailable       Status = 0xC00000AB
	StatusPipeNotAvailable           Status = 0xC00000AC
	StatusPipeBusy                   Status = 0xC00000AE
	StatusPipeDisconnected           Status = 0xC00000B0
	StatusPipeClosing                Status = 0xC00000B1
	StatusPipeEmpty                  Status = 0xC00000D9
	StatusPipeBroken                 Status = 0xC000014B
	StatusBufferOverflow             Status = 0x80000005
	StatusBufferTooSmall             Status = 0xC0000023
	StatusEndOfFile                  Status = 0xC0000011
	StatusInvalidParameter           Status = 0xC000000D
	StatusNetworkNameDeleted         Status = 0xC00000C9
	StatusUserSessionDeleted         Status = 0xC0000203
	StatusInvalidHandle              Status = 0xC0000008
	StatusNotSupported               Status = 0xC00000BB
	StatusNotImplemented             Status = 0xC0000002
	StatusEventlogFileCorrupt        Status = 0xC000018E
	StatusEventlogCantStart          Status = 0xC000018F
	StatusEventlogFileChanged        Status = 0xC0000197
	StatusInvalidSMB                 Status = 0x00010002
	StatusSMBBadTID                  Status = 0x00050002
	StatusSMBBadCommand              Status = 0x00160002
	StatusSMBBadUID                  Status = 0x005B0002
	StatusSMBBadFID                  Status = 0x00060001
	StatusSMBUseStandard             Status = 0x00FB0002
	StatusMoreProcessingRequired     Status = 0xC0000016
	StatusPending                    Status = 0x00000103
	StatusCancelled                  Status = 0xC0000120
	StatusCannotDelete               Status = 0xC0000121
	StatusFileClosed                 Status = 0xC0000128
	StatusNetworkSessionExpired      Status = 0xC000035C
	StatusUnsuccessful               Status = 0xC0000001
	StatusAccessViolation            Status = 0xC0000005
	StatusNoMemory                   Status = 0xC0000017
	StatusUnexpectedNetworkError     Status = 0xC00000C4
	StatusVolumeDismounted           Status = 0xC000026E
	StatusNotADirectory              Status = 0xC0000103
)

// String returns the name and the number, "STATUS_ACCESS_DENIED (0xC0000022)".
func (s Status) String() string {
	if name := s.Name(); name != "" {
		return fmt.Sprintf("%s (0x%08X)", name, uint32(s))
	}
	return fmt.Sprintf("status 0x%08X", uint32(s))
}

// IsError reports whether a status is of severity error (its two highest bits
// set), or one of the SMB-private ones that carry a DOS class and code.
func (s Status) IsError() bool {
	return s>>30 == 3 || s>>30 == 0 && s&0xFFFF != 0 && s>>16 != 0
}

// Name returns "STATUS_ACCESS_DENIED", or "" for a status without a name here.
func (s Status) Name() string {
	switch s {
	case StatusOK:
		return "STATUS_SUCCESS"
	case StatusLogonFailure:
		return "STATUS_LOGON_FAILURE"
	case StatusNoSuchUser:
		return "STATUS_NO_SUCH_USER"
	case StatusWrongPassword:
		return "STATUS_WRONG_PASSWORD"
	case StatusAccountRestriction:
		return "STATUS_ACCOUNT_RESTRICTION"
	case StatusInvalidLogonHours:
		return "STATUS_INVALID_LOGON_HOURS"
	case StatusInvalidWorkstation:
		return "STATUS_INVALID_WORKSTATION"
	case StatusPasswordExpired:
		return "STATUS_PASSWORD_EXPIRED"
	case StatusPasswordMustChange:
		return "STATUS_PASSWORD_MUST_CHANGE"
	case StatusAccountDisabled:
		return "STATUS_ACCOUNT_DISABLED"
	case StatusAccountExpired:
		return "STATUS_ACCOUNT_EXPIRED"
	case StatusAccountLockedOut:
		return "STATUS_ACCOUNT_LOCKED_OUT"
	case StatusLogonTypeNotGranted:
		return "STATUS_LOGON_TYPE_NOT_GRANTED"
	case StatusNoLogonServers:
		return "STATUS_NO_LOGON_SERVERS"
	case StatusNoTrustSAMAccount:
		return "STATUS_NO_TRUST_SAM_ACCOUNT"
	case StatusTrustedDomainFailure:
		return "STATUS_TRUSTED_DOMAIN_FAILURE"
	case StatusTrustedRelationshipFailure:
		return "STATUS_TRUSTED_RELATIONSHIP_FAILURE"
	case StatusNetlogonNotStarted:
		return "STATUS_NETLOGON_NOT_STARTED"
	case StatusInvalidServerState:
		return "STATUS_INVALID_SERVER_STATE"
	case StatusBadNetworkName:
		return "STATUS_BAD_NETWORK_NAME"
	case StatusBadDeviceType:
		return "STATUS_BAD_DEVICE_TYPE"
	case StatusAccessDenied:
		return "STATUS_ACCESS_DENIED"
	case StatusNetworkAccessDenied:
		return "STATUS_NETWORK_ACCESS_DENIED"
	case StatusSharingPaused:
		return "STATUS_SHARING_PAUSED"
	case StatusRequestNotAccepted:
		return "STATUS_REQUEST_NOT_ACCEPTED"
	case StatusTooManySessions:
		return "STATUS_TOO_MANY_SESSIONS"
	case StatusRemoteSessionLimit:
		return "STATUS_REMOTE_SESSION_LIMIT"
	case StatusInsuffServerResources:
		return "STATUS_INSUFF_SERVER_RESOURCES"
	case StatusInsufficientResources:
		return "STATUS_INSUFFICIENT_RESOURCES"
	case StatusObjectNameNotFound:
		return "STATUS_OBJECT_NAME_NOT_FOUND"
	case StatusObjectPathNotFound:
		return "STATUS_OBJECT_PATH_NOT_FOUND"
	case StatusNoSuchFile:
		return "STATUS_NO_SUCH_FILE"
	case StatusObjectNameInvalid:
		return "STATUS_OBJECT_NAME_INVALID"
	case StatusObjectPathInvalid:
		return "STATUS_OBJECT_PATH_INVALID"
	case StatusObjectPathSyntaxBad:
		return "STATUS_OBJECT_PATH_SYNTAX_BAD"
	case StatusSharingViolation:
		return "STATUS_SHARING_VIOLATION"
	case StatusFileLockConflict:
		return "STATUS_FILE_LOCK_CONFLICT"
	case StatusLockNotGranted:
		return "STATUS_LOCK_NOT_GRANTED"
	case StatusDeletePending:
		return "STATUS_DELETE_PENDING"
	case StatusFileIsADirectory:
		return "STATUS_FILE_IS_A_DIRECTORY"
	case StatusFileCorruptError:
		return "STATUS_FILE_CORRUPT_ERROR"
	case StatusDiskCorruptError:
		return "STATUS_DISK_CORRUPT_ERROR"
	case StatusDataError:
		return "STATUS_DATA_ERROR"
	case StatusCRCError:
		return "STATUS_CRC_ERROR"
	case StatusDeviceDataError:
		return "STATUS_DEVICE_DATA_ERROR"
	case StatusIODeviceError:
		return "STATUS_IO_DEVICE_ERROR"
	case StatusDeviceNotConnected:
		return "STATUS_DEVICE_NOT_CONNECTED"
	case StatusNoMediaInDevice:
		return "STATUS_NO_MEDIA_IN_DEVICE"
	case StatusIOTimeout:
		return "STATUS_IO_TIMEOUT"
	case StatusInstanceNotAvailable:
		return "STATUS_INSTANCE_NOT_AVAILABLE"
	case StatusPipeNotAvailable:
		return "STATUS_PIPE_NOT_AVAILABLE"
	case StatusPipeBusy:
		return "STATUS_PIPE_BUSY"
	case StatusPipeDisconnected:
		return "STATUS_PIPE_DISCONNECTED"
	case StatusPipeClosing:
		return "STATUS_PIPE_CLOSING"
	case StatusPipeEmpty:
		return "STATUS_PIPE_EMPTY"
	case StatusPipeBroken:
		return "STATUS_PIPE_BROKEN"
	case StatusBufferOverflow:
		return "STATUS_BUFFER_OVERFLOW"
	case StatusBufferTooSmall:
		return "STATUS_BUFFER_TOO_SMALL"
	case StatusEndOfFile:
		return "STATUS_END_OF_FILE"
	case StatusInvalidParameter:
		return "STATUS_INVALID_PARAMETER"
	case StatusNetworkNameDeleted:
		return "STATUS_NETWORK_NAME_DELETED"
	case StatusUserSessionDeleted:
		return "STATUS_USER_SESSION_DELETED"
	case StatusInvalidHandle:
		return "STATUS_INVALID_HANDLE"
	case StatusNotSupported:
		return "STATUS_NOT_SUPPORTED"
	case StatusNotImplemented:
		return "STATUS_NOT_IMPLEMENTED"
	case StatusEventlogFileCorrupt:
		return "STATUS_EVENTLOG_FILE_CORRUPT"
	case StatusEventlogCantStart:
		return "STATUS_EVENTLOG_CANT_START"
	case StatusEventlogFileChanged:
		return "STATUS_EVENTLOG_FILE_CHANGED"
	case StatusInvalidSMB:
		return "STATUS_INVALID_SMB"
	case StatusSMBBadTID:
		return "STATUS_SMB_BAD_TID"
	case StatusSMBBadCommand:
		return "STATUS_SMB_BAD_COMMAND"
	case StatusSMBBadUID:
		return "STATUS_SMB_BAD_UID"
	case StatusSMBBadFID:
		return "STATUS_SMB_BAD_FID"
	case StatusSMBUseStandard:
		return "STATUS_SMB_USE_STANDARD"
	case StatusMoreProcessingRequired:
		return "STATUS_MORE_PROCESSING_REQUIRED"
	case StatusPending:
		return "STATUS_PENDING"
	case StatusCancelled:
		return "STATUS_CANCELLED"
	case StatusCannotDelete:
		return "STATUS_CANNOT_DELETE"
	case StatusFileClosed:
		return "STATUS_FILE_CLOSED"
	case StatusNetworkSessionExpired:
		return "STATUS_NETWORK_SESSION_EXPIRED"
	case StatusUnsuccessful:
		return "STATUS_UNSUCCESSFUL"
	case StatusAccessViolation:
		return "STATUS_ACCESS_VIOLATION"
	case StatusNoMemory:
		return "STATUS_NO_MEMORY"
	case StatusUnexpectedNetworkError:
		return "STATUS_UNEXPECTED_NETWORK_ERROR"
	case StatusVolumeDismounted:
		return "STATUS_VOLUME_DISMOUNTED"
	case StatusNotADirectory:
		return "STATUS_NOT_A_DIRECTORY"
	}
	return ""
}
