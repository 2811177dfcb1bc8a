package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"slices"
	"time"

	"github.com/alecthomas/kingpin/v2"
	"golang.org/x/term"

	"github.com/rasphone-exporter/rasphone_exporter/internal/config"
	"github.com/rasphone-exporter/rasphone_exporter/internal/secret"
	"github.com/rasphone-exporter/rasphone_exporter/internal/simnt/fleet"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/prober"
)

const (
	outputText    = "text"
	outputMetrics = "metrics"
)

// probe probes targets now.
type probe struct {
	prompted bool // the password was typed

	targets      *[]string
	configFile   *string
	demo         *bool
	module       *string
	timeout      *time.Duration
	output       *string
	username     *string
	domain       *string
	passwordFile *string
	dialed       *[]string
	capture      *string
	lockoutFile  *string
}

func newProbe(c *kingpin.CmdClause) *probe {
	return &probe{
		targets:      c.Arg("target", "Hosts to probe, as the configuration allows them. Default: all of its hosts.").Strings(),
		configFile:   c.Flag("config.file", "The configuration with the targets and their accounts. Default: "+defaultConfigFile+", unless --username is given.").String(),
		demo:         c.Flag("demo", "Probe the simulated servers of the demo, instead of those of a configuration.").Bool(),
		module:       c.Flag("module", "The module to probe with, one of the target's own. Default: the target's first.").String(),
		timeout:      c.Flag("timeout", "Time for each target, instead of the module's.").Duration(),
		output:       c.Flag("output", "What to print: a report (text), the same for a program (json), or what Prometheus would get (metrics).").Default(outputText).Enum(outputText, outputJSON, outputMetrics),
		username:     c.Flag("username", "Account to log in with, instead of a configuration: the hosts typed are the ones allowed.").String(),
		domain:       c.Flag("domain", "NT domain or computer name of --username.").String(),
		passwordFile: c.Flag("password-file", "File with the password of --username. Default: the environment variable "+passwordVariable+", or a prompt on a terminal.").String(),
		dialed:       c.Flag("dialed-entry", "Name of an entry that the Internet Mail Service dials, besides those of the module. Repeatable.").Strings(),
		lockoutFile:  addLockoutFile(c),
		capture:      c.Flag("capture", "File for the SMB conversation, as a pcap that Wireshark opens, with password responses and signatures blanked.").String(),
	}
}

func (p *probe) run(ctx context.Context, std streams, _ *slog.Logger) int {
	verdict, err := p.probe(ctx, std)
	if err != nil {
		fmt.Fprintf(std.err, "%s: error: %v\n", program, err)
		return exitUsage
	}
	return int(verdict)
}

func (p *probe) probe(ctx context.Context, std streams) (verdict smbprobe.Verdict, err error) {
	var options prober.Options
	var c *config.Config
	if *p.demo {
		var network *fleet.Network
		if c, network, err = p.startDemo(ctx); err != nil {
			return 0, err
		}
		defer func() { err = errors.Join(err, network.Close()) }()
		options = prober.Options{Resolver: network, Dial: network.Dial}
	} else if c, err = p.loadConfig(std); err != nil {
		return 0, err
	}
	targets, err := p.findTargets(c)
	if err != nil {
		return 0, err
	}
	warn := func(err error) { fmt.Fprintf(std.err, "%s: warning: %v\n", program, err) }
	file, err := lockoutFile(*p.lockoutFile, c)
	if err != nil {
		warn(err)
	}
	if options.Guard, err = newGuard(file, false, warn); err != nil {
		return 0, err
	}
	captured, err := startCapture(*p.capture, &options)
	if err != nil {
		return 0, err
	}
	prober, err := prober.New(options)
	if err != nil {
		return 0, errors.Join(err, captured.close())
	}
	if err := configureProber(prober, c); err != nil {
		return 0, errors.Join(err, captured.close())
	}
	out := newProbeOutput(std, *p.output, len(targets))
	if err := errors.Join(probeAll(ctx, prober.Probe, targets, out.take), captured.close()); err != nil {
		return 0, err
	}
	if err := out.end(); err != nil {
		return 0, err
	}
	return smbprobe.WorstVerdict(out.verdicts...), nil
}

// startDemo starts the simulated servers, and returns their configuration.
func (p *probe) startDemo(ctx context.Context) (*config.Config, *fleet.Network, error) {
	if *p.configFile != "" || *p.username != "" || *p.domain != "" || *p.passwordFile != "" {
		return nil, nil, errors.New("--demo has a configuration and an account of its own: leave --config.file, --username, --domain and --password-file out")
	}
	servers, err := fleet.Fleet(time.Now)
	if err != nil {
		return nil, nil, err
	}
	c, err := demoSource(servers).load()
	if err != nil {
		return nil, nil, err
	}
	network, err := fleet.Listen(ctx, servers)
	if err != nil {
		return nil, nil, err
	}
	return c, network, nil
}

// findTargets returns the targets, all of them allowed.
func (p *probe) findTargets(c *config.Config) ([]smbprobe.Target, error) {
	names := *p.targets
	if len(names) == 0 {
		for _, h := range c.Hosts() {
			names = append(names, h.Name)
		}
	}
	if len(names) == 0 {
		return nil, errors.New("the configuration has no hosts; name a target")
	}
	targets := make([]smbprobe.Target, len(names))
	for i, name := range names {
		var err error
		if targets[i], err = c.Target(name, *p.module); err != nil {
			return nil, err
		}
		book := &targets[i].Module.Phonebook
		book.DialedEntries = slices.Concat(book.DialedEntries, *p.dialed)
		targets[i].Auth.Prompted = p.prompted
		targets[i].Module.Session = smbprobe.SessionPerProbe // there is no next probe
		if *p.timeout > 0 {
			targets[i].Module.Timeout = *p.timeout
		}
	}
	return targets, nil
}

func (p *probe) loadConfig(std streams) (*config.Config, error) {
	if *p.username == "" {
		if *p.domain != "" || *p.passwordFile != "" {
			return nil, errors.New("--domain and --password-file go with --username")
		}
		file := *p.configFile
		if file == "" {
			file = defaultConfigFile
		}
		c, err := config.Load(file, os.LookupEnv)
		if err != nil {
			return nil, fmt.Errorf("%w (or give --username to probe without a configuration)", err)
		}
		return c, warn(std.err, c)
	}
	if *p.configFile != "" {
		return nil, errors.New("--username is for a probe without --config.file")
	}
	if len(*p.targets) == 0 {
		return nil, errors.New("--username needs targets: the hosts typed are the ones allowed")
	}
	password, prompted, err := readPassword(std, *p.username, *p.passwordFile)
	if err != nil {
		return nil, err
	}
	p.prompted = prompted
	c, err := config.ForHosts(*p.targets, config.AuthFlags{Username: *p.username, Domain: *p.domain, Password: password}, config.ModuleFlags{})
	if err != nil {
		return nil, err
	}
	return c, warn(std.err, c)
}

func warn(w io.Writer, c *config.Config) error {
	for _, warning := range c.Warnings() {
		if _, err := fmt.Fprintf(w, "%s: warning: %s\n", program, warning); err != nil {
			return err
		}
	}
	return nil
}

// passwordVariable is the environment variable that holds a password.
const passwordVariable = "RASPHONE_PASSWORD"

// readPassword returns the password of an account that the command line names: from a
// file, else from the environment, else from a prompt on a terminal.
func readPassword(std streams, username, file string) (password secret.Secret, prompted bool, err error) {
	if file != "" {
		password, err = config.ReadPasswordFile(file)
		return password, false, err
	}
	if password, ok := os.LookupEnv(passwordVariable); ok {
		return secret.New(password), false, nil
	}
	terminal, ok := std.in.(*os.File)
	if !ok || !term.IsTerminal(int(terminal.Fd())) {
		return secret.Secret{}, false, errors.New("no password: give --password-file, or set " + passwordVariable)
	}
	if _, err := fmt.Fprintf(std.err, "Password of %s: ", username); err != nil {
		return secret.Secret{}, false, err
	}
	typed, err := term.ReadPassword(int(terminal.Fd()))
	fmt.Fprintln(std.err)
	if err != nil {
		return secret.Secret{}, false, fmt.Errorf("read the password: %w", err)
	}
	return secret.New(string(typed)), true, nil
}
