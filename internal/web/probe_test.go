package web

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/rasphone-exporter/rasphone_exporter/smbprobe"
)

// counted returns the probes and rejections that the exporter's own metrics count.
func (f *fixture) counted(t *testing.T) map[string]float64 {
	t.Helper()
	families, err := f.server.options.Metrics.Registry().Gather()
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]float64{}
	for _, family := range families {
		if name := family.GetName(); name == "rasphone_exporter_probes_total" || name == "rasphone_exporter_probes_rejected_total" {
			for _, m := range family.GetMetric() {
				if n := m.GetCounter().GetValue(); n > 0 {
					got[m.GetLabel()[0].GetValue()] = n
				}
			}
		}
	}
	return got
}

func TestProbe(t *testing.T) {
	tests := []struct {
		name       string
		url        string
		headers    []string
		wantStatus int
		wantBody   string // a part of it
		wantCounts map[string]float64
		wantCalls  int
	}{
		{
			name: "metrics", url: "/probe?target=exch01.corp.example",
			wantStatus: 200, wantBody: "\nprobe_success 1\n", wantCounts: map[string]float64{"success": 1}, wantCalls: 1,
		},
		{
			name: "the module that is asked for", url: "/probe?target=10.1.2.3&module=short&debug=true",
			wantStatus: 200, wantBody: "Probe of 10.1.2.3 with module short", wantCounts: map[string]float64{"success": 1}, wantCalls: 1,
		},
		{
			name: "an empty module is none", url: "/probe?target=10.1.2.3&module=&debug=1",
			wantStatus: 200, wantBody: "with module default", wantCounts: map[string]float64{"success": 1}, wantCalls: 1,
		},
		{
			name: "debug switched off", url: "/probe?target=10.1.2.3&debug=false",
			wantStatus: 200, wantBody: "\nprobe_success 1\n", wantCounts: map[string]float64{"success": 1}, wantCalls: 1,
		},
		{
			name: "no target", url: "/probe",
			wantStatus: 400, wantBody: "no target", wantCounts: map[string]float64{"bad_request": 1},
		},
		{
			name: "an empty target", url: "/probe?target=",
			wantStatus: 400, wantBody: "no target", wantCounts: map[string]float64{"bad_request": 1},
		},
		{
			name: "two targets", url: "/probe?target=10.1.2.3&target=10.1.2.3",
			wantStatus: 400, wantBody: "target is there 2 times", wantCounts: map[string]float64{"bad_request": 1},
		},
		{
			name: "two modules", url: "/probe?target=10.1.2.3&module=short&module=short",
			wantStatus: 400, wantBody: "module is there 2 times", wantCounts: map[string]float64{"bad_request": 1},
		},
		{
			name: "a debug that is neither", url: "/probe?target=10.1.2.3&debug=perhaps",
			wantStatus: 400, wantBody: `debug="perhaps"`, wantCounts: map[string]float64{"bad_request": 1},
		},
		{
			name: "a query that does not parse", url: "/probe?target=10.1.2.3&module=%zz",
			wantStatus: 400, wantBody: "bad parameters", wantCounts: map[string]float64{"bad_request": 1},
		},
		{
			name: "an unknown module", url: "/probe?target=10.1.2.3&module=other",
			wantStatus: 400, wantBody: "other", wantCounts: map[string]float64{"bad_request": 1},
		},
		{
			name: "a target that is no host", url: "/probe?target=0x",
			wantStatus: 400, wantBody: "0x", wantCounts: map[string]float64{"bad_request": 1},
		},
		{
			name: "a bad time limit", url: "/probe?target=10.1.2.3", headers: []string{timeoutHeader, "NaN"},
			wantStatus: 400, wantBody: timeoutHeader, wantCounts: map[string]float64{"bad_request": 1},
		},
		{
			name: "a target that is not allowed", url: "/probe?target=evil.example",
			wantStatus: 403, wantBody: "evil.example", wantCounts: map[string]float64{"not_allowed": 1},
		},
		{
			name: "a module that is not one of the target's", url: "/probe?target=10.1.2.3&module=of+another",
			wantStatus: 403, wantBody: "of another", wantCounts: map[string]float64{"not_allowed": 1},
		},
		{
			name: "a page of another site", url: "/probe?target=10.1.2.3", headers: []string{"Sec-Fetch-Site", "cross-site"},
			wantStatus: 403, wantBody: "another site", wantCounts: map[string]float64{"not_allowed": 1},
		},
		{
			name: "a page of another site, by a proxy that adds a header", url: "/probe?target=10.1.2.3", headers: []string{"Sec-Fetch-Site", "none", "Sec-Fetch-Site", "cross-site"},
			wantStatus: 403, wantBody: "another site", wantCounts: map[string]float64{"not_allowed": 1},
		},
		{
			name: "a script of another site over HTTP", url: "/probe?target=10.1.2.3", headers: []string{"Origin", "http://evil.example"},
			wantStatus: 403, wantBody: "another site", wantCounts: map[string]float64{"not_allowed": 1},
		},
		{
			name: "a script of the same site over HTTP", url: "/probe?target=10.1.2.3", headers: []string{"Origin", "http://localhost:3000"},
			wantStatus: 200, wantBody: "\nprobe_success 1\n", wantCounts: map[string]float64{"success": 1}, wantCalls: 1,
		},
		{
			name: "a script without an origin", url: "/probe?target=10.1.2.3", headers: []string{"Origin", "null"},
			wantStatus: 403, wantBody: "another site", wantCounts: map[string]float64{"not_allowed": 1},
		},
		{
			name: "a script of its own page over HTTP", url: "/probe?target=10.1.2.3", headers: []string{"Origin", "http://localhost:10196"},
			wantStatus: 200, wantBody: "\nprobe_success 1\n", wantCounts: map[string]float64{"success": 1}, wantCalls: 1,
		},
		{
			name: "the exporter's own page", url: "/probe?target=10.1.2.3", headers: []string{"Sec-Fetch-Site", "same-origin"},
			wantStatus: 200, wantBody: "\nprobe_success 1\n", wantCounts: map[string]float64{"success": 1}, wantCalls: 1,
		},
		{
			name: "typed by a person", url: "/probe?target=10.1.2.3", headers: []string{"Sec-Fetch-Site", "none"},
			wantStatus: 200, wantBody: "\nprobe_success 1\n", wantCounts: map[string]float64{"success": 1}, wantCalls: 1,
		},
		{
			name: "an error of another kind", url: "/probe?target=broken",
			wantStatus: 500, wantBody: "something else", wantCounts: map[string]float64{},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f := newFixture(t, nil)
			w := f.do(http.MethodGet, tt.url, tt.headers...)
			if w.Code != tt.wantStatus || !strings.Contains(w.Body.String(), tt.wantBody) {
				t.Errorf("status %d, want %d with %q in:\n%s", w.Code, tt.wantStatus, tt.wantBody, w.Body)
			}
			if got := w.Header().Get("Content-Type"); !strings.HasPrefix(got, "text/plain") {
				t.Errorf("content type %q", got)
			}
			if diff := cmp.Diff(tt.wantCounts, f.counted(t)); diff != "" {
				t.Errorf("counted (-want +got):\n%s", diff)
			}
			if got := f.prober.count(); got != tt.wantCalls {
				t.Errorf("%d probes, want %d", got, tt.wantCalls)
			}
			if got := len(f.server.history.all()); got != tt.wantCalls {
				t.Errorf("%d results remembered, want %d", got, tt.wantCalls)
			}
		})
	}
}

func TestProbeIsOnRegistryOfItsOwn(t *testing.T) {
	f := newFixture(t, nil)
	for range 2 {
		w := f.do(http.MethodGet, "/probe?target=10.1.2.3")
		if strings.Contains(w.Body.String(), "rasphone_exporter_") || strings.Contains(w.Body.String(), "go_goroutines") {
			t.Fatalf("the exporter's own metrics stand in the answer:\n%s", w.Body)
		}
		if n, err := testutil.GatherAndCount(f.server.options.Metrics.Registry(), "probe_success"); err != nil || n != 0 {
			t.Fatalf("%d probe_success among the exporter's own metrics, error %v", n, err)
		}
	}
}

func TestProbeOpenMetrics(t *testing.T) {
	f := newFixture(t, nil)
	w := f.do(http.MethodGet, "/probe?target=10.1.2.3", "Accept", "application/openmetrics-text; version=1.0.0")
	if got := w.Header().Get("Content-Type"); !strings.HasPrefix(got, "application/openmetrics-text") || !strings.HasSuffix(w.Body.String(), "# EOF\n") {
		t.Errorf("content type %q, body:\n%s", got, w.Body)
	}
}

func TestProbeDebug(t *testing.T) {
	f := newFixture(t, nil)
	body := f.do(http.MethodGet, "/probe?target=10.1.2.3&debug=true").Body.String()
	for _, want := range []string{
		"Share: ok\n", "Phone book: ok\n", "  connecting to 10.1.2.3:139\n", "a line with \ufffd[31m in it", "  connect  40ms", "\nprobe_success 1\n",
	} {
		if !strings.Contains(body, want) {
			t.Errorf("%q is missing in:\n%s", want, body)
		}
	}
}

// slow is a probe that takes so long unless its context ends before.
func slow(takes time.Duration) func(context.Context, smbprobe.Target) *smbprobe.Result {
	return func(ctx context.Context, t smbprobe.Target) *smbprobe.Result {
		select {
		case <-time.After(takes):
			return healthy(t)
		case <-ctx.Done():
			return &smbprobe.Result{Target: t.Name, Module: t.Module.Name, Share: smbprobe.ShareConnectionLost}
		}
	}
}

func TestProbeTimes(t *testing.T) {
	const sec = time.Second
	type request struct {
		at         time.Duration
		url        string
		limit      string // the header; empty: none
		wantAt     time.Duration
		wantStatus int
		wantBody   string
	}
	okay := `rasphone_admin_share_state{state="ok"} 1`
	tests := []struct {
		name       string
		takes      time.Duration
		requests   []request
		wantCounts map[string]float64
	}{
		{
			"the probe ends before the waiter's time does, and its result is the answer", time.Minute,
			[]request{{0, "/probe?target=10.1.2.3", "5", 4500 * time.Millisecond, 200, `state="connection_lost"} 1`}},
			map[string]float64{"failure": 1},
		},
		{
			"without a header the module's time", time.Minute,
			[]request{{0, "/probe?target=10.1.2.3&module=short", "", sec, 200, `state="connection_lost"} 1`}},
			map[string]float64{"failure": 1},
		},
		{
			"shared, each with its own limit", 8 * sec,
			[]request{
				{0, "/probe?target=10.1.2.3", "10", 8 * sec, 200, okay},
				{sec, "/probe?target=10.1.2.3", "3", 3750 * time.Millisecond, 200, `rasphone_admin_share_state{state="not_probed"} 1`},
				{2 * sec, "/probe?target=10.1.2.3", "9", 8 * sec, 200, okay},
			},
			map[string]float64{"success": 1},
		},
		{
			"no place in time", 8 * sec,
			[]request{
				{0, "/probe?target=10.0.0.1", "10", 8 * sec, 200, okay},
				{0, "/probe?target=10.0.0.2", "10", 8 * sec, 200, okay},
				{sec, "/probe?target=10.0.0.3", "4.5", 3 * sec, 503, "no place"},
				{7 * sec, "/probe?target=10.0.0.4", "20", 16 * sec, 200, okay},
			},
			map[string]float64{"success": 3, "overloaded": 1},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := newFixture(t, nil)
				f.prober.probe = slow(tt.takes)
				begin := time.Now()
				for _, r := range tt.requests {
					go func() {
						time.Sleep(r.at)
						var headers []string
						if r.limit != "" {
							headers = []string{timeoutHeader, r.limit}
						}
						w := f.do(http.MethodGet, r.url, headers...)
						if at := time.Since(begin); at != r.wantAt || w.Code != r.wantStatus || !strings.Contains(w.Body.String(), r.wantBody) {
							t.Errorf("%s from %s: %d at %s, want %d at %s with %q in:\n%s", r.url, r.at, w.Code, at, r.wantStatus, r.wantAt, r.wantBody, w.Body)
						}
					}()
				}
				time.Sleep(time.Hour)
				if diff := cmp.Diff(tt.wantCounts, f.counted(t)); diff != "" {
					t.Errorf("counted (-want +got):\n%s", diff)
				}
			})
		})
	}
}

// TestTwoReplicas: two Prometheus servers that scrape every 15 s, the second one a second
// after the first, get the same results, which cost one probe each.
func TestTwoReplicas(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(t, nil)
		f.config.minInterval = 5 * time.Second
		probes := 0
		f.prober.probe = func(_ context.Context, target smbprobe.Target) *smbprobe.Result {
			probes++
			result := healthy(target)
			result.RoundTrips = probes
			time.Sleep(120 * time.Millisecond)
			return result
		}
		const rounds = 20
		for round := range rounds {
			first := f.do(http.MethodGet, "/probe?target=10.1.2.3", timeoutHeader, "10")
			time.Sleep(time.Second)
			second := f.do(http.MethodGet, "/probe?target=10.1.2.3", timeoutHeader, "10")
			if first.Code != 200 || second.Code != 200 || !strings.Contains(first.Body.String(), "\nrasphone_probe_timestamp_seconds ") {
				t.Fatalf("round %d: status %d and %d\n%s", round, first.Code, second.Code, first.Body)
			}
			if diff := cmp.Diff(first.Body.String(), second.Body.String()); diff != "" {
				t.Errorf("round %d: the second gets something else (-first +second):\n%s", round, diff)
			}
			time.Sleep(14*time.Second - 120*time.Millisecond)
		}
		debug := f.do(http.MethodGet, "/probe?target=10.1.2.3&debug=true").Body.String()
		again := f.do(http.MethodGet, "/probe?target=10.1.2.3&debug=true").Body.String()
		if strings.Contains(debug, "Reused") || !strings.HasPrefix(again, "Reused: ") || strings.TrimPrefix(again, again[:strings.Index(again, "\n")+1]) != debug {
			t.Errorf("a trace, and the same one reused:\n%s\n%s", debug, again)
		}
		if probes != rounds+1 {
			t.Errorf("%d probes, want %d", probes, rounds+1)
		}
		const metric = "rasphone_exporter_results_reused_total"
		want := fmt.Sprintf("# HELP %s Requests that came within the module's min_interval after a probe, and got its result again.\n# TYPE %s counter\n%s %d\n", metric, metric, metric, rounds+1)
		if err := testutil.GatherAndCompare(f.server.options.Metrics.Registry(), strings.NewReader(want), metric); err != nil {
			t.Error(err)
		}
		f.config = &fakeConfig{minInterval: 5 * time.Second} // a reload
		if f.do(http.MethodGet, "/probe?target=10.1.2.3"); probes != rounds+2 {
			t.Errorf("%d probes after a reload, want %d", probes, rounds+2)
		}
	})
}

func TestLateAnswerMakesNothingUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(t, nil)
		f.prober.probe = slow(8 * time.Second)
		go f.do(http.MethodGet, "/probe?target=10.1.2.3")
		synctest.Wait()
		body := f.do(http.MethodGet, "/probe?target=10.1.2.3", timeoutHeader, "2").Body.String()
		for _, want := range []string{"probe_success 0", `rasphone_admin_share_state{state="not_probed"} 1`, "probe_duration_seconds 1.75", "rasphone_probe_timeout_seconds 1.75", `rasphone_phonebook_state{state="unknown"} 1`} {
			if !strings.Contains(body, want+"\n") {
				t.Errorf("%q is missing in:\n%s", want, body)
			}
		}
		for _, not := range []string{"round_trips", "rasphone_phonebook_exists", "rasphone_server_info", "step_duration"} {
			if strings.Contains(body, not) {
				t.Errorf("%q stands in:\n%s", not, body)
			}
		}
		time.Sleep(time.Minute)
		if got := f.prober.count(); got != 1 {
			t.Errorf("%d probes, want 1", got)
		}
	})
}

func TestProbeWithoutResult(t *testing.T) {
	tests := []struct {
		name     string
		probe    func(context.Context, smbprobe.Target) *smbprobe.Result
		wantBody string
		wantLog  string
	}{
		{"a panic", func(context.Context, smbprobe.Target) *smbprobe.Result {
			time.Sleep(time.Second)
			panic("index out of range")
		}, errPanic.Error(), "index out of range"},
		{"nil", func(context.Context, smbprobe.Target) *smbprobe.Result {
			time.Sleep(time.Second)
			return nil
		}, errNoResult.Error(), ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := newFixture(t, func(o *Options) { o.MaxConcurrent = 1 })
				f.prober.probe = tt.probe
				for range 3 { // all share one probe
					go func() {
						body := f.do(http.MethodGet, "/probe?target=10.1.2.3&debug=true").Body.String()
						for _, want := range []string{"Share: not_probed (" + tt.wantBody, "probe_success 0\n"} {
							if !strings.Contains(body, want) {
								t.Errorf("%q is missing in:\n%s", want, body)
							}
						}
					}()
				}
				time.Sleep(time.Minute)
				synctest.Wait()
				if !strings.Contains(f.log.String(), tt.wantLog) {
					t.Errorf("%q is missing in the log:\n%s", tt.wantLog, f.log)
				}
				f.prober.probe = slow(0)
				if body := f.do(http.MethodGet, "/probe?target=10.1.2.3").Body.String(); !strings.Contains(body, "probe_success 1\n") {
					t.Errorf("the next probe does not work:\n%s", body)
				}
				if diff := cmp.Diff(map[string]float64{"failure": 1, "success": 1}, f.counted(t)); diff != "" {
					t.Errorf("counted (-want +got):\n%s", diff)
				}
			})
		})
	}
}

func TestDrain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(t, nil)
		f.prober.probe = slow(5 * time.Second)
		answered := make(chan string, 1)
		go func() { answered <- f.do(http.MethodGet, "/probe?target=10.1.2.3").Body.String() }()
		synctest.Wait()
		drained := make(chan struct{})
		go func() { f.server.Drain(t.Context()); close(drained) }()
		synctest.Wait()

		for url, want := range map[string]int{"/-/ready": 503, "/-/healthy": 200, "/probe?target=10.0.0.2": 503} {
			if got := f.do(http.MethodGet, url).Code; got != want {
				t.Errorf("%s while draining: %d, want %d", url, got, want)
			}
		}
		<-drained
		if body := <-answered; !strings.Contains(body, "probe_success 1\n") {
			t.Errorf("the probe in flight was answered with:\n%s", body)
		}
		if diff := cmp.Diff(map[string]float64{"success": 1, "draining": 1}, f.counted(t)); diff != "" {
			t.Errorf("counted (-want +got):\n%s", diff)
		}
	})
}
