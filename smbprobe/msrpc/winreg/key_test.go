package winreg

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rasphone-exporter/rasphone_exporter/internal/smbtest/rpctest"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/msrpc"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/smb"
)

const parameters = `SYSTEM\CurrentControlSet\Services\LanmanServer\Parameters`

// openScript opens the key of the recorded requests on a server that answers with these
// stubs afterwards.
func openScript(t testing.TB, stubs ...[]byte) (*Key, *rpctest.Script) {
	t.Helper()
	s := &rpctest.Script{Stubs: append([][]byte{rpctest.HandleAnswer(0), rpctest.HandleAnswer(0)}, stubs...)}
	registry, err := Open(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	key, err := registry.OpenKey(t.Context(), parameters)
	if err != nil {
		t.Fatal(err)
	}
	return key, s
}

// TestRequests compares every request with the recorded ones.
func TestRequests(t *testing.T) {
	key, s := openScript(t, rpctest.Stub(make([]byte, 20), 0))
	if err := key.Close(t.Context()); err != nil {
		t.Error(err)
	}
	rpctest.CheckBind(t, "338cd001-2244-31f1-aaaa-900038001003", s.Bind)
	want := []rpctest.Call{
		{Opnum: 2, Stub: rpctest.Vector(t, "OpenLocalMachine")},
		{Opnum: 15, Stub: rpctest.Vector(t, "BaseRegOpenKey")},
		{Opnum: 5, Stub: rpctest.Vector(t, "BaseRegCloseKey")},
	}
	if diff := cmp.Diff(want, s.Calls); diff != "" {
		t.Errorf("calls (-recorded +sent):\n%s", diff)
	}
	// The recorded read has room for 1,024 bytes.
	if diff := cmp.Diff(rpctest.Vector(t, "BaseRegQueryValue"), queryStub(rpctest.Handle(), "AutoShareServer", 1024)); diff != "" {
		t.Errorf("query (-recorded +written):\n%s", diff)
	}
	h := rpctest.Handle()
	enum := rpctest.Stub(h[:], 3,
		uint16(0), uint16(512), 0x20000, 256, 0, 0,
		0x20004, uint16(0), uint16(512), 0x20008, 256, 0, 0,
		0)
	if diff := cmp.Diff(enum, enumStub(h, 3)); diff != "" {
		t.Errorf("enumeration (-by the specification +written):\n%s", diff)
	}
}

func TestOpenRefused(t *testing.T) {
	for name, test := range map[string]struct {
		stubs [][]byte
		want  error
	}{
		"denied at the root":  {[][]byte{rpctest.Stub(make([]byte, 20), 5)}, msrpc.ErrorAccessDenied},
		"no handle":           {[][]byte{rpctest.Stub(make([]byte, 20), 0)}, smb.ErrProtocol},
		"a short answer":      {[][]byte{rpctest.Stub(make([]byte, 20))}, smb.ErrProtocol},
		"a long answer":       {[][]byte{rpctest.Stub(make([]byte, 24), 0)}, smb.ErrProtocol},
		"no such key":         {[][]byte{rpctest.HandleAnswer(0), rpctest.Stub(make([]byte, 20), 2)}, msrpc.ErrorFileNotFound},
		"denied at the key":   {[][]byte{rpctest.HandleAnswer(0), rpctest.Stub(make([]byte, 20), 5)}, msrpc.ErrorAccessDenied},
		"refused with handle": {[][]byte{rpctest.HandleAnswer(0), rpctest.HandleAnswer(1018)}, msrpc.Win32Error(1018)},
	} {
		registry, err := Open(t.Context(), &rpctest.Script{Stubs: test.stubs})
		if err == nil {
			_, err = registry.OpenKey(t.Context(), parameters)
		}
		_, isSMB := errors.AsType[*smb.Error](err)
		if !errors.Is(err, test.want) || !isSMB {
			t.Errorf("%s: %v, expected %v in an *smb.Error", name, err, test.want)
		}
	}
}

// TestRegistryAfterRefusal: a key that is not there does not end the conversation.
func TestRegistryAfterRefusal(t *testing.T) {
	registry, err := Open(t.Context(), &rpctest.Script{Stubs: [][]byte{rpctest.HandleAnswer(0), rpctest.Stub(make([]byte, 20), 2), rpctest.HandleAnswer(0)}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := registry.OpenKey(t.Context(), "missing"); !errors.Is(err, msrpc.ErrorFileNotFound) {
		t.Error(err)
	}
	if _, err := registry.OpenKey(t.Context(), parameters); err != nil {
		t.Error(err)
	}
}
