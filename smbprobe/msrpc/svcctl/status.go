package svcctl

import (
	"context"

	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/msrpc"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/msrpc/ndr"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/smb"
)

// State says what a service does (MS-SCMR 2.2.47, dwCurrentState).
type State uint32

// The states of a service.
const (
	Stopped         State = 1
	StartPending    State = 2
	StopPending     State = 3
	Running         State = 4
	ContinuePending State = 5
	PausePending    State = 6
	Paused          State = 7
)

// Status is the state of a service, and why it stopped.
type Status struct {
	State           State
	Win32ExitCode   uint32 // 0: none; 1066: ServiceExitCode says it; 1077: it was never started
	ServiceExitCode uint32 // a code of the service's own, meant with 1066 only
}

// Status asks for the service's state (MS-SCMR 3.1.4.7): one round trip. The
// service has to be opened with QueryStatus.
func (s *Service) Status(ctx context.Context) (Status, error) {
	op := "query the state of service " + s.name
	stub, err := s.conn.Call(ctx, op, opQueryStatus, handleStub(s.handle), statusSize)
	if err != nil {
		return Status{}, err
	}
	status, code, ok := parseStatus(stub)
	if !ok {
		return Status{}, smb.Protocolf(op, "an answer of %d bytes that contradicts itself", len(stub))
	}
	return status, msrpc.Win32Status(op, code)
}

func handleStub(service ndr.Handle) []byte {
	var w ndr.Writer
	w.Handle(service)
	return w.Stub()
}

// statusSize is the size of an answer in bytes: SERVICE_STATUS and the code.
const statusSize = 7*4 + 4

// parseStatus takes an answer apart, and reports whether it is sound. With a code
// other than 0 there is no status.
func parseStatus(stub []byte) (status Status, code uint32, ok bool) {
	r := ndr.NewReader(stub)
	var state, unused uint32
	if !r.U32(&unused) || !r.U32(&state) || !r.U32(&unused) || // dwServiceType, dwControlsAccepted
		!r.U32(&status.Win32ExitCode) || !r.U32(&status.ServiceExitCode) ||
		!r.U32(&unused) || !r.U32(&unused) || // dwCheckPoint, dwWaitHint
		!r.U32(&code) || !r.Empty() {
		return Status{}, 0, false
	}
	if code != 0 {
		return Status{}, code, true
	}
	status.State = State(state)
	if status.State < Stopped || status.State > Paused {
		return Status{}, 0, false
	}
	return status, 0, true
}
