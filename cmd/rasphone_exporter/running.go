package main

import (
	"context"
	"log/slog"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/rasphone-exporter/rasphone_exporter/collector"
	"github.com/rasphone-exporter/rasphone_exporter/internal/config"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/prober"
)

// source is where a configuration comes from.
type source struct {
	name string // for the log
	load func() (*config.Config, error)
}

// fileSource is a file, with the password files and the environment variables that it names.
func fileSource(name string) source {
	return source{name, func() (*config.Config, error) { return config.Load(name, os.LookupEnv) }}
}

// running is the configuration in force. A reload replaces it as a whole or not at all.
type running struct {
	source  source
	logger  *slog.Logger
	prober  *prober.Prober
	metrics *collector.Exporter

	reloading sync.Mutex
	config    atomic.Pointer[config.Config]
}

// newRunning loads the configuration. Its error is that of the source.
func newRunning(from source, o prober.Options, logger *slog.Logger) (*running, error) {
	prober, err := prober.New(o)
	if err != nil {
		return nil, err
	}
	r := &running{source: from, logger: logger, prober: prober}
	c, err := r.load()
	if err != nil {
		return nil, err
	}
	r.config.Store(c)
	r.metrics = collector.NewExporter(time.Now(), collector.Counts{
		LoginsHeldBack: prober.LoginsHeldBack, EventlogsForgotten: prober.EventlogsForgotten,
	})
	return r, nil
}

// load reads the configuration and the passwords, and logs the warnings.
func (r *running) load() (*config.Config, error) {
	c, err := r.source.load()
	if err != nil {
		return nil, err
	}
	for _, warning := range c.Warnings() {
		r.logger.Warn(warning)
	}
	return c, nil
}

// reload reads the configuration anew. It ends the holding back of logins: the
// operator has mended a password, or wants to know.
func (r *running) reload(why string) error {
	r.reloading.Lock()
	defer r.reloading.Unlock()
	return r.reloadLocked(why)
}

func (r *running) reloadLocked(why string) error {
	c, err := r.load()
	if err != nil {
		r.metrics.ConfigFailed()
		r.logger.Error("The configuration was not reloaded; the one before stays in force", "file", r.source.name, "reason", why, "err", err)
		return err
	}
	r.config.Store(c)
	r.prober.ForgetRefusals()
	r.metrics.ConfigLoaded(time.Now())
	r.logger.Info("Configuration reloaded", "file", r.source.name, "reason", why)
	return nil
}

// Probe implements web.Prober. Where a login was held back, a password file that
// changed since it was read makes a reload, so that the next probe logs in.
func (r *running) Probe(ctx context.Context, t smbprobe.Target) *smbprobe.Result {
	result := r.prober.Probe(ctx, t)
	if result.LoginHeldBack {
		r.reloadIfPasswordChanged()
	}
	return result
}

func (r *running) reloadIfPasswordChanged() {
	r.reloading.Lock()
	defer r.reloading.Unlock()
	if r.config.Load().PasswordFilesChanged() {
		_ = r.reloadLocked("a password file changed") // logged, and shown by the metrics
	}
}
