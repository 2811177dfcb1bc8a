package smb1

import (
	"fmt"
	"time"

	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/smb"
)

// What an open asks for (MS-CIFS 2.2.4.64.1).
const (
	accessReadFile       = 0x00120089 // READ_CONTROL, SYNCHRONIZE, read attributes, EAs, data
	accessReadAttributes = 0x00000080 // alone, it is never refused with a sharing violation
	accessPipe           = 0x0002019F // as Windows clients open a pipe

	shareRead          = 0x1
	shareWrite         = 0x2
	shareDelete        = 0x4
	dispositionOpen    = 1
	optionNotDirectory = 0x40
	impersonation      = 2

	attributeDirectory = 0x10
	typeDisk           = 0
	typeMessagePipe    = 2
)

// opening is what an open is for.
type opening struct{ access, share, options uint32 }

func toRead() opening {
	return opening{accessReadFile, shareRead | shareWrite | shareDelete, optionNotDirectory}
}

func toStat() opening {
	return opening{accessReadAttributes, shareRead | shareWrite | shareDelete, 0}
}

func toTransact() opening { return opening{accessPipe, shareRead | shareWrite, 0} }

// createRequest opens a file, a folder or a pipe that exists, without an oplock and
// without the extended answer, whose WordCount Windows gets wrong.
func createRequest(h header, path string, o opening) *builder {
	h.command = cmdNTCreate
	w := newBuilder(h)
	w.startBlock()
	w.andX(cmdNone)
	w.u8(0)
	lengthAt := len(w.b)
	w.u16(0) // NameLength
	w.u32(0) // Flags
	w.u32(0) // RootDirectoryFID
	w.u32(o.access)
	w.u64(0) // AllocationSize
	w.u32(0) // ExtFileAttributes
	w.u32(o.share)
	w.u32(dispositionOpen)
	w.u32(o.options)
	w.u32(impersonation)
	w.u8(0) // SecurityFlags
	w.startBytes()
	if w.unicode {
		w.u8(0) // the name stands on an even offset
	}
	start := len(w.b)
	w.text(path)
	terminator := 1
	if w.unicode {
		terminator = 2
	}
	n := len(w.b) - start - terminator
	w.b[lengthAt], w.b[lengthAt+1] = byte(n), byte(n>>8)
	w.endBlock()
	return w
}

// created is the answer to an open (MS-CIFS 2.2.4.64.2).
type created struct {
	fid          uint16
	modified     time.Time
	size         int64
	directory    bool
	resourceType uint16
}

func (c created) info() smb.FileInfo {
	return smb.FileInfo{Size: c.size, Modified: c.modified, Directory: c.directory}
}

// Word counts of the answer to an open. Windows sends the extended answer unasked
// at times: it writes 42 and sends 50 words (MS-SMB 2.2.4.9.2). Its first 34 words
// are those of the plain one.
const (
	createWords         = 34
	createWordsExtended = 42
	createWordsSent     = 50
)

func parseCreate(m *message) (created, error) {
	b, err := createBlock(m)
	if err != nil {
		return created{}, err
	}
	c := created{
		fid:          b.u16(5),
		modified:     fileTime(b.u64(27)),
		directory:    b.words[67] != 0 || b.u32(43)&attributeDirectory != 0,
		resourceType: b.u16(63),
	}
	size := b.u64(55)
	if size > 1<<62 {
		return created{}, fmt.Errorf("%w: a file of %d bytes", smb.ErrProtocol, size)
	}
	c.size = int64(size)
	return c, nil
}

// createBlock returns the words of the answer to an open. It does not look for the
// ByteCount of an extended answer, which is not where WordCount says.
func createBlock(m *message) (block, error) {
	if len(m.raw) > headerSize && m.raw[headerSize] == createWordsExtended {
		words := m.raw[headerSize+1:]
		if len(words) < 2*createWordsExtended+2 {
			return block{}, fmt.Errorf("%w: %d words in %d bytes", smb.ErrProtocol, createWordsExtended, len(words))
		}
		return block{words: words[:2*createWordsExtended]}, nil
	}
	return m.first(createWords, createWordsSent)
}
