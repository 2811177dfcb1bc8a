package smb1

import (
	"encoding/binary"
	"unicode/utf16"

	"golang.org/x/text/encoding/charmap"

	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/smb"
)

// textReader reads strings one after another. It is lenient, as servers are
// careless here: a string without terminator ends with the bytes, the last one
// may end in half a terminator, and strings that are missing are empty.
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

// nextUnaligned reads a Unicode string where it stands: the negotiate answer's
// names are not aligned.
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
