package simnt

import "encoding/binary"

// Commands (MS-CIFS 2.2.2.1).
const (
	cmdClose            = 0x04
	cmdQueryInformation = 0x08
	cmdCheckDirectory   = 0x10
	cmdTransaction      = 0x25
	cmdEcho             = 0x2B
	cmdReadAndX         = 0x2E
	cmdWriteAndX        = 0x2F
	cmdTransaction2     = 0x32
	cmdTreeDisconnect   = 0x71
	cmdNegotiate        = 0x72
	cmdSessionSetup     = 0x73
	cmdLogoff           = 0x74
	cmdTreeConnect      = 0x75
	cmdQueryDisk        = 0x80
	cmdNTCreate         = 0xA2
	cmdNTCancel         = 0xA4
	cmdNone             = 0xFF
)

// Flags and Flags2 of the header (MS-CIFS 2.2.3.1).
const (
	flagReply     = 0x80
	flagCaseless  = 0x08
	flagCanonical = 0x10

	flags2LongNames = 0x0001
	flags2Signed    = 0x0004
	flags2NTStatus  = 0x4000
	flags2Unicode   = 0x8000
)

const (
	headerSize  = 32
	signatureAt = 14
	magic       = "\xFFSMB"
)

// block is the part of a message that belongs to one command (MS-CIFS 2.2.3.2, 2.2.3.3).
type block struct {
	command byte
	words   []byte
	bytes   []byte
	bytesAt int // from the header's start
	end     int // likewise: where the block ends
}

// u16 and u32 read a field of the words at an offset in bytes. The caller has checked the
// number of words.
func (b *block) u16(at int) uint16 { return binary.LittleEndian.Uint16(b.words[at:]) }
func (b *block) u32(at int) uint32 { return binary.LittleEndian.Uint32(b.words[at:]) }

// wordCount returns the number of words.
func (b *block) wordCount() int { return len(b.words) / 2 }

// request is a message from the client.
type request struct {
	block
	raw       []byte // the whole message
	flags     byte
	flags2    uint16
	pidHigh   uint16
	reserved  uint16
	tid       uint16
	pid       uint16
	uid       uint16
	mid       uint16
	malformed bool
	ignored   bool   // it arrived while the host hung
	answered  int64  // number of answers that the connection had sent when it arrived
	sequence  uint32 // number that its answers are signed with
	signed    bool   // its answers are signed
	session   *session
	tree      *tree
}

// parseRequest reads a message. ok is false if it is not an SMB at all; one whose block is
// truncated is malformed.
func parseRequest(raw []byte) (r *request, ok bool) {
	if len(raw) < headerSize || string(raw[:len(magic)]) != magic || raw[9]&flagReply != 0 {
		return nil, false
	}
	u16 := func(at int) uint16 { return binary.LittleEndian.Uint16(raw[at:]) }
	r = &request{
		raw:      raw,
		flags:    raw[9],
		flags2:   u16(10),
		pidHigh:  u16(12),
		reserved: u16(22),
		tid:      u16(24),
		pid:      u16(26),
		uid:      u16(28),
		mid:      u16(30),
	}
	r.block, ok = parseBlock(raw, headerSize, raw[4])
	r.malformed = !ok
	return r, true
}

// parseBlock reads the block that starts at an offset; ok is false if it is truncated.
func parseBlock(raw []byte, at int, command byte) (b block, ok bool) {
	b.command = command
	if at < headerSize || at >= len(raw) {
		return b, false
	}
	wordsAt := at + 1
	countAt := wordsAt + 2*int(raw[at])
	bytesAt := countAt + 2
	if bytesAt > len(raw) {
		return b, false
	}
	end := bytesAt + int(binary.LittleEndian.Uint16(raw[countAt:]))
	if end > len(raw) {
		return b, false
	}
	return block{command: command, words: raw[wordsAt:countAt], bytes: raw[bytesAt:end], bytesAt: bytesAt, end: end}, true
}

// slice returns a part of the message by its offset from the header, which must lie in the
// bytes of the block (MS-CIFS 2.2.4.33.1: ParameterOffset, DataOffset).
func (r *request) slice(at, count int) ([]byte, bool) {
	if count == 0 {
		return nil, true
	}
	if at < r.bytesAt || at+count > r.end {
		return nil, false
	}
	return r.raw[at : at+count], true
}

// texts reads the strings of a request (MS-CIFS 2.2.1.1): Unicode ones start at an even
// offset from the header and end with two zero bytes, OEM ones with one. The last one may
// lack its terminator.
type texts struct {
	b       []byte
	at      int // of b, from the header's start
	unicode bool
}

// textsOf returns a reader of the strings that start at an offset in the block's bytes.
func (r *request) textsOf(start int, unicode bool) *texts {
	return &texts{b: r.bytes[start:], at: r.bytesAt + start, unicode: unicode}
}

func (t *texts) skip(n int) {
	n = min(n, len(t.b))
	t.b, t.at = t.b[n:], t.at+n
}

// next returns the next string; "" if there is none.
func (t *texts) next() string {
	if !t.unicode {
		return t.nextOEM()
	}
	if t.at%2 != 0 {
		t.skip(1)
	}
	end, after := len(t.b), len(t.b)
	for i := 0; i+1 < len(t.b); i += 2 {
		if t.b[i] == 0 && t.b[i+1] == 0 {
			end, after = i, i+2
			break
		}
	}
	s := fromUTF16(t.b[:end])
	t.skip(after)
	return s
}

// nextOEM returns the next string, which is in OEM characters also among Unicode ones.
func (t *texts) nextOEM() string {
	end, after := len(t.b), len(t.b)
	for i, c := range t.b {
		if c == 0 {
			end, after = i, i+1
			break
		}
	}
	s := fromLatin1(t.b[:end])
	t.skip(after)
	return s
}
