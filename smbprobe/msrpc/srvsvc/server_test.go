package srvsvc

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rasphone-exporter/rasphone_exporter/internal/smbtest/rpctest"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/msrpc"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/smb"
)

// exchange is the answer of a Windows NT 4.0 Server.
func exchange() []byte {
	return rpctest.Stub(101, 0x20000, 500, 0x20004, 4, 0, 0x9003, 0x20008, wide("EXCH1"), wide("mail"), 0)
}

func noServer(code int) []byte { return rpctest.Stub(101, 0, code) }

func TestServer(t *testing.T) {
	for _, test := range []struct {
		name   string
		answer []byte
		want   ServerInfo
		err    error
	}{
		{"NT 4.0", exchange(), ServerInfo{"EXCH1", 4, 0, 0x9003}, nil},
		{"2000, with flags in the version", rpctest.Stub(101, 1, 500, 2, 0x85, 0, 0x100B, 0, wide("DC1"), 0), ServerInfo{"DC1", 5, 0, 0x100B}, nil},
		{"denied", noServer(5), ServerInfo{}, msrpc.ErrorAccessDenied},
		{"denied with a structure", rpctest.Stub(101, 1, 500, 0, 4, 0, 0, 0, 5), ServerInfo{}, msrpc.ErrorAccessDenied},
		{"success and nothing", noServer(0), ServerInfo{}, smb.ErrProtocol},
		{"success and no name", rpctest.Stub(101, 1, 500, 0, 4, 0, 0, 0, 0), ServerInfo{}, smb.ErrProtocol},
		{"another level", rpctest.Stub(100, 0, 5), ServerInfo{}, smb.ErrProtocol},
		{"a name over its room", rpctest.Stub(101, 1, 500, 2, 4, 0, 0, 0, 1, 0, 2, "a\x00", 0), ServerInfo{}, smb.ErrProtocol},
	} {
		t.Run(test.name, func(t *testing.T) {
			conn, s := openScript(t, test.answer)
			server, err := conn.Server(t.Context())
			if diff := cmp.Diff(test.want, server); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if !errors.Is(err, test.err) || len(s.Calls) != 1 {
				t.Errorf("%v in %d calls, expected %v", err, len(s.Calls), test.err)
			}
		})
	}
}

func soundServer(stub []byte) bool {
	_, _, ok := parseServer(stub)
	return ok
}

func TestServerCut(t *testing.T) {
	rpctest.CheckCut(t, "NT 4.0", exchange(), soundServer)
	rpctest.CheckCut(t, "denied", noServer(5), soundServer)
}

func FuzzServer(f *testing.F) {
	f.Add(exchange())
	f.Add(noServer(5))
	f.Add(rpctest.Stub(101, 1, 500, 0, 4, 0, 0, 0, 0)) // no name
	f.Fuzz(func(t *testing.T, answer []byte) {
		server, code, ok := parseServer(answer)
		if (!ok || code != 0) && server != (ServerInfo{}) {
			t.Fatalf("%+v, %d, %v", server, code, ok)
		}
		if server.Major > versionMask || smb.CleanText(server.Name) != server.Name {
			t.Fatalf("%+v", server)
		}
	})
}
