package simnt

import (
	"encoding/binary"
	"time"
	"unicode/utf16"
)

// latin1 turns a text into OEM characters, for which Latin-1 stands here; ok is false where
// one is not in it, and becomes a question mark.
func latin1(s string) (b []byte, ok bool) {
	ok = true
	for _, r := range s {
		if r > 0xFF {
			r, ok = '?', false
		}
		b = append(b, byte(r))
	}
	return b, ok
}

// fromLatin1 turns OEM characters into a text.
func fromLatin1(b []byte) string {
	runes := make([]rune, len(b))
	for i, c := range b {
		runes[i] = rune(c)
	}
	return string(runes)
}

// fromUTF16 turns UTF-16LE into a text; a byte too many at the end is left out.
func fromUTF16(b []byte) string {
	units := make([]uint16, len(b)/2)
	for i := range units {
		units[i] = binary.LittleEndian.Uint16(b[2*i:])
	}
	return string(utf16.Decode(units))
}

// The FILETIME epoch, 1601, in seconds before 1970.
const (
	filetimeEpoch     = 11_644_473_600
	filetimePerSecond = 10_000_000
)

// toFiletime turns a time into a FILETIME, 100 ns since 1601 (MS-DTYP 2.3.3).
func toFiletime(t time.Time) uint64 {
	return uint64(t.Unix()+filetimeEpoch)*filetimePerSecond + uint64(t.Nanosecond())/100
}

// fromFiletime is the way back. What is before 1970 or after the year 9999 is the zero time.
func fromFiletime(f uint64) time.Time {
	const year9999 = 253_402_300_800
	seconds := int64(f/filetimePerSecond) - filetimeEpoch
	if seconds < 0 || seconds > year9999 {
		return time.Time{}
	}
	return time.Unix(seconds, int64(f%filetimePerSecond)*100).UTC()
}

// dosTime is seconds since 1970 (UTIME, MS-CIFS 2.2.1.4.3).
func dosTime(t time.Time) uint32 { return uint32(t.Unix()) }
