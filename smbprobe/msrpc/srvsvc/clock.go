package srvsvc

import (
	"context"
	"time"

	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/msrpc"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/msrpc/ndr"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/smb"
)

// TimeOfDay is what a server's clock says.
type TimeOfDay struct {
	Time time.Time // UTC, to a hundredth of a second
	// SinceStart is how long the server has been running, to a millisecond. It begins
	// anew after 49.7 days.
	SinceStart time.Duration
}

// TimeOfDay asks for the server's clock (NetrRemoteTOD, MS-SRVS 3.1.4.21): one
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

// Fields of TIME_OF_DAY_INFO (MS-SRVS 2.2.4.105), 32 bits each. The others say the
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

// parseClock takes an answer apart, and reports whether it is sound. With a code
// other than 0 there is no time.
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
