package web

import (
	"errors"
	"io/fs"
	"net/http"
	"strings"
)

// runbookPage is what the template of a runbook takes.
type runbookPage struct {
	head
	Name string
	Text string // Markdown, shown as it is
}

// serveRunbook shows a runbook by its name, with or without ".md": links between runbooks
// have it.
func (s *Server) serveRunbook(w http.ResponseWriter, r *http.Request) {
	name := strings.TrimSuffix(r.PathValue("name"), ".md")
	if s.options.Runbooks == nil || !fs.ValidPath(name) || strings.ContainsAny(name, `/\`) {
		http.Error(w, "no such runbook", http.StatusNotFound)
		return
	}
	text, err := fs.ReadFile(s.options.Runbooks, name+".md")
	switch {
	case errors.Is(err, fs.ErrNotExist):
		http.Error(w, "no such runbook", http.StatusNotFound)
		return
	case err != nil:
		s.fail(w, "cannot read the runbook", err)
		return
	}
	s.writePage(w, http.StatusOK, "runbook.html", runbookPage{newHead(name + " · rasphone_exporter"), name, string(text)})
}
