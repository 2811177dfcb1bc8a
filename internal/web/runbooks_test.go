package web

import (
	"net/http"
	"strings"
	"testing"
	"testing/fstest"
)

func TestRunbook(t *testing.T) {
	f := newPageFixture(t)
	f.server.options.Runbooks = fstest.MapFS{"clock_off.md": {Data: []byte("# clock_off: <b>\n\n| a | b |\n|---|---|\n| [x](common.md#x) | [y](javascript:alert(1)) |\n<script>alert(1)</script>\n")}, "secret.txt": {Data: []byte("x")}}
	for _, test := range []struct {
		path   string
		status int
	}{
		{"/runbooks/clock_off", 200}, {"/runbooks/clock_off.md", 200}, {"/runbooks/none", 404}, {"/runbooks/secret.txt", 404},
		{"/runbooks/..%2fclock_off", 404}, {"/runbooks/", 404}, {"/runbooks", 302},
	} {
		w := f.do(http.MethodGet, test.path)
		if w.Code != test.status {
			t.Errorf("%s: status %d, want %d\n%s", test.path, w.Code, test.status, w.Body)
		}
		if test.status != http.StatusOK {
			continue
		}
		checkPolicy(t, w)
		inOrder(t, content(w), `href="../events"`, `href="README"`, `<h1 id="clock-off-b">`, "clock_off: ", "</h1>", "<table>", `<a href="common.md#x">x</a>`)
		for _, not := range []string{"<b>", "javascript:", "<script>alert"} {
			if strings.Contains(content(w), not) {
				t.Errorf("%s stands in:\n%s", not, content(w))
			}
		}
	}
	f.server.options.Runbooks = nil
	if w := f.do(http.MethodGet, "/runbooks/clock_off"); w.Code != http.StatusNotFound {
		t.Errorf("without runbooks: status %d", w.Code)
	}
}
