package svcctl

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rasphone-exporter/rasphone_exporter/internal/smbtest/rpctest"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/msrpc"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/smb"
)

// openScript opens the service of the recorded requests on a server that answers with
// these stubs afterwards.
func openScript(t testing.TB, stubs ...[]byte) (*Service, *rpctest.Script) {
	t.Helper()
	s := &rpctest.Script{Stubs: append([][]byte{rpctest.HandleAnswer(0), rpctest.HandleAnswer(0)}, stubs...)}
	manager, err := Open(t.Context(), s, "EXCH1")
	if err != nil {
		t.Fatal(err)
	}
	service, err := manager.OpenService(t.Context(), "MSExchangeIMC", QueryStatus)
	if err != nil {
		t.Fatal(err)
	}
	return service, s
}

// TestRequests compares every request with the recorded ones.
func TestRequests(t *testing.T) {
	service, s := openScript(t, rpctest.Stub(0x10, 4, 5, 0, 0, 0, 0, 0), localSystem())
	if _, err := service.Status(t.Context()); err != nil {
		t.Error(err)
	}
	if _, err := service.Config(t.Context()); err != nil {
		t.Error(err)
	}
	rpctest.CheckBind(t, "367abb81-9844-35f1-ad32-98f038001003", s.Bind)
	h := rpctest.Handle()
	want := []rpctest.Call{
		{Opnum: 15, Stub: rpctest.Vector(t, "ROpenSCManagerW")},
		{Opnum: 16, Stub: rpctest.Vector(t, "ROpenServiceW")},
		{Opnum: 6, Stub: rpctest.Vector(t, "RQueryServiceStatus")},
		{Opnum: 17, Stub: rpctest.Stub(h[:], 4096)},
	}
	if diff := cmp.Diff(want, s.Calls); diff != "" {
		t.Errorf("calls (-recorded +sent):\n%s", diff)
	}
}

func TestOpenRefused(t *testing.T) {
	for name, test := range map[string]struct {
		stubs [][]byte
		want  error
	}{
		"manager denied":   {[][]byte{rpctest.Stub(make([]byte, 20), 5)}, msrpc.ErrorAccessDenied},
		"no handle":        {[][]byte{rpctest.Stub(make([]byte, 20), 0)}, smb.ErrProtocol},
		"not installed":    {[][]byte{rpctest.HandleAnswer(0), rpctest.Stub(make([]byte, 20), 1060)}, msrpc.ErrorServiceDoesNotExist},
		"service denied":   {[][]byte{rpctest.HandleAnswer(0), rpctest.Stub(make([]byte, 20), 5)}, msrpc.ErrorAccessDenied},
		"a service, short": {[][]byte{rpctest.HandleAnswer(0), rpctest.Stub(make([]byte, 16), 0)}, smb.ErrProtocol},
	} {
		manager, err := Open(t.Context(), &rpctest.Script{Stubs: test.stubs}, "EXCH1")
		if err == nil {
			_, err = manager.OpenService(t.Context(), "RasMan", QueryConfig|QueryStatus)
		}
		_, isSMB := errors.AsType[*smb.Error](err)
		if !errors.Is(err, test.want) || !isSMB {
			t.Errorf("%s: %v, expected %v in an *smb.Error", name, err, test.want)
		}
	}
}

// TestManagerAfterRefusal: a service that is not installed does not end the conversation.
func TestManagerAfterRefusal(t *testing.T) {
	manager, err := Open(t.Context(), &rpctest.Script{Stubs: [][]byte{rpctest.HandleAnswer(0), rpctest.Stub(make([]byte, 20), 1060), rpctest.HandleAnswer(0)}}, "EXCH1")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := manager.OpenService(t.Context(), "MSExchangeIMC", QueryStatus); !errors.Is(err, msrpc.ErrorServiceDoesNotExist) {
		t.Error(err)
	}
	if _, err := manager.OpenService(t.Context(), "RasMan", QueryStatus); err != nil {
		t.Error(err)
	}
}
