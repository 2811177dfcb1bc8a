package smb

import "fmt"

// Status is an NTSTATUS (MS-CIFS 2.2.2.4, MS-ERREF 2.3). StatusFromDOS converts a
// DOS error class and code.
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
	StatusNoSuchDevice               Status = 0xC000000E
	StatusWrongVolume                Status = 0xC0000012
	StatusUnrecognizedMedia          Status = 0xC0000014
	StatusNonexistentSector          Status = 0xC0000015
	StatusInPageError                Status = 0xC0000006
	StatusEACorruptError             Status = 0xC0000053
	StatusFileInvalid                Status = 0xC0000098
	StatusDevicePowerFailure         Status = 0xC000009E
	StatusDeviceNotReady             Status = 0xC00000A3
	StatusUnexpectedIOError          Status = 0xC00000E9
	StatusUnrecognizedVolume         Status = 0xC000014F
	StatusDiskRecalibrateFailed      Status = 0xC0000169
	StatusDiskOperationFailed        Status = 0xC000016A
	StatusDiskResetFailed            Status = 0xC000016B
	StatusDeviceConfigurationError   Status = 0xC0000182
	StatusDriverInternalError        Status = 0xC0000183
	StatusDeviceProtocolError        Status = 0xC0000186
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

// Name returns "STATUS_ACCESS_DENIED", or "" for a status that has no name here.
func (s Status) Name() string { return statusNames[s] }

var statusNames = map[Status]string{
	StatusOK:                         "STATUS_SUCCESS",
	StatusLogonFailure:               "STATUS_LOGON_FAILURE",
	StatusNoSuchUser:                 "STATUS_NO_SUCH_USER",
	StatusWrongPassword:              "STATUS_WRONG_PASSWORD",
	StatusAccountRestriction:         "STATUS_ACCOUNT_RESTRICTION",
	StatusInvalidLogonHours:          "STATUS_INVALID_LOGON_HOURS",
	StatusInvalidWorkstation:         "STATUS_INVALID_WORKSTATION",
	StatusPasswordExpired:            "STATUS_PASSWORD_EXPIRED",
	StatusPasswordMustChange:         "STATUS_PASSWORD_MUST_CHANGE",
	StatusAccountDisabled:            "STATUS_ACCOUNT_DISABLED",
	StatusAccountExpired:             "STATUS_ACCOUNT_EXPIRED",
	StatusAccountLockedOut:           "STATUS_ACCOUNT_LOCKED_OUT",
	StatusLogonTypeNotGranted:        "STATUS_LOGON_TYPE_NOT_GRANTED",
	StatusNoLogonServers:             "STATUS_NO_LOGON_SERVERS",
	StatusNoTrustSAMAccount:          "STATUS_NO_TRUST_SAM_ACCOUNT",
	StatusTrustedDomainFailure:       "STATUS_TRUSTED_DOMAIN_FAILURE",
	StatusTrustedRelationshipFailure: "STATUS_TRUSTED_RELATIONSHIP_FAILURE",
	StatusNetlogonNotStarted:         "STATUS_NETLOGON_NOT_STARTED",
	StatusInvalidServerState:         "STATUS_INVALID_SERVER_STATE",
	StatusBadNetworkName:             "STATUS_BAD_NETWORK_NAME",
	StatusBadDeviceType:              "STATUS_BAD_DEVICE_TYPE",
	StatusAccessDenied:               "STATUS_ACCESS_DENIED",
	StatusNetworkAccessDenied:        "STATUS_NETWORK_ACCESS_DENIED",
	StatusSharingPaused:              "STATUS_SHARING_PAUSED",
	StatusRequestNotAccepted:         "STATUS_REQUEST_NOT_ACCEPTED",
	StatusTooManySessions:            "STATUS_TOO_MANY_SESSIONS",
	StatusRemoteSessionLimit:         "STATUS_REMOTE_SESSION_LIMIT",
	StatusInsuffServerResources:      "STATUS_INSUFF_SERVER_RESOURCES",
	StatusInsufficientResources:      "STATUS_INSUFFICIENT_RESOURCES",
	StatusObjectNameNotFound:         "STATUS_OBJECT_NAME_NOT_FOUND",
	StatusObjectPathNotFound:         "STATUS_OBJECT_PATH_NOT_FOUND",
	StatusNoSuchFile:                 "STATUS_NO_SUCH_FILE",
	StatusObjectNameInvalid:          "STATUS_OBJECT_NAME_INVALID",
	StatusObjectPathInvalid:          "STATUS_OBJECT_PATH_INVALID",
	StatusObjectPathSyntaxBad:        "STATUS_OBJECT_PATH_SYNTAX_BAD",
	StatusSharingViolation:           "STATUS_SHARING_VIOLATION",
	StatusFileLockConflict:           "STATUS_FILE_LOCK_CONFLICT",
	StatusLockNotGranted:             "STATUS_LOCK_NOT_GRANTED",
	StatusDeletePending:              "STATUS_DELETE_PENDING",
	StatusFileIsADirectory:           "STATUS_FILE_IS_A_DIRECTORY",
	StatusFileCorruptError:           "STATUS_FILE_CORRUPT_ERROR",
	StatusDiskCorruptError:           "STATUS_DISK_CORRUPT_ERROR",
	StatusDataError:                  "STATUS_DATA_ERROR",
	StatusCRCError:                   "STATUS_CRC_ERROR",
	StatusDeviceDataError:            "STATUS_DEVICE_DATA_ERROR",
	StatusIODeviceError:              "STATUS_IO_DEVICE_ERROR",
	StatusDeviceNotConnected:         "STATUS_DEVICE_NOT_CONNECTED",
	StatusNoMediaInDevice:            "STATUS_NO_MEDIA_IN_DEVICE",
	StatusIOTimeout:                  "STATUS_IO_TIMEOUT",
	StatusInstanceNotAvailable:       "STATUS_INSTANCE_NOT_AVAILABLE",
	StatusPipeNotAvailable:           "STATUS_PIPE_NOT_AVAILABLE",
	StatusPipeBusy:                   "STATUS_PIPE_BUSY",
	StatusPipeDisconnected:           "STATUS_PIPE_DISCONNECTED",
	StatusPipeClosing:                "STATUS_PIPE_CLOSING",
	StatusPipeEmpty:                  "STATUS_PIPE_EMPTY",
	StatusPipeBroken:                 "STATUS_PIPE_BROKEN",
	StatusBufferOverflow:             "STATUS_BUFFER_OVERFLOW",
	StatusBufferTooSmall:             "STATUS_BUFFER_TOO_SMALL",
	StatusEndOfFile:                  "STATUS_END_OF_FILE",
	StatusInvalidParameter:           "STATUS_INVALID_PARAMETER",
	StatusNetworkNameDeleted:         "STATUS_NETWORK_NAME_DELETED",
	StatusUserSessionDeleted:         "STATUS_USER_SESSION_DELETED",
	StatusInvalidHandle:              "STATUS_INVALID_HANDLE",
	StatusNotSupported:               "STATUS_NOT_SUPPORTED",
	StatusNotImplemented:             "STATUS_NOT_IMPLEMENTED",
	StatusEventlogFileCorrupt:        "STATUS_EVENTLOG_FILE_CORRUPT",
	StatusEventlogCantStart:          "STATUS_EVENTLOG_CANT_START",
	StatusEventlogFileChanged:        "STATUS_EVENTLOG_FILE_CHANGED",
	StatusInvalidSMB:                 "STATUS_INVALID_SMB",
	StatusSMBBadTID:                  "STATUS_SMB_BAD_TID",
	StatusSMBBadCommand:              "STATUS_SMB_BAD_COMMAND",
	StatusSMBBadUID:                  "STATUS_SMB_BAD_UID",
	StatusSMBBadFID:                  "STATUS_SMB_BAD_FID",
	StatusSMBUseStandard:             "STATUS_SMB_USE_STANDARD",
	StatusMoreProcessingRequired:     "STATUS_MORE_PROCESSING_REQUIRED",
	StatusPending:                    "STATUS_PENDING",
	StatusCancelled:                  "STATUS_CANCELLED",
	StatusCannotDelete:               "STATUS_CANNOT_DELETE",
	StatusFileClosed:                 "STATUS_FILE_CLOSED",
	StatusNetworkSessionExpired:      "STATUS_NETWORK_SESSION_EXPIRED",
	StatusUnsuccessful:               "STATUS_UNSUCCESSFUL",
	StatusAccessViolation:            "STATUS_ACCESS_VIOLATION",
	StatusNoMemory:                   "STATUS_NO_MEMORY",
	StatusUnexpectedNetworkError:     "STATUS_UNEXPECTED_NETWORK_ERROR",
	StatusVolumeDismounted:           "STATUS_VOLUME_DISMOUNTED",
	StatusNotADirectory:              "STATUS_NOT_A_DIRECTORY",
	StatusNoSuchDevice:               "STATUS_NO_SUCH_DEVICE",
	StatusWrongVolume:                "STATUS_WRONG_VOLUME",
	StatusUnrecognizedMedia:          "STATUS_UNRECOGNIZED_MEDIA",
	StatusNonexistentSector:          "STATUS_NONEXISTENT_SECTOR",
	StatusInPageError:                "STATUS_IN_PAGE_ERROR",
	StatusEACorruptError:             "STATUS_EA_CORRUPT_ERROR",
	StatusFileInvalid:                "STATUS_FILE_INVALID",
	StatusDevicePowerFailure:         "STATUS_DEVICE_POWER_FAILURE",
	StatusDeviceNotReady:             "STATUS_DEVICE_NOT_READY",
	StatusUnexpectedIOError:          "STATUS_UNEXPECTED_IO_ERROR",
	StatusUnrecognizedVolume:         "STATUS_UNRECOGNIZED_VOLUME",
	StatusDiskRecalibrateFailed:      "STATUS_DISK_RECALIBRATE_FAILED",
	StatusDiskOperationFailed:        "STATUS_DISK_OPERATION_FAILED",
	StatusDiskResetFailed:            "STATUS_DISK_RESET_FAILED",
	StatusDeviceConfigurationError:   "STATUS_DEVICE_CONFIGURATION_ERROR",
	StatusDriverInternalError:        "STATUS_DRIVER_INTERNAL_ERROR",
	StatusDeviceProtocolError:        "STATUS_DEVICE_PROTOCOL_ERROR",
}

// dosError is a DOS-style status (MS-CIFS 2.2.2.4).
type dosError struct {
	class uint8
	code  uint16
}

// Error classes.
const (
	dosClassDOS      = 0x01 // ERRDOS
	dosClassServer   = 0x02 // ERRSRV
	dosClassHardware = 0x03 // ERRHRD
)

// StatusFromDOS returns the NT status that a DOS error class and code stand for.
// Servers map many statuses to one code, so detail is lost: ERRDOS 5 becomes
// STATUS_ACCESS_DENIED whatever it was. An unknown pair becomes the SMB-private
// status 0xCCCC00KK (code, class).
func StatusFromDOS(class uint8, code uint16) Status {
	if class == 0 && code == 0 {
		return StatusOK
	}
	if s, ok := dosStatuses[dosError{class, code}]; ok {
		return s
	}
	return Status(uint32(code)<<16 | uint32(class))
}

var dosStatuses = map[dosError]Status{
	{dosClassDOS, 1}:       StatusNotImplemented,
	{dosClassDOS, 2}:       StatusObjectNameNotFound,
	{dosClassDOS, 3}:       StatusObjectPathNotFound,
	{dosClassDOS, 5}:       StatusAccessDenied,
	{dosClassDOS, 6}:       StatusInvalidHandle,
	{dosClassDOS, 8}:       StatusInsuffServerResources,
	{dosClassDOS, 13}:      StatusDataError,
	{dosClassDOS, 32}:      StatusSharingViolation,
	{dosClassDOS, 33}:      StatusFileLockConflict,
	{dosClassDOS, 50}:      StatusNotSupported,
	{dosClassDOS, 59}:      StatusUserSessionDeleted,
	{dosClassDOS, 65}:      StatusNetworkAccessDenied,
	{dosClassDOS, 67}:      StatusBadNetworkName,
	{dosClassDOS, 69}:      StatusTooManySessions,
	{dosClassDOS, 70}:      StatusSharingPaused,
	{dosClassDOS, 71}:      StatusRequestNotAccepted,
	{dosClassDOS, 87}:      StatusInvalidParameter,
	{dosClassDOS, 109}:     StatusPipeBroken,
	{dosClassDOS, 123}:     StatusObjectNameInvalid,
	{dosClassDOS, 231}:     StatusPipeNotAvailable,
	{dosClassDOS, 232}:     StatusPipeClosing,
	{dosClassDOS, 233}:     StatusPipeDisconnected,
	{dosClassDOS, 234}:     StatusBufferOverflow,
	{dosClassDOS, 1326}:    StatusLogonFailure,
	{dosClassDOS, 1327}:    StatusAccountRestriction,
	{dosClassDOS, 2215}:    StatusNoLogonServers,
	{dosClassDOS, 2455}:    StatusNetlogonNotStarted,
	{dosClassServer, 2}:    StatusWrongPassword,
	{dosClassServer, 4}:    StatusNetworkAccessDenied,
	{dosClassServer, 6}:    StatusBadNetworkName,
	{dosClassServer, 7}:    StatusBadDeviceType,
	{dosClassServer, 81}:   StatusSharingPaused,
	{dosClassServer, 88}:   StatusIOTimeout,
	{dosClassServer, 89}:   StatusRequestNotAccepted,
	{dosClassServer, 90}:   StatusTooManySessions,
	{dosClassServer, 2239}: StatusAccountDisabled,
	{dosClassServer, 2240}: StatusInvalidWorkstation,
	{dosClassServer, 2241}: StatusInvalidLogonHours,
	{dosClassServer, 2242}: StatusPasswordExpired,
	{dosClassHardware, 20}: StatusNoSuchDevice,
	{dosClassHardware, 21}: StatusNoMediaInDevice,
	{dosClassHardware, 23}: StatusCRCError,
	{dosClassHardware, 24}: StatusDataError,
	{dosClassHardware, 25}: StatusIODeviceError,
	{dosClassHardware, 26}: StatusDiskCorruptError,
	{dosClassHardware, 27}: StatusNonexistentSector,
	{dosClassHardware, 30}: StatusDataError,
	{dosClassHardware, 31}: StatusIODeviceError,
	{dosClassHardware, 32}: StatusSharingViolation,
	{dosClassHardware, 33}: StatusFileLockConflict,
	{dosClassHardware, 34}: StatusWrongVolume,
}
