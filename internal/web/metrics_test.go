package web

import (
	"compress/gzip"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// prometheusAccept is what Prometheus 2.42 sends.
const prometheusAccept = "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1"

// TestMetricsAreThoseOfPromhttp compares header and body with what promhttp answers.
func TestMetricsAreThoseOfPromhttp(t *testing.T) {
	f := newFixture(t, nil)
	target, err := f.config.Target("10.1.2.3", "")
	if err != nil {
		t.Fatal(err)
	}
	result := healthy(target)
	accepts := []string{
		"", "*/*", "text/plain", "text/plain;version=0.0.4", "text/html,*/*;q=0.8", "application/openmetrics-text", "application/openmetrics-text;version=0.0.1",
		prometheusAccept, prometheusAccept + ";escaping=allow-utf-8", "text/plain;version=0.0.4;escaping=underscores",
		"application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited;q=0.6," + prometheusAccept,
		"application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=text", "image/png",
	}
	encodings := []string{"", "gzip", "identity", "gzip;q=0.5, identity", "deflate, gzip;q=1.0, *;q=0.5", "*", "gzip;q=0", "br", "identity;q=0.5, gzip;q=0.6", "identity, gzip"}
	for _, query := range []string{"/probe?target=10.1.2.3", "/probe?target=name", "/probe?target=10.1.2.3&name[]=probe_success"} {
		for _, accept := range accepts {
			for _, encoding := range encodings {
				r := httptest.NewRequest(http.MethodGet, query, nil)
				r.Header.Set("Accept", accept)
				r.Header.Set("Accept-Encoding", encoding)
				want, got := httptest.NewRecorder(), httptest.NewRecorder()
				f.server.writeByRegistry(want, r, result)
				f.server.writeMetrics(got, r, result)
				got.Header().Del("Content-Length")
				if diff := cmp.Diff(want.Header(), got.Header()); diff != "" {
					t.Errorf("%s, Accept %q, Accept-Encoding %q: header (-promhttp +got):\n%s", query, accept, encoding, diff)
				}
				if diff := cmp.Diff(bodyOf(t, want), bodyOf(t, got)); diff != "" {
					t.Errorf("%s, Accept %q, Accept-Encoding %q: body (-promhttp +got):\n%s", query, accept, encoding, diff)
				}
			}
		}
	}
}

// bodyOf returns the body of an answer, uncompressed.
func bodyOf(t *testing.T, w *httptest.ResponseRecorder) string {
	t.Helper()
	body := io.Reader(w.Body)
	if w.Header().Get("Content-Encoding") == "gzip" {
		z, err := gzip.NewReader(body)
		if err != nil {
			t.Fatal(err)
		}
		body = z
	}
	b, err := io.ReadAll(body)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// TestMetricsAllocate bounds what one answer takes. The race detector makes pools lose every
// fourth value, which costs some allocations more.
func TestMetricsAllocate(t *testing.T) {
	f := newFixture(t, nil)
	target, err := f.config.Target("10.1.2.3", "")
	if err != nil {
		t.Fatal(err)
	}
	result := healthy(target)
	r := httptest.NewRequest(http.MethodGet, "/probe?target=10.1.2.3", nil)
	r.Header.Set("Accept", prometheusAccept)
	r.Header.Set("Accept-Encoding", "gzip")
	w := &nullWriter{header: http.Header{}}
	n := testing.AllocsPerRun(100, func() {
		clear(w.header)
		f.server.writeMetrics(w, r, result)
	})
	if n > 45 {
		t.Errorf("%v allocations, want at most 45", n)
	}
}

type nullWriter struct{ header http.Header }

func (w *nullWriter) Header() http.Header         { return w.header }
func (w *nullWriter) Write(b []byte) (int, error) { return len(b), nil }
func (w *nullWriter) WriteHeader(int)             {}
