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
	TypeServerNT               uint32 = 0x00008000 // Server that is not a domain controller
)

// ServerInfo is what a server reports about itself.
type ServerInfo struct {
	Name         string // its NetBIOS name; went through smb.CleanText
	Major, Minor uint32 // of its version: 4.0, 5.0
	Type         uint32 // see TypeDomainController
}

// Server queries the server's version and roles (NetrServerGetInfo, MS-SRVS
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

// versionMask selects the bits of the major version that are its number
// (MS-SRVS 2.2.4.41, sv101_version_major).
const versionMask = 0x0F

// parseServer decodes an answer with SERVER_INFO_101 (MS-SRVS 2.2.4.41) and reports
// whether it is sound. With a code other than 0 it has no structure.
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

// ShareInfo is what the server reports about a share.
type ShareInfo struct {
	Name string // "ADMIN$"; went through smb.CleanText
}

// Share queries a share by its name (NetrShareGetInfo, MS-SRVS 3.1.4.10): one
// round trip. found is false if the server has none of this name.
func (c *Conn) Share(ctx context.Context, name string) (share ShareInfo, found bool, err error) {
	op := "ask for share " + name
	stub, err := c.conn.Call(ctx, op, opShareGetInfo, shareStub(c.server, name, shareLevel), 5*4+2*maxText+4)
	if err != nil {
		return ShareInfo{}, false, err
	}
	share, code, ok := parseShare(stub)
	switch {
	case !ok:
		return ShareInfo{}, false, smb.Protocolf(op, "an answer of %d bytes that contradicts itself", len(stub))
	// Windows returns the first, Samba the second.
	case code == msrpc.ErrorShareNotFound, code == msrpc.ErrorInvalidName:
		return ShareInfo{}, false, nil
	case code != 0:
		return ShareInfo{}, false, msrpc.Win32Status(op, uint32(code))
	}
	return share, true, nil
}

// SharePath returns the local path of a share, `C:\WINNT`, which administrators may (NetrShareGetInfo
// with level 2, MS-SRVS 3.1.4.10): one round trip. found is false if the server answers that
// it has none of this name. The path went through smb.CleanText.
func (c *Conn) SharePath(ctx context.Context, name string) (path string, found bool, err error) {
	op := "ask for the path of share " + name
	stub, err := c.conn.Call(ctx, op, opShareGetInfo, shareStub(c.server, name, pathLevel), 10*4+4*maxText+4)
	if err != nil {
		return "", false, err
	}
	path, code, ok := parseSharePath(stub)
	switch {
	case !ok:
		return "", false, smb.Protocolf(op, "an answer of %d bytes that contradicts itself", len(stub))
	case code == msrpc.ErrorShareNotFound, code == msrpc.ErrorInvalidName:
		return "", false, nil
	case code != 0:
		return "", false, msrpc.Win32Status(op, uint32(code))
	}
	return path, true, nil
}

// Levels of information about a share.
const (
	shareLevel = 1
	pathLevel  = 2
)

func shareStub(server, name string, level uint32) []byte {
	var w ndr.Writer
	serverName(&w, server)
	w.String(name)
	w.U32(level)
	return w.Stub()
}

// parseSharePath decodes an answer with SHARE_INFO_2 (MS-SRVS 2.2.4.24), and reports
// whether it is sound. With a code other than 0 there is no path.
func parseSharePath(stub []byte) (path string, code msrpc.Win32Error, ok bool) {
	r := ndr.NewReader(stub)
	var there, hasName, hasRemark, hasPath, hasPassword bool
	var unused, status uint32
	var name, remark, password string
	if !info(r, pathLevel, &there) {
		return "", 0, false
	}
	if there && (!r.Pointer(&hasName) || !r.U32(&unused) || !r.Pointer(&hasRemark) || // type
		!r.U32(&unused) || !r.U32(&unused) || !r.U32(&unused) || // permissions, most and present uses
		!r.Pointer(&hasPath) || !r.Pointer(&hasPassword) ||
		!text(r, hasName, &name) || !text(r, hasRemark, &remark) || !text(r, hasPath, &path) || !text(r, hasPassword, &password)) {
		return "", 0, false
	}
	if !r.U32(&status) || !r.Empty() {
		return "", 0, false
	}
	if status != 0 {
		return "", msrpc.Win32Error(status), true
	}
	if !there || !hasName {
		return "", 0, false
	}
	return path, 0, true
}

// parseShare decodes an answer with SHARE_INFO_1 (MS-SRVS 2.2.4.23), and reports
// whether it is sound. With a code other than 0 it has no share.
func parseShare(stub []byte) (share ShareInfo, code msrpc.Win32Error, ok bool) {
	r := ndr.NewReader(stub)
	var there, hasName, hasRemark bool
	var kind, status uint32
	var remark string
	if !info(r, shareLevel, &there) {
		return ShareInfo{}, 0, false
	}
	if there && (!r.Pointer(&hasName) || !r.U32(&kind) || !r.Pointer(&hasRemark) ||
		!text(r, hasName, &share.Name) || !text(r, hasRemark, &remark)) {
		return ShareInfo{}, 0, false
	}
	if !r.U32(&status) || !r.Empty() {
		return ShareInfo{}, 0, false
	}
	if status != 0 {
		return ShareInfo{}, msrpc.Win32Error(status), true
	}
	if !there || !hasName {
		return ShareInfo{}, 0, false
	}
	return share, 0, true
}
