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
)

// running is the configuration in force. A reload replaces it as a whole or not at all.
type running struct {
	file    string
	logger  *slog.Logger
	prober  *smbprobe.Prober
	metrics *collector.Exporter

	reloading sync.Mutex
	config    atomic.Pointer[config.Config]
}

// load reads the file and the password files.
func (r *running) load() (*config.Config, error) {
	c, err := config.Load(r.file, os.LookupEnv)
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
		r.logger.Error("The configuration was not reloaded; the one before stays in force", "file", r.file, "reason", why, "err", err)
		return err
	}
	r.config.Store(c)
	r.prober.ForgetRefusals()
	r.metrics.ConfigLoaded(time.Now())
	r.logger.Info("Configuration reloaded", "file", r.file, "reason", why)
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
