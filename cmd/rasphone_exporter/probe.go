package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"slices"
	"strings"
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

	maxTimeout = time.Hour // of --timeout
)

// probe probes targets now.
type probe struct {
	prompted bool // the password was typed

	targets      *[]string
	configFile   *string
	demo         *bool
	module       *string
	timeout      *time.Duration
	timeoutGiven *bool
	output       *string
	username     *string
	domain       *string
	passwordFile *string
	dialed       *[]string
	capture      *string
	lockoutFile  *string
}

func newProbe(c *kingpin.CmdClause) *probe {
	timeoutGiven := new(bool)
	return &probe{
		timeoutGiven: timeoutGiven,
		targets:      c.Arg("target", "Hosts to probe, as the configuration allows them. Default: all of its hosts.").Strings(),
		configFile:   c.Flag("config.file", "The configuration with the targets and their accounts. Default: "+defaultConfigFile+", unless --username is given.").PlaceHolder("FILE").String(),
		demo:         c.Flag("demo", "Probe the simulated servers of the demo, instead of those of a configuration.").Bool(),
		module:       c.Flag("module", "The module to probe with, one of the target's own. Default: the target's first.").PlaceHolder("NAME").String(),
		timeout:      c.Flag("timeout", "Time for each target, instead of the module's: 500ms, 10s, 1m30s.").PlaceHolder("TIME").IsSetByUser(timeoutGiven).Duration(),
		output:       c.Flag("output", "What to print: a report (text), the same for a program (json), or what Prometheus would get (metrics).").Default(outputText).Enum(outputText, outputJSON, outputMetrics),
		username:     c.Flag("username", "Account to log in with, instead of a configuration: the hosts typed are the ones allowed.").PlaceHolder("NAME").String(),
		domain:       c.Flag("domain", "NT domain or computer name of --username.").PlaceHolder("NAME").String(),
		passwordFile: c.Flag("password-file", "File with the password of --username. Default: the environment variable "+passwordVariable+", or a prompt on a terminal.").PlaceHolder("FILE").String(),
		dialed:       c.Flag("dialed-entry", "Name of an entry that the Internet Mail Service dials, besides those of the module. Repeatable.").PlaceHolder("NAME").Strings(),
		lockoutFile:  addLockoutFile(c),
		capture:      c.Flag("capture", "File for the SMB conversation, as a pcap that Wireshark opens, with password responses and signatures blanked.").PlaceHolder("FILE").String(),
	}
}

func (p *probe) run(ctx context.Context, std streams, _ *slog.Logger) int {
	verdict, err := p.probe(ctx, std)
	if err != nil {
		printError(std.err, err)
		return exitUsage
	}
	return int(verdict)
}

func (p *probe) probe(ctx context.Context, std streams) (verdict smbprobe.Verdict, err error) {
	if *p.timeoutGiven && (*p.timeout <= 0 || *p.timeout > maxTimeout) {
		return 0, fmt.Errorf("--timeout: %s is not a time above 0 and up to %s; write 10s", *p.timeout, maxTimeout)
	}
	if err := config.CheckDialedEntries(*p.dialed); err != nil {
		return 0, err
	}
	var options prober.Options
	var c *config.Config
	if *p.demo {
		var network *fleet.Network
		if c, network, err = p.startDemo(ctx); err != nil {
			return 0, err
		}
		defer func() { err = errors.Join(err, network.Close()) }()
		options = prober.Options{Resolver: network, Dial: network.Dial}
	} else if c, err = p.loadConfig(ctx, std); err != nil {
		return 0, err
	}
	targets, err := p.findTargets(c)
	if err != nil {
		return 0, err
	}
	if *p.output == outputMetrics && len(targets) > 1 {
		return 0, fmt.Errorf("--output=metrics is for one target, and these are %d: each metric would be there several times; name one target, or write --output=json", len(targets))
	}
	printWarnings(std.err, c.Warnings())
	warn := func(err error) { printLines(std.err, "warning", err.Error()) }
	file, err := lockoutFile(*p.lockoutFile, c)
	if err == nil {
		err = p.checkWritten(c, file)
	}
	if errors.Is(err, errTaken) || config.MeansNone(*p.lockoutFile) {
		return 0, err
	}
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

// checkWritten returns an error if a file that the probe replaces is one that it reads.
func (p *probe) checkWritten(c *config.Config, lockout string) error {
	if sameFile(lockout, *p.passwordFile) {
		return fmt.Errorf("--lockout.file %s %w", lockout, errTaken)
	}
	if c.Reads(*p.capture) || sameFile(*p.capture, *p.passwordFile) || sameFile(*p.capture, lockout) {
		return fmt.Errorf("--capture %s %w", *p.capture, errTaken)
	}
	return nil
}

// sameFile reports whether two paths lead to one file.
func sameFile(a, b string) bool {
	infoA, errA := os.Stat(a)
	infoB, errB := os.Stat(b)
	return errA == nil && errB == nil && os.SameFile(infoA, infoB)
}

// startDemo starts the simulated servers, and returns their configuration.
func (p *probe) startDemo(ctx context.Context) (*config.Config, *fleet.Network, error) {
	if *p.configFile != "" || *p.username != "" || *p.domain != "" || *p.passwordFile != "" || *p.lockoutFile != "" {
		return nil, nil, errors.New("--demo has a configuration and an account of its own, and keeps no lockout file; leave --config.file, --username, --domain, --password-file and --lockout.file out")
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
		return nil, errors.New("the configuration has no hosts to probe; list them under targets")
	}
	var errs []error
	targets := make([]smbprobe.Target, len(names))
	for i, name := range names {
		var err error
		if targets[i], err = c.Target(name, *p.module); err != nil {
			errs = append(errs, p.explainTarget(c, name, err))
			continue
		}
		book := &targets[i].Module.Phonebook
		book.DialedEntries = slices.Concat(book.DialedEntries, *p.dialed)
		targets[i].Auth.Prompted = p.prompted
		targets[i].Module.Session = smbprobe.SessionPerProbe // there is no next probe
		if *p.timeoutGiven {
			targets[i].Module.Timeout = *p.timeout
		}
	}
	return targets, errors.Join(errs...)
}

// explainTarget adds what to do about a target that cannot be probed.
func (p *probe) explainTarget(c *config.Config, name string, err error) error {
	if isFile(name) {
		return fmt.Errorf("%s is a file here, and probe wants a server; to check a phone book write: %s lint %s", config.Quote(name), program, name)
	}
	if !errors.Is(err, config.ErrNotAllowed) {
		return err
	}
	var hosts []string
	for _, h := range c.Hosts() {
		hosts = append(hosts, h.Name)
	}
	switch meant := config.Closest(name, hosts); {
	case meant != "" && *p.demo:
		return fmt.Errorf("%s is not a server of the demo; did you mean %s?", config.Quote(name), meant)
	case *p.demo:
		const most = 5
		return fmt.Errorf("%s is not a server of the demo; it has %d, and %s demo lists them: %s and others", config.Quote(name), len(hosts), program, strings.Join(hosts[:min(most, len(hosts))], ", "))
	case meant != "":
		return fmt.Errorf("%w; did you mean %s? If not, add it there", err, meant)
	}
	return fmt.Errorf("%w; add it there, or give --username to probe it without a configuration", err)
}

func (p *probe) loadConfig(ctx context.Context, std streams) (*config.Config, error) {
	if *p.username == "" {
		if *p.domain != "" || *p.passwordFile != "" {
			return nil, errors.New("--domain and --password-file go with --username; add it, or leave them out to use the accounts of the configuration")
		}
		file := *p.configFile
		if file == "" {
			file = defaultConfigFile
		}
		c, err := fileSource(ctx, file).load()
		if isMissing(err) {
			return nil, fmt.Errorf("%w; write it as in the README's example, give --username to probe without one, or try --demo", err)
		}
		return c, err
	}
	if *p.configFile != "" {
		return nil, errors.New("--username is for a probe without a configuration; leave it out, or --config.file")
	}
	if len(*p.targets) == 0 {
		return nil, errors.New("--username needs targets: the hosts typed are the ones allowed; write them at the end")
	}
	// The hosts and the account are checked before a password is asked for.
	account := config.AuthFlags{Username: *p.username, Domain: *p.domain, Password: secret.New("unknown")}
	if _, err := config.ForHosts(*p.targets, account, config.ModuleFlags{}); err != nil {
		return nil, err
	}
	var err error
	if account.Password, account.PasswordFrom, err = readPassword(ctx, std, *p.username, *p.passwordFile); err != nil {
		return nil, err
	}
	p.prompted = account.PasswordFrom == passwordPrompt
	return config.ForHosts(*p.targets, account, config.ModuleFlags{})
}

// passwordVariable is the environment variable that holds a password.
const passwordVariable = "RASPHONE_PASSWORD"

// passwordPrompt is where a typed password is from.
const passwordPrompt = "the password typed"

// readPassword returns the password of an account that the command line names, and where it
// is from: a file, else the environment, else a prompt on a terminal.
func readPassword(ctx context.Context, std streams, username, file string) (password secret.Secret, from string, err error) {
	if file != "" {
		password, err = config.ReadPasswordFile(file)
		return password, "--password-file", err // the path is not shown: it may be the password itself
	}
	if password, ok := os.LookupEnv(passwordVariable); ok {
		return secret.New(password), "the environment variable " + passwordVariable, nil
	}
	terminal, ok := std.in.(*os.File)
	if !ok || !term.IsTerminal(int(terminal.Fd())) {
		return secret.Secret{}, "", errors.New("no password, and no terminal to ask for it on; give --password-file, or set the environment variable " + passwordVariable)
	}
	if _, err := fmt.Fprintf(std.err, "Password of %s: ", username); err != nil {
		return secret.Secret{}, "", err
	}
	fd := int(terminal.Fd())
	before, err := term.GetState(fd)
	if err != nil {
		return secret.Secret{}, "", fmt.Errorf("read the password: %w", err)
	}
	typed, err := interruptible(ctx, func() ([]byte, error) { return term.ReadPassword(fd) })
	fmt.Fprintln(std.err)
	if errors.Is(err, errInterrupted) { // the read goes on, and so the terminal shows nothing that is typed
		err = errors.Join(err, term.Restore(fd, before))
	}
	if err != nil {
		return secret.Secret{}, "", fmt.Errorf("read the password: %w", err)
	}
	return secret.New(string(typed)), passwordPrompt, nil
}
