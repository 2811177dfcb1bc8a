package diagnosis

import (
	"testing"
	"time"

	"github.com/rasphone-exporter/rasphone_exporter/smbprobe"
)

// BenchmarkDiagnose concludes what most probes show: nothing wrong, or calls that fail.
func BenchmarkDiagnose(b *testing.B) {
	failing := healthy()
	dials(failing, "Provider", "633", 10*time.Minute)
	for _, bench := range []struct {
		name   string
		result *smbprobe.Result
		causes int
	}{{"healthy", healthy(), 0}, {"failing", failing, 1}} {
		b.Run(bench.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if causes, _ := Diagnose(bench.result); len(causes) != bench.causes {
					b.Fatalf("causes %v", causes)
				}
			}
		})
	}
}
