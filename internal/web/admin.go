package web

import (
	"net/http"
)

// serveConfig shows the configuration in force, its secrets masked.
func (s *Server) serveConfig(w http.ResponseWriter, _ *http.Request) {
	text, err := s.options.Config().Masked()
	if err != nil {
		s.fail(w, "cannot show the configuration", err)
		return
	}
	s.writeText(w, text)
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

// serveReload loads the configuration anew.
func (s *Server) serveReload(w http.ResponseWriter, _ *http.Request) {
	if err := s.options.Reload(); err != nil {
		s.fail(w, "the configuration was not loaded, the one before stays in force", err)
		return
	}
	s.writeText(w, []byte("The configuration was loaded.\n"))
}
