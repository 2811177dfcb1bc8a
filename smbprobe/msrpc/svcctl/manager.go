// Package svcctl queries the services of a Windows server: the calls of the Service
// Control Manager Remote Protocol (MS-SCMR) that open one service and read its
// state and its configuration. It cannot start, stop or change a service, and does not
// list services: that call leaks memory on Windows NT (Q152271).
package svcctl

import (
	"context"

	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/msrpc"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/msrpc/ndr"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/smb"
)

// PipeName is the pipe to open on IPC$ (MS-SCMR 2.1).
const PipeName = "svcctl"

// Numbers of the procedures (MS-SCMR 3.1.4) that Windows NT 4.0 has and that change
// nothing.
const (
	opQueryStatus = 6
	opCloseHandle = 0
	opOpenManager = 15
	opOpenService = 16
	opQueryConfig = 17
)

// Rights to a service (MS-SCMR 3.1.4).
const (
	QueryConfig uint32 = 1 // for Config
	QueryStatus uint32 = 4 // for Status
)

// managerConnect is the right to open services (MS-SCMR 3.1.4).
const managerConnect = 1

// Manager is the service control manager of a server. One call at a time,
// including those of its services.
type Manager struct {
	conn   *msrpc.Conn
	handle ndr.Handle
}

// Service is an open service.
type Service struct {
	conn   *msrpc.Conn
	name   string
	handle ndr.Handle
}

// svcctlInterface is 367abb81-9844-35f1-ad32-98f038001003, version 2.0 (MS-SCMR 2.1).
var svcctlInterface = msrpc.Interface{
	UUID: [16]byte{
		0x81, 0xbb, 0x7a, 0x36, 0x44, 0x98, 0xf1, 0x35, 0xad, 0x32, 0x98, 0xf0, 0x38, 0x00, 0x10, 0x03,
	},
	Major: 2,
	Name:  "svcctl",
}

// Open binds a newly opened pipe and opens the service control manager on it
// (MS-SCMR 3.1.4.15): two round trips. server is the server's name without
// backslashes. The caller closes the pipe, which closes the manager and its services
// too.
//
// Errors of this and of the other calls have an *smb.Error in them: with a
// msrpc.Win32Error inside if the server refused, after which further calls are
// possible, or with smb.ErrProtocol if an answer is truncated or contradicts itself.
func Open(ctx context.Context, pipe smb.Pipe, server string) (*Manager, error) {
	conn, err := msrpc.Bind(ctx, pipe, svcctlInterface)
	if err != nil {
		return nil, err
	}
	handle, err := conn.OpenHandle(ctx, "open the service control manager", opOpenManager, managerStub(server))
	if err != nil {
		return nil, err
	}
	return &Manager{conn: conn, handle: handle}, nil
}

func managerStub(server string) []byte {
	var w ndr.Writer
	w.Pointer()
	w.String(`\\` + server)
	w.Null() // lpDatabaseName
	w.U32(managerConnect)
	return w.Stub()
}

// OpenService opens a service by its key name, "RasMan", with these rights
// (MS-SCMR 3.1.4.16): one round trip. One that is not installed is
// msrpc.ErrorServiceDoesNotExist.
func (m *Manager) OpenService(ctx context.Context, name string, access uint32) (*Service, error) {
	handle, err := m.conn.OpenHandle(ctx, "open service "+name, opOpenService, serviceStub(m.handle, name, access))
	if err != nil {
		return nil, err
	}
	return &Service{conn: m.conn, name: name, handle: handle}, nil
}

func serviceStub(manager ndr.Handle, name string, access uint32) []byte {
	var w ndr.Writer
	w.Handle(manager)
	w.String(name)
	w.U32(access)
	return w.Stub()
}

// State is the state of a service (MS-SCMR 2.2.47, dwCurrentState).
type State uint32

// The states of a service.
const (
	Stopped         State = 1
	StartPending    State = 2
	StopPending     State = 3
	Running         State = 4
	ContinuePending State = 5
	PausePending    State = 6
	Paused          State = 7
)

// Status is the state of a service, and why it stopped.
type Status struct {
	State           State
	Win32ExitCode   uint32 // 0: none; 1066: see ServiceExitCode; 1077: it was never started
	ServiceExitCode uint32 // a code of the service's own, only with 1066
}

// Status queries the service's state (MS-SCMR 3.1.4.7): one round trip. The
// service has to be opened with QueryStatus.
func (s *Service) Status(ctx context.Context) (Status, error) {
	op := "query the state of service " + s.name
	stub, err := s.conn.Call(ctx, op, opQueryStatus, s.handle[:], statusSize)
	if err != nil {
		return Status{}, err
	}
	status, code, ok := parseStatus(stub)
	if !ok {
		return Status{}, smb.Protocolf(op, "an answer of %d bytes that contradicts itself", len(stub))
	}
	return status, msrpc.Win32Status(op, code)
}

// Close closes the service (MS-SCMR 3.1.4.1): one round trip. Closing the pipe does the same
// without.
func (s *Service) Close(ctx context.Context) error {
	return s.conn.CloseHandle(ctx, "close service "+s.name, opCloseHandle, s.handle)
}

// statusSize is the size of an answer in bytes: SERVICE_STATUS and the code.
const statusSize = 7*4 + 4

// parseStatus decodes an answer, and reports whether it is sound. With a code
// other than 0 it has no status.
func parseStatus(stub []byte) (status Status, code uint32, ok bool) {
	r := ndr.NewReader(stub)
	var state, unused uint32
	if !r.U32(&unused) || !r.U32(&state) || !r.U32(&unused) || // dwServiceType, dwControlsAccepted
		!r.U32(&status.Win32ExitCode) || !r.U32(&status.ServiceExitCode) ||
		!r.U32(&unused) || !r.U32(&unused) || // dwCheckPoint, dwWaitHint
		!r.U32(&code) || !r.Empty() {
		return Status{}, 0, false
	}
	if code != 0 {
		return Status{}, code, true
	}
	status.State = State(state)
	if status.State < Stopped || status.State > Paused {
		return Status{}, 0, false
	}
	return status, 0, true
}
