// Package srvsvc queries the Server service of a Windows server for a share, for its
// version, and for its clock: three calls of the Server Service Remote Protocol
// (MS-SRVS) that change nothing and need no special rights.
package srvsvc

import (
	"context"
	"time"

	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/msrpc"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/msrpc/ndr"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/smb"
)

// PipeName is the pipe to open on IPC$ (MS-SRVS 2.1).
const PipeName = "srvsvc"

// Numbers of the procedures (MS-SRVS 3.1.4).
const (
	opShareGetInfo  = 16
	opServerGetInfo = 21
	opRemoteTOD     = 28
)

// maxText is the longest text of an answer in bytes, with its lengths and its
// padding. Names have 80 characters at most, comments 256 (MS-SRVS 2.2.2).
const maxText = 12 + 2*512 + 2

// Conn is a pipe that is bound to the Server service. One call at a time.
type Conn struct {
	conn   *msrpc.Conn
	server string // `\\EXCH01`
}

// srvsvcInterface is 4b324fc8-1670-01d3-1278-5a47bf6ee188, version 3.0 (MS-SRVS 2.1).
var srvsvcInterface = msrpc.Interface{
	UUID: [16]byte{
		0xc8, 0x4f, 0x32, 0x4b, 0x70, 0x16, 0xd3, 0x01, 0x12, 0x78, 0x5a, 0x47, 0xbf, 0x6e, 0xe1, 0x88,
	},
	Major: 3,
	Name:  "srvsvc",
}

// Open binds a newly opened pipe: one round trip. server is the server's name
// without backslashes. The caller closes the pipe.
//
// Errors of this and of the other calls have an *smb.Error in them: with a
// msrpc.Win32Error inside if the server refused, after which further calls are
// possible, or with smb.ErrProtocol if an answer is truncated or contradicts itself.
func Open(ctx context.Context, pipe smb.Pipe, server string) (*Conn, error) {
	conn, err := msrpc.Bind(ctx, pipe, srvsvcInterface)
	if err != nil {
		return nil, err
	}
	return &Conn{conn: conn, server: `\\` + server}, nil
}

// serverName writes the server's name, the first parameter of every call.
func serverName(w *ndr.Writer, server string) {
	w.Pointer()
	w.String(server)
}

// info reads the beginning of an answer with information of this level: the union's
// discriminant and the pointer to a structure (MS-SRVS 2.2.3.6 and 2.2.3.7).
func info(r *ndr.Reader, level uint32, there *bool) bool {
	var discriminant uint32
	return r.U32(&discriminant) && discriminant == level && r.Pointer(there)
}

// text reads a string that a structure points to, or nothing if the pointer is null.
func text(r *ndr.Reader, there bool, out *string) bool {
	if !there {
		return true
	}
	var s string
	if !r.String(&s) {
		return false
	}
	*out = smb.CleanText(s)
	return true
}

// TimeOfDay is the reading of a server's clock.
type TimeOfDay struct {
	Time time.Time // UTC, to a hundredth of a second
	// SinceStart is how long the server has been running, to a millisecond. It wraps
	// around after 49.7 days.
	SinceStart time.Duration
}

// TimeOfDay reads the server's clock (NetrRemoteTOD, MS-SRVS 3.1.4.21): one
// round trip.
func (c *Conn) TimeOfDay(ctx context.Context) (TimeOfDay, error) {
	const op = "ask for the server's time"
	stub, err := c.conn.Call(ctx, op, opRemoteTOD, clockStub(c.server), 4+clockFields*4+4)
	if err != nil {
		return TimeOfDay{}, err
	}
	clock, code, ok := parseClock(stub)
	if !ok {
		return TimeOfDay{}, smb.Protocolf(op, "an answer of %d bytes that contradicts itself", len(stub))
	}
	return clock, msrpc.Win32Status(op, code)
}

func clockStub(server string) []byte {
	var w ndr.Writer
	serverName(&w, server)
	return w.Stub()
}

// Fields of TIME_OF_DAY_INFO (MS-SRVS 2.2.4.105), 32 bits each. The others are the
// same time in another form.
const (
	fieldElapsed  = 0 // seconds since 1970, UTC
	fieldRunning  = 1 // milliseconds since the system's start
	fieldHundreds = 5 // hundredths of the second
	fieldZone     = 6 // minutes west of UTC, -1: not known; checked and not kept
	clockFields   = 12
)

// maxZone is the most that a time zone can be off UTC, in minutes.
const maxZone = 24 * 60

// parseClock decodes an answer, and reports whether it is sound. With a code
// other than 0 it has no time.
func parseClock(stub []byte) (clock TimeOfDay, code uint32, ok bool) {
	r := ndr.NewReader(stub)
	var there bool
	var field [clockFields]uint32
	if !r.Pointer(&there) {
		return TimeOfDay{}, 0, false
	}
	if there {
		for i := range field {
			if !r.U32(&field[i]) {
				return TimeOfDay{}, 0, false
			}
		}
	}
	if !r.U32(&code) || !r.Empty() {
		return TimeOfDay{}, 0, false
	}
	if code != 0 {
		return TimeOfDay{}, code, true
	}
	zone := int(int32(field[fieldZone]))
	if !there || field[fieldHundreds] >= 100 || zone < -maxZone || zone > maxZone {
		return TimeOfDay{}, 0, false
	}
	clock = TimeOfDay{
		Time:       time.Unix(int64(field[fieldElapsed]), int64(field[fieldHundreds])*int64(10*time.Millisecond)).UTC(),
		SinceStart: time.Duration(field[fieldRunning]) * time.Millisecond,
	}
	return clock, 0, true
}
