package smb1

import (
	"fmt"

	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/smb"
)

// readOverhead is what an answer to READ_ANDX holds besides the data, and a
// few bytes for servers that pad more.
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

// maxReads returns how many reads size bytes may take: an average of 64 bytes, and
// some more for short ones.
func maxReads(size int64) int { return int(size/64) + 16 }

// bufferRoom is how much data an answer to READ_ANDX has room for in the smaller of both
// buffers.
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

// parseRead returns the data, a part of the message. More than was asked for is
// an error.
func parseRead(m *message, asked int) ([]byte, error) {
	b, err := m.first(12)
	if err != nil {
		return nil, err
	}
	length, at, high := int(b.u16(10)), int(b.u16(12)), b.u16(14)
	if high != 0 || length > asked {
		return nil, fmt.Errorf("%w: %d bytes (and %d times 65536) where %d were asked for", smb.ErrProtocol, length, high, asked)
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
