package web

import (
	"bytes"
	"errors"
	"html/template"
	"io/fs"
	"net/http"
	"strings"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/parser"
)

// runbookPage is the data of a runbook's page.
type runbookPage struct {
	frame
	Name string
	HTML template.HTML
}

// newMarkdown returns a converter that leaves HTML and dangerous links out.
func newMarkdown() goldmark.Markdown {
	return goldmark.New(goldmark.WithExtensions(extension.Table), goldmark.WithParserOptions(parser.WithAutoHeadingID()))
}

// runbookIndex is the runbook that lists the others.
const runbookIndex = "README"

// serveRunbooks leads to the list of runbooks: links in it are relative to it.
func (s *Server) serveRunbooks(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Location", "runbooks/"+runbookIndex)
	w.WriteHeader(http.StatusFound)
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
	var html bytes.Buffer
	if err := s.markdown.Convert(text, &html); err != nil {
		s.fail(w, "cannot show the runbook", err)
		return
	}
	s.writePage(w, r, http.StatusOK, "runbook.html", runbookPage{
		frame: s.newFrame(r, name+" (runbook)", "runbooks", s.fleetState()), Name: name,
		//nolint:gosec // the converter leaves out what is not safe
		HTML: template.HTML(html.String()),
	})
}
