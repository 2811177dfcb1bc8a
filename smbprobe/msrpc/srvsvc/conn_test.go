package srvsvc

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rasphone-exporter/rasphone_exporter/internal/smbtest/rpctest"
)

// openScript binds to a server that answers with these stubs.
func openScript(t testing.TB, stubs ...[]byte) (*Conn, *rpctest.Script) {
	t.Helper()
	s := &rpctest.Script{Stubs: stubs}
	conn, err := Open(t.Context(), s, "EXCH1")
	if err != nil {
		t.Fatal(err)
	}
	return conn, s
}

// wide is a conformant and varying string with its NUL, padded.
func wide(s string) []byte {
	n := len([]rune(s)) + 1
	return rpctest.Stub(n, 0, n, s, uint16(0), make([]byte, 2*(n&1)))
}

// TestRequests compares every request with the recorded ones.
func TestRequests(t *testing.T) {
	conn, s := openScript(t, adminShare(), exchange(), pacific())
	if _, _, err := conn.Share(t.Context(), "ADMIN$"); err != nil {
		t.Error(err)
	}
	if _, err := conn.Server(t.Context()); err != nil {
		t.Error(err)
	}
	if _, err := conn.TimeOfDay(t.Context()); err != nil {
		t.Error(err)
	}
	rpctest.CheckBind(t, "4b324fc8-1670-01d3-1278-5a47bf6ee188", s.Bind)
	want := []rpctest.Call{
		{Opnum: 16, Stub: rpctest.Vector(t, "NetrShareGetInfo")},
		{Opnum: 21, Stub: rpctest.Vector(t, "NetrServerGetInfo")},
		{Opnum: 28, Stub: rpctest.Vector(t, "NetrRemoteTOD")},
	}
	if diff := cmp.Diff(want, s.Calls); diff != "" {
		t.Errorf("calls (-recorded +sent):\n%s", diff)
	}
}
