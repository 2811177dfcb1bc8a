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

// ErrChanged says that the log was cleared or overwritten while it was read. It
// has to be opened anew. Match with errors.Is.
var ErrChanged = errors.New("the event log changed while it was read")

// Numbers of the procedures (MS-EVEN 3.1.4). Those that write do not stand here.
const (
	opClose           = 2
	opNumberOfRecords = 4
	opOldestRecord    = 5
	opOpen            = 7
	opRead            = 10
)

// Log is an open event log. One call at a time. A server may fail where a log is
// cleared that somebody holds open, so it is to be held for seconds only.
type Log struct {
	conn   *msrpc.Conn
	name   string
	handle ndr.Handle
}

// eventlogInterface is 82273fdc-e32a-18c3-3f78-827929dc23ea, version 0.0 (MS-EVEN 2.1).
func eventlogInterface() msrpc.Interface {
	return msrpc.Interface{
		UUID: [16]byte{
			0xdc, 0x3f, 0x27, 0x82, 0x2a, 0xe3, 0xc3, 0x18, 0x3f, 0x78, 0x82, 0x79, 0x29, 0xdc, 0x23, 0xea,
		},
		Name: "eventlog",
	}
}

// Open binds a newly opened pipe and opens the log on it (MS-EVEN 3.1.4.3). A
// server that has no log of this name opens Application without a word. The pipe
// stays the caller's to close, which closes the log too.
//
// Errors of this and of the other calls have an *smb.Error in them, with the NT
// status of the call or of the pipe; a cut or contradicting answer is smb.ErrProtocol.
// After an error other than a status of the call the log is of no use any more.
func Open(ctx context.Context, pipe smb.Pipe, log string) (*Log, error) {
	conn, err := msrpc.Bind(ctx, pipe, eventlogInterface())
	if err != nil {
		return nil, err
	}
	return openOn(ctx, conn, log)
}

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
		return nil, smb.Protocolf(op, "success and no handle")
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
// (MS-EVEN 3.1.4.18 and 3.1.4.19): two calls. Of an empty log count is 0, and oldest means nothing.
func (l *Log) Bounds(ctx context.Context) (oldest, count uint32, err error) {
	// In this order the newest record, oldest+count-1, exists also where
	// records were added, or overwritten, between the two calls.
	if oldest, err = l.ask(ctx, "ElfrOldestRecord", opOldestRecord); err != nil {
		return 0, 0, err
	}
	if count, err = l.ask(ctx, "ElfrNumberOfRecords", opNumberOfRecords); err != nil {
		return 0, 0, err
	}
	if count > 0 && (oldest == 0 || uint64(oldest)+uint64(count) > 1<<32) {
		return 0, 0, smb.Protocolf("ElfrNumberOfRecords", "%d records from number %d", count, oldest)
	}
	return oldest, count, nil
}

// ask makes a call that takes the handle and returns a number and a status.
func (l *Log) ask(ctx context.Context, name string, opnum uint16) (uint32, error) {
	answer, err := l.conn.Call(ctx, name, opnum, l.handleStub(), 8)
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

// Close closes the log (MS-EVEN 3.1.4.21). Closing the pipe does the same without
// the round trip.
func (l *Log) Close(ctx context.Context) error {
	const name = "ElfrCloseEL"
	answer, err := l.conn.Call(ctx, name, opClose, l.handleStub(), len(l.handle)+4)
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

// handleStub is the request of a call that takes the handle alone.
func (l *Log) handleStub() []byte {
	var w ndr.Writer
	w.Handle(l.handle)
	return w.Stub()
}

// statusError makes an error of a call's status, and nil of success.
func statusError(op string, status smb.Status) error {
	switch status {
	case smb.StatusOK:
		return nil
	case smb.StatusEventlogFileChanged:
		return &smb.Error{Op: op, Status: status, Err: ErrChanged}
	}
	return &smb.Error{Op: op, Status: status}
}
