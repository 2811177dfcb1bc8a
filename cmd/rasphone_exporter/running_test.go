package main

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/prober"
)

// passwordFixture is a configuration with one password file, and the exporter that runs it.
type passwordFixture struct {
	configFile   string
	passwordFile string
	running      *running
	log          *output
	written      time.Time // the password file's time; each write is later than the one before
}

const passwordConfig = "auths: {a: {username: u, password_file: a.password}}\ntargets: [{hosts: [10.1.2.3], auth: a}]\n"

func newPasswordFixture(t *testing.T) *passwordFixture {
	t.Helper()
	folder := t.TempDir()
	f := &passwordFixture{
		configFile:   filepath.Join(folder, "rasphone.yml"),
		passwordFile: filepath.Join(folder, "a.password"),
		log:          newOutput(),
		written:      time.Now(),
	}
	writeFile(t, f.configFile, passwordConfig)
	f.write(t, "one")
	var err error
	f.running, err = newRunning(fileSource(t.Context(), f.configFile), noLockoutFile, prober.Options{}, slog.New(slog.NewTextHandler(f.log, nil)))
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func (f *passwordFixture) write(t *testing.T, password string) {
	t.Helper()
	writeFile(t, f.passwordFile, password)
	f.written = f.written.Add(time.Second)
	if err := os.Chtimes(f.passwordFile, f.written, f.written); err != nil {
		t.Fatal(err)
	}
}

// password is the one in force.
func (f *passwordFixture) password(t *testing.T) string {
	t.Helper()
	target, err := f.running.config.Load().Target("10.1.2.3", "")
	if err != nil {
		t.Fatal(err)
	}
	return target.Auth.Password.Reveal()
}

func (f *passwordFixture) logged(text string) int { return strings.Count(f.log.String(), text) }

func TestPasswordWatch(t *testing.T) {
	f := newPasswordFixture(t)
	watch := passwordWatch{running: f.running}
	const reloaded, notReloaded = `msg="Configuration reloaded"`, "The configuration was not reloaded"
	for _, step := range []struct {
		name     string
		change   func()
		password string
		reloads  int // since the start
		failures int
	}{
		{name: "nothing changed", change: func() {}, password: "one"},
		{name: "another password", change: func() { f.write(t, "two") }, password: "two", reloads: 1},
		{name: "nothing since", change: func() {}, password: "two", reloads: 1},
		{name: "a broken configuration is nothing to it", change: func() { writeFile(t, f.configFile, "nonsense: 1\n"+passwordConfig) }, password: "two", reloads: 1},
		{name: "another password and a broken configuration", change: func() { f.write(t, "three") }, password: "two", reloads: 1, failures: 1},
		{name: "logged once for each change", change: func() {}, password: "two", reloads: 1, failures: 1},
		{name: "the next change", change: func() { f.write(t, "four") }, password: "two", reloads: 1, failures: 2},
		{name: "a sound configuration", change: func() { writeFile(t, f.configFile, passwordConfig); f.write(t, "five") }, password: "five", reloads: 2, failures: 2},
		{name: "after a reload by hand", change: func() {
			f.write(t, "six")
			if err := f.running.reload("test"); err != nil {
				t.Fatal(err)
			}
		}, password: "six", reloads: 3, failures: 2},
	} {
		step.change()
		watch.check()
		// The first page shows it as long as an older configuration is in force.
		inForce := step.failures == 0 || step.name == "a sound configuration" || step.name == "after a reload by hand"
		if _, err := f.running.configProblem(); (err == nil) != inForce {
			t.Errorf("%s: the problem of the configuration is %v", step.name, err)
		}
		if password, ok, failed := f.password(t), f.logged(reloaded), f.logged(notReloaded); password != step.password || ok != step.reloads || failed != step.failures {
			t.Errorf("%s: password %s, %d reloads, %d failures; want %s, %d, %d\n%s",
				step.name, password, ok, failed, step.password, step.reloads, step.failures, f.log)
		}
	}
}

// TestReloadUntil: a tick looks at the password files, SIGHUP reloads whatever they are, and
// it ends with ctx or with the server.
func TestReloadUntil(t *testing.T) {
	f := newPasswordFixture(t)
	ctx, cancel := context.WithCancel(t.Context())
	hangup, tick, ended := make(chan os.Signal), make(chan time.Time), make(chan error, 1)
	done := make(chan error)
	go func() { done <- f.running.reloadUntil(ctx, hangup, tick, ended) }()
	f.write(t, "two")
	tick <- time.Time{}
	hangup <- os.Interrupt // taken only when the tick is done with
	f.log.await(t, `reason="a password file changed"`)
	f.log.await(t, `reason=SIGHUP`)
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
	taken := errors.New("address already in use")
	ended <- taken
	if err := f.running.reloadUntil(t.Context(), hangup, tick, ended); !errors.Is(err, taken) {
		t.Errorf("error %v, want that of the server", err)
	}
}

// TestReloadWithAnotherLockoutFile: it changes nothing, and the log and the metrics show that.
func TestReloadWithAnotherLockoutFile(t *testing.T) {
	const restart = "only a restart can change lockout_file"
	for _, tt := range []struct {
		name         string
		flag         string // --lockout.file
		before, then string // lines of the configuration
		sound        bool
	}{
		{"the same", "", "lockout_file: a.json", "lockout_file: ./x/../a.json", true},
		{"another", "", "lockout_file: a.json", "lockout_file: b.json", false},
		{"none any more", "", "lockout_file: a.json", "lockout_file: none", false},
		{"the default now", "", "lockout_file: a.json", "", false},
		{"one for the first time", "", "lockout_file: none", "lockout_file: a.json", false},
		{"the flag counts", filepath.Join(t.TempDir(), "flag.json"), "lockout_file: a.json", "lockout_file: b.json", true},
		{"the flag is none", noLockoutFile, "lockout_file: a.json", "lockout_file: b.json", true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			folder, log := t.TempDir(), newOutput()
			file := filepath.Join(folder, "rasphone.yml")
			write := func(host, line string) {
				writeFile(t, file, "auths: {a: {username: u, password: p}}\ntargets: [{hosts: ["+host+"], auth: a}]\n"+line+"\n")
			}
			write("10.1.2.3", tt.before)
			r, err := newRunning(fileSource(t.Context(), file), tt.flag, prober.Options{}, slog.New(slog.NewTextHandler(log, nil)))
			if err != nil {
				t.Fatal(err)
			}
			write("10.1.2.4", tt.then)
			err = r.reload("test")
			inForce := r.config.Load().Hosts()[0].Name
			shown := reloadSucceeded(t, r)
			if tt.sound {
				if err != nil || inForce != "10.1.2.4" || !shown {
					t.Errorf("error %v, host in force %s\n%s", err, inForce, log)
				}
				return
			}
			if err == nil || !strings.Contains(err.Error(), restart) || inForce != "10.1.2.3" || shown || !strings.Contains(log.String(), restart) {
				t.Errorf("error %v, host in force %s\n%s", err, inForce, log)
			}

			// Once the file is the one in use again, the configuration is taken.
			write("10.1.2.4", tt.before)
			if err := r.reload("test"); err != nil {
				t.Error(err)
			}
		})
	}
}

// reloadSucceeded returns what the metrics show of the last reload.
func reloadSucceeded(t *testing.T, r *running) bool {
	t.Helper()
	families, err := r.metrics.Registry().Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		if f.GetName() == "rasphone_exporter_config_last_reload_successful" {
			return f.Metric[0].Gauge.GetValue() == 1
		}
	}
	t.Fatal("no metric of the last reload")
	return false
}
