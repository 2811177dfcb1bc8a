package winreg

import (
	"testing"

	"github.com/rasphone-exporter/rasphone_exporter/internal/smbtest/rpctest"
)

// BenchmarkNumber reads a number, as most values are that a probe reads.
func BenchmarkNumber(b *testing.B) {
	pipe := &rpctest.Repeated{Script: rpctest.Script{Stubs: [][]byte{rpctest.HandleAnswer(0)}}}
	registry, err := Open(b.Context(), pipe)
	if err != nil {
		b.Fatal(err)
	}
	key, err := registry.OpenKey(b.Context(), parameters)
	if err != nil {
		b.Fatal(err)
	}
	pipe.Stubs = [][]byte{value(4, rpctest.Stub(1))}
	b.ReportAllocs()
	for b.Loop() {
		if n, set, err := key.Number(b.Context(), "AutoShareServer"); err != nil || !set || n != 1 {
			b.Fatal(n, set, err)
		}
	}
}
