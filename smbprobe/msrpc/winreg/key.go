package winreg

import (
	"context"

	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/msrpc"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/msrpc/ndr"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/smb"
)

// PipeName is the pipe to open on IPC$ (MS-RRP 2.1).
const PipeName = "winreg"

// Numbers of the procedures (MS-RRP 3.1.5). Those that write do not stand here.
const (
	opOpenLocalMachine = 2
	opCloseKey         = 5
	opEnumKey          = 9
	opOpenKey          = 15
	opQueryValue       = 17
)

// Rights to ask for (MS-RRP 2.2.3).
const (
	maximumAllowed = 0x02000000
	keyRead        = 0x00020019
)

// Registry is HKEY_LOCAL_MACHINE of a server. One call at a time, those of its
// keys among them.
type Registry struct {
	conn   *msrpc.Conn
	handle ndr.Handle
}

// Key is an open key.
type Key struct {
	conn   *msrpc.Conn
	path   string
	handle ndr.Handle
}

// winregInterface is 338cd001-2244-31f1-aaaa-900038001003, version 1.0 (MS-RRP 2.1).
func winregInterface() msrpc.Interface {
	return msrpc.Interface{
		UUID: [16]byte{
			0x01, 0xd0, 0x8c, 0x33, 0x44, 0x22, 0xf1, 0x31, 0xaa, 0xaa, 0x90, 0x00, 0x38, 0x00, 0x10, 0x03,
		},
		Major: 1,
		Name:  "winreg",
	}
}

// Open binds a newly opened pipe and opens HKEY_LOCAL_MACHINE on it (MS-RRP
// 3.1.5.3): two round trips. The pipe stays the caller's to close, which closes
// every key too.
//
// Errors of this and of the other calls have an *smb.Error in them: with a
// msrpc.Win32Error inside where the server refused, after which the registry is
// still of use, or with smb.ErrProtocol where an answer is cut or contradicts itself.
func Open(ctx context.Context, pipe smb.Pipe) (*Registry, error) {
	conn, err := msrpc.Bind(ctx, pipe, winregInterface())
	if err != nil {
		return nil, err
	}
	handle, err := conn.OpenHandle(ctx, "open HKEY_LOCAL_MACHINE", opOpenLocalMachine, localMachineStub())
	if err != nil {
		return nil, err
	}
	return &Registry{conn: conn, handle: handle}, nil
}

// localMachineStub is the request of OpenLocalMachine as Windows sends it: its
// server name is one character, which no server looks at.
func localMachineStub() []byte {
	var w ndr.Writer
	w.Pointer()
	w.U16('\\')
	w.U32(maximumAllowed)
	return w.Stub()
}

// OpenKey opens a key for reading (MS-RRP 3.1.5.15): one round trip. The path is
// relative to HKEY_LOCAL_MACHINE, with backslashes. A key that is not there is
// msrpc.ErrorFileNotFound.
func (r *Registry) OpenKey(ctx context.Context, path string) (*Key, error) {
	handle, err := r.conn.OpenHandle(ctx, "open registry key "+path, opOpenKey, openKeyStub(r.handle, path))
	if err != nil {
		return nil, err
	}
	return &Key{conn: r.conn, path: path, handle: handle}, nil
}

func openKeyStub(parent ndr.Handle, path string) []byte {
	var w ndr.Writer
	w.Handle(parent)
	w.UnicodeStringNUL(path)
	w.U32(0) // dwOptions
	w.U32(keyRead)
	return w.Stub()
}

// Close closes the key (MS-RRP 3.1.5.6): one round trip. Closing the pipe does the
// same without it.
func (k *Key) Close(ctx context.Context) error {
	return k.conn.CloseHandle(ctx, "close registry key "+k.path, opCloseKey, k.handle)
}
