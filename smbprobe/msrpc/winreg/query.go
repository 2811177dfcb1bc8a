package winreg

import (
	"context"
	"fmt"

	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/msrpc"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/msrpc/ndr"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/smb"
)

// queryOverhead is what an answer to BaseRegQueryValue takes besides the data, in
// bytes: lpType, lpData, padding, lpcbData, lpcbLen, status.
const queryOverhead = 8 + 16 + 3 + 8 + 8 + 4

// queried is the answer to a query.
type queried struct {
	code msrpc.Win32Error // 0: data is the whole value; ErrorMoreData: it is longer than the room for it
	kind uint32           // its type; only with code 0 and ErrorMoreData
	data []byte           // only with code 0
	none bool             // code 0, and the server left out the data
}

// query reads a value of at most size bytes (MS-RRP 3.1.5.17): one round trip.
// set is false if there is none of this name. Its type must be one of kinds; the
// type is checked before the length, because an answer for a longer value has it too.
func (k *Key) query(ctx context.Context, name string, size int, kinds ...uint32) (data []byte, set bool, err error) {
	op := "read registry value " + k.path + `\` + name
	stub, err := k.conn.Call(ctx, op, opQueryValue, queryStub(k.handle, name, size), size+queryOverhead)
	if err != nil {
		return nil, false, err
	}
	q, ok := parseQuery(stub, size)
	switch {
	case !ok:
		return nil, false, smb.Protocolf(op, "an answer of %d bytes that contradicts itself", len(stub))
	case q.code == msrpc.ErrorFileNotFound:
		return nil, false, nil
	case q.code != 0 && q.code != msrpc.ErrorMoreData:
		return nil, false, msrpc.Win32Status(op, uint32(q.code))
	case q.none:
		return nil, false, smb.Protocolf(op, "success without the value's data")
	}
	if err := checkKind(q.kind, kinds); err != nil {
		return nil, false, &smb.Error{Op: op, Err: err}
	}
	if q.code == msrpc.ErrorMoreData {
		return nil, false, &smb.Error{Op: op, Err: fmt.Errorf("a value of more than %d bytes: %w", size, q.code)}
	}
	return q.data, true, nil
}

func queryStub(key ndr.Handle, name string, size int) []byte {
	var w ndr.Writer
	w.Handle(key)
	w.UnicodeStringNUL(name)
	w.Pointer() // lpType
	w.U32(0)
	w.Pointer() // lpData: room for size bytes, of which none are sent
	w.U32(uint32(size))
	w.U32(0)
	w.U32(0)
	w.Pointer() // lpcbData
	w.U32(uint32(size))
	w.Pointer() // lpcbLen
	w.U32(0)
	return w.Stub()
}

// parseQuery decodes an answer, and reports whether it is sound. With success it has
// a type, and data of length lpcbLen; Samba 3.0 leaves out the data. lpcbData is not
// checked: what Windows NT 4.0 puts there is not known. With ErrorMoreData the answer has
// a type, and lpcbData is more than was asked for. Otherwise a server may leave out
// anything.
func parseQuery(stub []byte, size int) (queried, bool) {
	r := ndr.NewReader(stub)
	var q queried
	var hasKind, hasData, hasRoom, hasLength bool
	var room, length, code uint32
	if !optional(r, &hasKind, &q.kind) || !r.Pointer(&hasData) || hasData && !r.VaryingArray(&q.data) ||
		!optional(r, &hasRoom, &room) || !optional(r, &hasLength, &length) || !r.U32(&code) || !r.Empty() {
		return queried{}, false
	}
	q.code = msrpc.Win32Error(code)
	switch {
	case len(q.data) > size, hasData && hasLength && int64(length) != int64(len(q.data)):
		return queried{}, false
	case q.code == 0:
		q.none = !hasData
		return q, hasKind && hasLength
	case q.code == msrpc.ErrorMoreData:
		return queried{code: q.code, kind: q.kind}, hasKind && hasRoom && int64(room) > int64(size)
	}
	return queried{code: q.code}, true
}

// optional reads a unique pointer to a number.
func optional(r *ndr.Reader, there *bool, out *uint32) bool {
	return r.Pointer(there) && (!*there || r.U32(out))
}
