package web

import (
	"net/http"
	"strings"
	"testing"
	"testing/fstest"
)

func TestRunbook(t *testing.T) {
	f := newPageFixture(t)
	f.server.options.Runbooks = fstest.MapFS{"clock_off.md": {Data: []byte("# clock_off: <b>\n")}, "secret.txt": {Data: []byte("x")}}
	for _, test := range []struct {
		path   string
		status int
	}{
		{"/runbooks/clock_off", 200}, {"/runbooks/clock_off.md", 200}, {"/runbooks/none", 404}, {"/runbooks/secret.txt", 404},
		{"/runbooks/..%2fclock_off", 404}, {"/runbooks/", 404},
	} {
		w := f.do(http.MethodGet, test.path)
		if w.Code != test.status || test.status == 200 && !strings.Contains(w.Body.String(), "<pre># clock_off: &lt;b&gt;") {
			t.Errorf("%s: status %d, want %d\n%s", test.path, w.Code, test.status, w.Body)
		}
	}
	f.server.options.Runbooks = nil
	if w := f.do(http.MethodGet, "/runbooks/clock_off"); w.Code != http.StatusNotFound {
		t.Errorf("without runbooks: status %d", w.Code)
	}
}
