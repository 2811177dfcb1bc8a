package dialfailures

import (
	"testing"
	"time"

	"github.com/rasphone-exporter/rasphone_exporter/smbprobe"
)

// benchNow is the present time of these benchmarks, benchModule what is counted.
var (
	benchNow    = time.Date(1999, 3, 1, 12, 0, 0, 0, time.UTC)
	benchModule = smbprobe.EventLogModule{Source: "MSExchangeIMC", EventID: 4106, Windows: []smbprobe.Window{
		{Label: "15m", Duration: 15 * time.Minute}, {Label: "1h", Duration: time.Hour}, {Label: "24h", Duration: 24 * time.Hour},
	}}
)

// benchMemory has 100 failures, with the last number as its newest record.
func benchMemory() *Memory {
	r := NewReader(benchModule, new(Memory), benchNow, benchNow)
	for i := range 100 {
		r.Add(Record{Number: uint32(100 - i), Generated: benchNow.Add(-time.Duration(i) * 10 * time.Minute), Source: "MSExchangeIMC", ID: 4106, Strings: []string{"ISP", "633"}})
	}
	return r.Merge(true)
}

// BenchmarkUnchanged is what a probe does with a log of 100 failures that has not changed.
func BenchmarkUnchanged(b *testing.B) {
	memory := benchMemory()
	b.ReportAllocs()
	for b.Loop() {
		r := NewReader(benchModule, memory.Clone(), benchNow, benchNow)
		r.Add(Record{Number: 100, Generated: benchNow})
		r.Merge(false).Summarize(benchModule.Windows, benchNow, []string{"ISP"})
	}
}

// BenchmarkSummarize counts 100 failures.
func BenchmarkSummarize(b *testing.B) {
	memory := benchMemory()
	b.ReportAllocs()
	for b.Loop() {
		memory.Summarize(benchModule.Windows, benchNow, []string{"ISP"})
	}
}
