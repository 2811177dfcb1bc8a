package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/url"
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
	return exitStatus(d.serve(ctx, std.out, logger), logger)
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
	d.greet(out, servers)

	beside, cancel := context.WithCancel(ctx)
	var ended sync.WaitGroup
	ended.Go(func() { fleet.Change(beside, servers, time.Now) })
	ended.Go(func() { keepLooking(beside, handler.Handler(), servers) })
	defer ended.Wait()
	defer cancel()
	return d.serving.listen(ctx, handler, r, logger)
}

// demoSource is the configuration of a fleet, which stands in no file.
func demoSource(servers []fleet.Server) source {
	return source{"demo", func() (*config.Config, error) { return config.Parse("", fleet.Config(servers), nil) }}
}

// greet says what there is to see, and where.
func (d *demo) greet(out io.Writer, servers []fleet.Server) {
	fmt.Fprintf(out, "%d simulated servers, whose account and password are made up:\n\n", len(servers))
	for _, s := range servers {
		fmt.Fprintf(out, "  %-22s %s\n", s.Name, s.Summary)
	}
	fmt.Fprintln(out)
	if *d.serving.web.WebSystemdSocket || *d.serving.web.WebConfigFile != "" {
		return // the log says where it listens
	}
	for _, address := range *d.serving.web.WebListenAddresses {
		if page := pageURL(address); page != "" {
			fmt.Fprintf(out, "Look at %s. Ctrl-C ends it.\n", page)
		}
	}
}

// pageURL is where a browser on this computer finds what listens on an address; empty
// where that is not known before it does, or where no browser gets to.
func pageURL(address string) string {
	host, port, err := net.SplitHostPort(address)
	if err != nil || port == "0" {
		return ""
	}
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = "localhost"
	}
	return (&url.URL{Scheme: "http", Host: net.JoinHostPort(host, port), Path: "/"}).String()
}
