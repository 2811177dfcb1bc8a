package simnt

import (
	"encoding/binary"
	"time"
	"unicode/utf16"
)

// writer builds an answer. It starts with an empty header, which is filled in last, so that
// offsets into it are those from the header's start.
type writer struct {
	b       []byte
	unicode bool
	countAt int  // of WordCount, or of ByteCount, in the block that is being written
	blockAt int  // of the block's WordCount
	partial bool // the blocks before one that failed stay
}

func newWriter(unicode bool) *writer {
	return &writer{b: make([]byte, headerSize, 512), unicode: unicode}
}

func (w *writer) u8(v byte)      { w.b = append(w.b, v) }
func (w *writer) u16(v uint16)   { w.b = binary.LittleEndian.AppendUint16(w.b, v) }
func (w *writer) u32(v uint32)   { w.b = binary.LittleEndian.AppendUint32(w.b, v) }
func (w *writer) u64(v uint64)   { w.b = binary.LittleEndian.AppendUint64(w.b, v) }
func (w *writer) bytes(b []byte) { w.b = append(w.b, b...) }
func (w *writer) zeros(n int)    { w.b = append(w.b, make([]byte, n)...) }

// words starts a block; data goes over to its bytes; end ends it.
func (w *writer) words() {
	w.blockAt, w.countAt = len(w.b), len(w.b)
	w.u8(0)
}

func (w *writer) data() {
	w.b[w.countAt] = byte((len(w.b) - w.countAt - 1) / 2)
	w.countAt = len(w.b)
	w.u16(0)
}

func (w *writer) end() {
	binary.LittleEndian.PutUint16(w.b[w.countAt:], uint16(len(w.b)-w.countAt-2))
}

// empty writes a block without words and bytes.
func (w *writer) empty() {
	w.words()
	w.data()
	w.end()
}

// andX starts the words of an AndX block: no other block follows, until chain says so.
func (w *writer) andX() {
	w.words()
	w.u8(cmdNone)
	w.u8(0)
	w.u16(0)
}

// endAndX ends an AndX block. Servers put the length up to here into AndXOffset where nothing
// follows as well.
func (w *writer) endAndX() {
	w.end()
	w.put16(w.blockAt+3, uint16(len(w.b)))
}

// chain says in the block that ended last that a command's block follows.
func (w *writer) chain(command byte) { w.b[w.blockAt+1] = command }

func (w *writer) put16(at int, v uint16) { binary.LittleEndian.PutUint16(w.b[at:], v) }

// align writes zeros up to a multiple of n from the header's start.
func (w *writer) align(n int) {
	for len(w.b)%n != 0 {
		w.u8(0)
	}
}

// text writes a string as the client reads them, with its end: Unicode aligned to two bytes.
func (w *writer) text(s string) {
	if !w.unicode {
		b, _ := latin1(s)
		w.bytes(b)
		w.u8(0)
		return
	}
	w.align(2)
	w.bytes(utf16le(s))
	w.u16(0)
}

// encode turns a name into what the client reads, without an end.
func (w *writer) encode(s string) []byte {
	if w.unicode {
		return utf16le(s)
	}
	b, _ := latin1(s)
	return b
}

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
