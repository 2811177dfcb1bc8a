package web

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/rasphone-exporter/rasphone_exporter/collector"
	"github.com/rasphone-exporter/rasphone_exporter/internal/config"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/smb"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// proberFunc is a Prober that counts its calls.
type proberFunc struct {
	mu    sync.Mutex
	calls int

	forgotten []string // auths
	probe     func(context.Context, smbprobe.Target) *smbprobe.Result
}

func (p *proberFunc) Probe(ctx context.Context, t smbprobe.Target) *smbprobe.Result {
	p.mu.Lock()
	p.calls++
	p.mu.Unlock()
	return p.probe(ctx, t)
}

// Forget permits a login with every auth but "held".
func (p *proberFunc) Forget(auth string) error {
	if auth == "held" {
		return errors.New("four logins have failed; the next one is permitted at 12:31")
	}
	p.forgotten = append(p.forgotten, auth)
	return nil
}

func (p *proberFunc) count() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.calls
}

var _ Config = (*config.Config)(nil)

// fakeConfig allows its hosts and what begins with "10.", with module "default"
// (10s) and "short" (1s).
type fakeConfig struct {
	hosts       []config.Host
	masked      error
	minInterval time.Duration
}

func (c *fakeConfig) Target(name, module string) (smbprobe.Target, error) {
	timeouts := map[string]time.Duration{"": 10 * time.Second, "default": 10 * time.Second, "short": time.Second}
	timeout, known := timeouts[module]
	switch {
	case module == "of another":
		return smbprobe.Target{}, fmt.Errorf("%w: %s", config.ErrModuleNotAllowed, module)
	case !known:
		return smbprobe.Target{}, fmt.Errorf("%w: %s", config.ErrUnknownModule, module)
	case name == "0x":
		return smbprobe.Target{}, fmt.Errorf("%w: %s", config.ErrBadTarget, name)
	case name == "broken":
		return smbprobe.Target{}, errors.New("something else")
	}
	allowed := strings.HasPrefix(name, "10.")
	for _, h := range c.hosts {
		allowed = allowed || h.Name == name
	}
	if !allowed {
		return smbprobe.Target{}, fmt.Errorf("%w: %s", config.ErrNotAllowed, name)
	}
	if module == "" {
		module = "default"
	}
	return smbprobe.Target{
		Name: name, Auth: smbprobe.Auth{Name: "corp"}, Module: smbprobe.Module{Name: module, Timeout: timeout, MinInterval: c.minInterval},
	}, nil
}

func (c *fakeConfig) Auths() []string { return []string{"corp", "held"} }

func (c *fakeConfig) Hosts() []config.Host { return c.hosts }

func (c *fakeConfig) Masked() ([]byte, error) {
	return []byte("auths:\n  corp:\n    password: <secret>\n"), c.masked
}

// healthy is the result of a probe that found everything in order.
func healthy(t smbprobe.Target) *smbprobe.Result {
	return &smbprobe.Result{
		Target: t.Name, Module: t.Module.Name, Auth: t.Auth.Name, Started: time.Now(),
		Duration: 120 * time.Millisecond, Timeout: 9500 * time.Millisecond, Success: true, RoundTrips: 7,
		Steps: []smbprobe.StepResult{{Step: smbprobe.StepConnect, Duration: 40012345 * time.Nanosecond}},
		Trace: smbprobe.Trace{{Event: smb.Event{Text: "connecting to %s", Args: []any{"10.1.2.3:139"}}}, {Event: smb.Event{Text: "a line with \x1b[31m in it"}}},
		Share: smbprobe.ShareOK, Phonebook: smbprobe.PhonebookResult{State: smbprobe.PhonebookOK},
	}
}

// fixture is a Server with everything that it works with.
type fixture struct {
	server *Server
	prober *proberFunc
	config *fakeConfig
	reload func() error
	log    *strings.Builder
}

// newFixture makes a Server whose prober answers at once; change has the last word.
func newFixture(t testing.TB, change func(*Options)) *fixture {
	t.Helper()
	f := &fixture{
		prober: &proberFunc{probe: func(_ context.Context, t smbprobe.Target) *smbprobe.Result { return healthy(t) }},
		config: &fakeConfig{hosts: []config.Host{
			{Name: "exch01.corp.example", Module: "default", Auth: "corp", Labels: map[string]string{"site": "hq", "instance": "stolen"}},
			{Name: "exch02:139", Module: "short", Auth: "corp"},
		}},
		reload: func() error { return nil },
		log:    &strings.Builder{},
	}
	o := Options{
		Prober: f.prober, Config: func() Config { return f.config }, Reload: func() error { return f.reload() }, EnableLifecycle: true, Hostname: "monitor.corp.example",
		Metrics:       collector.NewExporter(time.Unix(1, 0), collector.Counts{Targets: func() int { return 2 }, LoginsHeldBack: func() int { return 0 }, EventlogsForgotten: func() int { return 0 }}),
		MaxConcurrent: 2, TimeoutOffset: 500 * time.Millisecond,
		Logger: slog.New(slog.NewTextHandler(f.log, nil)),
	}
	if change != nil {
		change(&o)
	}
	server, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	f.server = server
	t.Cleanup(func() { server.Drain(context.Background()) })
	return f
}

// do sends one request; headers are pairs of name and value.
func (f *fixture) do(method, url string, headers ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, url, http.NoBody)
	r.Host = "localhost:10196"
	for i := 0; i < len(headers); i += 2 {
		r.Header.Add(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	f.server.Handler().ServeHTTP(w, r)
	return w
}
