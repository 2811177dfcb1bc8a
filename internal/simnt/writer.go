package simnt

import "encoding/binary"

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
