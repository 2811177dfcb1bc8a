package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/alecthomas/kingpin/v2"
	"github.com/alecthomas/units"
	"github.com/prometheus/common/version"
	toolkit "github.com/prometheus/exporter-toolkit/web"
	"github.com/prometheus/exporter-toolkit/web/kingpinflag"

	"github.com/rasphone-exporter/rasphone_exporter/dashboards"
	"github.com/rasphone-exporter/rasphone_exporter/internal/config"
	"github.com/rasphone-exporter/rasphone_exporter/internal/web"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/prober"
)

const (
	defaultConfigFile = "rasphone.yml"
	defaultAddress    = ":10196"

	drainTime    = 30 * time.Second // for probes in flight, after a request to stop
	shutdownTime = 5 * time.Second  // for answers under way, after that

	passwordInterval = time.Minute // how often password files are looked at
)

// serve is the exporter.
type serve struct {
	configFile      *string
	checkOnly       *bool
	enableLifecycle *bool
	lockoutFile     *string
	serving         serving
}

func newServe(c *kingpin.CmdClause) *serve {
	return &serve{
		configFile:      c.Flag("config.file", "The configuration.").Default(defaultConfigFile).String(),
		checkOnly:       c.Flag("config.check", "Check the configuration, report what is wrong with it, and exit.").Bool(),
		enableLifecycle: c.Flag("web.enable-lifecycle", "Permit reloads by POST /-/reload. SIGHUP always reloads.").Bool(),
		lockoutFile:     addLockoutFile(c),
		serving:         newServing(c, defaultAddress),
	}
}

func (s *serve) run(ctx context.Context, std streams, logger *slog.Logger) int {
	if *s.checkOnly {
		return s.check(ctx, std)
	}
	boundGarbage(ctx)
	return exitStatus(s.serve(ctx, logger), std)
}

// exitStatus prints the error of a command that serves, and returns its exit status.
func exitStatus(err error, std streams) int {
	if err != nil {
		printError(std.err, err)
		return exitFailed
	}
	return exitOK
}

// check reads the configuration and reports what is wrong with it.
func (s *serve) check(ctx context.Context, std streams) int {
	c, err := s.source(ctx).load()
	if err == nil {
		_, err = lockoutFile(*s.lockoutFile, c)
	}
	if err == nil {
		err = s.serving.validate()
	}
	if err == nil && !*s.serving.web.WebSystemdSocket {
		for _, address := range *s.serving.web.WebListenAddresses {
			err = errors.Join(err, checkListenAddress(address))
		}
	}
	if err != nil {
		return exitStatus(err, std)
	}
	printWarnings(std.err, c.Warnings())
	_, err = fmt.Fprintf(std.out, "The configuration is sound: %s, hosts: %d\n", *s.configFile, len(c.Hosts()))
	return exitStatus(err, std)
}

// source is the configuration file, read until ctx ends. The error of one that cannot be read
// adds what to do.
func (s *serve) source(ctx context.Context) source {
	from := fileSource(ctx, *s.configFile)
	load := from.load
	from.load = func() (*config.Config, error) {
		c, err := load()
		if isMissing(err) && *s.configFile == defaultConfigFile {
			err = fmt.Errorf("%w; write it as in the README's example, name another with --config.file, or try: %s demo", err, program)
		}
		if err == nil {
			err = s.checkWebFiles(c)
		}
		return c, err
	}
	return from
}

// checkWebFiles returns an error if the lockout file, which is replaced, is the web configuration
// or a file that it names.
func (s *serve) checkWebFiles(c *config.Config) error {
	path, err := lockoutFile(*s.lockoutFile, c)
	if err != nil || path == "" {
		return err
	}
	info, err := os.Stat(path)
	if err != nil {
		return nil //nolint:nilerr // a file that is not there yet is no other
	}
	for _, file := range webConfigFiles(*s.serving.web.WebConfigFile) {
		if other, err := os.Stat(file); err == nil && os.SameFile(info, other) {
			return fmt.Errorf("%s %s is the web configuration, or a file that it names; write the path of a file of its own", lockoutFlag(*s.lockoutFile), path)
		}
	}
	return nil
}

func (s *serve) serve(ctx context.Context, logger *slog.Logger) error {
	r, err := newRunning(s.source(ctx), *s.lockoutFile, prober.Options{}, logger)
	if err != nil {
		return err
	}
	s.serving.enableLifecycle = *s.enableLifecycle
	handler, err := s.serving.handler(r, logger)
	if err != nil {
		return err
	}
	return s.serving.listenAndServe(ctx, handler, r, logger)
}

// serving are the flags of the commands that serve.
type serving struct {
	web             *toolkit.FlagConfig
	externalAddress *string
	enableLifecycle bool
	timeoutOffset   *time.Duration
	maxConcurrent   *int32
	historySize     *units.Base2Bytes
}

// newServing adds the flags to a command that listens on address by default.
func newServing(c *kingpin.CmdClause, address string) serving {
	return serving{
		web:             kingpinflag.AddFlags(c, address),
		externalAddress: c.Flag("web.external-address", "Address under which Prometheus and browsers reach the exporter: host:port, or a URL if a proxy ends TLS or adds a path. For /sd, by default the Host of the request; and requests that change something are taken with this Host, localhost, the name of this machine, or an address.").PlaceHolder("ADDRESS").String(),
		timeoutOffset:   c.Flag("probe.timeout-offset", "How much of Prometheus' scrape timeout is kept for the answer.").Default("0.5s").Duration(),
		maxConcurrent:   c.Flag("probe.max-concurrent", "How many probes run at a time; more of them wait.").Default("100").Int32(),
		historySize:     c.Flag("web.history-size", "Memory for the results that the pages show: the last one of each target, failures and changes. Failures are kept longest.").Default("32MiB").Bytes(),
	}
}

// validate finds flags whose values cannot be used.
func (s *serving) validate() error {
	if *s.maxConcurrent < 1 {
		return fmt.Errorf("--probe.max-concurrent: %d is not a number of probes; write 1 or more", *s.maxConcurrent)
	}
	if *s.timeoutOffset < 0 {
		return fmt.Errorf("--probe.timeout-offset: %s is negative; write 0s or more", *s.timeoutOffset)
	}
	if *s.historySize < 0 {
		return fmt.Errorf("--web.history-size: %s is negative; write 0MiB or more", *s.historySize)
	}
	if err := web.CheckExternalAddress(*s.externalAddress); err != nil {
		return err
	}
	// The toolkit reads the file several times, without a bound.
	if info, err := os.Stat(*s.web.WebConfigFile); err == nil && !info.Mode().IsRegular() && !info.IsDir() {
		return fmt.Errorf("--web.config.file %s: is not a regular file", *s.web.WebConfigFile)
	}
	if err := toolkit.Validate(*s.web.WebConfigFile); err != nil {
		return explainWebConfig(*s.web.WebConfigFile, err)
	}
	return nil
}

// handler makes what answers requests.
func (s *serving) handler(r *running, logger *slog.Logger) (*web.Server, error) {
	if err := s.validate(); err != nil {
		return nil, err
	}
	logger.Info("Starting", "version", version.Info(), "build", version.BuildContext(), "config", r.source.name, "hosts", len(r.config.Load().Hosts()))
	hostname, err := os.Hostname()
	if err != nil {
		logger.Warn("Requests that change something cannot be taken by the name of this machine", "err", err)
	}
	runbooks, err := dashboards.Runbooks()
	if err != nil {
		return nil, err
	}
	handler, err := web.New(web.Options{
		Runbooks:        runbooks,
		Prober:          r,
		Config:          func() web.Config { return r.config.Load() },
		Reload:          func() error { return r.reload("HTTP request") },
		EnableLifecycle: s.enableLifecycle,
		Hostname:        hostname,
		Metrics:         r.metrics,
		MaxConcurrent:   int(*s.maxConcurrent),
		TimeoutOffset:   *s.timeoutOffset,
		ExternalAddress: *s.externalAddress,
		ConfigProblem:   r.configProblem,
		HistorySize:     max(1, int(*s.historySize)), // 0 would be the default
		Logger:          logger,
	})
	if err != nil {
		return nil, err
	}
	r.metrics.SetURL(handler.ExternalURL())
	return handler, nil
}

func (s *serving) listenAndServe(ctx context.Context, handler *web.Server, r *running, logger *slog.Logger) error {
	listeners, err := listen(s.web)
	if err != nil {
		return err
	}
	return s.serve(ctx, listeners, handler, r, logger)
}

// serve serves on listeners, which it closes, until ctx ends, then drains. SIGHUP and
// changed password files reload the configuration meanwhile.
func (s *serving) serve(ctx context.Context, listeners []net.Listener, handler *web.Server, r *running, logger *slog.Logger) error {
	server := newHTTPServer(handler.Handler(), readTime, logger)
	ended := make(chan error, 1)
	go func() {
		defer close(ended)
		ended <- toolkit.ServeMultiple(listeners, server, s.web, logger)
	}()

	hangup := make(chan os.Signal, 1)
	signal.Notify(hangup, syscall.SIGHUP)
	defer signal.Stop(hangup)
	passwords := time.NewTicker(passwordInterval)
	defer passwords.Stop()

	err := r.reloadUntil(ctx, hangup, passwords.C, ended)
	if ctx.Err() != nil {
		logger.Info("Told to stop: waiting for the probes in flight")
	}
	stop(handler, server, logger)
	r.prober.Close() // logs off from the servers that sessions are kept with
	if err == nil {
		err = <-ended
	}
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return err
}

// stop lets the probes in flight end, and their answers be read, and closes.
func stop(handler *web.Server, server *http.Server, logger *slog.Logger) {
	ctx, cancel := context.WithTimeout(context.Background(), drainTime)
	defer cancel()
	handler.Drain(ctx)
	ctx, cancel = context.WithTimeout(context.Background(), shutdownTime)
	defer cancel()
	if err := server.Shutdown(ctx); err != nil {
		logger.Warn("Connections were closed before they were done", "err", err)
		_ = server.Close()
	}
}
