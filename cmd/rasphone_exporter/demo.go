package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"sync"
	"time"

	"github.com/alecthomas/kingpin/v2"

	"github.com/rasphone-exporter/rasphone_exporter/internal/config"
	"github.com/rasphone-exporter/rasphone_exporter/internal/simnt/fleet"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/prober"
)

// demo is the exporter against simulated servers.
type demo struct {
	serving serving
}

func newDemo(c *kingpin.CmdClause) *demo { return &demo{newServing(c, demoAddress)} }

// demoAddress is what the demo listens on by default: this computer alone.
const demoAddress = "127.0.0.1:10196"

func (d *demo) run(ctx context.Context, std streams, logger *slog.Logger) int {
	return exitStatus(d.serve(ctx, std.out, logger), std)
}

func (d *demo) serve(ctx context.Context, out io.Writer, logger *slog.Logger) error {
	servers, err := fleet.Fleet(time.Now)
	if err != nil {
		return err
	}
	network, err := fleet.Listen(ctx, servers)
	if err != nil {
		return err
	}
	defer func() {
		if err := network.Close(); err != nil {
			logger.Warn("A simulated server failed", "err", err)
		}
	}()
	r, err := newRunning(demoSource(servers), "", prober.Options{Resolver: network, Dial: network.Dial}, logger)
	if err != nil {
		return err
	}
	handler, err := d.serving.handler(r, logger)
	if err != nil {
		return err
	}
	listeners, err := listen(d.serving.web)
	if err != nil {
		return err
	}
	d.greet(out, servers, listeners)

	background, cancel := context.WithCancel(ctx)
	var ended sync.WaitGroup
	ended.Go(func() { fleet.Change(background, servers, time.Now) })
	ended.Go(func() {
		probeRegularly(background, handler.Handler(), servers, func() {
			d.greetAgain(out, servers, listeners) // the log has scrolled the greeting away
		})
	})
	defer ended.Wait()
	defer cancel()
	return d.serving.serve(ctx, listeners, handler, r, logger)
}

// demoSource is the configuration of a fleet, which stands in no file.
func demoSource(servers []fleet.Server) source {
	return source{"demo", func() (*config.Config, error) { return config.Parse("", fleet.Config(servers), nil) }}
}

// greet prints what there is to see, and where: the demo listens already.
func (d *demo) greet(out io.Writer, servers []fleet.Server, listeners []net.Listener) {
	fmt.Fprintf(out, "%d simulated servers, whose account and password are made up:\n\n", len(servers))
	for _, s := range servers {
		fmt.Fprintf(out, "  %-22s %s\n", s.Name, s.Summary)
	}
	fmt.Fprintln(out)
	d.printPages(out, listeners)
}

// greetAgain prints where to look once all servers were probed.
func (d *demo) greetAgain(out io.Writer, servers []fleet.Server, listeners []net.Listener) {
	fmt.Fprintf(out, "\nAll %d servers were probed.\n", len(servers))
	d.printPages(out, listeners)
}

// printPages prints the addresses for a browser.
func (d *demo) printPages(out io.Writer, listeners []net.Listener) {
	if *d.serving.web.WebConfigFile != "" {
		return // which may turn on TLS; the log has the addresses
	}
	for _, l := range listeners {
		if page := pageURL(l.Addr()); page != "" {
			fmt.Fprintf(out, "Look at %s. Ctrl-C ends it.\n", page)
		}
	}
}

// pageURL returns the URL of what listens on an address, for a browser on this computer;
// empty if no browser can reach it.
func pageURL(listening net.Addr) string {
	address, ok := listening.(*net.TCPAddr)
	if !ok {
		return ""
	}
	host := address.IP.String()
	if address.IP == nil || address.IP.IsUnspecified() {
		host = "localhost"
	}
	return (&url.URL{Scheme: "http", Host: net.JoinHostPort(host, strconv.Itoa(address.Port)), Path: "/"}).String()
}

const (
	demoInterval = time.Minute
	demoParallel = 8 // probes that run at a time
)

// probeRegularly probes every server now and then every minute, so that the page shows
// them without a Prometheus, until ctx ends. It calls probed after the first time.
func probeRegularly(ctx context.Context, handler http.Handler, servers []fleet.Server, probed func()) {
	ticker := time.NewTicker(demoInterval)
	defer ticker.Stop()
	for first := true; ; first = false {
		probeFleet(ctx, handler, servers)
		if first && ctx.Err() == nil {
			probed()
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return
		}
	}
}

// probeFleet requests a probe of every server, as Prometheus does: one that runs already is
// shared, and the exporter's limits hold.
func probeFleet(ctx context.Context, handler http.Handler, servers []fleet.Server) {
	names := make(chan string)
	var ended sync.WaitGroup
	for range demoParallel {
		ended.Go(func() {
			for name := range names {
				requestProbe(ctx, handler, name)
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

// requestProbe makes a request whose answer is discarded: the handler remembers the result.
func requestProbe(ctx context.Context, handler http.Handler, target string) {
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
