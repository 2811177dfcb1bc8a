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
	"slices"
	"time"

	"github.com/rasphone-exporter/rasphone_exporter/internal/report"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe"
)

//go:embed *.html
var pagesFS embed.FS

//go:embed style.css
var styleCSS string

// indexPage is the data of the first page.
type indexPage struct {
	head
	Now  time.Time
	Rows []row
}

// head is the data of every page's head.html.
type head struct {
	Title string
	Style template.CSS
}

func newHead(title string) head {
	//nolint:gosec // the style sheet is part of the program
	return head{Title: title, Style: template.CSS(styleCSS)}
}

// row is one target and module.
type row struct {
	Target string
	Module string
	Query  template.URL // target and module as parameters of /probe and /target
	Listed bool         // false: a single port, another module than the target's first, or not configured any more
	Probed bool         // false: the fields below are empty

	Verdict        smbprobe.Verdict
	Level          string      // class in the style sheet, of the verdict
	Cause          *firstCause // nil: the evidence supports none
	Share          smbprobe.ShareState
	ShareLevel     string // class in the style sheet, see verdictLevel
	Phonebook      smbprobe.PhonebookState
	PhonebookLevel string
	Reason         string // why the states are not ok; empty if a cause that is as bad explains it
	NoAnswer       string // see report.NoAnswer
	Broken         bool   // see broken
	HeldBack       bool
	Failures       *recentFailures // nil: there is no window
	Since          time.Time
	Started        time.Time
	Duration       time.Duration
}

func parsePages() (*template.Template, error) {
	t, err := template.New("pages").Funcs(pageFuncs()).ParseFS(pagesFS, "*.html")
	if err != nil {
		return nil, fmt.Errorf("templates of the pages: %w", err)
	}
	return t, nil
}

// serveIndex shows every target with its last result.
func (s *Server) serveIndex(w http.ResponseWriter, _ *http.Request) {
	s.writePage(w, http.StatusOK, "index.html", indexPage{head: newHead("rasphone_exporter"), Now: s.options.Now(), Rows: s.rows()})
}

// writePage answers with a page from the template of that name.
func (s *Server) writePage(w http.ResponseWriter, status int, name string, data any) {
	var b bytes.Buffer
	if err := s.pages.ExecuteTemplate(&b, name, data); err != nil {
		s.fail(w, "cannot make the page", err)
		return
	}
	w.Header().Set("Content-Security-Policy", pagePolicy(styleCSS))
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	s.write(w, b.Bytes())
}

// pagePolicy allows a page this one style sheet and nothing else.
func pagePolicy(style string) string {
	sum := sha256.Sum256([]byte(style))
	return fmt.Sprintf("default-src 'none'; style-src 'sha256-%s'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
		base64.StdEncoding.EncodeToString(sum[:]))
}

// rows lists the configured hosts in their order, then what else was probed, by name.
func (s *Server) rows() []row {
	last := s.history.all()
	var rows []row
	for _, h := range s.options.Config().Hosts() {
		key := flightKey{h.Name, h.Module}
		entry, probed := last[key]
		delete(last, key)
		r := newRow(key, entry, probed)
		r.Listed = true
		rows = append(rows, r)
	}
	listed := len(rows)
	for key, entry := range last {
		rows = append(rows, newRow(key, entry, true))
	}
	slices.SortFunc(rows[listed:], func(a, b row) int {
		return cmp.Or(cmp.Compare(a.Target, b.Target), cmp.Compare(a.Module, b.Module))
	})
	return rows
}

func newRow(key flightKey, entry remembered, probed bool) row {
	r := row{Target: key.target, Module: key.module, Probed: probed, Query: key.query()}
	if !probed {
		return r
	}
	result := entry.result
	r.Share, r.Phonebook = result.Share, result.Phonebook.State
	r.ShareLevel, r.PhonebookLevel = shareLevel(result), phonebookLevel(result)
	r.Verdict = result.Verdict()
	r.Level = verdictLevel(r.Verdict)
	if r.Cause = newFirstCause(result.Causes); r.Cause == nil || !r.Cause.asBadAs(r.Verdict) {
		r.Reason = cmp.Or(result.ShareError, result.Phonebook.Error)
	}
	r.NoAnswer = report.NoAnswer(result)
	r.Broken = broken(&result.Phonebook)
	r.HeldBack = result.LoginHeldBack
	r.Failures = shortestWindow(result.Eventlog.Windows)
	r.Since, r.Started, r.Duration = entry.since, result.Started, result.Duration
	return r
}

// query is the key as parameters of /probe and /target.
func (k flightKey) query() template.URL {
	//nolint:gosec // Encode has escaped it
	return template.URL(url.Values{"target": {k.target}, "module": {k.module}}.Encode())
}
