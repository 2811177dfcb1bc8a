package web

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	_ "embed" // the page and its style
	"encoding/base64"
	"fmt"
	"html/template"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/rasphone-exporter/rasphone_exporter/smbprobe"
)

//go:embed index.html
var indexHTML string

//go:embed style.css
var styleCSS string

// indexPage is what the template of the first page takes.
type indexPage struct {
	Style template.CSS
	Now   time.Time
	Rows  []row
}

// row is one target and module.
type row struct {
	Target string
	Module string
	Query  template.URL // target and module as parameters of /probe
	Listed bool         // false: of a range, or of another module than the configuration's
	Probed bool         // false: the fields below are empty

	Share     smbprobe.ShareState
	Phonebook smbprobe.PhonebookState
	Level     string // class in the style sheet: "good", "bad", "unclear"
	Reason    string // why the states are not ok
	HeldBack  bool
	Since     time.Time
	Started   time.Time
	Duration  time.Duration
}

func parsePage() (*template.Template, error) {
	t, err := template.New("index.html").Funcs(template.FuncMap{"utc": utc, "ago": ago}).Parse(indexHTML)
	if err != nil {
		return nil, fmt.Errorf("template of the first page: %w", err)
	}
	return t, nil
}

// serveIndex shows every target with the last that is known of it.
func (s *Server) serveIndex(w http.ResponseWriter, _ *http.Request) {
	var b bytes.Buffer
	//nolint:gosec // the style sheet is part of the program
	page := indexPage{Style: template.CSS(styleCSS), Now: s.options.Now(), Rows: s.rows()}
	if err := s.page.Execute(&b, page); err != nil {
		s.fail(w, "cannot make the page", err)
		return
	}
	w.Header().Set("Content-Security-Policy", pagePolicy(styleCSS))
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
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
	r := row{
		Target: key.target, Module: key.module, Probed: probed,
		//nolint:gosec // Encode has escaped it
		Query: template.URL(url.Values{"target": {key.target}, "module": {key.module}}.Encode()),
	}
	if !probed {
		return r
	}
	result := entry.result
	r.Share, r.Phonebook = result.Share, result.Phonebook.State
	r.Level = level(result)
	r.Reason = cmp.Or(result.ShareError, result.Phonebook.Error)
	r.HeldBack = result.LoginHeldBack
	r.Since, r.Started, r.Duration = entry.since, result.Started, result.Duration.Round(100*time.Microsecond)
	return r
}

// level is how a row is shown: good where share and phone book are, unclear where
// what was found does not tell, else bad.
func level(r *smbprobe.Result) string {
	switch {
	case r.Share == smbprobe.ShareOK && r.Phonebook.State == smbprobe.PhonebookOK:
		return "good"
	case r.Share == smbprobe.ShareNotProbed, r.Share == smbprobe.ShareOK && r.Phonebook.State == smbprobe.PhonebookUnknown:
		return "unclear"
	}
	return "bad"
}

func utc(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// ago is the time that passed, to the second.
func ago(now, t time.Time) string {
	return fmt.Sprintf("%s ago", max(0, now.Sub(t)).Round(time.Second))
}
