package diagnosis

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/rasphone-exporter/rasphone_exporter/smbprobe"
)

const (
	// neverStarted is the Win32 error ERROR_SERVICE_NEVER_STARTED.
	neverStarted = 1077

	// longestStart is how long a service may be starting.
	longestStart = 5 * time.Minute

	mailService = "MSExchangeIMC"
)

// exitMeanings are the Win32 errors with which services end, in words.
var exitMeanings = map[uint32]string{
	5:    "access denied",
	1053: "it did not answer the start request in time",
	1066: "an error of its own",
	1067: "it ended unexpectedly",
	1068: "a service that it depends on did not start",
	1069: "the password of its account was refused",
	1070: "it hung while it started",
}

// serviceSentence describes the state of a service.
func serviceSentence(s *smbprobe.ServiceResult) string { return serviceText(s) + "." }

func serviceText(s *smbprobe.ServiceResult) string {
	text := fmt.Sprintf("Service %s: %s", s.Name, strings.ReplaceAll(string(s.State), "_", " "))
	if s.StartMode != "" {
		text += ", start mode " + string(s.StartMode)
	}
	if s.Account != "" {
		text += fmt.Sprintf(", runs as %s", s.Account)
	}
	return text
}

// whyStopped describes how a service ended.
func whyStopped(s *smbprobe.ServiceResult) string {
	text := serviceText(s)
	switch {
	case s.State == smbprobe.ServiceStartPending && s.InStateFor != nil:
		text += fmt.Sprintf(", for %s already", durationText(s.InStateFor.Round(time.Minute)))
	case s.ExitCode == 0:
	case s.ExitCode == neverStarted:
		text += ", not started since the server was"
	case exitMeanings[s.ExitCode] != "":
		text += fmt.Sprintf(", ended with Win32 error %d: %s", s.ExitCode, exitMeanings[s.ExitCode])
	default:
		text += fmt.Sprintf(", ended with Win32 error %d", s.ExitCode)
	}
	return text + "."
}

// notRunning reports whether a service is known not to run. One that is starting for more
// than five minutes hangs.
func notRunning(s *smbprobe.ServiceResult) bool {
	if s.Installed != nil && !*s.Installed {
		return false
	}
	switch s.State {
	case smbprobe.ServiceStopped, smbprobe.ServiceStopPending, smbprobe.ServicePausePending, smbprobe.ServicePaused:
		return true
	case smbprobe.ServiceStartPending:
		return s.InStateFor != nil && *s.InStateFor > longestStart
	}
	return false
}

// servicesRules are about services that do not run.
var servicesRules = []rule{
	{KnownCause: KnownCause{
		Name: "service_not_running", Title: "A service that starts automatically is not running", Severities: criticalOrWarning,
		Articles: []string{"Q143380", "Q274814", "Q168883"},
		Evidence: "A service that starts automatically is not running, or has been starting for more than five minutes: critical for MSExchangeIMC.",
		fix:      "Start it, once the logs show why it does not run: net start MSExchangeIMC",
	}, find: serviceNotRunning, remedy: serviceNotRunningRemedy, ruledOut: servicesRuledOut},
	{KnownCause: KnownCause{
		Name: "mail_service_not_installed", Title: "The Internet Mail Service is not installed", Severities: onlyWarning,
		Articles: []string{"Q155216"},
		Evidence: "MSExchangeIMC is among server.services of the module, and is not installed.",
	}, find: mailNotInstalled, remedy: mailNotInstalledRemedy},
}

// stoppedServices returns the automatic services that do not run, without those whose state
// another cause explains.
func (c *evidence) stoppedServices() []smbprobe.ServiceResult {
	var all []smbprobe.ServiceResult
	for i := range c.Services {
		if s := &c.Services[i]; s.StartMode == smbprobe.StartAutomatic && notRunning(s) && !c.serviceExplained(s.Name) {
			all = append(all, *s)
		}
	}
	return all
}

func isMailService(s smbprobe.ServiceResult) bool { return strings.EqualFold(s.Name, mailService) }

func serviceNotRunning(c *evidence, _ []dialFailure) *finding {
	stopped := c.stoppedServices()
	if len(stopped) == 0 {
		return nil
	}
	f := &finding{
		severity:    smbprobe.SeverityWarning,
		explanation: "Windows starts such a service by itself, so it was stopped by hand or it failed.",
	}
	var list []string
	for i := range stopped {
		s := &stopped[i]
		list = append(list, s.Name)
		f.evidence = append(f.evidence, whyStopped(s))
		if strings.EqualFold(s.Name, "PlugPlay") {
			f.explanation += " Without Plug and Play, RAS cannot start (Q170029)."
		}
	}
	if i := slices.IndexFunc(stopped, isMailService); i >= 0 {
		f.severity = smbprobe.SeverityCritical
		f.explanation = "While the Internet Mail Service is not running, no Internet mail leaves or arrives, whatever the share and the phone book are like."
		if stopped[i].ExitCode == 1067 && len(c.Eventlog.RelatedEvents) > 0 {
			f.evidence = append(f.evidence, fmt.Sprintf("Event 4037 of the service, at %s, contains %q.", timeText(c.Eventlog.RelatedEvents[0].At), c.Eventlog.RelatedEvents[0].Text))
		}
	}
	if len(list) == 1 {
		f.headline = fmt.Sprintf("Service %s is not running, although it starts automatically", list[0])
	} else {
		f.headline = fmt.Sprintf("%d services are not running, although they start automatically: %s", len(list), strings.Join(list, ", "))
	}
	return f
}

// serviceNotRunningRemedy names services by the constants of this package, or not at all: a
// name comes from the configuration, and a command is typed as it stands.
func serviceNotRunningRemedy(c *evidence) []smbprobe.RemedyStep {
	stopped := c.stoppedServices()
	exit := func(code uint32) bool {
		return c.general || slices.ContainsFunc(stopped, func(s smbprobe.ServiceResult) bool { return s.ExitCode == code })
	}
	steps := []smbprobe.RemedyStep{
		look(fmt.Sprintf("At %s, look in the System and Application logs for the reason:", c.host()), "eventvwr"),
	}
	if exit(1067) {
		steps = append(steps, look("Error 1067: the service crashed. Events 4037 and Dr. Watson beside it name the fault (Q168883, Q214407); install the newest service pack of Exchange."))
	}
	if exit(1068) {
		steps = append(steps, look("Error 1068: a service that it depends on did not start. Start that one first; events 7000 and 7001 name it."))
	}
	if exit(1069) {
		steps = append(steps, fix("Error 1069: the password of the service's account was changed, in User Manager alone (Q274814, Q157780). Set the same in both places: in User Manager and in Exchange Administrator, Configuration, Properties, tab Service Account Password."))
	}
	if c.general || slices.ContainsFunc(stopped, func(s smbprobe.ServiceResult) bool { return s.State == smbprobe.ServiceStartPending }) {
		steps = append(steps, fix("A service that keeps starting hangs: once the logs are read, end its process in Task Manager, and start it again."))
	}
	start, proceed := []string{"net start MSExchangeIMC"}, []string{"net continue MSExchangeIMC"}
	if !c.general {
		start, proceed = nil, nil
	}
	for _, s := range stopped {
		if s.State == smbprobe.ServicePaused || s.State == smbprobe.ServicePausePending {
			proceed = append(proceed, "net continue "+commandName(s.Name))
		} else {
			start = append(start, "net start "+commandName(s.Name))
		}
	}
	if len(start) > 0 {
		steps = append(steps, c.in(fix("Start what is not running:", start...), servicesNT4, servicesWin2000))
	}
	if len(proceed) > 0 {
		steps = append(steps, fix("Let what is paused go on:", proceed...))
	}
	if c.general || slices.ContainsFunc(stopped, isMailService) {
		steps = append(steps, look("MSExchangeIMC needs MSExchangeIS, MSExchangeMTA and TCP/IP (Q143380), and MSExchangeSA needs the Server service: if it does not start, see whether these run.", "net start"))
	}
	return append(steps, check("Each of them runs, and still does after some minutes:", "net start"))
}

// commandName returns a service's name if it is safe in a command, otherwise a placeholder.
func commandName(name string) string {
	safe := name != "" && !strings.ContainsFunc(name, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && r != '_' && r != '.' && r != '$' && r != '-'
	})
	if !safe {
		return `"NAME"`
	}
	return name
}

func servicesRuledOut(c *evidence) string {
	if len(c.Services) == 0 || slices.ContainsFunc(c.Services, func(s smbprobe.ServiceResult) bool { return s.Installed == nil || *s.Installed && s.State == "" }) ||
		len(c.explainedServices) > 0 {
		return ""
	}
	return "services: each one that starts automatically is running"
}

func mailNotInstalled(c *evidence, _ []dialFailure) *finding {
	s := c.service(mailService)
	if s == nil || !s.Asked || s.Installed == nil || *s.Installed {
		return nil
	}
	return &finding{
		severity:    smbprobe.SeverityWarning,
		headline:    "The Internet Mail Service (MSExchangeIMC) is not installed on this server",
		evidence:    []string{fmt.Sprintf("%s answered that it has no service MSExchangeIMC.", c.host())},
		explanation: "The exporter looks for this service on each server unless server.services of its module leaves it out. This server sends no Internet mail: the service may have moved to another server, or the server was replaced.",
	}
}

func mailNotInstalledRemedy(c *evidence) []smbprobe.RemedyStep {
	return []smbprobe.RemedyStep{
		look(fmt.Sprintf("Is %s the right server? In Exchange Administrator, Configuration, Connections, see on which server the Internet Mail Service is; it may have been moved, or the server replaced (Q155216, Q126521).", c.host())),
		fix("If mail goes out through another server, let the exporter watch that one."),
		fix("If this one is to be watched without it, write server.services without MSExchangeIMC into the module of the exporter's configuration (the default has it), and reload."),
		checkProbe(),
	}
}
