package rpc

// NT statuses (MS-ERREF 2.3).
const (
	statusOK             = 0
	statusInvalidParam   = 0xC000000D
	statusEndOfFile      = 0xC0000011
	statusAccessDenied   = 0xC0000022
	statusBufferTooSmall = 0xC0000023
	statusNameNotFound   = 0xC0000034
	statusPipeBusy       = 0xC00000AE
	statusPipeBroken     = 0xC000014B
	statusLogChanged     = 0xC0000197 // STATUS_EVENTLOG_FILE_CHANGED
)

// Windows error codes (MS-ERREF 2.2).
const (
	errorFileNotFound       = 2
	errorAccessDenied       = 5
	errorInvalidHandle      = 6
	errorInvalidParameter   = 87
	errorCallNotImplemented = 120
	errorInsufficientBuffer = 122
	errorInvalidLevel       = 124
	errorBadPathname        = 161
	errorMoreData           = 234
	errorNoMoreItems        = 259
	errorKeyDeleted         = 1018
	errorServiceNotFound    = 1060
	errorDatabaseNotFound   = 1065
	errorShareNotFound      = 2310 // NERR_NetNameNotFound
)

// Codes of a fault (C706 appendix E, MS-RPCE 2.2.2.11).
const (
	faultBadStub    = 0x000006F7 // RPC_X_BAD_STUB_DATA
	faultHandle     = 0x1C00001A // nca_s_fault_context_mismatch
	faultNoMemory   = 0x1C00001B // nca_s_fault_remote_no_memory
	faultOpRange    = 0x1C010002 // nca_s_op_rng_error
	faultUnknownIf  = 0x1C010003 // nca_s_unk_if
	faultProtoError = 0x1C01000B // nca_s_proto_error
)
