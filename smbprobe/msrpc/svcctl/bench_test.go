package svcctl

import (
	"testing"

	"github.com/rasphone-exporter/rasphone_exporter/internal/smbtest/rpctest"
)

// BenchmarkService opens a service, reads its state, and closes it, as each probe does.
func BenchmarkService(b *testing.B) {
	pipe := &rpctest.Repeated{Script: rpctest.Script{Stubs: [][]byte{rpctest.HandleAnswer(0)}}}
	manager, err := Open(b.Context(), pipe, "EXCH01")
	if err != nil {
		b.Fatal(err)
	}
	pipe.Stubs = [][]byte{
		rpctest.HandleAnswer(0),
		rpctest.Stub(0x10, int(Running), 5, 0, 0, 0, 0, 0),
		rpctest.Stub(make([]byte, 20), 0),
	}
	b.ReportAllocs()
	for b.Loop() {
		service, err := manager.OpenService(b.Context(), "MSExchangeIMC", QueryStatus)
		if err != nil {
			b.Fatal(err)
		}
		if status, err := service.Status(b.Context()); err != nil || status.State != Running {
			b.Fatal(status, err)
		}
		if err := service.Close(b.Context()); err != nil {
			b.Fatal(err)
		}
	}
}
