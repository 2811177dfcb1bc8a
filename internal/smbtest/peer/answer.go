package peer

import (
	"encoding/binary"
	"math"
	"unicode/utf16"
)

// answer is an SMB message that is being built.
type answer struct {
	b       []byte
	unicode bool
	andX    int // offset of the AndX words of the last block; 0: it has none
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

// link makes the previous block refer to the block of command that begins here.
func (a *answer) link(command byte) {
	if a.andX != 0 {
		a.b[a.andX] = command
		binary.LittleEndian.PutUint16(a.b[a.andX+2:], uint16(len(a.b)))
	}
}

// refuse ends the answer with a block without words and bytes.
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

// end writes the number of bytes after the block's words, which end at from.
func (a *answer) end(from int) {
	binary.LittleEndian.PutUint16(a.b[from-2:], uint16(len(a.b)-from))
}

// text appends a string in the session's encoding, aligned to the header.
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

func (c *conversation) open(r request, b block, a *answer) (Status, error) {
	le := binary.LittleEndian
	if len(b.words) != 44 {
		return 0, malformed("open has %d bytes of words", len(b.words))
	}
	in := texts{block: b, unicode: r.flags2&flags2Unicode != 0}
	in.align()
	length := int(le.Uint16(b.words[1:]))
	// The name follows its length, with or without a terminator.
	name, err := in.bytes(length)
	if err != nil {
		return 0, err
	}
	terminated := texts{block: block{command: b.command, data: append(append([]byte{}, name...), 0, 0)}, unicode: in.unicode}
	path, err := terminated.next()
	if err != nil {
		return 0, err
	}
	c.note(func(r *Connection) { r.Paths = append(r.Paths, path) })
	file, ok := c.script.Files[CleanPath(path)]
	if !ok {
		return c.script.Missing, nil
	}
	if status := c.refuseOpen(CleanPath(path), file, le.Uint32(b.words[11:])); status != 0 {
		return status, nil
	}
	fid := c.nextID()
	c.files[fid] = file
	size := uint64(len(file.Content))
	if file.ClaimSize != 0 {
		size = uint64(file.ClaimSize)
	}
	attributes, directory := uint32(0x20), byte(0)
	if file.Directory {
		attributes, directory = 0x10, 1
	}
	const messagePipe, bothEndsMessages = 2, 0x05FF
	var resourceType, pipeStatus uint16 // 0: disk
	if file.Pipe {
		resourceType, pipeStatus = messagePipe, bothEndsMessages
	}
	words := []byte{0} // OplockLevel
	words = le.AppendUint16(words, fid)
	words = le.AppendUint32(words, 1) // CreateAction: opened
	for range 4 {                     // created, accessed, written, changed
		words = le.AppendUint64(words, fileTime(file.Modified))
	}
	words = le.AppendUint32(words, attributes)
	words = le.AppendUint64(words, (size+511)/512*512)
	words = le.AppendUint64(words, size)
	words = le.AppendUint16(words, resourceType)
	words = le.AppendUint16(words, pipeStatus)
	words = append(words, directory)
	a.begin(cmdNTCreate, words)
	return 0, nil
}

// refuseOpen returns the status of an open with this DesiredAccess; 0: it succeeds.
func (c *conversation) refuseOpen(path string, file File, access uint32) Status {
	const readAttributes = 0x80
	locked := file.OpenStatus == statusSharingViolation || file.OpenStatus == DOS(1, 32)
	if file.OpenStatus == 0 || locked && access == readAttributes {
		return 0
	}
	c.refused[path]++
	if file.OpenRefusals != 0 && c.refused[path] > file.OpenRefusals {
		return 0
	}
	return file.OpenStatus
}

func (c *conversation) readFile(b block, a *answer) (Status, error) {
	le := binary.LittleEndian
	if len(b.words) != 16 && len(b.words) != 20 {
		return 0, malformed("read has %d bytes of words", len(b.words))
	}
	file, ok := c.files[le.Uint16(b.words)]
	if !ok {
		return statusInvalidHandle, nil
	}
	if file.ReadStatus != 0 {
		return file.ReadStatus, nil
	}
	offset := uint64(le.Uint32(b.words[2:]))
	if len(b.words) == 20 {
		offset |= uint64(le.Uint32(b.words[16:])) << 32
	}
	content := file.Content[min(offset, uint64(len(file.Content))):]
	content = content[:min(int(le.Uint16(b.words[6:])), len(content))]

	words := le.AppendUint16(nil, math.MaxUint16) // Available
	words = le.AppendUint32(words, 0)             // CompactionMode, reserved
	words = le.AppendUint16(words, uint16(len(content)))
	words = append(words, make([]byte, 12)...) // DataOffset, reserved
	a.begin(cmdReadAndX, words)
	from := len(a.b)
	if from%2 == 1 {
		a.b = append(a.b, 0)
	}
	le.PutUint16(a.b[from-2-12:], uint16(len(a.b)))
	a.b = append(a.b, content...)
	a.end(from)
	return 0, nil
}
