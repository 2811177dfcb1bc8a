package winreg

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf16"

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

// ErrType is the error of a value that has another type than expected, or data that
// does not fit its type. Match with errors.Is. In the first case it is in a TypeError.
var ErrType = errors.New("the registry value is of another type")

// TypeError names the type of a value that has another one than expected.
type TypeError struct {
	Type string // "REG_SZ", or "type 12" if it has no name here

	expected []uint32
}

func (e *TypeError) Error() string {
	names := make([]string, len(e.expected))
	for i, kind := range e.expected {
		names[i] = typeName(kind)
	}
	return fmt.Sprintf("%v: %s, expected %s", ErrType, e.Type, strings.Join(names, " or "))
}

func (e *TypeError) Unwrap() error { return ErrType }

// Types of a value (MS-RRP 3.1.1.5).
const (
	typeSZ       = 1
	typeExpandSZ = 2
	typeDWORD    = 4
	typeMultiSZ  = 7
)

var typeNames = [...]string{
	0: "REG_NONE", typeSZ: "REG_SZ", typeExpandSZ: "REG_EXPAND_SZ", 3: "REG_BINARY", typeDWORD: "REG_DWORD",
	5: "REG_DWORD_BIG_ENDIAN", 6: "REG_LINK", typeMultiSZ: "REG_MULTI_SZ", 11: "REG_QWORD",
}

func typeName(kind uint32) string {
	if kind < uint32(len(typeNames)) && typeNames[kind] != "" {
		return typeNames[kind]
	}
	return fmt.Sprintf("type %d", kind)
}

// maxValue is the room for a value that is text, in bytes: 1,024 UTF-16 units.
const maxValue = 2048

// Number reads a REG_DWORD: one round trip. set is false, and value 0, if there
// is no value of this name. A value of another type is ErrType.
func (k *Key) Number(ctx context.Context, name string) (value uint32, set bool, err error) {
	const size = 4
	data, set, err := k.query(ctx, name, size, typeDWORD)
	if err != nil || !set {
		return 0, false, err
	}
	if len(data) != size {
		return 0, false, k.malformed(name, "a REG_DWORD of %d bytes", len(data))
	}
	return binary.LittleEndian.Uint32(data), true, nil
}

// Text reads a REG_SZ, or a REG_EXPAND_SZ as it stands: one round trip. set is
// false if there is no value of this name. A value of another type is
// ErrType, one of more than 1,024 UTF-16 units msrpc.ErrorMoreData. The text ends
// at its first NUL, and went through smb.CleanText, which keeps smb.MaxText characters.
func (k *Key) Text(ctx context.Context, name string) (value string, set bool, err error) {
	units, set, err := k.units(ctx, name, typeSZ, typeExpandSZ)
	if err != nil || !set {
		return "", false, err
	}
	text, _ := cutText(units)
	return text, true, nil
}

// Texts reads a REG_MULTI_SZ: one round trip. Its limits are those of Text, the one
// of the length for all texts together; an empty text ends it.
func (k *Key) Texts(ctx context.Context, name string) (values []string, set bool, err error) {
	units, set, err := k.units(ctx, name, typeMultiSZ)
	if err != nil || !set {
		return nil, false, err
	}
	return splitTexts(units), true, nil
}

// units reads a value that is UTF-16.
func (k *Key) units(ctx context.Context, name string, kinds ...uint32) (units []uint16, set bool, err error) {
	data, set, err := k.query(ctx, name, maxValue, kinds...)
	if err != nil || !set {
		return nil, false, err
	}
	if len(data)%2 != 0 {
		return nil, false, k.malformed(name, "a text of %d bytes, which is not UTF-16", len(data))
	}
	units = make([]uint16, len(data)/2)
	for i := range units {
		units[i] = binary.LittleEndian.Uint16(data[2*i:])
	}
	return units, true, nil
}

// cutText returns the text up to the first NUL, and what follows it.
func cutText(units []uint16) (text string, rest []uint16) {
	end := slices.Index(units, 0)
	if end < 0 {
		return smb.CleanText(string(utf16.Decode(units))), nil
	}
	return smb.CleanText(string(utf16.Decode(units[:end]))), units[end+1:]
}

// splitTexts returns the texts up to the first empty one.
func splitTexts(units []uint16) []string {
	var texts []string
	for len(units) > 0 && units[0] != 0 {
		var text string
		text, units = cutText(units)
		texts = append(texts, text)
	}
	return texts
}

func (k *Key) malformed(name, format string, args ...any) error {
	return &smb.Error{
		Op:  "read registry value " + k.path + `\` + name,
		Err: fmt.Errorf("%w: %s", ErrType, fmt.Sprintf(format, args...)),
	}
}

func checkKind(kind uint32, kinds []uint32) error {
	if slices.Contains(kinds, kind) {
		return nil
	}
	return &TypeError{typeName(kind), kinds}
}
