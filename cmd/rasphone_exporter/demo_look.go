package main

import (
	"context"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/rasphone-exporter/rasphone_exporter/internal/simnt/fleet"
)

const (
	lookInterval = time.Minute
	lookers      = 8 // probes of one look that run at a time
)

// keepLooking probes every server at once and then every minute, so that the page shows
// them without a Prometheus, until ctx ends.
func keepLooking(ctx context.Context, handler http.Handler, servers []fleet.Server) {
	ticker := time.NewTicker(lookInterval)
	defer ticker.Stop()
	for {
		look(ctx, handler, servers)
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return
		}
	}
}

// look asks for a probe of every server, as Prometheus does: one that runs already is
// shared, and the exporter's limits hold.
func look(ctx context.Context, handler http.Handler, servers []fleet.Server) {
	names := make(chan string)
	var ended sync.WaitGroup
	for range lookers {
		ended.Go(func() {
			for name := range names {
				ask(ctx, handler, name)
			}
		})
	}
	for _, s := range servers {
		if ctx.Err() != nil {
			break
		}
		names <- s.Name
	}
	close(names)
	ended.Wait()
}

// ask makes a request of which nobody wants the answer: the handler remembers the result.
func ask(ctx context.Context, handler http.Handler, target string) {
	request := &http.Request{
		Method: http.MethodGet,
		URL:    &url.URL{Path: "/probe", RawQuery: url.Values{"target": {target}}.Encode()},
		Header: http.Header{},
	}
	handler.ServeHTTP(discard{http.Header{}}, request.WithContext(ctx))
}

// discard is a http.ResponseWriter that keeps nothing.
type discard struct{ header http.Header }

func (d discard) Header() http.Header         { return d.header }
func (d discard) Write(p []byte) (int, error) { return len(p), nil }
func (d discard) WriteHeader(int)             {}
