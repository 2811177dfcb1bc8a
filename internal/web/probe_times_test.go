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
