package dialfailures

import (
	"testing"
	"time"

	"github.com/rasphone-exporter/rasphone_exporter/smbprobe"
)

// BenchmarkUnchanged is what a probe does with a log of 100 failures that has not changed.
func BenchmarkUnchanged(b *testing.B) {
	now := time.Date(1999, 3, 1, 12, 0, 0, 0, time.UTC)
	module := smbprobe.EventLogModule{Source: "MSExchangeIMC", EventID: 4106, Windows: []smbprobe.Window{
		{Label: "15m", Duration: 15 * time.Minute}, {Label: "1h", Duration: time.Hour}, {Label: "24h", Duration: 24 * time.Hour},
	}}
	r := NewReader(module, new(Memory), now, now)
	for i := range 100 {
		r.Add(Record{Number: uint32(100 - i), Generated: now.Add(-time.Duration(i) * 10 * time.Minute), Source: "MSExchangeIMC", ID: 4106, Strings: []string{"ISP", "633"}})
	}
	memory := r.Merge(true)
	b.ReportAllocs()
	for b.Loop() {
		r := NewReader(module, memory.Clone(), now, now)
		r.Add(Record{Number: 100, Generated: now})
		r.Merge(false).Summarize(module.Windows, now, []string{"ISP"})
	}
}
