package smb1

import (
	"encoding/binary"
	"fmt"
	"strings"
	"sync"
	"unicode/utf16"

	"golang.org/x/text/encoding/charmap"

	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/smb"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/smb/netbios"
)

// builder writes a request: the frame's 4 bytes, the header, then blocks. A
// block is WordCount, words, ByteCount, bytes; startBytes and endBlock fill in the
// two counts.
type builder struct {
	b       []byte
	command byte
	unicode bool
	wordsAt int // offset of the block's WordCount
	bytesAt int // offset of the block's ByteCount
	err     error
}

// builderPool is of *builder.
var builderPool = sync.Pool{New: func() any { return &builder{b: make([]byte, 0, 256)} }}

func newBuilder(h header) *builder {
	w := builderPool.Get().(*builder)
	*w = builder{b: h.append(append(w.b[:0], make([]byte, netbios.HeaderSize)...)), command: h.command, unicode: h.flags2&flags2Unicode != 0}
	return w
}

// release makes the builder available to the next request.
func (w *builder) release() {
	if cap(w.b) <= maxPooledRequest {
		builderPool.Put(w)
	}
}

// maxPooledRequest is the longest request whose memory is used again.
const maxPooledRequest = 4096

// offset is the distance from the SMB header's start, which all offsets and
// alignments in a message count from (MS-CIFS 2.2.3).
func (w *builder) offset() int { return len(w.b) - netbios.HeaderSize }

func (w *builder) startBlock() {
	w.wordsAt = len(w.b)
	w.b = append(w.b, 0)
}

func (w *builder) startBytes() {
	w.b[w.wordsAt] = byte((len(w.b) - w.wordsAt - 1) / 2)
	w.bytesAt = len(w.b)
	w.b = append(w.b, 0, 0)
}

func (w *builder) endBlock() {
	binary.LittleEndian.PutUint16(w.b[w.bytesAt:], uint16(len(w.b)-w.bytesAt-2))
}

// finish fills in the frame's length and the MID, and returns the message.
func (w *builder) finish(mid uint16) []byte {
	binary.BigEndian.PutUint32(w.b, uint32(len(w.b)-netbios.HeaderSize))
	m := w.b[netbios.HeaderSize:]
	binary.LittleEndian.PutUint16(m[30:], mid)
	return m
}

// andX writes the four bytes that start the words of an AndX command, and
// returns where its offset field is, for chainHere.
func (w *builder) andX(next byte) (offsetAt int) {
	w.u8(next)
	w.u8(0)
	w.u16(0)
	return len(w.b) - 2
}

// chainHere makes the AndXOffset at offsetAt point to what is written next.
func (w *builder) chainHere(offsetAt int) {
	binary.LittleEndian.PutUint16(w.b[offsetAt:], uint16(w.offset()))
}

func (w *builder) u8(v byte)      { w.b = append(w.b, v) }
func (w *builder) u16(v uint16)   { w.b = binary.LittleEndian.AppendUint16(w.b, v) }
func (w *builder) u32(v uint32)   { w.b = binary.LittleEndian.AppendUint32(w.b, v) }
func (w *builder) u64(v uint64)   { w.b = binary.LittleEndian.AppendUint64(w.b, v) }
func (w *builder) raw(p []byte)   { w.b = append(w.b, p...) }
func (w *builder) ascii(s string) { w.b = append(append(w.b, s...), 0) }

// text writes a terminated string of several parts: Unicode on an even offset, or OEM
// (MS-CIFS 2.2.1.1).
func (w *builder) text(parts ...string) {
	if !w.unicode {
		w.oem(strings.Join(parts, ""))
		return
	}
	if w.offset()%2 != 0 {
		w.u8(0)
	}
	for _, s := range parts {
		for _, r := range s {
			if first, second := utf16.EncodeRune(r); first != '\uFFFD' {
				w.u16(uint16(first))
				w.u16(uint16(second))
			} else {
				w.u16(uint16(r))
			}
		}
	}
	w.u16(0)
}

// oem writes a string in code page 850, the OEM code page of Western Windows
// NT. A server that speaks OEM strings does not report its code page.
func (w *builder) oem(s string) {
	p, err := charmap.CodePage850.NewEncoder().String(s)
	if err != nil {
		w.err = fmt.Errorf("%q cannot be encoded for a server that does not speak Unicode: use ASCII names", s)
		return
	}
	w.ascii(p)
}

// textReader reads strings one after another. It is lenient, because servers are
// careless: a string without terminator ends with the bytes, the last one
// may end in half a terminator, and missing strings are empty.
type textReader struct {
	bytes   []byte
	offset  int // of bytes, from the header's start: Unicode strings align to it
	unicode bool
}

// next returns the next string, fit for printing.
func (r *textReader) next() string {
	if !r.unicode {
		return r.nextOEM()
	}
	if r.offset%2 != 0 {
		r.skip(1)
	}
	return r.nextUnaligned()
}

// nextUnaligned reads a Unicode string without aligning it, as the names of the
// negotiate answer are.
func (r *textReader) nextUnaligned() string {
	var units []uint16
	for len(r.bytes) >= 2 {
		c := binary.LittleEndian.Uint16(r.bytes)
		r.skip(2)
		if c == 0 {
			return smb.CleanText(string(utf16.Decode(units)))
		}
		if len(units) < smb.MaxText {
			units = append(units, c)
		}
	}
	r.skip(len(r.bytes))
	return smb.CleanText(string(utf16.Decode(units)))
}

func (r *textReader) nextOEM() string {
	end := len(r.bytes)
	for i, c := range r.bytes {
		if c == 0 {
			end = i
			break
		}
	}
	p := r.bytes[:min(end, smb.MaxText)]
	r.skip(min(end+1, len(r.bytes)))
	s, err := charmap.CodePage850.NewDecoder().Bytes(p)
	if err != nil {
		return "" // code page 850 has a character for each byte
	}
	return smb.CleanText(string(s))
}

func (r *textReader) skip(n int) {
	n = min(n, len(r.bytes))
	r.bytes, r.offset = r.bytes[n:], r.offset+n
}
