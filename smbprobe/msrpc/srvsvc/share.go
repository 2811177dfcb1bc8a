package srvsvc

import (
	"context"

	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/msrpc"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/msrpc/ndr"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/smb"
)

// ShareInfo is what the server says of a share.
type ShareInfo struct {
	Name string // "ADMIN$"; went through smb.CleanText
}

// Share asks for a share by its name (NetrShareGetInfo, MS-SRVS 3.1.4.10): one
// round trip. found is false where the server says that it has none of this name.
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
	// Samba answers with the second where Windows does with the first.
	case code == msrpc.ErrorShareNotFound, code == msrpc.ErrorInvalidName:
		return ShareInfo{}, false, nil
	case code != 0:
		return ShareInfo{}, false, msrpc.Win32Status(op, uint32(code))
	}
	return share, true, nil
}

// SharePath asks where a share leads, `C:\WINNT`, which administrators may (NetrShareGetInfo
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

// parseSharePath takes an answer with SHARE_INFO_2 (MS-SRVS 2.2.4.24) apart, and reports
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

// parseShare takes an answer with SHARE_INFO_1 (MS-SRVS 2.2.4.23) apart, and says
// whether it is sound. With a code other than 0 there is no share.
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
