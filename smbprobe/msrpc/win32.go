package msrpc

import (
	"context"
	"fmt"

	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/msrpc/ndr"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/smb"
)

// Win32Error is the code that a call of the registry, the services or the Server
// service ends with (MS-ERREF 2.2). It is found in an error with errors.AsType, or
// one of those below with errors.Is.
type Win32Error uint32

// The codes that are told apart. Name knows more, which a probe can meet.
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

// Name returns "ERROR_ACCESS_DENIED", or "" for a code without a name here.
func (e Win32Error) Name() string {
	switch e {
	case ErrorFileNotFound:
		return "ERROR_FILE_NOT_FOUND"
	case ErrorAccessDenied:
		return "ERROR_ACCESS_DENIED"
	case 6:
		return "ERROR_INVALID_HANDLE"
	case 71:
		return "ERROR_REQ_NOT_ACCEP"
	case 87:
		return "ERROR_INVALID_PARAMETER"
	case 120:
		return "ERROR_CALL_NOT_IMPLEMENTED"
	case ErrorInsufficientBuffer:
		return "ERROR_INSUFFICIENT_BUFFER"
	case ErrorInvalidName:
		return "ERROR_INVALID_NAME"
	case 124:
		return "ERROR_INVALID_LEVEL"
	case ErrorMoreData:
		return "ERROR_MORE_DATA"
	case ErrorNoMoreItems:
		return "ERROR_NO_MORE_ITEMS"
	case 1018:
		return "ERROR_KEY_DELETED"
	case ErrorServiceDoesNotExist:
		return "ERROR_SERVICE_DOES_NOT_EXIST"
	case 1062:
		return "ERROR_SERVICE_NOT_ACTIVE"
	case 1072:
		return "ERROR_SERVICE_MARKED_FOR_DELETE"
	case 1077:
		return "ERROR_SERVICE_NEVER_STARTED"
	case 1500:
		return "ERROR_EVENTLOG_FILE_CORRUPT"
	case 1501:
		return "ERROR_EVENTLOG_CANT_START"
	case 1502:
		return "ERROR_LOG_FILE_FULL"
	case 1503:
		return "ERROR_EVENTLOG_FILE_CHANGED"
	case 1717:
		return "RPC_S_UNKNOWN_IF"
	case 1721:
		return "RPC_S_OUT_OF_RESOURCES"
	case 1722:
		return "RPC_S_SERVER_UNAVAILABLE"
	case 1723:
		return "RPC_S_SERVER_TOO_BUSY"
	case 1726:
		return "RPC_S_CALL_FAILED"
	case 1727:
		return "RPC_S_CALL_FAILED_DNE"
	case 1764:
		return "RPC_S_CANNOT_SUPPORT"
	case ErrorShareNotFound:
		return "NERR_NetNameNotFound"
	}
	return ""
}

// Win32Status makes an error of the code that a call ended with, and nil of 0.
// The code is in it, inside an *smb.Error.
func Win32Status(op string, code uint32) error {
	if code == 0 {
		return nil
	}
	return &smb.Error{Op: op, Err: Win32Error(code)}
}

// OpenHandle runs a procedure that answers with a context handle and a Windows
// error code, as all do that open a thing. op says what is tried, for messages.
// Errors are those of Call, or have a Win32Error in them.
func (c *Conn) OpenHandle(ctx context.Context, op string, opnum uint16, stub []byte) (ndr.Handle, error) {
	handle, err := c.handleCall(ctx, op, opnum, stub)
	if err != nil {
		return ndr.Handle{}, err
	}
	if handle == (ndr.Handle{}) {
		return ndr.Handle{}, smb.Protocolf(op, "success and no handle")
	}
	return handle, nil
}

// CloseHandle runs a procedure that takes a context handle and answers with what is
// left of it, which says nothing, and a Windows error code. Closing the pipe closes
// its handles without the round trip.
func (c *Conn) CloseHandle(ctx context.Context, op string, opnum uint16, handle ndr.Handle) error {
	var w ndr.Writer
	w.Handle(handle)
	_, err := c.handleCall(ctx, op, opnum, w.Stub())
	return err
}

func (c *Conn) handleCall(ctx context.Context, op string, opnum uint16, stub []byte) (ndr.Handle, error) {
	answer, err := c.Call(ctx, op, opnum, stub, len(ndr.Handle{})+4)
	if err != nil {
		return ndr.Handle{}, err
	}
	r := ndr.NewReader(answer)
	var handle ndr.Handle
	var code uint32
	if !r.Handle(&handle) || !r.U32(&code) || !r.Empty() {
		return ndr.Handle{}, smb.Protocolf(op, "an answer of %d bytes", len(answer))
	}
	return handle, Win32Status(op, code)
}
