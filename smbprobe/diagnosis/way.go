package diagnosis

import (
	"fmt"
	"net"
	"strings"

	"github.com/rasphone-exporter/rasphone_exporter/smbprobe"
)

// wayRules are about the way to the server: from its name to a first sound answer.
var wayRules = []rule{
	{KnownCause: KnownCause{
		Name: "name_not_resolved", Title: "DNS does not know the server's name", Severities: onlyCritical,
		Evidence: "DNS answers that the name does not exist.",
	}, find: stateFinding(nameNotResolved, smbprobe.ShareNameNotResolved), remedy: nameNotResolvedRemedy,
		ruledOut: nameRuledOut},
	{KnownCause: KnownCause{
		Name: "no_answer", Title: "The server does not answer", Severities: onlyCritical,
		Evidence: "No answer in time, or no route to the host, and nothing else is known.",
	}, find: stateFinding(noAnswer, smbprobe.ShareTimeout, smbprobe.ShareHostUnreachable), remedy: noAnswerRemedy,
		ruledOut: answerRuledOut},
	{KnownCause: KnownCause{
		Name: "not_an_smb_server", Title: "Something else than a Windows server answers", Severities: onlyCritical,
		Evidence: "What answers is not SMB.",
	}, find: stateFinding(notSMB, smbprobe.ShareNotSMB), remedy: notSMBRemedy},
	{KnownCause: KnownCause{
		Name: "server_service_stopped", Title: "The Server service is stopped", Severities: onlyCritical,
		Articles: []string{"Q181835"},
		Evidence: "The host refuses connections to its SMB ports, or the service LanmanServer is not running.",
	}, find: serverStopped, remedy: serverStoppedRemedy, services: []string{"LanmanServer"}},
	{KnownCause: KnownCause{
		Name: "server_not_answering_by_name", Title: "The server does not answer by its NetBIOS name", Severities: onlyCritical,
		Articles: []string{"Q241041", "Q177497"},
		Evidence: "The NetBIOS session service refuses every called name.",
	}, find: stateFinding(notByName, smbprobe.ShareSessionRefused), remedy: notByNameRemedy},
	{KnownCause: KnownCause{
		Name: "server_breaks_protocol", Title: "The server's answer makes no sense, or it hangs up", Severities: onlyCritical,
		Evidence: "The server closed the connection, or an answer breaks the protocol.",
	}, find: stateFinding(breaksProtocol, smbprobe.ShareProtocolError, smbprobe.ShareConnectionLost), remedy: breaksProtocolRemedy},
}

// stateFinding returns the find function of a cause that rests on the share's state alone.
func stateFinding(describe func(*evidence) finding, states ...smbprobe.ShareState) func(*evidence, []dialFailure) *finding {
	return func(c *evidence, _ []dialFailure) *finding {
		for _, s := range states {
			if c.Share == s {
				f := describe(c)
				return &f
			}
		}
		return nil
	}
}

const notWatched = "The exporter could see neither share nor phone book. Mail may or may not be leaving."

// errorSentence is the share's error as a sentence.
func (c *evidence) errorSentence() string {
	if c.ShareError == "" {
		return fmt.Sprintf("The state of the share is %s.", c.Share)
	}
	return strings.TrimRight(strings.ReplaceAll(c.ShareError, "\n", "; "), ".") + "."
}

func nameNotResolved(c *evidence) finding {
	return finding{
		severity:    smbprobe.SeverityCritical,
		headline:    fmt.Sprintf("DNS does not know the name %q", c.Target),
		evidence:    []string{c.errorSentence()},
		explanation: "The exporter asks DNS alone, not WINS and not LMHOSTS, which may know the name. " + notWatched,
	}
}

func nameNotResolvedRemedy(c *evidence) []smbprobe.RemedyStep {
	return []smbprobe.RemedyStep{
		look("On the exporter's computer, ask DNS for the name as the configuration has it. A name with a dot is looked up exactly as it is written, without the resolver's search list:", "nslookup NAME"),
		fix(fmt.Sprintf("In the exporter's configuration, write %s by its IP address or by a full name that DNS knows, and reload; or add the name to DNS.", c.host())),
		checkProbe(),
	}
}

func nameRuledOut(c *evidence) string {
	if c.Address == "" {
		return ""
	}
	return "name: resolved, " + c.Address + " answered"
}

func noAnswer(c *evidence) finding {
	f := finding{
		severity:    smbprobe.SeverityCritical,
		headline:    fmt.Sprintf("%s did not answer in time", c.host()),
		evidence:    []string{c.errorSentence()},
		explanation: notWatched,
	}
	switch {
	case c.Share == smbprobe.ShareHostUnreachable:
		f.headline = fmt.Sprintf("The network has no route to %s", c.host())
	case c.Address != "":
		f.headline = fmt.Sprintf("%s took the connection, and then did not answer in time", c.host())
		f.evidence = append(f.evidence, fmt.Sprintf("%s took the connection.", c.Address))
	}
	return f
}

func noAnswerRemedy(c *evidence) []smbprobe.RemedyStep {
	steps := []smbprobe.RemedyStep{
		look(fmt.Sprintf("Look at the screen of %s: a blue screen, a server that is down, or one that is starting?", c.host())),
		look("From the exporter's computer, see whether the host answers at all:", "ping NAME"),
		look("If it answers ping, look for a firewall or packet filter between the two that drops TCP ports 139 and 445."),
		fix("If the server is down, or shows a blue screen, start it again."),
	}
	return append(append(steps, c.restart("If it hangs, and its screen still responds, restart it.")...), checkProbe())
}

func answerRuledOut(c *evidence) string {
	if c.Server == nil {
		return ""
	}
	return "network: the server answers"
}

// notSMB names what answers if its first bytes tell.
func notSMB(c *evidence) finding {
	what := "something that is not an SMB server"
	if text := strings.ToUpper(c.ShareError); strings.Contains(text, "HTTP") || strings.Contains(text, "48 54 54 50") || strings.Contains(text, "0X48") {
		what = "a web server (HTTP)"
	} else if strings.Contains(text, "53 53 48 2D") || strings.Contains(text, "0X53") {
		what = "an SSH server"
	}
	return finding{
		severity:    smbprobe.SeverityCritical,
		headline:    fmt.Sprintf("At the port of %s answers %s", c.host(), what),
		evidence:    []string{c.errorSentence()},
		explanation: "The host or the port is the wrong one. " + notWatched,
	}
}

func notSMBRemedy(c *evidence) []smbprobe.RemedyStep {
	return []smbprobe.RemedyStep{
		look("On the exporter's computer, see which address the name has, and whether that is the server's:", "nslookup NAME"),
		fix(fmt.Sprintf("In the exporter's configuration, correct the host or the port of %s (445, or 139 with NetBIOS), and reload.", c.host())),
		checkProbe(),
	}
}

func serverStopped(c *evidence, _ []dialFailure) *finding {
	f := &finding{
		severity:    smbprobe.SeverityCritical,
		explanation: "Without the Server service there is no Admin$ share, so the Internet Mail Service cannot open its phone book, not even on its own computer.",
	}
	if c.serviceIs("LanmanServer", smbprobe.ServiceStopped, smbprobe.ServiceStopPending) {
		f.headline = "The Server service (LanmanServer) is not running"
		f.evidence = append(f.evidence, whyStopped(c.service("LanmanServer")))
	}
	if c.Share == smbprobe.SharePortClosed {
		f.headline = fmt.Sprintf("%s is up and refuses SMB: its Server service is stopped, or a firewall refuses", c.host())
		f.evidence = append(f.evidence, c.errorSentence())
		if port := c.otherPort(); port != "" {
			f.headline = fmt.Sprintf("%s is up and refuses SMB at port %s, where Windows NT 4.0 never listens; on Windows 2000 its Server service is stopped, or a firewall refuses", c.host(), port)
			f.evidence = append(f.evidence, fmt.Sprintf("Port %s alone was tried, because the target names it. Windows NT 4.0 listens on port 139 alone.", port))
		}
	}
	if f.headline == "" {
		return nil
	}
	return f
}

// otherPort returns the port that the target names; empty if it names none or 139, the port of
// Windows NT 4.0.
func (c *evidence) otherPort() string {
	if _, port, err := net.SplitHostPort(c.Target); err == nil && port != "139" {
		return port
	}
	return ""
}

func serverStoppedRemedy(c *evidence) []smbprobe.RemedyStep {
	var steps []smbprobe.RemedyStep
	if c.general || c.Share == smbprobe.SharePortClosed && c.otherPort() != "" {
		steps = append(steps, look("If the server is Windows NT 4.0, and the target names another port than 139, nothing is wrong with the server: write the target without a port in the exporter's configuration, and reload."))
	}
	steps = append(steps, look(fmt.Sprintf("At %s, see whether the list of running services has Server:", c.host()), "net start"))
	steps = append(steps, startServer("If the Server service is not running, start it:")...)
	return append(steps,
		c.in(fix("If that gives error 1058, the service is disabled: set its startup type to Automatic (Q181835), and start it again."), servicesNT4, servicesWin2000),
		fix("If it runs: look for a firewall or packet filter between the exporter and the server that refuses TCP ports 139 and 445."),
		check("Each service that ran before runs again, Exchange and Net Logon among them:", "net start"),
		checkProbe())
}

func notByName(c *evidence) finding {
	return finding{
		severity: smbprobe.SeverityCritical,
		headline: "The server refuses each NetBIOS name: its Server service is stopped, or it has another name",
		evidence: []string{c.errorSentence()},
		explanation: "On Windows NT 4.0 the NetBT driver opens port 139, not the Server service (Q241041). So the port answers although the Server service " +
			"is stopped, and the name of the server is then not registered. A server that was renamed looks the same.",
	}
}

func notByNameRemedy(c *evidence) []smbprobe.RemedyStep {
	steps := []smbprobe.RemedyStep{
		look(fmt.Sprintf("At %s, see whether the list of running services has Server, and which name has the type <20> (Q177497):", c.host()), "net start", "nbtstat -n"),
	}
	steps = append(steps, startServer("If the Server service is not running, start it:")...)
	return append(steps,
		c.in(fix("If that gives error 1058, the service is disabled: set its startup type to Automatic (Q181835), and start it again."), servicesNT4, servicesWin2000),
		fix("If it runs, and the name with <20> is another than the exporter uses: put that name into netbios_name of the module in the exporter's configuration, and reload."),
		checkProbe())
}

func breaksProtocol(c *evidence) finding {
	f := finding{
		severity:    smbprobe.SeverityCritical,
		headline:    "An answer of the server breaks the protocol",
		evidence:    []string{c.errorSentence()},
		explanation: "The server runs, and its answers make no sense to the exporter. " + notWatched,
	}
	if c.Share == smbprobe.ShareConnectionLost {
		f.headline = "The server hangs up in the middle of the conversation"
		f.explanation = "The server takes a connection and closes it before it has answered. " + notWatched
	}
	for _, s := range c.Steps {
		if s.Error != "" {
			f.headline += fmt.Sprintf(" (step %s)", s.Step)
			break
		}
	}
	return f
}

func breaksProtocolRemedy(c *evidence) []smbprobe.RemedyStep {
	return []smbprobe.RemedyStep{
		look(fmt.Sprintf("At %s, look in the System log for events of Srv, NetBT and Tcpip at the time of the probe:", c.host()), "eventvwr"),
		look("Record the conversation; passwords are blanked. Send it in with the report if the server is in order otherwise:", "rasphone_exporter probe NAME --capture=server.pcap"),
		fix("If a proxy, a firewall or another device answers in place of the server, let the exporter reach the server itself."),
		checkProbe(),
	}
}
