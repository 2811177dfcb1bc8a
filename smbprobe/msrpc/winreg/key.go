// Package winreg reads the registry of a Windows server: the calls of the Windows
// Remote Registry Protocol (MS-RRP) that open keys below HKEY_LOCAL_MACHINE, read
// their values, and list the keys in them. It cannot write.
package winreg

import (
	"context"

	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/msrpc"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/msrpc/ndr"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/smb"
)

// PipeName is the pipe to open on IPC$ (MS-RRP 2.1).
const PipeName = "winreg"

// Numbers of the procedures that read (MS-RRP 3.1.5).
const (
	opOpenLocalMachine = 2
	opCloseKey         = 5
	opEnumKey          = 9
	opOpenKey          = 15
	opQueryValue       = 17
)

// Rights to a key (MS-RRP 2.2.3).
const (
	maximumAllowed = 0x02000000
	keyRead        = 0x00020019
)

// Registry is HKEY_LOCAL_MACHINE of a server. One call at a time,
// including those of its keys.
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
var winregInterface = msrpc.Interface{
	UUID: [16]byte{
		0x01, 0xd0, 0x8c, 0x33, 0x44, 0x22, 0xf1, 0x31, 0xaa, 0xaa, 0x90, 0x00, 0x38, 0x00, 0x10, 0x03,
	},
	Major: 1,
	Name:  "winreg",
}

// Open binds a newly opened pipe and opens HKEY_LOCAL_MACHINE on it (MS-RRP
// 3.1.5.3): two round trips. The caller closes the pipe, which closes every key
// too.
//
// Errors of this and of the other calls have an *smb.Error in them: with a
// msrpc.Win32Error inside if the server refused, after which further calls are
// possible, or with smb.ErrProtocol if an answer is truncated or contradicts itself.
func Open(ctx context.Context, pipe smb.Pipe) (*Registry, error) {
	conn, err := msrpc.Bind(ctx, pipe, winregInterface)
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
// server name is one character, which servers ignore.
func localMachineStub() []byte {
	var w ndr.Writer
	w.Pointer()
	w.U16('\\')
	w.U32(maximumAllowed)
	return w.Stub()
}

// OpenKey opens a key for reading (MS-RRP 3.1.5.15): one round trip. The path is
// relative to HKEY_LOCAL_MACHINE, with backslashes. A missing key is
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

// nameRoom is the room for a key's name and for its class, in UTF-16 units with the
// NUL (MS-RRP 3.1.1.1: a name has 255 at most).
const nameRoom = 256

// enumLimit is the longest answer to BaseRegEnumKey in bytes: two strings of that
// size with their lengths and padding, two pointers, status.
const enumLimit = 2*(8+12+2*nameRoom+2) + 3*4

// SubKeys lists the names of the keys in this one, in the order of the server: the
// first most of them. One round trip each, and one for the end (MS-RRP 3.1.5.10). The
// names went through smb.CleanText, so that a name may differ from the one that opens
// the key.
func (k *Key) SubKeys(ctx context.Context, most int) ([]string, error) {
	op := "list registry key " + k.path
	var names []string
	for i := range most {
		stub, err := k.conn.Call(ctx, op, opEnumKey, enumStub(k.handle, uint32(i)), enumLimit)
		if err != nil {
			return nil, err
		}
		name, code, ok := parseEnum(stub)
		switch {
		case !ok:
			return nil, smb.Protocolf(op, "an answer of %d bytes that contradicts itself", len(stub))
		case code == msrpc.ErrorNoMoreItems:
			return names, nil
		case code != 0:
			return nil, msrpc.Win32Status(op, uint32(code))
		case name == "":
			return nil, smb.Protocolf(op, "a key without a name")
		}
		names = append(names, smb.CleanText(name))
	}
	return names, nil
}

// enumStub requests a name and a class, and no time of the last write. Windows does
// not need the class; Samba does.
func enumStub(key ndr.Handle, index uint32) []byte {
	var w ndr.Writer
	w.Handle(key)
	w.U32(index)
	w.UnicodeRoom(nameRoom) // lpNameIn
	w.Pointer()             // lpClassIn
	w.UnicodeRoom(nameRoom)
	w.Null() // lpftLastWriteTime
	return w.Stub()
}

// parseEnum decodes an answer, and reports whether it is sound.
func parseEnum(stub []byte) (name string, code msrpc.Win32Error, ok bool) {
	r := ndr.NewReader(stub)
	var class string
	var hasClass, hasTime bool
	var status uint32
	if !r.UnicodeString(&name) || !r.Pointer(&hasClass) || hasClass && !r.UnicodeString(&class) ||
		!r.Pointer(&hasTime) || hasTime || !r.U32(&status) || !r.Empty() {
		return "", 0, false
	}
	return name, msrpc.Win32Error(status), true
}
