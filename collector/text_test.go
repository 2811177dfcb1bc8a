package collector

import (
	"math"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/rasphone-exporter/rasphone_exporter/smbprobe"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/phonebook"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/smb"
)

// promhttpText returns what promhttp answers with for a result.
func promhttpText(t *testing.T, r *smbprobe.Result, accept string) string {
	t.Helper()
	registry := prometheus.NewRegistry()
	if err := registry.Register(New(r)); err != nil {
		t.Fatal(err)
	}
	request := httptest.NewRequest(http.MethodGet, "/probe", nil)
	request.Header.Set("Accept", accept)
	answer := httptest.NewRecorder()
	promhttp.HandlerFor(registry, promhttp.HandlerOpts{EnableOpenMetrics: true}).ServeHTTP(answer, request)
	if answer.Code != http.StatusOK {
		t.Fatalf("promhttp: %d: %s", answer.Code, answer.Body)
	}
	return answer.Body.String()
}

// TestAppendIsPromhttp compares the text with that of promhttp, byte by byte.
func TestAppendIsPromhttp(t *testing.T) {
	cases := results()
	cases["empty"] = &smbprobe.Result{}
	for _, s := range smbprobe.ShareStates() {
		cases["share "+string(s)] = &smbprobe.Result{Share: s}
	}
	cases["strange texts and numbers"] = strangeResult()
	accepts := map[Format][]string{
		Text:        {"", "text/plain;version=0.0.4"},
		OpenMetrics: {"application/openmetrics-text;version=1.0.0", "application/openmetrics-text;version=0.0.1"},
	}
	for name, result := range cases {
		for format, all := range accepts {
			got := string(Append(nil, result, format))
			for _, accept := range all {
				if diff := cmp.Diff(promhttpText(t, result, accept), got); diff != "" {
					t.Errorf("%s, %q (-promhttp +got):\n%s", name, accept, diff)
				}
			}
		}
	}
}

// strangeResult has label values that need cleaning, escaping or sorting, that are equal
// once cleaned, and values of every kind.
func strangeResult() *smbprobe.Result {
	texts := []string{"", `back\slash`, `quo"te`, "line\nbreak", "\xff\xfe", "\u202e", "Ünïcode", "a", "a ", "A", "\x00", "\x01", "z\\\"\n"}
	r := &smbprobe.Result{
		Auth:        "corp",
		Server:      &smb.ServerInfo{OS: "Windows\tNT", Domain: `D"O\M`},
		ClockOffset: new(time.Duration(math.MinInt64)),
		Duration:    123456789 * time.Nanosecond,
		Started:     time.Date(2400, 1, 2, 3, 4, 5, 678, time.UTC),
		Registry:    smbprobe.RegistryResult{LogRetention: &smbprobe.RegistryNumber{Set: true, Value: math.MaxUint32}},
		Eventlog: smbprobe.EventlogResult{
			Readable: new(true), Oldest: new(time.Time{}), Newest: new(time.Unix(-1, 0)), Records: new(math.MaxInt64), Size: new(int64(1e15)),
		},
	}
	for i, text := range texts {
		r.Phonebook.Links = append(r.Phonebook.Links, smbprobe.Link{Entry: text, Media: texts[len(texts)-1-i], Port: "COM1"})
		r.Phonebook.Links = append(r.Phonebook.Links, smbprobe.Link{Entry: text, Media: texts[len(texts)-1-i], Port: "COM1"})
		r.Phonebook.Dialed = append(r.Phonebook.Dialed, phonebook.Dialed{Name: text, Usable: i%2 == 0})
		r.Eventlog.LastFailures = append(r.Eventlog.LastFailures, smbprobe.LastFailure{Entry: text, Code: texts[(i+3)%len(texts)], At: time.Unix(int64(i)*1e9, 5e8)})
		r.Eventlog.Windows = append(r.Eventlog.Windows, smbprobe.WindowResult{
			Label: text, Failures: new(i), ByError: []smbprobe.FailureCount{{Entry: text, Code: text, Error: text, N: 1 << i}},
		})
		r.Causes = append(r.Causes, smbprobe.Cause{Name: text, Severity: smbprobe.SeverityInfo})
	}
	return r
}

// TestAppendDoesNotAllocate: with room in the buffer, what is allocated does not grow with
// the number of metrics.
func TestAppendDoesNotAllocate(t *testing.T) {
	result := results()["healthy"]
	b := Append(nil, result, OpenMetrics)
	if n := testing.AllocsPerRun(100, func() { b = Append(b[:0], result, OpenMetrics) }); n > 20 {
		t.Errorf("%v allocations, want at most 20", n)
	}
}

func BenchmarkAppend(b *testing.B) {
	result := results()["healthy"]
	buffer := Append(nil, result, OpenMetrics)
	b.ReportAllocs()
	for b.Loop() {
		buffer = Append(buffer[:0], result, OpenMetrics)
	}
}
