package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"strings"

	"github.com/alecthomas/kingpin/v2"
	"github.com/prometheus/common/promslog"
	promslogflag "github.com/prometheus/common/promslog/flag"
	"github.com/prometheus/common/version"
)

const program = "rasphone_exporter"

// Exit statuses. Those of probe are the verdicts of package smbprobe.
const (
	exitOK     = 0
	exitFailed = 1 // of serve
	exitUsage  = 3 // as the monitoring plugins have it: kingpin's own 1 would read as a warning
)

// command is one of the commands, with its flags.
type command interface {
	run(ctx context.Context, std streams, logger *slog.Logger) int
}

// streams are the standard streams.
type streams struct {
	in  io.Reader
	out io.Writer
	err io.Writer
}

// run runs the program with its arguments until it is done or ctx ends, and
// returns its exit status.
func run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	secrets := typedSecrets(args)
	stdout, stderr = masked(stdout, secrets), masked(stderr, secrets)
	app, commands, logging := application()
	exit := -1
	app.Terminate(func(status int) { exit = status }) // after --help and --version
	usage := &usageWriter{to: stdout}
	app.UsageWriter(usage).ErrorWriter(stderr).UsageTemplate(usageTemplate)
	if slices.Contains(args, manPage) {
		return exitStatus(errors.Join(printManPage(app), usage.err), streams{stdin, stdout, stderr})
	}
	if wrong := misread(args); wrong != nil {
		printLines(stderr, "error", strings.Join(wrong, "\n"))
		return exitUsage
	}
	name, err := app.Parse(args)
	switch {
	case usage.err != nil:
		printError(stderr, usage.err)
		return exitUsage
	case exit >= 0:
		return exit
	case err != nil:
		printLines(stderr, "error", strings.Join(explainUsage(args, err), "\n"))
		return exitUsage
	}
	logging.Writer = stderr
	return commands[name].run(ctx, streams{stdin, stdout, stderr}, promslog.New(logging))
}

// usageWriter keeps the first error of a write, of which kingpin would panic.
type usageWriter struct {
	to  io.Writer
	err error
}

func (u *usageWriter) Write(p []byte) (int, error) {
	if u.err == nil {
		_, u.err = u.to.Write(p)
	}
	return len(p), nil
}

// versionCommand prints the version.
type versionCommand struct{}

func newVersion(*kingpin.CmdClause) versionCommand { return versionCommand{} }

func (versionCommand) run(_ context.Context, std streams, _ *slog.Logger) int {
	if _, err := fmt.Fprintln(std.out, version.Print(program)); err != nil {
		printError(std.err, err)
		return exitFailed
	}
	return exitOK
}

// application is the command line.
func application() (*kingpin.Application, map[string]command, *promslog.Config) {
	app := kingpin.New(program, "Prometheus exporter for the RAS phone book that an Exchange 4.0, 5.0 or 5.5 server dials out with.")
	app.Version(version.Print(program))
	app.HelpFlag.Short('h')
	logging := new(promslog.Config)
	promslogflag.AddFlags(app, logging)
	commands := map[string]command{
		"serve":       newServe(app.Command("serve", "Answer Prometheus' scrapes: the exporter itself. The default.").Default()),
		"probe":       newProbe(app.Command("probe", "Probe targets now and print what was found.")),
		"lint":        newLint(app.Command("lint", "Check copies of a phone book.")),
		"version":     newVersion(app.Command("version", "Print what --version prints.")),
		"demo":        newDemo(app.Command("demo", "Serve against simulated Windows NT servers inside this process, one for each state worth seeing. Needs no configuration, no network and no rights.")),
		"healthcheck": newHealthcheck(app.Command("healthcheck", "Ask a running exporter whether it is healthy: exit status 0 or 1. For containers, which have no shell.")),
	}
	return app, commands, logging
}
