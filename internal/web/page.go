package web

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"net/http"
	"net/url"
	"strings"

	"github.com/prometheus/common/version"
)

//go:embed pages/*.html
var pagesFS embed.FS

//go:embed pages/style.css
var styleCSS string

//go:embed pages/script.js
var scriptJS string

// pagePolicy allows a page its own style sheet and script, requests to the exporter itself, and
// nothing else.
var pagePolicy = fmt.Sprintf("default-src 'none'; style-src %s; script-src %s; img-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
	contentHash(styleCSS), contentHash(scriptJS))

// contentHash allows inline content (Content Security Policy Level 3, 2.3.1).
func contentHash(content string) string {
	sum := sha256.Sum256([]byte(content))
	return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}

// frame is what is around every page.
type frame struct {
	Title   string
	Section string // the entry of the navigation that the page belongs to
	Root    string // relative URL of the first page: "", "../"
	Icon    string // the name of the state in the icon

	Version, Hostname string
	Style             template.CSS
	Script            template.JS
}

// newFrame returns the frame of a page at a path.
func (s *Server) newFrame(r *http.Request, title, section string, icon state) frame {
	return frame{
		Title: title, Section: section, Root: rootOf(r.URL.EscapedPath()), Icon: icon.Name(),
		Version: cmp.Or(version.Version, "development"), Hostname: s.options.Hostname,
		//nolint:gosec // both are part of the program
		Style: template.CSS(styleCSS), Script: template.JS(scriptJS),
	}
}

// rootOf returns the URL of the first page relative to a path: links have to work below
// whatever path a proxy adds.
func rootOf(escapedPath string) string {
	return strings.Repeat("../", max(0, strings.Count(escapedPath, "/")-1))
}

// Home is the URL of the first page, relative to this one.
func (f frame) Home() string { return cmp.Or(f.Root, ".") }

func parsePages() (*template.Template, error) {
	t, err := template.New("pages").Funcs(pageFuncs).ParseFS(pagesFS, "pages/*.html")
	if err != nil {
		return nil, fmt.Errorf("templates of the pages: %w", err)
	}
	return t, nil
}

// writePage answers with a page from the template of that name.
func (s *Server) writePage(w http.ResponseWriter, r *http.Request, status int, name string, data any) {
	var b bytes.Buffer
	if err := s.pages.ExecuteTemplate(&b, name, data); err != nil {
		s.fail(w, "cannot make the page", err)
		return
	}
	h := w.Header()
	h.Set("Content-Security-Policy", pagePolicy)
	// Browsers send "Origin: null" with the forms of a page that may not send a referrer.
	h.Set("Referrer-Policy", "same-origin")
	h.Set("Content-Type", "text/html; charset=utf-8")
	s.writeCompressed(w, r, status, b.Bytes())
}

// messagePage is a page with one message.
type messagePage struct {
	frame
	Heading string
	Message string
	Target  *targetLink // that it is about; nil: none
}

// targetLink leads to the page of a target.
type targetLink struct {
	Name  string
	Query template.URL
}

// textPage is a page with a text of fixed width.
type textPage struct {
	frame
	Heading string
	About   string
	Text    string
	Target  *targetLink // that it is about; nil: none
}

// writeAnswer answers with a line of text, for a browser inside a page.
func (s *Server) writeAnswer(w http.ResponseWriter, r *http.Request, heading, message string) {
	w.Header().Add("Vary", "Accept")
	if !wantsPage(r) {
		s.writeText(w, []byte(message+"\n"))
		return
	}
	s.writePage(w, r, http.StatusOK, "message.html", messagePage{frame: s.newFrame(r, heading, "", s.fleetState()), Heading: heading, Message: message})
}

// wantsPage reports whether a request is a browser's.
func wantsPage(r *http.Request) bool { return strings.Contains(r.Header.Get("Accept"), "text/html") }

// query is the key as parameters of /probe and /target.
func (k flightKey) query() template.URL {
	//nolint:gosec // Encode has escaped it
	return template.URL(url.Values{"target": {k.target}, "module": {k.module}}.Encode())
}
