package msrpc

import (
	"errors"
	"fmt"

	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/smb"
)

// ErrRejected is the error of a bind that the server refuses: it does not have the
// interface, or is out of resources. Match with errors.Is.
var ErrRejected = errors.New("the server rejects the interface")

// Fault is the answer of a server that could not run a call (C706 12.6.4.7). Find
// it in an error with errors.AsType.
type Fault struct {
	Code uint32 // C706 appendix E, a Windows error code, or an NTSTATUS
}

func (f Fault) Error() string {
	if name := f.Name(); name != "" {
		return fmt.Sprintf("fault %s (0x%08X)", name, f.Code)
	}
	return fmt.Sprintf("fault 0x%08X", f.Code)
}

// Name returns "nca_s_op_rng_error", or "" for a code that has no name here.
func (f Fault) Name() string { return faultNames[f.Code] }

// faultNames are the codes of a fault that a probe can meet.
var faultNames = map[uint32]string{
	0x00000005: "ERROR_ACCESS_DENIED",
	0x000006BE: "RPC_S_CALL_FAILED",
	0x000006BF: "RPC_S_CALL_FAILED_DNE",
	0x000006D1: "RPC_S_PROCNUM_OUT_OF_RANGE",
	0x000006F7: "RPC_X_BAD_STUB_DATA",
	0x1C000001: "nca_s_fault_int_div_by_zero",
	0x1C000002: "nca_s_fault_addr_error",
	0x1C000009: "nca_s_fault_ndr",
	0x1C00001A: "nca_s_fault_context_mismatch",
	0x1C00001B: "nca_s_fault_remote_no_memory",
	0x1C010001: "nca_s_comm_failure",
	0x1C010002: "nca_s_op_rng_error",
	0x1C010003: "nca_s_unk_if",
	0x1C01000B: "nca_s_proto_error",
	0x1C010013: "nca_s_out_args_too_big",
	0x1C010014: "nca_s_server_too_busy",
	0x1C010017: "nca_s_unsupported_type",
}

// Win32Error is the code that a call of the registry, the service control manager or
// the Server service ends with (MS-ERREF 2.2). Find it in an error with
// errors.AsType, or one of those below with errors.Is.
type Win32Error uint32

// The codes that callers compare with. Name knows more of them.
const (
	ErrorFileNotFound        Win32Error = 2 // also: no such registry key or value
	ErrorAccessDenied        Win32Error = 5
	ErrorInsufficientBuffer  Win32Error = 122
	ErrorInvalidName         Win32Error = 123
	ErrorMoreData            Win32Error = 234
	ErrorNoMoreItems         Win32Error = 259
	ErrorServiceDoesNotExist Win32Error = 1060
	ErrorShareNotFound       Win32Error = 2310
)

func (e Win32Error) Error() string {
	if name := e.Name(); name != "" {
		return fmt.Sprintf("%s (%d)", name, uint32(e))
	}
	return fmt.Sprintf("Windows error %d", uint32(e))
}

// Name returns "ERROR_ACCESS_DENIED", or "" for a code that has no name here.
func (e Win32Error) Name() string { return win32Names[e] }

// win32Names are the codes that a probe can meet.
var win32Names = map[Win32Error]string{
	ErrorFileNotFound:        "ERROR_FILE_NOT_FOUND",
	ErrorAccessDenied:        "ERROR_ACCESS_DENIED",
	6:                        "ERROR_INVALID_HANDLE",
	71:                       "ERROR_REQ_NOT_ACCEP",
	87:                       "ERROR_INVALID_PARAMETER",
	120:                      "ERROR_CALL_NOT_IMPLEMENTED",
	ErrorInsufficientBuffer:  "ERROR_INSUFFICIENT_BUFFER",
	ErrorInvalidName:         "ERROR_INVALID_NAME",
	124:                      "ERROR_INVALID_LEVEL",
	ErrorMoreData:            "ERROR_MORE_DATA",
	ErrorNoMoreItems:         "ERROR_NO_MORE_ITEMS",
	1018:                     "ERROR_KEY_DELETED",
	ErrorServiceDoesNotExist: "ERROR_SERVICE_DOES_NOT_EXIST",
	1062:                     "ERROR_SERVICE_NOT_ACTIVE",
	1072:                     "ERROR_SERVICE_MARKED_FOR_DELETE",
	1077:                     "ERROR_SERVICE_NEVER_STARTED",
	1500:                     "ERROR_EVENTLOG_FILE_CORRUPT",
	1501:                     "ERROR_EVENTLOG_CANT_START",
	1502:                     "ERROR_LOG_FILE_FULL",
	1503:                     "ERROR_EVENTLOG_FILE_CHANGED",
	1717:                     "RPC_S_UNKNOWN_IF",
	1721:                     "RPC_S_OUT_OF_RESOURCES",
	1722:                     "RPC_S_SERVER_UNAVAILABLE",
	1723:                     "RPC_S_SERVER_TOO_BUSY",
	1726:                     "RPC_S_CALL_FAILED",
	1727:                     "RPC_S_CALL_FAILED_DNE",
	1764:                     "RPC_S_CANNOT_SUPPORT",
	ErrorShareNotFound:       "NERR_NetNameNotFound",
}

// Win32Status returns the error for the code that a call ended with, an *smb.Error
// with the code inside, and nil for 0. op describes what was tried.
func Win32Status(op string, code uint32) error {
	if code == 0 {
		return nil
	}
	return &smb.Error{Op: op, Err: Win32Error(code)}
}
