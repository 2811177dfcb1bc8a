package web

import (
	"html"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
)

var hrefs = regexp.MustCompile(`href="([^"#][^"]*)"`)

// testLinks follows every link within the pages: none leads to an error. The hostile target,
// whose cause is made up, has no runbook.
func testLinks(t *testing.T, server *Server) {
	const most = 5000
	start := &url.URL{Path: "/"}
	seen, todo := map[string]bool{start.String(): true}, []*url.URL{start}
	for len(todo) > 0 && len(seen) < most {
		page := todo[0]
		todo = todo[1:]
		w := httptest.NewRecorder()
		server.Handler().ServeHTTP(w, httptest.NewRequest(http.MethodGet, page.String(), http.NoBody))
		if w.Code >= http.StatusBadRequest {
			t.Errorf("a link leads to %s: %d %s", page, w.Code, w.Body)
			continue
		}
		if !strings.HasPrefix(w.Header().Get("Content-Type"), "text/html") {
			continue
		}
		for _, match := range hrefs.FindAllStringSubmatch(w.Body.String(), -1) {
			link, err := page.Parse(html.UnescapeString(match[1]))
			if err != nil {
				t.Errorf("%s: %v", page, err)
				continue
			}
			link.Fragment = ""
			if link.Host == "" && link.Query().Get("target") != hostileTarget && !seen[link.String()] {
				seen[link.String()] = true
				todo = append(todo, link)
			}
		}
	}
	if len(seen) < 100 || len(todo) > 0 {
		t.Errorf("%d links", len(seen))
	}
}
