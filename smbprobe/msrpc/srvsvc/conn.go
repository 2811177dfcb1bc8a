package srvsvc

import (
	"context"

	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/msrpc"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/msrpc/ndr"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/smb"
)

// PipeName is the pipe to open on IPC$ (MS-SRVS 2.1).
const PipeName = "srvsvc"

// Numbers of the procedures (MS-SRVS 3.1.4). Those that change something do not
// stand here.
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
func srvsvcInterface() msrpc.Interface {
	return msrpc.Interface{
		UUID: [16]byte{
			0xc8, 0x4f, 0x32, 0x4b, 0x70, 0x16, 0xd3, 0x01, 0x12, 0x78, 0x5a, 0x47, 0xbf, 0x6e, 0xe1, 0x88,
		},
		Major: 3,
		Name:  "srvsvc",
	}
}

// Open binds a newly opened pipe: one round trip. server is the server's name
// without backslashes. The pipe stays the caller's to close.
//
// Errors of this and of the other calls have an *smb.Error in them: with a
// msrpc.Win32Error inside where the server refused, after which the next call may
// be made, or with smb.ErrProtocol where an answer is cut or contradicts itself.
func Open(ctx context.Context, pipe smb.Pipe, server string) (*Conn, error) {
	conn, err := msrpc.Bind(ctx, pipe, srvsvcInterface())
	if err != nil {
		return nil, err
	}
	return &Conn{conn: conn, server: `\\` + server}, nil
}

// serverName begins a request: every call takes the server's name first.
func serverName(w *ndr.Writer, server string) {
	w.Pointer()
	w.String(server)
}

// info reads what begins an answer of information of this level: the union's
// discriminant and whether there is a structure (MS-SRVS 2.2.3.6 and 2.2.3.7).
func info(r *ndr.Reader, level uint32, there *bool) bool {
	var discriminant uint32
	return r.U32(&discriminant) && discriminant == level && r.Pointer(there)
}

// text reads a string that a structure points to, or nothing where it points to none.
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
