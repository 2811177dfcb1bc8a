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
	"sync"
	"sync/atomic"
	"time"

	"github.com/yuin/goldmark"

	"github.com/rasphone-exporter/rasphone_exporter/collector"
	"github.com/rasphone-exporter/rasphone_exporter/internal/config"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe"
)

// Prober probes one target. It returns by ctx's deadline, and soon after ctx is
// cancelled, with what it learnt until then. It may be called from several
// goroutines.
type Prober interface {
	Probe(ctx context.Context, t smbprobe.Target) *smbprobe.Result
	// Forget permits one login with an auth, by its name in the configuration, although
	// logins are held back. Its error says when one is permitted anyway.
	Forget(auth string) error
}

// Config is what a Server needs of a configuration; *config.Config is one. Its type is
// comparable: two values that are equal are the same configuration, loaded once.
type Config interface {
	// Target returns how to probe a host. Its errors wrap config.ErrNotAllowed,
	// config.ErrModuleNotAllowed, config.ErrUnknownModule or config.ErrBadTarget.
	Target(name, module string) (smbprobe.Target, error)
	// Auths returns the names of the auths.
	Auths() []string
	// Hosts returns the hosts that the configuration lists.
	Hosts() []config.Host
	// Masked returns the configuration as YAML, without secrets.
	Masked() ([]byte, error)
}

// Options are what a Server works with. All are needed but those whose
// zero value has a meaning of its own.
type Options struct {
	Prober Prober
	Config func() Config // returns the configuration in force; called for each request
	// Reload loads the configuration again, and notes in Metrics how that went.
	// It may be called from several goroutines. Its error is shown to the client,
	// and so holds no secret.
	Reload          func() error
	EnableLifecycle bool // permits POST /-/reload
	Metrics         *collector.Exporter
	MaxConcurrent   int // how many probes run at a time; at least 1
	// TimeoutOffset is how much of the time that Prometheus gives is kept for
	// ending the probe and for the answer; 0 or more.
	TimeoutOffset time.Duration
	// ExternalAddress is the address under which Prometheus reaches the
	// exporter: "host:port", or a URL such as "https://host/path" if a proxy
	// ends TLS or serves the exporter under a path. Empty: the address and the
	// scheme of the request for /sd.
	ExternalAddress string
	// Hostname is the name of this machine. Requests that change something are taken only
	// with this Host, localhost, an address, or that of ExternalAddress.
	Hostname string
	Runbooks fs.FS // the runbooks, "clock_off.md" among them; nil: none are shown
	// ConfigProblem returns why the configuration that was loaded last is not in force, and
	// when it was loaded; no error if it is. Nil: it always is. Its error is shown on the first page,
	// and so holds no secret.
	ConfigProblem func() (time.Time, error)
	// HistorySize is how many bytes are used to remember results. Last results are always
	// remembered, in short if there is no room; 0: DefaultHistorySize.
	HistorySize int
	Logger      *slog.Logger
	Now         func() time.Time // the clock of the page; nil: time.Now
}

// DefaultHistorySize is how many bytes are used to remember results, unless Options give another
// number.
const DefaultHistorySize = 32 << 20

// Server answers the exporter's requests. It bounds how long an answer may take to be
// sent, and how many pages are made at a time; all else, such as how long a request may
// take to arrive, is up to the http.Server that it is given to.
type Server struct {
	options    Options
	external   address // zero if none is configured
	pages      *template.Template
	protection *http.CrossOriginProtection
	scheduler  *scheduler
	history    *history
	rows       rows
	markdown   goldmark.Markdown
	started    time.Time
	renders    gate // pages under way, from being made until they are sent
	lists      gate // likewise, what programs read and a page does not keep waiting
	formats    formatCache
	draining   atomic.Bool

	compressors *sync.Pool // of *gzip.Writer
	answers     *sync.Pool // of *answerBuffers
}

// New makes a Server. Its error names the option that is wrong.
func New(o Options) (*Server, error) {
	if o.MaxConcurrent < 1 {
		return nil, fmt.Errorf("at most %d concurrent probes: give at least 1", o.MaxConcurrent)
	}
	if o.HistorySize < 0 {
		return nil, fmt.Errorf("history size %d: give 0 or more", o.HistorySize)
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
	if o.HistorySize == 0 {
		o.HistorySize = DefaultHistorySize
	}
	s := &Server{
		options:  o,
		external: external,
		pages:    pages,
		history:  newHistory(o.HistorySize, func() []config.Host { return o.Config().Hosts() }),
		markdown: newMarkdown(),
		started:  o.Now(),
		renders:  newGate(maxRenders),
		lists:    newGate(maxRenders),

		compressors: newCompressors(),
		answers:     newAnswers(),
	}
	if s.protection, err = s.crossOriginProtection(); err != nil {
		return nil, fmt.Errorf("external address: %w", err)
	}
	s.scheduler = newScheduler(o.MaxConcurrent, s.probe)
	return s, nil
}

// Handler returns the handler of every path. It refuses what a page of another
// site sends through a browser, and methods that a path does not have.
func (s *Server) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /{$}", s.renders.limit(s.serveIndex))
	mux.Handle("GET /target", s.renders.limit(s.serveTarget))
	mux.Handle("GET /target/trace", s.renders.limit(s.serveTrace))
	mux.HandleFunc("POST /target/probe-now", s.stateChanging(s.serveProbeNow))
	mux.Handle("GET /events", s.renders.limit(s.serveEvents))
	mux.Handle("GET /runbooks", s.renders.limit(s.serveRunbooks))
	mux.Handle("GET /runbooks/{name}", s.renders.limit(s.serveRunbook))
	mux.HandleFunc("GET /favicon.ico", s.serveIcon)
	mux.Handle("GET /api/v1/targets", s.lists.limit(s.serveTargetsAPI))
	mux.Handle("GET /api/v1/targets/{host}", s.lists.limit(s.serveTargetAPI))
	mux.HandleFunc("/probe", getOnly(s.serveProbe))
	mux.Handle("GET /metrics", s.lists.limit(s.metricsHandler().ServeHTTP))
	mux.Handle("GET /sd", s.lists.limit(s.serveDiscovery))
	mux.Handle("GET /config", s.lists.limit(s.serveConfig))
	mux.HandleFunc("GET /-/healthy", s.serveHealthy)
	mux.HandleFunc("GET /-/ready", s.serveReady)
	mux.HandleFunc("POST /-/reload", s.stateChanging(s.serveReload))
	mux.HandleFunc("POST /-/forget", s.stateChanging(s.serveForget))
	return secureHeaders(s.limitTransfer(s.frameErrors(s.protection.Handler(mux))))
}

// getOnly refuses all methods but GET: HEAD too, which would probe a server for an answer that
// is thrown away.
func getOnly(next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet {
			w.Header().Set("Allow", http.MethodGet)
			http.Error(w, http.StatusText(http.StatusMethodNotAllowed), http.StatusMethodNotAllowed)
			return
		}
		next(w, r)
	}
}

// Drain rejects new probes, and waits for those that run or wait for their
// turn. When ctx ends, it cancels what still runs, and rejects what waits. No
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
		s.rows.forget(flightKey{result.Target, result.Module})
	}()
	return s.options.Prober.Probe(ctx, t)
}

// unknownResult is the Result of a probe from which nothing is known.
func unknownResult(t smbprobe.Target, started time.Time, why error) *smbprobe.Result {
	return &smbprobe.Result{
		Target: t.Name, Module: t.Module.Name, Auth: t.Auth.Name,
		Started: started, Duration: time.Since(started),
		Share: smbprobe.ShareNotProbed, ShareError: why.Error(),
		Phonebook: smbprobe.PhonebookResult{State: smbprobe.PhonebookUnknown},
	}
}
