package svcctl

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rasphone-exporter/rasphone_exporter/internal/smbtest/rpctest"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/msrpc"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/smb"
)

func TestStatus(t *testing.T) {
	for _, test := range []struct {
		name   string
		answer []byte
		want   Status
		err    error
	}{
		{"running", rpctest.Stub(0x10, 4, 5, 0, 0, 0, 0, 0), Status{State: Running}, nil},
		{"never started", rpctest.Stub(0x10, 1, 0, 1077, 0, 0, 0, 0), Status{State: Stopped, Win32ExitCode: 1077}, nil},
		{"stopped with a code of its own", rpctest.Stub(0x10, 1, 0, 1066, 4037, 0, 0, 0), Status{Stopped, 1066, 4037}, nil},
		{"starting", rpctest.Stub(0x10, 2, 0, 0, 0, 3, 2000, 0), Status{State: StartPending}, nil},
		{"paused", rpctest.Stub(0x10, 7, 0, 0, 0, 0, 0, 0), Status{State: Paused}, nil},
		{"denied", rpctest.Stub(0, 0, 0, 0, 0, 0, 0, 5), Status{}, msrpc.ErrorAccessDenied},
		{"denied with a state", rpctest.Stub(0x10, 4, 0, 0, 0, 0, 0, 5), Status{}, msrpc.ErrorAccessDenied},
		{"no state", rpctest.Stub(0x10, 0, 0, 0, 0, 0, 0, 0), Status{}, smb.ErrProtocol},
		{"a state that there is not", rpctest.Stub(0x10, 8, 0, 0, 0, 0, 0, 0), Status{}, smb.ErrProtocol},
		{"short", rpctest.Stub(0x10, 4, 0, 0, 0, 0, 0), Status{}, smb.ErrProtocol},
	} {
		t.Run(test.name, func(t *testing.T) {
			service, s := openScript(t, test.answer)
			status, err := service.Status(t.Context())
			if diff := cmp.Diff(test.want, status); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if !errors.Is(err, test.err) || len(s.Calls) != 3 {
				t.Errorf("%v in %d calls, expected %v in one", err, len(s.Calls)-2, test.err)
			}
		})
	}
}

func soundStatus(stub []byte) bool {
	_, _, ok := parseStatus(stub)
	return ok
}

func TestStatusCut(t *testing.T) {
	rpctest.CheckCut(t, "running", rpctest.Stub(0x10, 4, 5, 0, 0, 0, 0, 0), soundStatus)
	rpctest.CheckCut(t, "denied", rpctest.Stub(0, 0, 0, 0, 0, 0, 0, 5), soundStatus)
}

func FuzzStatus(f *testing.F) {
	f.Add(rpctest.Stub(0x10, 4, 5, 0, 0, 0, 0, 0))
	f.Add(rpctest.Stub(0, 0, 0, 0, 0, 0, 0, 5))
	f.Fuzz(func(t *testing.T, answer []byte) {
		status, code, ok := parseStatus(answer)
		known := status.State >= Stopped && status.State <= Paused
		if known != (ok && code == 0) || !known && status != (Status{}) {
			t.Fatalf("%+v, %d, %v", status, code, ok)
		}
	})
}
