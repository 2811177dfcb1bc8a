package web

import (
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus/testutil"
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
