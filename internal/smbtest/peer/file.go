package peer

import (
	"encoding/binary"
	"math"
)

func (c *conversation) open(r request, b block, a *answer) (Status, error) {
	le := binary.LittleEndian
	if len(b.words) != 44 {
		return 0, malformed("open has %d bytes of words", len(b.words))
	}
	in := texts{block: b, unicode: r.flags2&flags2Unicode != 0}
	in.align()
	length := int(le.Uint16(b.words[1:]))
	// The name has its length in front, and may have a terminator or none.
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

// refuseOpen returns the status that answers an open with this DesiredAccess, 0
// where it succeeds.
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
