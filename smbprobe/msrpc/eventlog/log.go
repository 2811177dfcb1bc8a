// Package eventlog reads the event logs of a Windows server: the calls of the
// EventLog Remoting Protocol (MS-EVEN) that open and read a log, and the records
// that they return. It cannot write or clear a log.
package eventlog

import (
	"context"
	"errors"

	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/msrpc"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/msrpc/ndr"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/smb"
)

// PipeName is the pipe to open on IPC$ (MS-EVEN 2.1).
const PipeName = "eventlog"

// ErrChanged is the error of a log that was cleared or overwritten while it was
// read. Open it again. Match with errors.Is.
var ErrChanged = errors.New("the event log changed while it was read")

// Numbers of the procedures that read (MS-EVEN 3.1.4).
const (
	opClose           = 2
	opNumberOfRecords = 4
	opOldestRecord    = 5
	opOpen            = 7
	opRead            = 10
)

// Log is an open event log. One call at a time. Hold it for seconds only: clearing
// a log that is open may crash the service (Q159840).
type Log struct {
	conn   *msrpc.Conn
	name   string
	handle ndr.Handle
	oldest *Log // the last one that ReadOldest opened; nil: none
}

// eventlogInterface is 82273fdc-e32a-18c3-3f78-827929dc23ea, version 0.0 (MS-EVEN 2.1).
var eventlogInterface = msrpc.Interface{
	UUID: [16]byte{
		0xdc, 0x3f, 0x27, 0x82, 0x2a, 0xe3, 0xc3, 0x18, 0x3f, 0x78, 0x82, 0x79, 0x29, 0xdc, 0x23, 0xea,
	},
	Name: "eventlog",
}

// Open binds a newly opened pipe and opens the log on it (MS-EVEN 3.1.4.3). A
// server that has no log of this name opens Application instead. The caller closes
// the pipe, which closes the log too.
//
// Errors of this and of the other calls have an *smb.Error in them, with the NT
// status of the call or of the pipe; a truncated or contradictory answer is
// smb.ErrProtocol. After an error other than a status of the call every further call
// fails.
func Open(ctx context.Context, pipe smb.Pipe, log string) (*Log, error) {
	conn, err := Bind(ctx, pipe)
	if err != nil {
		return nil, err
	}
	return conn.Open(ctx, log)
}

// Conn is a bound pipe on which logs can be opened one after another. The caller closes each
// log: a pipe that stays open keeps the handles of those that are not.
type Conn struct{ conn *msrpc.Conn }

// Bind binds a newly opened pipe: one round trip. Errors are those of Open.
func Bind(ctx context.Context, pipe smb.Pipe) (*Conn, error) {
	conn, err := msrpc.Bind(ctx, pipe, eventlogInterface)
	if err != nil {
		return nil, err
	}
	return &Conn{conn}, nil
}

// Open is Open on a pipe that is bound: one round trip.
func (c *Conn) Open(ctx context.Context, log string) (*Log, error) { return openOn(ctx, c.conn, log) }

// openOn opens a log on a pipe that is bound.
func openOn(ctx context.Context, conn *msrpc.Conn, log string) (*Log, error) {
	op := "open event log " + log
	answer, err := conn.Call(ctx, "ElfrOpenELW", opOpen, openStub(log), len(ndr.Handle{})+4)
	if err != nil {
		return nil, err
	}
	r := ndr.NewReader(answer)
	var handle ndr.Handle
	var status uint32
	if !r.Handle(&handle) || !r.U32(&status) || !r.Empty() {
		return nil, smb.Protocolf(op, "an answer of %d bytes", len(answer))
	}
	if status != 0 {
		return nil, &smb.Error{Op: op, Status: smb.Status(status)}
	}
	if handle == (ndr.Handle{}) {
		return nil, smb.Protocolf(op, "success without a handle")
	}
	return &Log{conn: conn, name: log, handle: handle}, nil
}

// openStub is the request of ElfrOpenELW (MS-EVEN 3.1.4.3).
func openStub(log string) []byte {
	var w ndr.Writer
	w.Null() // UNCServerName
	w.UnicodeString(log)
	w.UnicodeString("") // RegModuleName
	w.U32(1)            // MajorVersion
	w.U32(1)            // MinorVersion
	return w.Stub()
}

// Bounds returns the number of the oldest record and how many records there are
// (MS-EVEN 3.1.4.18 and 3.1.4.19): two calls. For an empty log count is 0 and oldest
// is meaningless.
func (l *Log) Bounds(ctx context.Context) (oldest, count uint32, err error) {
	// In this order the newest record, oldest+count-1, exists even if records were
	// added or overwritten between the two calls.
	if oldest, err = l.number(ctx, "ElfrOldestRecord", opOldestRecord); err != nil {
		return 0, 0, err
	}
	return l.BoundsFrom(ctx, oldest)
}

// BoundsFrom is Bounds if the oldest record was read on this log already: one call.
func (l *Log) BoundsFrom(ctx context.Context, number uint32) (oldest, count uint32, err error) {
	oldest = number
	if count, err = l.number(ctx, "ElfrNumberOfRecords", opNumberOfRecords); err != nil {
		return 0, 0, err
	}
	if count > 0 && (oldest == 0 || uint64(oldest)+uint64(count) > 1<<32) {
		return 0, 0, smb.Protocolf("ElfrNumberOfRecords", "%d records from number %d", count, oldest)
	}
	return oldest, count, nil
}

// number makes a call that takes the handle and returns a number and a status.
func (l *Log) number(ctx context.Context, name string, opnum uint16) (uint32, error) {
	answer, err := l.conn.Call(ctx, name, opnum, l.handle[:], 8)
	if err != nil {
		return 0, err
	}
	r := ndr.NewReader(answer)
	var number, status uint32
	if !r.U32(&number) || !r.U32(&status) || !r.Empty() {
		return 0, smb.Protocolf(name, "an answer of %d bytes", len(answer))
	}
	return number, statusError(name, smb.Status(status))
}

// Close closes the log, and the handles that ReadOldest opened (MS-EVEN 3.1.4.21): one call
// each. Closing the pipe does the same without the round trips.
func (l *Log) Close(ctx context.Context) error {
	if l.oldest != nil {
		if err := l.oldest.Close(ctx); err != nil {
			return err
		}
		l.oldest = nil
	}
	const name = "ElfrCloseEL"
	answer, err := l.conn.Call(ctx, name, opClose, l.handle[:], len(l.handle)+4)
	if err != nil {
		return err
	}
	r := ndr.NewReader(answer)
	var handle ndr.Handle
	var status uint32
	if !r.Handle(&handle) || !r.U32(&status) || !r.Empty() {
		return smb.Protocolf(name, "an answer of %d bytes", len(answer))
	}
	return statusError(name, smb.Status(status))
}

// statusError returns the error for a call's status, nil for success.
func statusError(op string, status smb.Status) error {
	switch status {
	case smb.StatusOK:
		return nil
	case smb.StatusEventlogFileChanged:
		return &smb.Error{Op: op, Status: status, Err: ErrChanged}
	}
	return &smb.Error{Op: op, Status: status}
}

// Flags of a read (MS-EVEN 3.1.4.7).
const (
	readSequential = 0x1
	readSeek       = 0x2
	readForwards   = 0x4
	readBackwards  = 0x8
)

// Sizes of a read in bytes. The answer has the size that was asked for, however
// little was read, in fragments of 4,280 bytes. The first read fits one fragment: it
// returns the newest record, which is often known already. Over SMB1 up to eight fragments
// after the first are read together, in one round trip; over SMB2 each is a round trip
// of its own.
const (
	firstRead = 4096
	longRead  = 9*(4280-24) - readOverhead  // 38,288: two round trips over SMB1
	maxRead   = 17*(4280-24) - readOverhead // 72,336: three

	readOverhead = 16      // max_count, NumberOfBytesRead, MinNumberOfBytesNeeded, status
	mostRead     = 0x7FFFF // MS-EVEN 2.2.9, MAX_BATCH_BUFF: the most that a read may ask for
)

// answered is the answer to a read.
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
		return a, nil // the two lengths are meaningless then
	}
	if int64(length) > int64(len(buffer)) {
		return answered{}, smb.Protocolf(readName, "%d bytes read, at most %d expected", length, size)
	}
	a.data = buffer[:length]
	return a, nil
}

// readWhole reads, and reads again with the size that the server names if the next
// record is bigger than the read.
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

// ReadOldest reads the oldest record, over a handle of its own: two calls. The
// record's Err is set if it cannot be decoded. It does not seek, because Windows NT
// 4.0 cannot in a large log (Q177199).
func (l *Log) ReadOldest(ctx context.Context) (Record, error) {
	fresh, err := openOn(ctx, l.conn, l.name)
	if err != nil {
		return Record{}, err
	}
	fresh.oldest, l.oldest = l.oldest, fresh
	a, err := fresh.readWhole(ctx, readSequential|readForwards, 0, firstRead)
	if err != nil {
		return Record{}, err
	}
	if a.status != smb.StatusOK {
		return Record{}, statusError(readName, a.status)
	}
	records, err := ParseRecords(a.data)
	if err != nil {
		return Record{}, &smb.Error{Op: readName, Err: err}
	}
	if len(records) == 0 {
		return Record{}, smb.Protocolf(readName, "success without a record")
	}
	return records[0], nil
}
