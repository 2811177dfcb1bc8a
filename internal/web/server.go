// Package web answers over HTTP: probes, the exporter's own metrics, service
// discovery and pages for a person.
package web

import (
	"context"
	"errors"
	"fmt"
	"html/template"
	"io/fs"
	"log/slog"
	"net/http"
	"runtime/debug"
	"sync/atomic"
	"time"

	"github.com/rasphone-exporter/rasphone_exporter/collector"
	"github.com/rasphone-exporter/rasphone_exporter/internal/config"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe"
)

// Prober probes one target. It returns by ctx's deadline, and soon after ctx is
// cancelled, with what it learnt until then. It may be called from several
// goroutines.
type Prober interface {
	Probe(ctx context.Context, t smbprobe.Target) *smbprobe.Result
}

// Config is what is asked of a configuration; *config.Config is one.
type Config interface {
	// Target says how to probe a host. Its errors wrap config.ErrNotAllowed,
	// config.ErrUnknownModule or config.ErrBadTarget.
	Target(name, module string) (smbprobe.Target, error)
	// Hosts returns the hosts that the configuration lists.
	Hosts() []config.Host
	// Masked returns the configuration as YAML, without secrets.
	Masked() ([]byte, error)
}

// Options are what a Server works with. All are needed, save ExternalAddress and Now.
type Options struct {
	Prober Prober
	Config func() Config // returns the configuration in force; called for each request
	// Reload loads the configuration anew, and notes in Metrics how that went.
	// It may be called from several goroutines. Its error is shown to whoever
	// asked, and so holds no secret.
	Reload        func() error
	Metrics       *collector.Exporter
	MaxConcurrent int // how many probes run at a time; at least 1
	// TimeoutOffset is how much of the time that Prometheus gives is kept for
	// ending the probe and for the answer; 0 or more.
	TimeoutOffset time.Duration
	// ExternalAddress is the address under which Prometheus reaches the
	// exporter: "host:port", or a URL such as "https://host/path" where a proxy
	// ends TLS or serves the exporter under a path. Empty: the address and the
	// scheme of the request for /sd.
	ExternalAddress string
	Runbooks        fs.FS // the runbooks, "clock_off.md" among them; nil: none are shown
	Logger          *slog.Logger
	Now             func() time.Time // the clock of the page; nil: time.Now
}

// Server answers the exporter's requests. It has no listener and no time limits
// of its own; both are up to the http.Server that it is given to.
type Server struct {
	options   Options
	external  address // zero where none is configured
	pages     *template.Template
	scheduler *scheduler
	history   *history
	draining  atomic.Bool
}

// New makes a Server. Its error names the option that is wrong.
func New(o Options) (*Server, error) {
	if o.MaxConcurrent < 1 {
		return nil, fmt.Errorf("at most %d concurrent probes: give at least 1", o.MaxConcurrent)
	}
	if o.TimeoutOffset < 0 {
		return nil, fmt.Errorf("timeout offset %s: give 0s or more", o.TimeoutOffset)
	}
	external, err := parseExternalAddress(o.ExternalAddress)
	if err != nil {
		return nil, err
	}
	pages, err := parsePages()
	if err != nil {
		return nil, err
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	s := &Server{
		options:  o,
		external: external,
		pages:    pages,
		history:  newHistory(func() []config.Host { return o.Config().Hosts() }),
	}
	s.scheduler = newScheduler(o.MaxConcurrent, s.probe)
	return s, nil
}

// Handler returns the handler of every path. It refuses what a page of another
// site sends through a browser, and methods that a path does not have.
func (s *Server) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", s.serveIndex)
	mux.HandleFunc("GET /target", s.serveTarget)
	mux.HandleFunc("GET /runbooks/{name}", s.serveRunbook)
	mux.HandleFunc("GET /probe", s.serveProbe)
	mux.Handle("GET /metrics", s.metricsHandler())
	mux.HandleFunc("GET /sd", s.serveDiscovery)
	mux.HandleFunc("GET /config", s.serveConfig)
	mux.HandleFunc("GET /-/healthy", s.serveHealthy)
	mux.HandleFunc("GET /-/ready", s.serveReady)
	mux.HandleFunc("POST /-/reload", s.serveReload)
	mux.HandleFunc("PUT /-/reload", s.serveReload)
	return secureHeaders(http.NewCrossOriginProtection().Handler(mux))
}

// Drain turns new probes away, and waits for those that run or wait for their
// turn. When ctx ends, it cancels what still runs, and turns what waits away. No
// goroutine of the Server is left when it returns.
func (s *Server) Drain(ctx context.Context) {
	s.draining.Store(true)
	s.scheduler.drain(ctx)
}

// Reasons of a Result that stands in for one that a probe did not give.
var (
	errPanic    = errors.New("the probe ended in a panic, a fault of the exporter itself: its log has the stack, please report it")
	errNoResult = errors.New("the probe gave no result, a fault of the exporter itself: please report it")
)

// probe runs one probe for the scheduler: counted, remembered, and with a Result
// whatever happens. A panic ends in a Result of state not_probed: nothing is
// known of the server, and to name another state would make one up.
func (s *Server) probe(ctx context.Context, t smbprobe.Target) (result *smbprobe.Result) {
	started := time.Now()
	s.options.Metrics.ProbeStarted()
	defer func() {
		if v := recover(); v != nil {
			s.options.Logger.Error("a probe panicked", "target", t.Name, "module", t.Module.Name,
				"panic", fmt.Sprint(v), "stack", string(debug.Stack()))
			result = unknownResult(t, started, errPanic)
		}
		if result == nil {
			result = unknownResult(t, started, errNoResult)
		}
		s.options.Metrics.ProbeEnded(result, time.Since(started))
		s.history.add(result)
	}()
	return s.options.Prober.Probe(ctx, t)
}

// unknownResult is the Result of a probe that told nothing.
func unknownResult(t smbprobe.Target, started time.Time, why error) *smbprobe.Result {
	return &smbprobe.Result{
		Target: t.Name, Module: t.Module.Name, Auth: t.Auth.Name,
		Started: started, Duration: time.Since(started),
		Share: smbprobe.ShareNotProbed, ShareError: why.Error(),
		Phonebook: smbprobe.PhonebookResult{State: smbprobe.PhonebookUnknown},
	}
}
