package svcctl

import (
	"context"

	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/msrpc"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/msrpc/ndr"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/smb"
)

// StartType is when a service starts (MS-SCMR 2.2.15, dwStartType).
type StartType uint32

// The start types. Boot and system are for drivers.
const (
	StartBoot      StartType = 0
	StartSystem    StartType = 1
	StartAutomatic StartType = 2
	StartManual    StartType = 3
	StartDisabled  StartType = 4
)

// Config is the configuration of a service.
type Config struct {
	Start   StartType
	Account string // that the service runs as, `CORP\exchange`; went through smb.CleanText
}

// Room for a configuration in bytes (MS-SCMR 3.1.4.17): the size of the first
// request, and the most that a request may have.
const (
	firstConfig = 4096
	mostConfig  = 8192
)

// configOverhead is what an answer may take besides the room for it, in bytes: the
// lengths and the padding of five strings, pcbBytesNeeded, status.
const configOverhead = 5*(12+2) + 2*4 + 2

// Config queries the service's configuration (MS-SCMR 3.1.4.17): one round trip,
// and one more if it takes more than 4 KiB. The service has to be opened with
// QueryConfig.
func (s *Service) Config(ctx context.Context) (Config, error) {
	op := "query the configuration of service " + s.name
	answer, err := s.queryConfig(ctx, op, firstConfig)
	if err == nil && answer.code == msrpc.ErrorInsufficientBuffer {
		if answer.needed <= firstConfig || answer.needed > mostConfig {
			return Config{}, smb.Protocolf(op, "a configuration of %d bytes that does not fit %d", answer.needed, firstConfig)
		}
		answer, err = s.queryConfig(ctx, op, int(answer.needed))
	}
	if err != nil {
		return Config{}, err
	}
	return answer.config, msrpc.Win32Status(op, uint32(answer.code))
}

func (s *Service) queryConfig(ctx context.Context, op string, size int) (configAnswer, error) {
	stub, err := s.conn.Call(ctx, op, opQueryConfig, configStub(s.handle, size), size+configOverhead)
	if err != nil {
		return configAnswer{}, err
	}
	answer, ok := parseConfig(stub)
	if !ok {
		return configAnswer{}, smb.Protocolf(op, "an answer of %d bytes that contradicts itself", len(stub))
	}
	return answer, nil
}

func configStub(service ndr.Handle, size int) []byte {
	var w ndr.Writer
	w.Handle(service)
	w.U32(uint32(size))
	return w.Stub()
}

// configAnswer is the answer to RQueryServiceConfigW.
type configAnswer struct {
	config Config           // only with code 0
	needed uint32           // bytes; only with ErrorInsufficientBuffer
	code   msrpc.Win32Error // 0: success
}

// parseConfig decodes an answer, and reports whether it is sound. The strings
// follow the structure that points to them; all are read, and one is kept.
func parseConfig(stub []byte) (configAnswer, bool) {
	r := ndr.NewReader(stub)
	var start, unused, needed, code uint32
	var there [5]bool // binary path, load order group, dependencies, account, display name
	var texts [5]string
	if !r.U32(&unused) || !r.U32(&start) || !r.U32(&unused) || // dwServiceType, dwErrorControl
		!r.Pointer(&there[0]) || !r.Pointer(&there[1]) ||
		!r.U32(&unused) || // dwTagId
		!r.Pointer(&there[2]) || !r.Pointer(&there[3]) || !r.Pointer(&there[4]) {
		return configAnswer{}, false
	}
	for i := range there {
		if there[i] && !r.String(&texts[i]) {
			return configAnswer{}, false
		}
	}
	if !r.U32(&needed) || !r.U32(&code) || !r.Empty() {
		return configAnswer{}, false
	}
	answer := configAnswer{needed: needed, code: msrpc.Win32Error(code)}
	if code != 0 {
		return answer, true
	}
	if StartType(start) > StartDisabled {
		return configAnswer{}, false
	}
	answer.config = Config{Start: StartType(start), Account: smb.CleanText(texts[3])}
	return answer, true
}
