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

// queried is what the server said of a value.
type queried struct {
	code msrpc.Win32Error // 0: data is the whole value; ErrorMoreData: it is longer than the room for it
	kind uint32           // its type; only with code 0 and ErrorMoreData
	data []byte           // only with code 0
}

// query reads a value of at most size bytes (MS-RRP 3.1.5.17): one round trip.
// set is false where there is none of this name. Its type must be one of kinds; that
// is looked at before its length, because a server tells it of a longer value too.
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

// parseQuery takes an answer apart, and reports whether it is sound. With success the type
// and the data must be there, and the data as long as lpcbLen says; what lpcbData says
// then is not known of Windows NT 4.0, and not needed. With ErrorMoreData the type
// must be there, and lpcbData say that there is more; else a server may leave out
// what it likes.
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
	case q.code == 0: // the data is all there
		return q, hasKind && hasData && hasLength
	case q.code == msrpc.ErrorMoreData:
		return queried{code: q.code, kind: q.kind}, hasKind && hasRoom && int64(room) > int64(size)
	}
	return queried{code: q.code}, true
}

// optional reads a unique pointer to a number.
func optional(r *ndr.Reader, there *bool, out *uint32) bool {
	return r.Pointer(there) && (!*there || r.U32(out))
}
