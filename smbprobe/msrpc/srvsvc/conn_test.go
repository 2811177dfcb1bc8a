package srvsvc

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// openScript binds to a server that answers with these stubs.
func openScript(t testing.TB, stubs ...[]byte) (*Conn, *script) {
	t.Helper()
	s := &script{stubs: stubs}
	conn, err := Open(t.Context(), s, "EXCH1")
	if err != nil {
		t.Fatal(err)
	}
	return conn, s
}

// wide is a conformant and varying string with its NUL, padded.
func wide(s string) []byte {
	n := len([]rune(s)) + 1
	return stub(n, 0, n, s, uint16(0), make([]byte, 2*(n&1)))
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
	checkBind(t, "4b324fc8-1670-01d3-1278-5a47bf6ee188", s.bind)
	want := []call{
		{16, vector(t, "NetrShareGetInfo")},
		{21, vector(t, "NetrServerGetInfo")},
		{28, vector(t, "NetrRemoteTOD")},
	}
	if diff := cmp.Diff(want, s.calls); diff != "" {
		t.Errorf("calls (-recorded +sent):\n%s", diff)
	}
}
