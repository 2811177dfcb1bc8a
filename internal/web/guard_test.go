package web

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rasphone-exporter/rasphone_exporter/internal/config"
)

// TestGate: so many requests are handled at a time, all are in the end, and one whose client
// leaves is not.
func TestGate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const places, requests = 3, 300
		var mu sync.Mutex
		running, most, handled := 0, 0, 0
		count := func(change int) {
			mu.Lock()
			defer mu.Unlock()
			running += change
			most = max(most, running)
			handled += max(0, change)
		}
		handler := newGate(places).limit(func(http.ResponseWriter, *http.Request) {
			count(1)
			time.Sleep(time.Second)
			count(-1)
		})
		serve := func(ctx context.Context) {
			handler.ServeHTTP(httptest.NewRecorder(), httptest.NewRequestWithContext(ctx, http.MethodGet, "/", http.NoBody))
		}
		for range requests {
			go serve(t.Context())
		}
		synctest.Wait()
		ctx, leave := context.WithCancel(t.Context())
		left := make(chan struct{})
		go func() { serve(ctx); close(left) }()
		leave()
		<-left
		time.Sleep(time.Hour)
		synctest.Wait()
		if most != places || handled != requests {
			t.Errorf("%d at a time, %d handled; want %d, %d", most, handled, places, requests)
		}
	})
}

// TestPagesAreMadeFewAtATime: 3,000 requests at once do not hold 3,000 pages, of 200 KiB each.
func TestPagesAreMadeFewAtATime(t *testing.T) {
	f := newFixture(t, nil)
	for i := range 500 {
		f.config.hosts = append(f.config.hosts, config.Host{Name: fmt.Sprintf("exch%03d.corp.example", i), Module: "default", Auth: "corp"})
	}
	const requests = 3000
	before := heapInUse()
	w := &countingWriter{release: make(chan struct{})}
	w.cond = sync.NewCond(&w.mu)
	handler := f.server.Handler()
	ctx, leave := context.WithCancel(t.Context())
	var ended sync.WaitGroup
	for range requests {
		ended.Go(func() {
			r := httptest.NewRequestWithContext(ctx, http.MethodGet, "/", http.NoBody)
			handler.ServeHTTP(&pageWriter{w, http.Header{}}, r)
		})
	}
	w.await(maxRenders)
	if used := heapInUse() - before; used > 100<<20 {
		t.Errorf("%d MiB more on the heap while %d pages are sent", used>>20, maxRenders)
	}
	leave() // those that wait
	close(w.release)
	ended.Wait()
	if w.most != maxRenders || w.pages != maxRenders {
		t.Errorf("%d pages at a time, %d in all; want %d of both", w.most, w.pages, maxRenders)
	}
}

func heapInUse() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapInuse)
}

// countingWriter counts the pages that are being sent, all of them slowly.
type countingWriter struct {
	release chan struct{}
	mu      sync.Mutex
	cond    *sync.Cond
	sending int
	most    int
	pages   int
}

func (w *countingWriter) await(sending int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for w.sending < sending {
		w.cond.Wait()
	}
}

func (w *countingWriter) change(by int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.sending += by
	w.most = max(w.most, w.sending)
	w.pages += max(0, by)
	w.cond.Broadcast()
}

type pageWriter struct {
	*countingWriter
	header http.Header
}

func (w *pageWriter) Header() http.Header { return w.header }
func (w *pageWriter) WriteHeader(int)     {}
func (w *pageWriter) Write(p []byte) (int, error) {
	w.change(1)
	defer w.change(-1)
	<-w.release
	return len(p), nil
}

// deadlines is a http.ResponseWriter that notes the deadlines it is given.
type deadlines struct {
	*httptest.ResponseRecorder
	read, write []time.Time
}

func (d *deadlines) SetReadDeadline(at time.Time) error  { d.read = append(d.read, at); return nil }
func (d *deadlines) SetWriteDeadline(at time.Time) error { d.write = append(d.write, at); return nil }

// TestDeadlines: an answer has sendTime from when it can be known, by the module's timeout at
// the time of the request; and a body that no path takes is not waited for.
func TestDeadlines(t *testing.T) {
	for _, tt := range []struct {
		name, method, url string
		body              io.Reader
		wantRead          []time.Duration // from now
		wantWrite         []time.Duration
		wantStatus        int
	}{
		{"a page", "GET", "/", http.NoBody, nil, []time.Duration{sendTime}, 200},
		{"a probe", "GET", "/probe?target=10.1.2.3", http.NoBody, nil, []time.Duration{sendTime, 10*time.Second + 250*time.Millisecond + sendTime}, 200},
		{"a probe of a short module", "GET", "/probe?target=10.1.2.3&module=short", http.NoBody, nil, []time.Duration{sendTime, time.Second + 250*time.Millisecond + sendTime}, 200},
		{"a page with a body", "GET", "/", strings.NewReader("x"), []time.Duration{0}, []time.Duration{sendTime}, 400},
		{"a form", "POST", "/-/reload", strings.NewReader("x"), nil, []time.Duration{sendTime}, 200},
		{"a long form", "POST", "/-/reload", strings.NewReader(strings.Repeat("x", maxBody+1)), []time.Duration{0}, []time.Duration{sendTime}, 400},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := newFixture(t, nil)
				w := &deadlines{ResponseRecorder: httptest.NewRecorder()}
				r := httptest.NewRequest(tt.method, tt.url, tt.body)
				r.Host = "localhost"
				f.server.Handler().ServeHTTP(w, r)
				if w.Code != tt.wantStatus {
					t.Errorf("status %d, want %d: %s", w.Code, tt.wantStatus, w.Body)
				}
				from := func(all []time.Time) (got []time.Duration) {
					for _, at := range all {
						got = append(got, time.Until(at))
					}
					return got
				}
				if got := from(w.read); !slices.Equal(got, tt.wantRead) {
					t.Errorf("read deadlines in %v, want %v", got, tt.wantRead)
				}
				if got := from(w.write); !slices.Equal(got, tt.wantWrite) {
					t.Errorf("write deadlines in %v, want %v", got, tt.wantWrite)
				}
			})
		})
	}
}
