package srvsvc

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rasphone-exporter/rasphone_exporter/internal/smbtest/rpctest"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/msrpc"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/smb"
)

const specialDisk = 0x80000000

// adminShare is the answer of Windows for its administrative share.
func adminShare() []byte {
	return rpctest.Stub(1, 0x20000, 0x20004, specialDisk, 0x20008, wide("ADMIN$"), wide("Remote Admin"), 0)
}

// noShare is an answer without a share.
func noShare(code int) []byte { return rpctest.Stub(1, 0, code) }

func TestShare(t *testing.T) {
	admin := ShareInfo{"ADMIN$"}
	long := strings.Repeat("x", 300)
	for _, test := range []struct {
		name   string
		answer []byte
		want   ShareInfo
		found  bool
		err    error
	}{
		{"ADMIN$", adminShare(), admin, true, nil},
		{"without a remark", rpctest.Stub(1, 1, 2, 0, 0, wide("C$"), 0), ShareInfo{Name: "C$"}, true, nil},
		{"hostile", rpctest.Stub(1, 1, 2, 0, 3, wide("a\nb"), wide(long), 0), ShareInfo{Name: "a\uFFFDb"}, true, nil},
		{"long", rpctest.Stub(1, 1, 2, 0, 0, wide(long), 0), ShareInfo{Name: long[:smb.MaxText]}, true, nil},
		{"a remark that is not there", rpctest.Stub(1, 1, 2, 0, 3, wide("C$"), 0), ShareInfo{}, false, smb.ErrProtocol},
		{"not there", noShare(2310), ShareInfo{}, false, nil},
		{"not there, Samba", noShare(123), ShareInfo{}, false, nil},
		{"not there, with a structure", rpctest.Stub(1, 1, 0, 0, 0, 2310), ShareInfo{}, false, nil},
		{"denied", noShare(5), ShareInfo{}, false, msrpc.ErrorAccessDenied},
		{"level", noShare(124), ShareInfo{}, false, msrpc.Win32Error(124)},
		{"success and nothing", noShare(0), ShareInfo{}, false, smb.ErrProtocol},
		{"success and no name", rpctest.Stub(1, 1, 0, 0, 0, 0), ShareInfo{}, false, smb.ErrProtocol},
		{"another level", rpctest.Stub(2, 0, 2310), ShareInfo{}, false, smb.ErrProtocol},
		{"a name of 8 GiB", rpctest.Stub(1, 1, 2, 0, 0, -1, 0, -1, 0, 0), ShareInfo{}, false, smb.ErrProtocol},
		{"empty", nil, ShareInfo{}, false, smb.ErrProtocol},
	} {
		t.Run(test.name, func(t *testing.T) {
			conn, s := openScript(t, test.answer)
			share, found, err := conn.Share(t.Context(), "ADMIN$")
			if diff := cmp.Diff(test.want, share); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if found != test.found || !errors.Is(err, test.err) || len(s.Calls) != 1 {
				t.Errorf("found %v, %v, in %d calls; expected %v, %v", found, err, len(s.Calls), test.found, test.err)
			}
		})
	}
}

func soundShare(stub []byte) bool {
	_, _, ok := parseShare(stub)
	return ok
}

func TestShareCut(t *testing.T) {
	rpctest.CheckCut(t, "ADMIN$", adminShare(), soundShare)
	rpctest.CheckCut(t, "not there", noShare(2310), soundShare)
}

func FuzzShare(f *testing.F) {
	f.Add(adminShare())
	f.Add(noShare(2310))
	f.Add(rpctest.Stub(1, 1, 0, 7, 0, 0)) // no name
	f.Fuzz(func(t *testing.T, answer []byte) {
		share, code, ok := parseShare(answer)
		if (!ok || code != 0) && share != (ShareInfo{}) {
			t.Fatalf("%+v, %v, %v", share, code, ok)
		}
		if smb.CleanText(share.Name) != share.Name {
			t.Fatalf("%+v", share)
		}
	})
}

// adminPath is the answer of Windows for its administrative share with level 2.
func adminPath(path string) []byte {
	return rpctest.Stub(2, 0x20000, 0x20004, specialDisk, 0x20008, 0, -1, 1, 0x2000c, 0, wide("ADMIN$"), wide("Remote Admin"), wide(path), 0)
}

func noPath(code int) []byte { return rpctest.Stub(2, 0, code) }

func TestSharePath(t *testing.T) {
	for _, test := range []struct {
		name   string
		answer []byte
		want   string
		found  bool
		err    error
	}{
		{"ADMIN$", adminPath(`C:\WINNT`), `C:\WINNT`, true, nil},
		{"hostile", adminPath("C:\\\nx"), "C:\\\uFFFDx", true, nil},
		{"without a path", rpctest.Stub(2, 1, 2, 0, 0, 0, -1, 1, 0, 0, wide("C$"), 0), "", true, nil},
		{"not there", noPath(2310), "", false, nil},
		{"not there, Samba", noPath(123), "", false, nil},
		{"not an administrator", noPath(5), "", false, msrpc.ErrorAccessDenied},
		{"success and nothing", noPath(0), "", false, smb.ErrProtocol},
		{"the other level", adminShare(), "", false, smb.ErrProtocol},
		{"a path that is not there", rpctest.Stub(2, 1, 2, 0, 0, 0, -1, 1, 3, 0, wide("C$"), 0), "", false, smb.ErrProtocol},
		{"empty", nil, "", false, smb.ErrProtocol},
	} {
		t.Run(test.name, func(t *testing.T) {
			conn, s := openScript(t, test.answer)
			path, found, err := conn.SharePath(t.Context(), "ADMIN$")
			if path != test.want || found != test.found || !errors.Is(err, test.err) || len(s.Calls) != 1 {
				t.Errorf("%q, %v, %v in %d calls; expected %q, %v, %v", path, found, err, len(s.Calls), test.want, test.found, test.err)
			}
		})
	}
}

func TestSharePathCut(t *testing.T) {
	sound := func(stub []byte) bool {
		_, _, ok := parseSharePath(stub)
		return ok
	}
	rpctest.CheckCut(t, "ADMIN$", adminPath(`C:\WINNT`), sound)
	rpctest.CheckCut(t, "not there", noPath(2310), sound)
}

func FuzzSharePath(f *testing.F) {
	f.Add(adminPath(`C:\WINNT`))
	f.Add(noPath(2310))
	f.Fuzz(func(t *testing.T, answer []byte) {
		path, code, ok := parseSharePath(answer)
		if (!ok || code != 0) && path != "" || smb.CleanText(path) != path {
			t.Fatalf("%q, %v, %v", path, code, ok)
		}
	})
}
