package msrpc

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/msrpc/ndr"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/smb"
)

func TestWin32Error(t *testing.T) {
	for code, want := range map[Win32Error]string{
		2: "ERROR_FILE_NOT_FOUND (2)", 5: "ERROR_ACCESS_DENIED (5)", 1060: "ERROR_SERVICE_DOES_NOT_EXIST (1060)",
		1722: "RPC_S_SERVER_UNAVAILABLE (1722)", 2310: "NERR_NetNameNotFound (2310)", 4711: "Windows error 4711",
	} {
		if code.Error() != want {
			t.Errorf("%q, expected %q", code.Error(), want)
		}
	}
}

// TestWin32Names: every code that a probe can meet has a name, and no other code's.
func TestWin32Names(t *testing.T) {
	seen := map[string]Win32Error{}
	for _, code := range []Win32Error{
		2, 5, 6, 71, 87, 120, 122, 123, 124, 234, 259, 1018, 1060, 1062, 1072, 1077,
		1500, 1501, 1502, 1503, 1717, 1721, 1722, 1723, 1726, 1727, 1764, 2310,
	} {
		name := code.Name()
		if other, twice := seen[name]; name == "" || twice {
			t.Errorf("code %d: name %q, and that of %d", uint32(code), name, uint32(other))
		}
		seen[name] = code
	}
}

func TestWin32Status(t *testing.T) {
	if err := Win32Status("ask", 0); err != nil {
		t.Errorf("success is %v", err)
	}
	err := Win32Status("ask for share ADMIN$", 5)
	code, ok := errors.AsType[Win32Error](err)
	_, isSMB := errors.AsType[*smb.Error](err)
	if !ok || code != ErrorAccessDenied || !isSMB || !strings.HasPrefix(err.Error(), "ask for share ADMIN$: ") {
		t.Errorf("%v: code %d %v, *smb.Error %v", err, uint32(code), ok, isSMB)
	}
}

func TestHandleCalls(t *testing.T) {
	handle := ndr.Handle{0, 0, 0, 0, 1}
	success := append(handle[:], 0, 0, 0, 0)
	none := make([]byte, 24)
	refused := append(make([]byte, 20), 5, 0, 0, 0)
	for _, test := range []struct {
		name   string
		answer []byte
		handle ndr.Handle
		open   error
		close  error
	}{
		{"success", success, handle, nil, nil},
		{"no handle", none, ndr.Handle{}, smb.ErrProtocol, nil},
		{"refused", refused, ndr.Handle{}, ErrorAccessDenied, ErrorAccessDenied},
		{"refused with a handle", append(handle[:], 5, 0, 0, 0), ndr.Handle{}, ErrorAccessDenied, ErrorAccessDenied},
		{"short", none[:23], ndr.Handle{}, smb.ErrProtocol, smb.ErrProtocol},
		{"long", make([]byte, 28), ndr.Handle{}, smb.ErrProtocol, smb.ErrProtocol},
	} {
		bound := func() *Conn {
			s := &script{answers: [][]byte{bindAck(t), pdu(typeResponse, both, 2, uint32(len(test.answer)), test.answer)}}
			conn, err := Bind(t.Context(), s, eventlogInterface())
			if err != nil {
				t.Fatal(err)
			}
			return conn
		}
		got, err := bound().OpenHandle(t.Context(), "open it", 7, nil)
		if diff := cmp.Diff(test.handle, got); diff != "" || !errors.Is(err, test.open) {
			t.Errorf("%s, open: %v, expected %v (-want +got):\n%s", test.name, err, test.open, diff)
		}
		if err := bound().CloseHandle(t.Context(), "close it", 0, handle); !errors.Is(err, test.close) {
			t.Errorf("%s, close: %v, expected %v", test.name, err, test.close)
		}
	}
}
