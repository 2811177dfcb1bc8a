package smb1

import (
	"fmt"
	"time"

	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/smb"
)

// Fields of the request to open (MS-CIFS 2.2.4.64.1).
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

// createRequest opens an existing file, folder or pipe by its path on the share, without a
// leading backslash. It requests neither an oplock
// nor the extended answer.
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
		w.u8(0) // align the name
	}
	start := len(w.b)
	w.text(`\`, path)
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

// readOverhead is the length of an answer to READ_ANDX without the data, and a few
// bytes for servers that pad more.
const readOverhead = 64

// largeRead is the most that Windows returns for one READ_ANDX if it offers
// CAP_LARGE_READX (MS-CIFS appendix A <92>).
const largeRead = 61440

// maxRead returns the most that one READ_ANDX may ask for. Without large reads the
// answer has to fit the smaller of both buffers: a server may end the
// connection otherwise (MS-CIFS 3.3.5.36).
func maxRead(n negotiated) int {
	if n.capabilities&capLargeReadX != 0 {
		return largeRead
	}
	size := bufferRoom(n)
	if size >= 4096 {
		size -= size % 4096
	}
	return size
}

// maxPipeRead returns the most that one READ_ANDX of a pipe may ask for. A DCE/RPC
// fragment of 4,280 bytes fits the buffer of an NT server, 4,356 bytes.
func maxPipeRead(n negotiated) int {
	if n.capabilities&capLargeReadX != 0 {
		return largeRead
	}
	return bufferRoom(n)
}

// bufferRoom is the most data that an answer to READ_ANDX has room for in the smaller
// of both buffers.
func bufferRoom(n negotiated) int { return min(n.maxBufferSize, maxBufferSize) - readOverhead }

// readRequest reads count bytes at an offset (MS-CIFS 2.2.4.42.1). For a pipe the
// offset is 0.
func readRequest(h header, fid uint16, offset int64, count int) *builder {
	h.command = cmdReadAndX
	w := newBuilder(h)
	w.startBlock()
	w.andX(cmdNone)
	w.u16(fid)
	w.u32(uint32(offset))
	w.u16(uint16(count))
	w.u16(0) // MinCount
	w.u32(0) // Timeout; MaxCountHigh on Windows 2000
	w.u16(0) // Remaining
	w.u32(uint32(offset >> 32))
	w.startBytes()
	w.endBlock()
	return w
}

// parseRead returns the data, a part of the message. More than was asked for
// is an error.
func parseRead(m *message, asked int) ([]byte, error) {
	b, err := m.first(12)
	if err != nil {
		return nil, err
	}
	length, at, high := int(b.u16(10)), int(b.u16(12)), b.u16(14)
	if high != 0 || length > asked {
		return nil, fmt.Errorf("%w: %d bytes (and %d times 65536), expected at most %d", smb.ErrProtocol, length, high, asked)
	}
	return m.data(b, at, length)
}

// closeRequest closes a FID and leaves the file's times alone (MS-CIFS 2.2.4.5.1).
func closeRequest(h header, fid uint16) *builder {
	h.command = cmdClose
	w := newBuilder(h)
	w.startBlock()
	w.u16(fid)
	w.u32(0xFFFFFFFF)
	w.startBytes()
	w.endBlock()
	return w
}

// treeDisconnectRequest ends the tree of the header (MS-CIFS 2.2.4.51.1).
func treeDisconnectRequest(h header) *builder {
	h.command = cmdTreeDisconnect
	w := newBuilder(h)
	w.startBlock()
	w.startBytes()
	w.endBlock()
	return w
}

// logoffRequest ends the session of the header (MS-CIFS 2.2.4.54.1).
func logoffRequest(h header) *builder {
	h.command = cmdLogoff
	w := newBuilder(h)
	w.startBlock()
	w.andX(cmdNone)
	w.startBytes()
	w.endBlock()
	return w
}
