package web

import (
	"log"
	"log/slog"
	"net/http"

	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// secureHeaders sets on every answer what keeps a browser from making more of it
// than it is. The page sets a policy that also allows its own style.
func secureHeaders(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("X-Frame-Options", "DENY")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cache-Control", "no-store")
		next.ServeHTTP(w, r)
	})
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

// write sends a body. Where that fails the client is gone, which is worth a line
// for who looks for it and no more.
func (s *Server) write(w http.ResponseWriter, body []byte) {
	if _, err := w.Write(body); err != nil {
		s.options.Logger.Debug("an answer could not be sent", "err", err)
	}
}
