package winreg

import (
	"context"

	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/msrpc"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/msrpc/ndr"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/smb"
)

// nameRoom is the room for a key's name and for its class, in UTF-16 units with the
// NUL (MS-RRP 3.1.1.1: a name has 255 at most).
const nameRoom = 256

// enumLimit is the longest answer to BaseRegEnumKey in bytes: two strings of that
// size with their lengths and padding, two pointers, status.
const enumLimit = 2*(8+12+2*nameRoom+2) + 3*4

// SubKeys lists the names of the keys in this one, in the order of the server, and
// at most so many: where there are more, the others are not asked for. One round
// trip each, and one for the end (MS-RRP 3.1.5.10). The names went through
// smb.CleanText: what opens a key under such a name that is not there may have
// met a name that was cleaned.
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

// enumStub asks for a name and a class, and not for the time of the last write. No
// class would do for Windows, but not for Samba.
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

// parseEnum takes an answer apart, and reports whether it is sound.
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
