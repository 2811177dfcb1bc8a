package diagnosis

import (
	"fmt"

	"github.com/rasphone-exporter/rasphone_exporter/smbprobe"
)

// serverParameters is the registry key of the Server service's settings.
const serverParameters = `HKEY_LOCAL_MACHINE\SYSTEM\CurrentControlSet\Services\LanmanServer\Parameters`

// serverRules are about a server that answers nobody as it should, whatever the account.
var serverRules = []rule{
	{KnownCause: KnownCause{
		Name:       "server_service_stopped",
		Severities: []smbprobe.Severity{smbprobe.SeverityCritical},
		Articles:   []string{"Q181835"},
		Evidence:   "The host refuses connections to its SMB ports, or the service LanmanServer does not run.",
		Remedy:     "Start the Server service.",
	}, find: serverStopped},
	{KnownCause: KnownCause{
		Name:       "services_exe_not_answering",
		Severities: []smbprobe.Severity{smbprobe.SeverityCritical},
		Articles:   []string{"Q178741"},
		Evidence:   "The share works, and none of the pipes that were asked answers.",
		Remedy:     "Restart the server. Before Service Pack 4, save and clear the event logs, with every program that has one open closed first (Q159840), and install it.",
	}, find: servicesDead},
	{KnownCause: KnownCause{
		Name:       "server_out_of_resources",
		Severities: []smbprobe.Severity{smbprobe.SeverityCritical},
		Articles:   []string{"Q106167", "Q225782", "Q230283", "Q156211"},
		Evidence:   "The server refuses with STATUS_INSUFF_SERVER_RESOURCES or STATUS_INSUFFICIENT_RESOURCES.",
		Remedy:     "Raise IRPStackSize and restart; look at what installed a file system driver last, anti-virus software above all.",
	}, find: outOfResources},
	{KnownCause: KnownCause{
		Name:       "licences_used_up",
		Severities: []smbprobe.Severity{smbprobe.SeverityWarning},
		Articles:   []string{"Q149522"},
		Evidence:   "The server refuses because licences or sessions are used up.",
		Remedy:     "Free licences or buy some. Nothing is known to be wrong with share or book.",
	}, find: licencesUsedUp},
	{KnownCause: KnownCause{
		Name:       "server_paused",
		Severities: []smbprobe.Severity{smbprobe.SeverityWarning},
		Evidence:   "The server refuses with STATUS_SHARING_PAUSED.",
		Remedy:     "Continue the Server service.",
	}, find: serverPaused},
}

func serverStopped(c *evidence) *finding {
	j := &finding{
		severity:    smbprobe.SeverityCritical,
		explanation: "Without the Server service there is no Admin$ share, so the Internet Mail Service cannot open its phone book, not even on its own computer.",
		remedy: []string{
			fmt.Sprintf("At %s, see whether the Server service runs, and start it:", c.host()),
			command("net start server"),
			"The services that need it stopped with it, MSExchangeSA among them: see that Exchange runs again.",
		},
	}
	if s, found := c.stoppedService("LanmanServer"); found && s.State != smbprobe.ServicePaused && s.State != smbprobe.ServicePausePending {
		j.headline = "The Server service (LanmanServer) does not run"
		j.evidence = append(j.evidence, serviceSentence(&s))
	}
	if c.Share == smbprobe.SharePortClosed {
		j.headline = "The host answers and refuses SMB: the Server service is stopped, or a firewall refuses"
		j.evidence = append(j.evidence, fmt.Sprintf("%s is up and refuses the connection to the Server service.", c.host()))
		j.remedy = append(j.remedy, "If it runs: look for a firewall or packet filter between the exporter and the server that refuses ports 139 and 445.")
	}
	if j.headline == "" {
		return nil
	}
	return j
}

func servicesDead(c *evidence) *finding {
	if c.Share != smbprobe.ShareOK || c.RPC != smbprobe.RPCDead {
		return nil
	}
	j := &finding{
		severity: smbprobe.SeverityCritical,
		headline: "services.exe does not answer while the share still works",
		evidence: []string{
			fmt.Sprintf("The share %s was opened.", c.share()),
			"None of the pipes that were asked (event log, registry, services) answered.",
		},
		explanation: "services.exe holds the event log, the service controller and much else. Once it is gone no service can be started or stopped, RasMan included, and RAS cannot dial.",
		remedy: []string{
			fmt.Sprintf("Restart %s; a normal shutdown may hang.", c.host()),
		},
	}
	if pack, known := c.servicePack(); c.maybeNT4() && (!known || pack < 4) {
		j.remedy = append(j.remedy,
			"If it happens again: close every program that has an event log open, or clearing it may stop services.exe too (Q159840); then save and clear the logs, since before Service Pack 4 a damaged one stops services.exe.",
			"Install Service Pack 4 or later.")
	}
	return j
}

func outOfResources(c *evidence) *finding {
	if c.Share != smbprobe.ShareOutOfResources {
		return nil
	}
	j := &finding{
		severity:    smbprobe.SeverityCritical,
		headline:    "The Server service is out of resources, often because IRPStackSize is too small",
		evidence:    []string{c.statusSentence("The server refused")},
		explanation: "Each file system driver, anti-virus software above all, takes a place in every request. Where IRPStackSize gives too few, the Server service refuses shares, Admin$ among them, and the phone book cannot be opened.",
		remedy: []string{
			fmt.Sprintf("At %s, start the registry editor:", c.host()),
			command("regedt32"),
			fmt.Sprintf("Under %s set IRPStackSize (REG_DWORD) to one more than it is, 12 at most: more gives the same error.", serverParameters),
			"Restart the server; where the error stays, raise it again.",
			"If an anti-virus program came lately: update or remove it.",
		},
	}
	switch v := c.Registry.IRPStackSize; {
	case v == nil:
	case v.Set:
		j.headline = fmt.Sprintf("The Server service is out of resources, and IRPStackSize is %d", v.Value)
		j.evidence = append(j.evidence, fmt.Sprintf("IRPStackSize is %d.", v.Value))
	default:
		j.evidence = append(j.evidence, "IRPStackSize is not set: the default holds.")
	}
	return j
}

func licencesUsedUp(c *evidence) *finding {
	if c.Share != smbprobe.ShareServerFull {
		return nil
	}
	return &finding{
		severity:    smbprobe.SeverityWarning,
		headline:    "The server takes no more sessions: licences or connections are used up",
		evidence:    []string{c.statusSentence("The server refused")},
		explanation: "This says nothing of the share or the book. The exporter could not look at them, and other clients are turned away as well.",
		remedy: []string{
			fmt.Sprintf("At %s, see who is connected:", c.host()),
			command("net session"),
			"Disconnect sessions that nobody needs, or add licences in Control Panel, Licensing.",
		},
	}
}

func serverPaused(c *evidence) *finding {
	if c.Share != smbprobe.ShareServerPaused {
		return nil
	}
	return &finding{
		severity:    smbprobe.SeverityWarning,
		headline:    "The Server service is paused",
		evidence:    []string{c.statusSentence("The server refused")},
		explanation: "A paused Server service takes no new connections to its shares, Admin$ included, until somebody continues it.",
		remedy: []string{
			fmt.Sprintf("At %s:", c.host()),
			command("net continue server"),
		},
	}
}
