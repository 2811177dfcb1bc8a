package srvsvc

import (
	"context"

	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/msrpc"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/msrpc/ndr"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/smb"
)

// Bits of a server's type (MS-SRVS 2.2.2.7).
const (
	TypeDomainController       uint32 = 0x00000008 // the primary one
	TypeBackupDomainController uint32 = 0x00000010
	TypeServerNT               uint32 = 0x00008000 // Server, and no domain controller
)

// ServerInfo is what a server says of itself.
type ServerInfo struct {
	Name         string // its NetBIOS name; went through smb.CleanText
	Major, Minor uint32 // of its version: 4.0, 5.0
	Type         uint32 // see TypeDomainController
}

// Server asks for the server's version and roles (NetrServerGetInfo, MS-SRVS
// 3.1.4.17): one round trip.
func (c *Conn) Server(ctx context.Context) (ServerInfo, error) {
	const op = "ask for the server's version"
	stub, err := c.conn.Call(ctx, op, opServerGetInfo, serverStub(c.server), 8*4+2*maxText+4)
	if err != nil {
		return ServerInfo{}, err
	}
	server, code, ok := parseServer(stub)
	if !ok {
		return ServerInfo{}, smb.Protocolf(op, "an answer of %d bytes that contradicts itself", len(stub))
	}
	return server, msrpc.Win32Status(op, code)
}

const serverLevel = 101

func serverStub(server string) []byte {
	var w ndr.Writer
	serverName(&w, server)
	w.U32(serverLevel)
	return w.Stub()
}

// versionMask is what of the major version is a number (MS-SRVS 2.2.4.41,
// sv101_version_major).
const versionMask = 0x0F

// parseServer takes an answer with SERVER_INFO_101 (MS-SRVS 2.2.4.41) apart, and
// reports whether it is sound. With a code other than 0 there is nothing of a server.
func parseServer(stub []byte) (server ServerInfo, code uint32, ok bool) {
	r := ndr.NewReader(stub)
	var there, hasName, hasComment bool
	var platform uint32
	var comment string
	if !info(r, serverLevel, &there) {
		return ServerInfo{}, 0, false
	}
	if there && (!r.U32(&platform) || !r.Pointer(&hasName) ||
		!r.U32(&server.Major) || !r.U32(&server.Minor) || !r.U32(&server.Type) || !r.Pointer(&hasComment) ||
		!text(r, hasName, &server.Name) || !text(r, hasComment, &comment)) {
		return ServerInfo{}, 0, false
	}
	if !r.U32(&code) || !r.Empty() {
		return ServerInfo{}, 0, false
	}
	if code != 0 {
		return ServerInfo{}, code, true
	}
	if !there || !hasName {
		return ServerInfo{}, 0, false
	}
	server.Major &= versionMask
	return server, 0, true
}
