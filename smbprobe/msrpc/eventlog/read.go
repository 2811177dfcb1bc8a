package eventlog

import (
	"context"

	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/msrpc/ndr"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/smb"
)

// Flags of a read (MS-EVEN 3.1.4.7).
const (
	readSequential = 0x1
	readSeek       = 0x2
	readForwards   = 0x4
	readBackwards  = 0x8
)

// Sizes of a read in bytes. All that is asked for travels, however little was
// read, in fragments of 4,280 bytes. The first read fits one fragment: it tells
// the newest record, and often that there is nothing new. Where more is to come,
// the fragments behind the first of an answer are read together over SMB1, so
// that a long read costs two round trips whatever its length; over SMB2 each is a
// round trip of its own.
const (
	firstRead = 4096
	maxRead   = 15*(4280-24) - readOverhead // some 64 KiB

	readOverhead = 16      // max_count, NumberOfBytesRead, MinNumberOfBytesNeeded, status
	mostRead     = 0x7FFFF // MS-EVEN 2.2.9, MAX_BATCH_BUFF: the most that a read may ask for
)

// answered is what the server said to a read.
type answered struct {
	data   []byte // NumberOfBytesRead bytes of whole records; only with success
	needed uint32 // MinNumberOfBytesNeeded; only with STATUS_BUFFER_TOO_SMALL
	status smb.Status
}

// read is ElfrReadELW (MS-EVEN 3.1.4.7). The record number matters for a seek only.
func (l *Log) read(ctx context.Context, flags, number uint32, size int) (answered, error) {
	stub, err := l.conn.Call(ctx, readName, opRead, readStub(l.handle, flags, number, size), size+3+readOverhead)
	if err != nil {
		return answered{}, err
	}
	return parseRead(stub, size)
}

const readName = "ElfrReadELW"

func readStub(handle ndr.Handle, flags, number uint32, size int) []byte {
	var w ndr.Writer
	w.Handle(handle)
	w.U32(flags)
	w.U32(number)
	w.U32(uint32(size))
	return w.Stub()
}

func parseRead(stub []byte, size int) (answered, error) {
	r := ndr.NewReader(stub)
	var buffer []byte
	var length, needed, status uint32
	if !r.Array(size, &buffer) || !r.U32(&length) || !r.U32(&needed) || !r.U32(&status) || !r.Empty() {
		return answered{}, smb.Protocolf(readName, "an answer of %d bytes to a read of %d", len(stub), size)
	}
	a := answered{needed: needed, status: smb.Status(status)}
	if a.status != smb.StatusOK {
		return a, nil // the two numbers may be anything then
	}
	if int64(length) > int64(len(buffer)) {
		return answered{}, smb.Protocolf(readName, "%d bytes read, where %d were asked for", length, size)
	}
	a.data = buffer[:length]
	return a, nil
}

// readWhole reads, and once more with the size that the server names where the
// next record is bigger than the read.
func (l *Log) readWhole(ctx context.Context, flags, number uint32, size int) (answered, error) {
	a, err := l.read(ctx, flags, number, size)
	if err != nil || a.status != smb.StatusBufferTooSmall {
		return a, err
	}
	if int64(a.needed) <= int64(size) || a.needed > mostRead {
		return answered{}, smb.Protocolf(readName, "a record of %d bytes that does not fit %d", a.needed, size)
	}
	return l.read(ctx, flags, number, int(a.needed))
}
