package web

import (
	"crypto/tls"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestPaths(t *testing.T) {
	tests := []struct {
		method, url string
		wantStatus  int
		wantAllow   string
		wantType    string
		wantBody    string
	}{
		{"GET", "/", 200, "", "text/html", "<h1>2 servers: none probed yet</h1>"},
		{"HEAD", "/", 200, "", "text/html", ""},
		{"GET", "/target?target=exch02:139", 200, "", "text/html", "NOT PROBED"},
		{"HEAD", "/target?target=exch02:139", 200, "", "text/html", ""},
		{"POST", "/target?target=exch02:139", 405, "GET, HEAD", "text/plain", ""},
		{"GET", "/metrics", 200, "", "text/plain", "\nrasphone_exporter_probes_in_flight 0\n"},
		{"GET", "/metrics", 200, "", "text/plain", "\ngo_goroutines "},
		{"GET", "/metrics", 200, "", "text/plain", "\npromhttp_metric_handler_requests_in_flight 1\n"},
		{"GET", "/config", 200, "", "text/plain", "password: <secret>\n"},
		{"GET", "/sd", 200, "", "application/json", `"__param_target":"exch02:139"`},
		{"GET", "/-/healthy", 200, "", "text/plain", "healthy"},
		{"GET", "/-/ready", 200, "", "text/plain", "ready"},
		{"POST", "/-/reload", 200, "", "text/plain", "loaded"},
		{"PUT", "/-/reload", 405, "POST", "text/plain", ""},
		{"POST", "/-/forget?auth=corp", 200, "", "text/plain", "auth corp logs in"},
		{"POST", "/-/forget?auth=held", 409, "", "text/plain", "12:31"},
		{"POST", "/-/forget?auth=other", 400, "", "text/plain", `"other" is not under auths`},
		{"POST", "/-/forget", 400, "", "text/plain", "name one auth"},
		{"POST", "/-/forget?auth=corp&auth=corp", 400, "", "text/plain", "name one auth"},
		{"GET", "/-/forget?auth=corp", 405, "POST", "text/plain", ""},
		{"HEAD", "/probe?target=10.1.2.3", 405, "GET", "text/plain", ""},
		{"GET", "/-/reload", 405, "POST", "text/plain", ""},
		{"POST", "/", 405, "GET, HEAD", "text/plain", ""},
		{"POST", "/probe?target=10.1.2.3", 405, "GET", "text/plain", ""},
		{"DELETE", "/metrics", 405, "GET, HEAD", "text/plain", ""},
		{"POST", "/sd", 405, "GET, HEAD", "text/plain", ""},
		{"POST", "/config", 405, "GET, HEAD", "text/plain", ""},
		{"POST", "/-/healthy", 405, "GET, HEAD", "text/plain", ""},
		{"POST", "/-/ready", 405, "GET, HEAD", "text/plain", ""},
		{"GET", "/nothing", 404, "", "text/plain", ""},
		{"GET", "/probe/more", 404, "", "text/plain", ""},
		{"GET", "/debug/pprof/", 404, "", "text/plain", ""},
	}
	for _, tt := range tests {
		t.Run(tt.method+" "+tt.url, func(t *testing.T) {
			w := newFixture(t, nil).do(tt.method, tt.url)
			h := w.Header()
			if w.Code != tt.wantStatus || h.Get("Allow") != tt.wantAllow {
				t.Errorf("status %d, Allow %q, want %d, %q", w.Code, h.Get("Allow"), tt.wantStatus, tt.wantAllow)
			}
			if !strings.HasPrefix(h.Get("Content-Type"), tt.wantType) || !strings.Contains(w.Body.String(), tt.wantBody) {
				t.Errorf("content type %q, want %q with %q in:\n%s", h.Get("Content-Type"), tt.wantType, tt.wantBody, w.Body)
			}
			if !strings.HasPrefix(h.Get("Content-Security-Policy"), "default-src 'none'") || h.Get("X-Content-Type-Options") != "nosniff" {
				t.Errorf("headers that secure are missing: %v", h)
			}
		})
	}
}

// TestStateChangingRequests: whose page sends them, and with which Host.
func TestStateChangingRequests(t *testing.T) {
	const own = "exporter.corp.example"
	for _, tt := range []struct {
		name, host string
		headers    []string
		want       int
	}{
		{"curl", "localhost:10196", nil, 200},
		{"in any case", "LocalHost", nil, 200},
		{"IPv4", "10.9.8.7:10196", nil, 200},
		{"IPv6", "[2001:db8::1]:10196", nil, 200},
		{"IPv6 without a port", "[::1]", nil, 200},
		{"the machine's name", "monitor.corp.example:10196", nil, 200},
		{"the machine's short name", "monitor", nil, 200},
		{"the external address", own, nil, 200},
		{"a name that resolves to the exporter", "evil.example:10196", nil, 403},
		{"with an address in it", "127.0.0.1.evil.example", nil, 403},
		{"with the machine's name in it", "monitor.evil.example", nil, 403},
		{"with localhost in it", "localhost.evil.example", nil, 403},
		{"no Host", "", nil, 403},
		{"its own page", own, []string{"Sec-Fetch-Site", "same-origin", "Origin", "https://" + own}, 200},
		{"typed by a person", own, []string{"Sec-Fetch-Site", "none"}, 200},
		{"its own page in an old browser", own, []string{"Origin", "https://" + own}, 200},
		{"its own page in an old browser, behind a proxy that replaces the Host", "127.0.0.1:10196", []string{"Origin", "https://" + own}, 200},
		{"another page in an old browser, behind such a proxy", "127.0.0.1:10196", []string{"Origin", "https://evil.example"}, 403},
		{"a page of another site", own, []string{"Sec-Fetch-Site", "cross-site"}, 403},
		{"a page of a neighbour", own, []string{"Sec-Fetch-Site", "same-site"}, 403},
		{"a page of another site in an old browser", own, []string{"Origin", "https://evil.example"}, 403},
		{"a page without a site", own, []string{"Origin", "null"}, 403},
		{"a rebound name and its own page", "evil.example", []string{"Sec-Fetch-Site", "same-origin", "Origin", "http://evil.example"}, 403},
	} {
		for _, path := range []string{"/-/reload", "/-/forget?auth=corp"} {
			t.Run(tt.name+" "+path, func(t *testing.T) {
				f := newFixture(t, func(o *Options) { o.ExternalAddress = "https://" + own + "/rasphone" })
				changes := 0
				f.reload = func() error { changes++; return nil }
				r := httptest.NewRequest(http.MethodPost, path, http.NoBody)
				r.Host = tt.host
				for i := 0; i < len(tt.headers); i += 2 {
					r.Header.Set(tt.headers[i], tt.headers[i+1])
				}
				w := httptest.NewRecorder()
				f.server.Handler().ServeHTTP(w, r)
				if changes += len(f.prober.forgotten); w.Code != tt.want || changes != map[int]int{200: 1, 403: 0}[tt.want] {
					t.Errorf("status %d and %d changes, want %d: %s", w.Code, changes, tt.want, w.Body)
				}
			})
		}
	}
}

func TestReloadWithoutLifecycle(t *testing.T) {
	f := newFixture(t, func(o *Options) { o.EnableLifecycle = false })
	f.reload = func() error { t.Error("reloaded"); return nil }
	if w := f.do(http.MethodPost, "/-/reload"); w.Code != http.StatusForbidden || !strings.Contains(w.Body.String(), "--web.enable-lifecycle") {
		t.Errorf("status %d: %s", w.Code, w.Body)
	}
	if w := f.do(http.MethodPost, "/-/forget?auth=corp"); w.Code != http.StatusOK {
		t.Errorf("forget: status %d: %s", w.Code, w.Body)
	}
}

func TestFailuresSayWhy(t *testing.T) {
	f := newFixture(t, nil)
	f.reload = func() error { return errors.New("rasphone.yml:3: unknown key") }
	f.config.masked = errors.New("cannot be written")
	for _, tt := range []struct{ method, url, want string }{
		{"POST", "/-/reload", "rasphone.yml:3: unknown key"},
		{"GET", "/config", "cannot be written"},
	} {
		w := f.do(tt.method, tt.url)
		if w.Code != 500 || !strings.Contains(w.Body.String(), tt.want) || !strings.Contains(f.log.String(), tt.want) {
			t.Errorf("%s: status %d, want 500 with %q in answer and log:\n%s\n%s", tt.url, w.Code, tt.want, w.Body, f.log)
		}
	}
}

func TestDiscovery(t *testing.T) {
	tests := []struct {
		name       string
		external   string
		host       string
		noHosts    bool
		wantStatus int
		want       []discovered
	}{
		{
			name: "address of the request", host: "exporter.example:10196", wantStatus: 200,
			want: []discovered{
				{[]string{"exporter.example:10196"}, map[string]string{
					"__scheme__": "http", "__metrics_path__": "/probe", "__param_target": "exch01.corp.example",
					"__param_module": "default", "instance": "exch01.corp.example", "site": "hq",
				}},
				{[]string{"exporter.example:10196"}, map[string]string{
					"__scheme__": "http", "__metrics_path__": "/probe", "__param_target": "exch02:139",
					"__param_module": "short", "instance": "exch02:139",
				}},
			},
		},
		{
			name: "URL behind a proxy with a path", external: "https://monitor.example/rasphone/", host: "not a host", wantStatus: 200,
			want: []discovered{
				{[]string{"monitor.example"}, map[string]string{
					"__scheme__": "https", "__metrics_path__": "/rasphone/probe", "__param_target": "exch01.corp.example",
					"__param_module": "default", "instance": "exch01.corp.example", "site": "hq",
				}},
				{[]string{"monitor.example"}, map[string]string{
					"__scheme__": "https", "__metrics_path__": "/rasphone/probe", "__param_target": "exch02:139",
					"__param_module": "short", "instance": "exch02:139",
				}},
			},
		},
		{name: "no hosts", host: "exporter.example", noHosts: true, wantStatus: 200, want: []discovered{}},
		{name: "a Host header that is none", host: `x"}],"y`, wantStatus: 400},
		{name: "an empty Host header", host: "", wantStatus: 400},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f := newFixture(t, func(o *Options) { o.ExternalAddress = tt.external })
			if tt.noHosts {
				f.config.hosts = nil
			}
			w := discover(f, tt.host, false)
			if w.Code != tt.wantStatus {
				t.Fatalf("status %d, want %d:\n%s", w.Code, tt.wantStatus, w.Body)
			}
			if tt.wantStatus != 200 {
				return
			}
			var got []discovered
			if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func discover(f *fixture, host string, overTLS bool) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodGet, "/sd", http.NoBody)
	r.Host = host
	if overTLS {
		r.TLS = &tls.ConnectionState{}
	}
	w := httptest.NewRecorder()
	f.server.Handler().ServeHTTP(w, r)
	return w
}

func TestDiscoveryScheme(t *testing.T) {
	tests := []struct {
		external string
		tls      bool
		want     string
	}{
		{"", false, "http"},
		{"", true, "https"},
		{"exporter:80", true, "https"},
		{"http://exporter:80", true, "http"},
		{"https://exporter", false, "https"},
	}
	for _, tt := range tests {
		f := newFixture(t, func(o *Options) { o.ExternalAddress = tt.external })
		w := discover(f, "exporter:10196", tt.tls)
		if !strings.Contains(w.Body.String(), `"__scheme__":"`+tt.want+`"`) {
			t.Errorf("external address %q, TLS %t: want %s in %s", tt.external, tt.tls, tt.want, w.Body)
		}
	}
}

func TestNewRefuses(t *testing.T) {
	f := newFixture(t, nil)
	tests := []struct {
		name   string
		change func(*Options)
		want   string
	}{
		{"no probe at all", func(o *Options) { o.MaxConcurrent = 0 }, "concurrent"},
		{"negative offset", func(o *Options) { o.TimeoutOffset = -time.Second }, "offset"},
		{"external address", func(o *Options) { o.ExternalAddress = "ftp://host" }, "external address"},
	}
	for _, tt := range tests {
		o := f.server.options
		tt.change(&o)
		if _, err := New(o); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: error %v, want one with %q", tt.name, err, tt.want)
		}
	}
}
