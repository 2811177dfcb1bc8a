package ntlm

import (
	"encoding/binary"
	"strings"
	"unicode"
	"unicode/utf16"
)

// utf16LE encodes a text without a terminator. A character outside of the BMP
// takes a pair of surrogates; a byte that is not UTF-8 becomes U+FFFD.
func utf16LE(s string) []byte {
	b := make([]byte, 0, 2*len(s))
	for _, unit := range utf16.Encode([]rune(s)) {
		b = binary.LittleEndian.AppendUint16(b, unit)
	}
	return b
}

// upper is UpperCase of MS-NLMP 6, as the table of Windows has it: one
// UTF-16 unit becomes one, so nothing outside of the BMP changes, and three
// letters stay whose upper case belongs to another alphabet or loses a dot.
func upper(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r > 0xFFFF, r == 'µ', r == 'ı', r == 'ſ':
			return r
		}
		return unicode.ToUpper(r)
	}, s)
}
