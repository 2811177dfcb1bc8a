package web

import (
	"errors"
	"fmt"
	"net/http"
	"time"
)

// serveProbeNow probes a target as a request of Prometheus does, once the module's MinInterval
// since the last probe is over, and leads back to its page.
func (s *Server) serveProbeNow(w http.ResponseWriter, r *http.Request) {
	// The query of the URL does not count: a link could name another target.
	if err := r.ParseForm(); err != nil {
		http.Error(w, "the form cannot be read: "+err.Error(), http.StatusBadRequest)
		return
	}
	if r.PostForm.Get("target") == "" {
		s.reject(w, fmt.Errorf("%w: no target in the form; send target=HOST in the body", errParameters))
		return
	}
	p, err := parseProbeParameters(r.PostForm.Encode())
	if err != nil {
		s.reject(w, err)
		return
	}
	configuration := s.options.Config()
	target, err := configuration.Target(p.target, p.module)
	if err != nil {
		s.reject(w, err)
		return
	}
	limits, err := timeLimits(http.Header{}, target.Module.Timeout, s.options.TimeoutOffset)
	if err != nil {
		s.reject(w, err)
		return
	}
	wait := s.scheduler.reusableFor(target)
	s.allowTime(w, wait+limits.answer)
	if !sleep(r, wait) {
		return // the client is gone
	}
	_, _, err = s.scheduler.ask(r.Context(), request{target, configuration, limits.from(time.Now())})
	switch {
	case r.Context().Err() != nil:
		return
	case errors.Is(err, errStillRuns): // its result will be on the page
	case err != nil:
		s.reject(w, err)
		return
	}
	// Relative, so that it holds below whatever path a proxy adds.
	w.Header().Set("Location", "../target?"+string(flightKey{target.Name, target.Module.Name}.query()))
	w.WriteHeader(http.StatusSeeOther)
}

// sleep reports whether a request is still there after a while.
func sleep(r *http.Request, d time.Duration) bool {
	if d <= 0 {
		return true
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-r.Context().Done():
		return false
	}
}
