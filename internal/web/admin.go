package web

import (
	"fmt"
	"log"
	"log/slog"
	"net/http"
	"net/url"
	"slices"

	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// serveConfig shows the configuration in force, its secrets masked: as YAML, for a browser
// inside a page.
func (s *Server) serveConfig(w http.ResponseWriter, r *http.Request) {
	text, err := s.options.Config().Masked()
	if err != nil {
		s.fail(w, "cannot show the configuration", err)
		return
	}
	w.Header().Add("Vary", "Accept")
	if !wantsPage(r) {
		s.writeText(w, text)
		return
	}
	s.writePage(w, r, http.StatusOK, "text.html", textPage{
		frame: s.newFrame(r, "Configuration", "config", s.fleetState()), Heading: "Configuration in force",
		About: "Passwords are masked. Defaults that the file leaves out are filled in.", Text: string(text),
	})
}

// serveHealthy answers as long as the process does.
func (s *Server) serveHealthy(w http.ResponseWriter, _ *http.Request) {
	s.writeText(w, []byte("rasphone_exporter is healthy.\n"))
}

// serveReady reports whether probes are taken.
func (s *Server) serveReady(w http.ResponseWriter, _ *http.Request) {
	if s.draining.Load() {
		http.Error(w, "rasphone_exporter is about to end.", http.StatusServiceUnavailable)
		return
	}
	s.writeText(w, []byte("rasphone_exporter is ready.\n"))
}

// serveReload loads the configuration again.
func (s *Server) serveReload(w http.ResponseWriter, r *http.Request) {
	if !s.options.EnableLifecycle {
		http.Error(w, "reloads by HTTP are off; --web.enable-lifecycle permits them, and SIGHUP always reloads", http.StatusForbidden)
		return
	}
	if err := s.options.Reload(); err != nil {
		s.fail(w, "the configuration was not loaded, the one before stays in force", err)
		return
	}
	s.writeAnswer(w, r, "Configuration", "The configuration was loaded.")
}

// serveForget permits one login with an auth whose logins are held back.
func (s *Server) serveForget(w http.ResponseWriter, r *http.Request) {
	values, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil || len(values["auth"]) != 1 || values.Get("auth") == "" {
		http.Error(w, "name one auth of the configuration: /-/forget?auth=NAME", http.StatusBadRequest)
		return
	}
	auth := values.Get("auth")
	if !slices.Contains(s.options.Config().Auths(), auth) {
		http.Error(w, fmt.Sprintf("%.80q is not under auths in the configuration", auth), http.StatusBadRequest)
		return
	}
	if err := s.options.Prober.Forget(auth); err != nil {
		http.Error(w, err.Error(), http.StatusConflict)
		return
	}
	s.options.Logger.Info("One login is permitted again", "auth", auth, "client", r.RemoteAddr)
	s.writeAnswer(w, r, "One login is permitted", fmt.Sprintf("The next probe with auth %s logs in.", auth))
}

// metricsHandler shows the exporter's own metrics, and counts its own requests
// among them.
func (s *Server) metricsHandler() http.Handler {
	registry := s.options.Metrics.Registry()
	return promhttp.InstrumentMetricHandler(registry, promhttp.HandlerFor(registry, promhttp.HandlerOpts{
		ErrorLog: s.promLog(), ErrorHandling: promhttp.HTTPErrorOnError, Registry: registry, EnableOpenMetrics: true,
	}))
}

// promLog is the log that promhttp writes its errors to.
func (s *Server) promLog() *log.Logger {
	return slog.NewLogLogger(s.options.Logger.Handler(), slog.LevelError)
}

func (s *Server) writeText(w http.ResponseWriter, text []byte) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	s.write(w, text)
}

// write sends a body. If that fails the client is gone: a line for debugging, no more.
func (s *Server) write(w http.ResponseWriter, body []byte) {
	if _, err := w.Write(body); err != nil {
		s.options.Logger.Debug("an answer could not be sent", "err", err)
	}
}
