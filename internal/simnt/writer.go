package simnt

import (
	"encoding/binary"
	"time"
	"unicode/utf16"
)

// writer builds an answer. It starts with an empty header, which is filled in last, so that
// offsets in b count from the start of the header.
type writer struct {
	b       []byte
	unicode bool
	countAt int  // offset of WordCount, or of ByteCount, of the current block
	blockAt int  // offset of the block's WordCount
	partial bool // blocks before one that failed are kept
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

// words starts a block, data its bytes; end completes it.
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

// andX starts the words of an AndX block, without another block after it: see chain.
func (w *writer) andX() {
	w.words()
	w.u8(cmdNone)
	w.u8(0)
	w.u16(0)
}

// endAndX completes an AndX block. Servers set AndXOffset to the length so far even if no block
// follows.
func (w *writer) endAndX() {
	w.end()
	w.put16(w.blockAt+3, uint16(len(w.b)))
}

// chain announces, in the last block, that the block of a command follows.
func (w *writer) chain(command byte) { w.b[w.blockAt+1] = command }

func (w *writer) put16(at int, v uint16) { binary.LittleEndian.PutUint16(w.b[at:], v) }

// align writes zeros up to a multiple of n from the header's start.
func (w *writer) align(n int) {
	for len(w.b)%n != 0 {
		w.u8(0)
	}
}

// text writes a string with its terminator in the client's encoding, Unicode aligned to two
// bytes.
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

// encode returns a name in the client's encoding, without a terminator.
func (w *writer) encode(s string) []byte {
	if w.unicode {
		return utf16le(s)
	}
	b, _ := latin1(s)
	return b
}

// latin1 encodes a text in OEM characters, which are Latin-1 here. ok is false if it has other
// characters, which become question marks.
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

// fromLatin1 decodes OEM characters.
func fromLatin1(b []byte) string {
	runes := make([]rune, len(b))
	for i, c := range b {
		runes[i] = rune(c)
	}
	return string(runes)
}

// fromUTF16 decodes UTF-16LE; an odd byte at the end is dropped.
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

// toFiletime returns a time as a FILETIME: units of 100 ns since 1601 (MS-DTYP 2.3.3).
func toFiletime(t time.Time) uint64 {
	return uint64(t.Unix()+filetimeEpoch)*filetimePerSecond + uint64(t.Nanosecond())/100
}

// fromFiletime returns the time of a FILETIME, the zero time if it is before 1970 or after the
// year 9999.
func fromFiletime(f uint64) time.Time {
	const year9999 = 253_402_300_800
	seconds := int64(f/filetimePerSecond) - filetimeEpoch
	if seconds < 0 || seconds > year9999 {
		return time.Time{}
	}
	return time.Unix(seconds, int64(f%filetimePerSecond)*100).UTC()
}

// dosTime returns a time in seconds since 1970 (UTIME, MS-CIFS 2.2.1.4.3).
func dosTime(t time.Time) uint32 { return uint32(t.Unix()) }
