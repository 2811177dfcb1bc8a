package web

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/rasphone-exporter/rasphone_exporter/internal/config"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/smb"
)

// Limits of a page of 200 targets of which 30 % are broken.
const (
	maxPageSize       = 160_000
	maxCompressedSize = 25_000
)

// newFullPage returns a server with so many targets, of which 30 % are broken in several ways and
// 2 % come and go, each probed 37 times until now.
func newFullPage(tb testing.TB, targets int, now func() time.Time) *Server {
	tb.Helper()
	f := newFixture(tb, func(o *Options) { o.Now = now })
	f.config.hosts = nil
	for n := range targets {
		f.config.hosts = append(f.config.hosts, config.Host{
			Name: fmt.Sprintf("exch%04d.branch%02d.corp.example", n, n%23), Module: "default", Auth: "corp", Labels: map[string]string{"site": fmt.Sprintf("branch %02d", n%23)},
		})
	}
	probeAll(f.server.history, f.config.hosts, now().Add(-time.Minute), 0)
	for n, host := range f.config.hosts {
		r := f.server.history.records[flightKey{host.Name, host.Module}]
		for i := range 35 {
			o := r.outcomes[0]
			if o.started += int64(i-35) * 60_000; n%50 == 9 {
				o.state = []state{stateOK, stateCritical}[(i/2)%2]
			}
			r.outcomes = append(r.outcomes, o)
		}
		r.outcomes = append(r.outcomes[1:], r.outcomes[0])
	}
	probeAll(f.server.history, f.config.hosts, now(), 1)
	return f.server
}

// probeAll adds a result of each target.
func probeAll(h *history, hosts []config.Host, started time.Time, round int) {
	for n, host := range hosts {
		broken := n%10 < 3
		if n%50 == 9 {
			broken = (round/2)%2 == 0
		}
		h.add(realisticResult(host.Name, started.Add(time.Duration(n)*time.Millisecond), n, broken))
	}
}

// realisticResult is like those of real servers.
func realisticResult(target string, started time.Time, n int, broken bool) *smbprobe.Result {
	r := rowResult(target, started, smbprobe.VerdictOK)
	r.Duration, r.Address = 80*time.Millisecond, fmt.Sprintf("10.1.%d.%d:139", n/250, n%250)
	for i := range 60 {
		e := smb.Event{Text: "SMB_COM_READ_ANDX of file %d at %d: %d bytes", Args: []any{n, i * 4096, 4096}}
		r.Trace = append(r.Trace, smbprobe.TraceEvent{At: time.Duration(i) * 1300 * time.Microsecond, Event: e})
	}
	r.Eventlog.Windows = []smbprobe.WindowResult{{Label: "15m", Failures: new(0)}, {Label: "1h", Failures: new(0)}, {Label: "24h", Failures: new(0)}}
	r.Phonebook.Text = "[Internet]\nMEDIA=serial\nPort=COM1\nDevice=Standard 28800 bps Modem\nDEVICE=modem\nPhoneNumber=555-0100\n"
	if !broken {
		return r
	}
	r.Eventlog.Windows[0].Failures = new(3)
	cause := knownCauses[n%len(knownCauses)]
	r.Causes = []smbprobe.Cause{{
		Name: cause.Name, Title: cause.Title, Severity: smbprobe.SeverityCritical, Articles: cause.Articles, Remedy: cause.Remedy,
		Headline: cause.Title + `, and the entry "Internet" of this server shows it`, Evidence: []string{"Event 4106 reported [5] ERROR_ACCESS_DENIED for entry \"Internet\", 3 times in the last 15m."},
	}}
	return r
}

// TestPageSize: a page of 200 targets of which 30 % are broken is small enough for a slow line.
func TestPageSize(t *testing.T) {
	handler := newFullPage(t, rowsPerPage, pageTime).Handler()
	get := func(encoding string) *httptest.ResponseRecorder {
		r := httptest.NewRequest(http.MethodGet, "/", http.NoBody)
		r.Header.Set("Accept-Encoding", encoding)
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, r)
		return w
	}
	plain, compressed := get("identity"), get("gzip")
	if n := len(rowsOf(plain.Body.String())); n != rowsPerPage {
		t.Errorf("%d rows", n)
	}
	if plain.Body.Len() >= maxPageSize || compressed.Body.Len() >= maxCompressedSize {
		t.Errorf("%d bytes, compressed %d; want less than %d and %d", plain.Body.Len(), compressed.Body.Len(), maxPageSize, maxCompressedSize)
	}
	t.Logf("%d bytes, compressed %d", plain.Body.Len(), compressed.Body.Len())
}

// BenchmarkPage makes a page of 200 targets, 30 % of them broken: with rows that were made before,
// and after all targets were probed again.
func BenchmarkPage(b *testing.B) {
	for _, targets := range []int{200, 1000} {
		now := pageTime()
		server := newFullPage(b, targets, func() time.Time { return now })
		hosts := server.options.Config().Hosts()
		handler := server.Handler()
		get := func() {
			r := httptest.NewRequest(http.MethodGet, "/", http.NoBody)
			r.Header.Set("Accept-Encoding", "gzip")
			handler.ServeHTTP(httptest.NewRecorder(), r)
		}
		b.Run(fmt.Sprintf("%d targets", targets), func(b *testing.B) {
			get()
			for b.Loop() {
				get()
			}
		})
		b.Run(fmt.Sprintf("%d targets, all probed again", targets), func(b *testing.B) {
			used := time.Duration(0)
			for i := 0; b.Loop(); i++ {
				b.StopTimer()
				now = now.Add(time.Minute)
				probeAll(server.history, hosts, now, i)
				b.StartTimer()
				before := processorTime(b)
				get()
				used += processorTime(b) - before
			}
			b.ReportMetric(float64(used.Nanoseconds())/float64(b.N), "cpu-ns/op") // also of the garbage collector
		})
	}
}

// processorTime is what the process has used: other programs do not count.
func processorTime(b *testing.B) time.Duration {
	b.Helper()
	var usage unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &usage); err != nil {
		b.Fatal(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

// BenchmarkHistory adds results, as each probe does.
func BenchmarkHistory(b *testing.B) {
	for _, broken := range []bool{false, true} {
		b.Run(fmt.Sprintf("broken %t", broken), func(b *testing.B) {
			h := newHistory(DefaultHistorySize, noHosts)
			r := realisticResult("exch0001", pageTime(), 1, broken)
			for i := 0; b.Loop(); i++ {
				next := *r
				next.Started = r.Started.Add(time.Duration(i) * time.Minute)
				h.add(&next)
			}
		})
	}
}
