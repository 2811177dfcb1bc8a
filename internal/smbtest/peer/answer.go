package peer

import (
	"encoding/binary"
	"unicode/utf16"
)

// answer is an SMB message in the making.
type answer struct {
	b       []byte
	unicode bool
	andX    int // where the AndX words of the last block are; 0: it has none
}

func newAnswer(r request, s *Script) *answer {
	b := make([]byte, headerSize)
	copy(b, r.raw[:headerSize])
	le := binary.LittleEndian
	le.PutUint32(b[5:], 0)
	b[9] = 0x98 // reply, canonical paths, no case
	clear(b[14:22])
	flags2 := uint16(0x0001)
	if !s.DOSErrors {
		flags2 |= flags2NTStatus
	}
	unicode := s.Negotiate.Capabilities&CapUnicode != 0 && r.flags2&flags2Unicode != 0
	if unicode {
		flags2 |= flags2Unicode
	}
	le.PutUint16(b[10:], flags2)
	return &answer{b: b, unicode: unicode}
}

func (a *answer) setStatus(s Status) { binary.LittleEndian.PutUint32(a.b[5:], uint32(s)) }
func (a *answer) setTID(tid uint16)  { binary.LittleEndian.PutUint16(a.b[24:], tid) }
func (a *answer) setUID(uid uint16)  { binary.LittleEndian.PutUint16(a.b[28:], uid) }
func (a *answer) mid() uint16        { return binary.LittleEndian.Uint16(a.b[30:]) }
func (a *answer) setMID(mid uint16)  { binary.LittleEndian.PutUint16(a.b[30:], mid) }

// link points the block before at the block of command that begins here.
func (a *answer) link(command byte) {
	if a.andX != 0 {
		a.b[a.andX] = command
		binary.LittleEndian.PutUint16(a.b[a.andX+2:], uint16(len(a.b)))
	}
}

// refuse ends the answer with a block that has neither words nor bytes.
func (a *answer) refuse(command byte, s Status) {
	a.link(command)
	a.setStatus(s)
	a.b = append(a.b, 0, 0, 0)
	a.andX = 0
}

// begin begins a block with these words, the AndX words aside.
func (a *answer) begin(command byte, words []byte) {
	a.link(command)
	a.andX = 0
	if isAndX(command) {
		a.b = append(a.b, byte(len(words)/2+2))
		a.andX = len(a.b)
		a.b = append(a.b, cmdNone, 0, 0, 0)
	} else {
		a.b = append(a.b, byte(len(words)/2))
	}
	a.b = append(a.b, words...)
	a.b = append(a.b, 0, 0)
}

// end writes how many bytes came since the block's words, which end at from.
func (a *answer) end(from int) {
	binary.LittleEndian.PutUint16(a.b[from-2:], uint16(len(a.b)-from))
}

// text appends a string of the session's kind, aligned to the header.
func (a *answer) text(s string) {
	if !a.unicode {
		a.b = append(append(a.b, s...), 0)
		return
	}
	if len(a.b)%2 == 1 {
		a.b = append(a.b, 0)
	}
	a.utf16(s)
}

func (a *answer) utf16(s string) {
	for _, unit := range utf16.Encode([]rune(s)) {
		a.b = binary.LittleEndian.AppendUint16(a.b, unit)
	}
	a.b = append(a.b, 0, 0)
}
