package web

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/rasphone-exporter/rasphone_exporter/collector"
	"github.com/rasphone-exporter/rasphone_exporter/internal/config"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe"
)

var errParameters = errors.New("bad parameters")

// probeParameters are those of a request for /probe.
type probeParameters struct {
	target string
	module string // empty: the one of the target
	debug  bool
}

// parseProbeParameters takes exactly one target, and one module and one debug at most.
func parseProbeParameters(query string) (probeParameters, error) {
	values, err := parseQuery(query, "/probe", "target", "module", "debug")
	if err != nil {
		return probeParameters{}, err
	}
	p := probeParameters{target: values.Get("target"), module: values.Get("module")}
	if values.Has("debug") {
		if p.debug, err = strconv.ParseBool(values.Get("debug")); err != nil {
			return probeParameters{}, fmt.Errorf("%w: debug=%.50q; give true or false", errParameters, values.Get("debug"))
		}
	}
	return p, nil
}

// parseQuery takes a query that has each of the names once at most, and of them a
// target that is not empty. Other parameters are ignored.
func parseQuery(query, path string, names ...string) (url.Values, error) {
	values, err := url.ParseQuery(query)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errParameters, err)
	}
	for _, name := range names {
		if n := len(values[name]); n > 1 {
			return nil, fmt.Errorf("%w: %s is there %d times; give it once", errParameters, name, n)
		}
	}
	if values.Get("target") == "" {
		return nil, fmt.Errorf("%w: no target; ask for %s?target=HOST", errParameters, path)
	}
	return values, nil
}

// serveProbe probes a target and answers with its metrics, or with a trace.
func (s *Server) serveProbe(w http.ResponseWriter, r *http.Request) {
	arrived := time.Now()
	if err := s.checkSite(r); err != nil {
		s.reject(w, err)
		return
	}
	p, err := parseProbeParameters(r.URL.RawQuery)
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
	limits, err := timeLimits(r.Header, target.Module.Timeout, s.options.TimeoutOffset)
	if err != nil {
		s.reject(w, err)
		return
	}
	s.allowTime(w, limits.answer)

	result, reused, err := s.scheduler.ask(r.Context(), request{target, configuration, limits.from(arrived)})
	switch {
	case r.Context().Err() != nil:
		return // the client is gone
	case errors.Is(err, errStillRuns):
		result = lateResult(target, arrived, limits.answer)
	case err != nil:
		s.reject(w, err)
		return
	}
	if reused {
		s.options.Metrics.ResultReused()
	}
	if p.debug {
		note := ""
		if reused {
			note = reusedNote
		}
		s.writeDebug(w, r, result, note)
		return
	}
	s.writeMetrics(w, r, result)
}

// lateResult is for a waiter whose own time ended before the shared probe did: that is the
// exporter's reason, and describes nothing of the server.
func lateResult(t smbprobe.Target, arrived time.Time, limit time.Duration) *smbprobe.Result {
	result := unknownResult(t, arrived, fmt.Errorf("%w (%s)", errStillRuns, limit))
	result.Timeout = limit
	return result
}

// reject answers a request that gets no probe, and counts it.
func (s *Server) reject(w http.ResponseWriter, err error) {
	why, status := collector.RejectedBadRequest, http.StatusBadRequest
	switch {
	case errors.Is(err, config.ErrNotAllowed), errors.Is(err, config.ErrModuleNotAllowed), errors.Is(err, errCrossSite):
		why, status = collector.RejectedNotAllowed, http.StatusForbidden
	case errors.Is(err, errOverloaded):
		why, status = collector.RejectedOverloaded, http.StatusServiceUnavailable
	case errors.Is(err, errDraining):
		why, status = collector.RejectedDraining, http.StatusServiceUnavailable
	case errors.Is(err, config.ErrUnknownModule), errors.Is(err, config.ErrBadTarget),
		errors.Is(err, errParameters), errors.Is(err, errTimeoutHeader):
	default:
		s.options.Logger.Error("a request for a probe failed", "err", err)
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	s.options.Metrics.ProbeRejected(why)
	http.Error(w, err.Error(), status)
}

// fail answers 500 and logs why.
func (s *Server) fail(w http.ResponseWriter, what string, err error) {
	s.options.Logger.Error(what, "err", err)
	http.Error(w, fmt.Sprintf("%s: %s", what, err), http.StatusInternalServerError)
}
