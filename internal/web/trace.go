package web

import (
	"fmt"
	"html/template"
	"net/http"
	"net/url"
	"strconv"
)

// traceQuery is a probe as parameters of /target/trace.
func (k flightKey) traceQuery(o outcome) template.URL {
	//nolint:gosec // Encode has escaped it
	return template.URL(url.Values{"target": {k.target}, "module": {k.module}, "probe": {strconv.FormatInt(o.key(), 10)}}.Encode())
}

// serveTrace shows the trace and the metrics of a probe whose result is kept. It never probes.
func (s *Server) serveTrace(w http.ResponseWriter, r *http.Request) {
	values, err := parseQuery(r.URL.RawQuery, "/target/trace", "target", "module", "probe")
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	key, snap, ok := s.lookUp(w, r, flightKey{values.Get("target"), values.Get("module")})
	if !ok {
		return
	}
	var probe int64
	switch text := values.Get("probe"); {
	case text != "":
		if probe, err = strconv.ParseInt(text, 10, 64); err != nil {
			http.Error(w, fmt.Sprintf("probe=%.50q is not the number of a probe", text), http.StatusBadRequest)
			return
		}
	case snap.result != nil:
		probe = newOutcome(snap.result).key()
	}
	result, err := s.history.find(key, probe)
	if err != nil {
		s.fail(w, "cannot read a kept result", err)
		return
	}
	if result == nil {
		http.Error(w, fmt.Sprintf("The result of that probe is not kept. Kept are those of the last probe, of the last %d changes and of the last %d failures, as far as --web.history-size permits.", maxChanges, maxFailures), http.StatusNotFound)
		return
	}
	s.writeDebug(w, r, result, "")
}
