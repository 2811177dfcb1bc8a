package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/alecthomas/kingpin/v2"

	"github.com/rasphone-exporter/rasphone_exporter/collector"
	"github.com/rasphone-exporter/rasphone_exporter/internal/config"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/lockout"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/prober"
)

// source is the origin of a configuration.
type source struct {
	name string // for the log
	load func() (*config.Config, error)
}

// fileSource is a file, with the password files and the environment variables that it names.
// The end of ctx ends the wait for one that is a pipe.
func fileSource(ctx context.Context, name string) source {
	return source{name, func() (*config.Config, error) {
		return interruptible(ctx, func() (*config.Config, error) { return config.Load(name, os.LookupEnv) })
	}}
}

// isMissing reports whether there is no configuration, nor one whose name is similar.
func isMissing(err error) bool {
	unreadable, ok := errors.AsType[*config.FileError](err)
	return ok && errors.Is(err, fs.ErrNotExist) && unreadable.Similar() == ""
}

// running is the configuration in force. A reload replaces it as a whole or not at all.
type running struct {
	source  source
	logger  *slog.Logger
	prober  *prober.Prober
	metrics *collector.Exporter

	// lockoutFlag is --lockout.file, and lockoutFile the file in use; empty: none. A reload
	// cannot change it.
	lockoutFlag, lockoutFile string

	verdicts verdictLog

	reloading sync.Mutex
	config    atomic.Pointer[config.Config]
	problem   atomic.Pointer[configProblem] // of the last reload; nil: none
}

// configProblem is why a configuration is not in force.
type configProblem struct {
	at  time.Time // of the reload
	err error
}

// newRunning loads the configuration. lockout is the flag of the lockout file. Its error is
// that of the source, or that no lockout file can be kept.
func newRunning(from source, lockout string, o prober.Options, logger *slog.Logger) (*running, error) {
	r := &running{source: from, logger: logger, lockoutFlag: lockout}
	c, err := r.load()
	if err != nil {
		return nil, err
	}
	r.config.Store(c)
	if r.lockoutFile, err = lockoutFile(lockout, c); err != nil {
		return nil, err
	}
	if o.Guard, err = newGuard(r.lockoutFile, true, func(err error) { logger.Warn("Lockout file", "err", err) }); err != nil {
		return nil, err
	}
	if r.prober, err = prober.New(o); err != nil {
		return nil, err
	}
	if err := configureProber(r.prober, c); err != nil {
		return nil, err
	}
	r.metrics = collector.NewExporter(time.Now(), collector.Counts{
		Targets:        func() int { return len(r.config.Load().Hosts()) },
		LoginsHeldBack: r.prober.LoginsHeldBack, EventlogsForgotten: r.prober.EventlogsForgotten,
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

// reload reads the configuration and the passwords again. It ends the holds of accounts
// whose user, domain or password changed. Another lockout file is an error: what was
// refused since the start would not be known any more, and other processes that share the
// file would not see it.
func (r *running) reload(why string) error {
	r.reloading.Lock()
	defer r.reloading.Unlock()
	c, err := r.load()
	if err == nil {
		err = r.checkLockoutFile(c)
	}
	if err == nil {
		err = configureProber(r.prober, c)
	}
	if err != nil {
		r.metrics.ConfigFailed()
		r.problem.Store(&configProblem{time.Now(), err})
		for line := range strings.Lines(err.Error()) {
			r.logger.Error("The configuration was not reloaded; the one before stays in force", "file", r.source.name, "reason", why, "err", strings.TrimSpace(line))
		}
		return err
	}
	r.config.Store(c)
	r.problem.Store(nil)
	r.verdicts.forget(c)
	r.metrics.ConfigLoaded(time.Now())
	r.logger.Info("Configuration reloaded", "file", r.source.name, "reason", why)
	return nil
}

// checkLockoutFile returns an error if a configuration has another lockout file than the one
// in use.
func (r *running) checkLockoutFile(c *config.Config) error {
	file, err := lockoutFile(r.lockoutFlag, c)
	if err != nil || file == r.lockoutFile {
		return err
	}
	return fmt.Errorf("the lockout file is %s now, and %s is in use: only a restart can change lockout_file", cmp.Or(file, noLockoutFile), cmp.Or(r.lockoutFile, noLockoutFile))
}

// configProblem returns why the configuration of the last reload is not in force, and when that
// was; no error if it is.
func (r *running) configProblem() (time.Time, error) {
	if p := r.problem.Load(); p != nil {
		return p.at, p.err
	}
	return time.Time{}, nil
}

// newGuard returns the guard that keeps accounts from being locked. required makes a file
// that cannot be written an error.
func newGuard(file string, required bool, warn func(error)) (*lockout.Guard, error) {
	if file != "" {
		// A file that cannot be kept is reported by the guard.
		_ = os.MkdirAll(filepath.Dir(file), 0o700)
	}
	return lockout.New(lockout.Options{File: file, RequireFile: required, Warn: warn})
}

// configureProber makes the hosts of a configuration the ones that may be logged in to.
func configureProber(p *prober.Prober, c *config.Config) error {
	var targets []smbprobe.Target
	for _, host := range c.Hosts() {
		target, err := c.Target(host.Name, "")
		if err != nil {
			return err
		}
		targets = append(targets, target)
	}
	return p.Configure(targets)
}

// reloadUntil reloads for each signal, and looks at the password files at each tick, until
// ctx ends, or the server did: then it returns the server's error.
func (r *running) reloadUntil(ctx context.Context, hangup <-chan os.Signal, tick <-chan time.Time, ended <-chan error) error {
	passwords := passwordWatch{running: r}
	for {
		select {
		case <-hangup:
			_ = r.reload("SIGHUP") // logged, and shown by the metrics
		case <-tick:
			passwords.check()
		case err := <-ended:
			return err
		case <-ctx.Done():
			return nil
		}
	}
}

// Probe implements web.Prober.
func (r *running) Probe(ctx context.Context, t smbprobe.Target) *smbprobe.Result {
	result := r.prober.Probe(ctx, t)
	r.verdicts.log(r.logger, result)
	return result
}

// Forget implements web.Prober.
func (r *running) Forget(auth string) error { return r.prober.Forget(auth) }

// passwordWatch notices that password files changed. It reads none: a reload does. Probes
// have nothing to do with it. It is for one goroutine at a time.
type passwordWatch struct {
	running *running
	config  *config.Config // that files belong to
	files   []config.PasswordFile
}

// check reloads the configuration if one of its password files changed since it was read,
// or since the last reload for this reason failed: a broken configuration is logged once
// for each change.
func (w *passwordWatch) check() {
	if c := w.running.config.Load(); c != w.config {
		w.config, w.files = c, c.PasswordFiles()
	}
	reload := false
	for i, file := range w.files {
		now, changed := file.Changed()
		w.files[i] = now
		reload = reload || changed
	}
	if reload {
		_ = w.running.reload("a password file changed") // logged, and shown by the metrics
	}
}

// addLockoutFile adds --lockout.file to a command.
func addLockoutFile(c *kingpin.CmdClause) *string {
	return c.Flag("lockout.file", "File in which what is known of refused logins survives restarts, instead of the configuration's lockout_file; or none.").PlaceHolder("FILE").String()
}

// noLockoutFile is --lockout.file=none, as in the configuration.
const noLockoutFile = "none"

// errTaken is for a file that would be replaced, and that something else is in.
var errTaken = errors.New("is the configuration, a password file or the lockout file; write the path of a file of its own")

// lockoutFile returns the path that the flag or else the configuration gives; empty: none.
// One that leads to the configuration or to a password file, which it would replace, is an
// error.
func lockoutFile(flag string, c *config.Config) (string, error) {
	path := flag
	switch flag {
	case "":
		var err error
		if path, err = c.LockoutFile(); err != nil {
			return "", err
		}
	case noLockoutFile:
		return "", nil
	}
	if flag != "" && config.MeansNone(flag) {
		return "", fmt.Errorf("--lockout.file %s would be a file; write %s to keep none, or a path with a folder, as in ./%s", flag, noLockoutFile, flag)
	}
	if path != "" && c.Reads(path) {
		return "", fmt.Errorf("%s %s %w", lockoutFlag(flag), path, errTaken)
	}
	return path, nil
}

// lockoutFlag returns what gives the lockout file.
func lockoutFlag(flag string) string {
	if flag == "" {
		return "lockout_file"
	}
	return "--lockout.file"
}
