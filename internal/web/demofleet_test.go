package web

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rasphone-exporter/rasphone_exporter/collector"
	"github.com/rasphone-exporter/rasphone_exporter/dashboards"
	"github.com/rasphone-exporter/rasphone_exporter/internal/config"
	"github.com/rasphone-exporter/rasphone_exporter/internal/simnt/fleet"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/prober"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/smb"
)

// Targets that the demo fleet does not have.
const (
	neverTarget   = "never.demo"
	staleTarget   = "stale.demo"
	unknownTarget = "unknown.demo"
	hostileTarget = "hostile.demo"
)

// demoProber is the prober of the demo fleet.
type demoProber struct{ *prober.Prober }

// startDemoFleet starts an exporter of the demo fleet and of the targets above, and probes the
// fleet twice.
func startDemoFleet(t *testing.T) (servers []fleet.Server, server *Server, address string) {
	t.Helper()
	servers, err := fleet.Fleet(time.Now)
	if err != nil {
		t.Fatal(err)
	}
	listening, err := fleet.Listen(t.Context(), servers)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := listening.Close(); err != nil {
			t.Error(err)
		}
	})
	yaml := fleet.Config(servers)
	for _, name := range []string{neverTarget, staleTarget, unknownTarget, hostileTarget} {
		yaml = fmt.Appendf(yaml, "  - {hosts: [%s], auth: healthy, modules: [default], labels: {site: \"nowhere <b>\"}}\n", name)
	}
	c, err := config.Parse("", yaml, nil)
	if err != nil {
		t.Fatal(err)
	}
	p, err := prober.New(prober.Options{Resolver: listening, Dial: listening.Dial})
	if err != nil {
		t.Fatal(err)
	}
	var targets []smbprobe.Target
	for _, h := range c.Hosts() {
		target, err := c.Target(h.Name, "")
		if err != nil {
			t.Fatal(err)
		}
		targets = append(targets, target)
	}
	if err := p.Configure(targets); err != nil {
		t.Fatal(err)
	}
	runbooks, err := dashboards.Runbooks()
	if err != nil {
		t.Fatal(err)
	}
	var frozen atomic.Pointer[time.Time] // so that no result becomes stale, however slow the machine is
	server, err = New(Options{
		Now: func() time.Time {
			if now := frozen.Load(); now != nil {
				return *now
			}
			return time.Now()
		},
		Prober: demoProber{p}, Config: func() Config { return c }, Reload: func() error { return nil }, Hostname: browserHost,
		Metrics:       collector.NewExporter(time.Now(), collector.Counts{Targets: func() int { return 0 }, LoginsHeldBack: p.LoginsHeldBack, EventlogsForgotten: p.EventlogsForgotten}),
		MaxConcurrent: 100, TimeoutOffset: 500 * time.Millisecond, Runbooks: runbooks, Logger: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { server.Drain(context.Background()) })
	var probes sync.WaitGroup
	places := make(chan struct{}, 8)
	for _, s := range servers {
		probes.Go(func() {
			places <- struct{}{}
			defer func() { <-places }()
			for range 2 {
				server.Handler().ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/probe?target="+s.Name, http.NoBody))
			}
		})
	}
	probes.Wait()
	addStates(server.history)
	now := time.Now()
	frozen.Store(&now)

	listener := httptest.NewServer(server.Handler())
	t.Cleanup(listener.Close)
	_, port, _ := strings.Cut(strings.TrimPrefix(listener.URL, "http://"), ":")
	return servers, server, "http://" + browserHost + ":" + port
}

// addStates adds results of states that no server of the fleet has.
func addStates(h *history) {
	now := time.Now()
	unclear := rowResult(unknownTarget, now, smbprobe.VerdictUnknown)
	unclear.Share, unclear.ShareError, unclear.Auth = smbprobe.ShareNotProbed, "waiting for a place to log in", "healthy"
	unclear.LoginHeldBack, unclear.HeldBackUntil = true, now.Add(time.Hour)
	h.add(unclear)
	stale := rowResult(staleTarget, now.Add(-time.Hour), smbprobe.VerdictOK)
	stale.Phonebook.Intact = new(true)
	h.add(stale)
	r := hostile()
	r.Target, r.Module, r.Started = hostileTarget, "default", now
	r.Causes = append(r.Causes, smbprobe.Cause{Name: "port_taken", Severity: smbprobe.SeverityCritical, Headline: strings.Repeat("<img src=x onerror=pwned=1>", 20)})
	r.Phonebook.Text = "[" + strings.Repeat("x", 256) + "]\n<script>pwned=1</script>\n\u202egnihton\n=" + strings.Repeat("W", 250)
	r.Eventlog.Latest = []smbprobe.FailureEvent{{At: now, Entry: "<script>pwned=1</script>", Code: "5", Text: strings.Repeat("y", 256)}}
	r.Eventlog.ByHour = &smbprobe.HourlyCounts{End: now, KnownFrom: now.Add(-90 * time.Minute), Failures: [24]int{20: 1, 23: 1 << 30}}
	r.Trace = smbprobe.Trace{{Event: smb.Event{Text: "</pre><script>pwned=1</script>"}}, {Event: smb.Event{Text: strings.Repeat("z", 5000)}}}
	h.add(r)
}
