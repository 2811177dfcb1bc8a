package winreg

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"unicode/utf16"

	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/smb"
)

// ErrType says that a value is there, but not of the type that was asked for, or
// not what its type says. Match with errors.Is.
var ErrType = errors.New("the registry value is of another type")

// Types of a value (MS-RRP 3.1.1.5).
const (
	typeSZ       = 1
	typeExpandSZ = 2
	typeDWORD    = 4
	typeMultiSZ  = 7
)

// maxValue is the room for a value that is text, in bytes: 1,024 UTF-16 units.
const maxValue = 2048

// Number reads a REG_DWORD: one round trip. set is false, and value 0, where there
// is no value of this name. A value that is something else is ErrType.
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
// false where there is no value of this name; a value that is something else is
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
		return nil, false, k.malformed(name, "a text of %d bytes, which is no UTF-16", len(data))
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
	return fmt.Errorf("%w: type %d where one of %v was expected", ErrType, kind, kinds)
}
