package msrpc

import (
	"errors"
	"fmt"
)

// ErrRejected says that the server does not take the bind: the interface is not
// there, or the server is out of resources. Match with errors.Is.
var ErrRejected = errors.New("the server rejects the interface")

// Fault is the answer of a server that could not run a call (C706 12.6.4.7). It
// is found in an error with errors.AsType.
type Fault struct {
	Code uint32 // C706 appendix E, a Windows error code, or an NTSTATUS
}

func (f Fault) Error() string {
	if name := f.Name(); name != "" {
		return fmt.Sprintf("fault %s (0x%08X)", name, f.Code)
	}
	return fmt.Sprintf("fault 0x%08X", f.Code)
}

// Name returns "nca_s_op_rng_error", or "" for a code without a name here.
func (f Fault) Name() string {
	switch f.Code {
	case 0x00000005:
		return "ERROR_ACCESS_DENIED"
	case 0x000006BE:
		return "RPC_S_CALL_FAILED"
	case 0x000006BF:
		return "RPC_S_CALL_FAILED_DNE"
	case 0x000006D1:
		return "RPC_S_PROCNUM_OUT_OF_RANGE"
	case 0x000006F7:
		return "RPC_X_BAD_STUB_DATA"
	case 0x1C000001:
		return "nca_s_fault_int_div_by_zero"
	case 0x1C000002:
		return "nca_s_fault_addr_error"
	case 0x1C000009:
		return "nca_s_fault_ndr"
	case 0x1C00001A:
		return "nca_s_fault_context_mismatch"
	case 0x1C00001B:
		return "nca_s_fault_remote_no_memory"
	case 0x1C010001:
		return "nca_s_comm_failure"
	case 0x1C010002:
		return "nca_s_op_rng_error"
	case 0x1C010003:
		return "nca_s_unk_if"
	case 0x1C01000B:
		return "nca_s_proto_error"
	case 0x1C010013:
		return "nca_s_out_args_too_big"
	case 0x1C010014:
		return "nca_s_server_too_busy"
	case 0x1C010017:
		return "nca_s_unsupported_type"
	}
	return ""
}
