package web

import (
	"fmt"
	"net/http"
)

// serveIcon is the icon of the pages in the colour of a state: the one that the request names,
// or that of the fleet.
func (s *Server) serveIcon(w http.ResponseWriter, r *http.Request) {
	shown, named := parseState(r.URL.Query().Get("state"))
	if named {
		w.Header().Set("Cache-Control", "max-age=86400")
	} else {
		shown = s.fleetState()
	}
	w.Header().Set("Content-Type", "image/svg+xml")
	s.write(w, icons[shown])
}

// icons are a telephone receiver's dial: a disc, with a mark so that the color alone does not tell.
var icons = func() (all [states][]byte) {
	for s := range states {
		all[s] = fmt.Appendf(nil, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16"><circle cx="8" cy="8" r="8" fill="%s"/><path d="%s" fill="none" stroke="#fff" stroke-width="2"/></svg>`,
			s.info().Color, iconMarks[s])
	}
	return all
}()

var iconMarks = [states]string{
	stateOK:       "M4 8l3 3 5-6",
	stateNever:    "M4 8h8",
	stateStale:    "M8 4v4h3",
	stateWarning:  "M8 3v6M8 11v2",
	stateUnknown:  "M6 6a2 2 0 1 1 2 3M8 11v2",
	stateCritical: "M5 5l6 6M11 5l-6 6",
}
