package svcctl

import (
	"context"

	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/msrpc"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/msrpc/ndr"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/smb"
)

// PipeName is the pipe to open on IPC$ (MS-SCMR 2.1).
const PipeName = "svcctl"

// Numbers of the procedures (MS-SCMR 3.1.4). Those that Windows NT 4.0 has not,
// and those that change something, do not stand here.
const (
	opQueryStatus = 6
	opOpenManager = 15
	opOpenService = 16
	opQueryConfig = 17
)

// Rights to ask for of a service (MS-SCMR 3.1.4).
const (
	QueryConfig uint32 = 1 // for Config
	QueryStatus uint32 = 4 // for Status
)

// managerConnect is the right to open services (MS-SCMR 3.1.4).
const managerConnect = 1

// Manager is the service control manager of a server. One call at a time, those of
// its services among them.
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
func svcctlInterface() msrpc.Interface {
	return msrpc.Interface{
		UUID: [16]byte{
			0x81, 0xbb, 0x7a, 0x36, 0x44, 0x98, 0xf1, 0x35, 0xad, 0x32, 0x98, 0xf0, 0x38, 0x00, 0x10, 0x03,
		},
		Major: 2,
		Name:  "svcctl",
	}
}

// Open binds a newly opened pipe and opens the service control manager on it
// (MS-SCMR 3.1.4.15): two round trips. server is the server's name without
// backslashes. The pipe stays the caller's to close, which closes the manager and
// its services too.
//
// Errors of this and of the other calls have an *smb.Error in them: with a
// msrpc.Win32Error inside where the server refused, after which the manager is
// still of use, or with smb.ErrProtocol where an answer is cut or contradicts itself.
func Open(ctx context.Context, pipe smb.Pipe, server string) (*Manager, error) {
	conn, err := msrpc.Bind(ctx, pipe, svcctlInterface())
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

// OpenService opens a service by its key name, "RasMan", with rights to ask for
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
