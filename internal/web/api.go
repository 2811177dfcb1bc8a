package web

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"slices"

	"github.com/rasphone-exporter/rasphone_exporter/internal/report"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe"
)

// serveTargetsAPI lists the last result of every target that was probed and that the filter of
// the first page lets through, by name.
func (s *Server) serveTargetsAPI(w http.ResponseWriter, r *http.Request) {
	f, err := newFilter(r.URL.RawQuery)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	if !f.Set() {
		s.writeResults(w, r, func(flightKey) bool { return true })
		return
	}
	matching := map[flightKey]bool{}
	for _, row := range s.fleet(s.options.Now()) {
		matching[row.key] = f.matches(row)
	}
	s.writeResults(w, r, func(k flightKey) bool { return matching[k] })
}

// serveTargetAPI lists the last results of one target: that of each module that it was probed
// with, or of the module that the request names.
func (s *Server) serveTargetAPI(w http.ResponseWriter, r *http.Request) {
	module := r.URL.Query().Get("module")
	key, configured, err := s.find(flightKey{r.PathValue("host"), module})
	if err != nil {
		s.fail(w, "cannot look the target up in the configuration", err)
		return
	}
	wanted := func(k flightKey) bool { return k.target == key.target && (module == "" || k.module == module) }
	if !configured && !slices.ContainsFunc(s.history.keys(), wanted) {
		http.Error(w, "the configuration does not have this target or module, and no result of it is kept", http.StatusNotFound)
		return
	}
	s.writeResults(w, r, wanted)
}

// writeResults answers with last results as probe --output=json prints them, one after the
// other: all of them in memory would be too much.
func (s *Server) writeResults(w http.ResponseWriter, r *http.Request, wanted func(flightKey) bool) {
	all := s.history.all()
	var keys []flightKey
	for key := range all {
		if wanted(key) {
			keys = append(keys, key)
		}
	}
	slices.SortFunc(keys, cmpKey)
	w.Header().Set("Content-Type", "application/json")
	s.stream(w, r, http.StatusOK, func(w io.Writer) error {
		separator := "["
		for _, key := range keys {
			snap := all[key]
			if err := writeResult(w, separator, conclude(snap.result, snap.outlined)); err != nil {
				return err
			}
			separator = ","
		}
		if len(keys) == 0 {
			_, err := io.WriteString(w, "[]\n")
			return err
		}
		_, err := io.WriteString(w, "]\n")
		return err
	})
}

// writeResult writes a result behind a separator.
func writeResult(w io.Writer, separator string, result *smbprobe.Result) error {
	b := bytes.NewBufferString(separator)
	e := json.NewEncoder(b)
	e.SetEscapeHTML(false)
	if err := e.Encode(report.NewProbe(result)); err != nil {
		return err
	}
	_, err := w.Write(b.Bytes())
	return err
}
