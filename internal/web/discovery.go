package web

import (
	"encoding/json"
	"maps"
	"net/http"
)

// discovered is one entry of Prometheus' HTTP service discovery.
type discovered struct {
	Targets []string          `json:"targets"`
	Labels  map[string]string `json:"labels"`
}

// serveDiscovery lists the configured hosts so that Prometheus scrapes a probe of
// each without relabelling.
func (s *Server) serveDiscovery(w http.ResponseWriter, r *http.Request) {
	exporter := s.external
	if exporter.host == "" {
		if err := checkHostPort(r.Host); err != nil {
			http.Error(w, "bad Host header: "+err.Error(), http.StatusBadRequest)
			return
		}
		exporter.host = r.Host
	}
	if exporter.scheme == "" {
		exporter.scheme = "http"
		if r.TLS != nil {
			exporter.scheme = "https"
		}
	}

	list := []discovered{} // an empty list, not null, if there are no hosts
	for _, h := range s.options.Config().Hosts() {
		labels := make(map[string]string, len(h.Labels)+5)
		maps.Copy(labels, h.Labels)
		labels["__scheme__"] = exporter.scheme
		labels["__metrics_path__"] = exporter.path + "/probe"
		labels["__param_target"] = h.Name
		labels["__param_module"] = h.Module
		labels["instance"] = h.Name
		list = append(list, discovered{Targets: []string{exporter.host}, Labels: labels})
	}
	body, err := json.Marshal(list)
	if err != nil {
		s.fail(w, "cannot list the hosts", err)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	s.write(w, body)
}
