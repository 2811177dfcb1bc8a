package diagnosis

import (
	"fmt"
	"slices"
	"strconv"

	"github.com/rasphone-exporter/rasphone_exporter/smbprobe"
)

// rasRules are about failures for which the registry, the system or a service has more.
var rasRules = []rule{
	{KnownCause: KnownCause{
		Name: "rasman_cannot_start", Title: "RAS cannot start", Severities: anySeverity,
		Articles: []string{"Q170029", "Q193840"},
		Evidence: "Event 4106 with [711]; or RasMan starts automatically and is stopped with an error.",
	}, find: rasmanCannotStart, remedy: rasmanRemedy, claims: claimsCodes("711"), services: []string{"RasMan", "PlugPlay"}},
	{KnownCause: KnownCause{
		Name: "dialup_network_card_key_stale", Title: "The registry names a network card that is gone, and RAS stumbles over it", Severities: anySeverity,
		Articles: []string{"Q165846", "Q169116"},
		Evidence: "Windows NT 4.0: a NetworkCards key names a service that has no key; or event 4106 with [2], and the keys could not be read.",
	}, find: networkCardStale, remedy: networkCardRemedy, claims: func(c *evidence, f dialFailure) bool {
		return f.Code == "2" && c.maybeNT4() && (len(c.Registry.StaleNetworkCards) > 0 || !c.Registry.NetworkCardsChecked)
	}, ruledOut: networkCardRuledOut},
	{KnownCause: KnownCause{
		Name: "nt4_dial_bug", Title: "A fault of Windows NT 4.0 hides why calls fail", Severities: anySeverity,
		Articles: []string{"Q189586"},
		Evidence: "Event 4106 with [317] or [4264763456], on Windows NT 4.0 with a service pack below 4, or one that is not known.",
	}, find: nt4DialBug, remedy: nt4DialBugRemedy, claims: func(c *evidence, f dialFailure) bool {
		return (f.Code == "317" || f.Code == "4264763456") && c.maybePackBelow(4)
	}},
}

// stoppedWithError reports whether a service is stopped, and ended with an error.
func stoppedWithError(s *smbprobe.ServiceResult) bool {
	return s != nil && s.State == smbprobe.ServiceStopped && s.ExitCode != 0 && s.ExitCode != neverStarted
}

func rasmanCannotStart(c *evidence, mine []dialFailure) *finding {
	rasman := c.service("RasMan")
	var ifSeen smbprobe.Severity
	if stoppedWithError(rasman) && rasman.StartMode == smbprobe.StartAutomatic {
		ifSeen = smbprobe.SeverityWarning
	}
	f := finding{
		headline:    "RAS cannot start: its service RasMan fails",
		explanation: "Without the Remote Access Connection Manager RAS does nothing at all. " + stopsMail,
	}
	if stoppedWithError(rasman) {
		f.evidence = append(f.evidence, whyStopped(rasman))
		if rasman.StartMode != smbprobe.StartAutomatic && !c.rasmanDisabled() {
			f.evidence = append(f.evidence, "RasMan starts on demand, and its last exit code stays until the next start.")
		}
	}
	if c.rasmanDisabled() {
		f.headline = "RAS cannot start: its service RasMan is disabled"
		if !stoppedWithError(rasman) {
			f.evidence = append(f.evidence, serviceSentence(rasman))
		}
	}
	if c.plugPlayStopped() {
		f.headline = "RAS cannot start: Plug and Play is not running"
		f.evidence = append(f.evidence, serviceSentence(c.service("PlugPlay")))
		f.explanation = "The Remote Access Connection Manager needs Plug and Play (Q170029). " + f.explanation
	}
	return c.withFailures(mine, smbprobe.SeverityCritical, ifSeen, f)
}

// rasmanDisabled reports whether the startup type of RasMan keeps it from starting.
func (c *evidence) rasmanDisabled() bool {
	s := c.service("RasMan")
	return s != nil && s.State == smbprobe.ServiceStopped && s.StartMode == smbprobe.StartDisabled
}

// plugPlayStopped reports whether Plug and Play is known not to run.
func (c *evidence) plugPlayStopped() bool {
	return c.serviceIs("PlugPlay", smbprobe.ServiceStopped, smbprobe.ServiceStopPending, smbprobe.ServicePaused)
}

func rasmanRemedy(c *evidence) []smbprobe.RemedyStep {
	var steps []smbprobe.RemedyStep
	if c.general || c.plugPlayStopped() {
		steps = append(steps, c.in(fix(fmt.Sprintf("At %s, set the service Plug and Play to Automatic if it is not, and start it:", c.host()), "net start PlugPlay"), servicesNT4, servicesWin2000))
	}
	if c.general || c.rasmanDisabled() {
		steps = append(steps, c.in(fix(fmt.Sprintf("At %s, if Remote Access Connection Manager is disabled, set it to Manual: RAS starts it when it dials.", c.host())), servicesNT4, servicesWin2000))
	}
	if c.general || !c.plugPlayStopped() && !c.rasmanDisabled() {
		steps = append(steps,
			look("Look in the System log for events 7000 and 7001 of the Service Control Manager: they name the service or driver that did not start.", "eventvwr"),
			fix("If a service that RasMan depends on did not start (1068), start that one. If a driver of RAS is too old, as RAS was installed after the service pack, install the service pack again (Q193840, Q165941)."))
	}
	return append(steps, fix("Start RasMan:", "net start RasMan"), restartMail(), c.checkCall())
}

func networkCardStale(c *evidence, mine []dialFailure) *finding {
	cards := c.Registry.StaleNetworkCards
	if len(cards) == 0 && len(mine) == 0 || !c.maybeNT4() {
		return nil
	}
	f := finding{
		headline:    "RAS does not find a file or key [2]: a network card that was removed may have left its key",
		explanation: "When RAS dials it goes through the network cards in the registry, and gives up with [2] at one whose service is gone. " + stopsMail,
	}
	var ifSeen smbprobe.Severity
	var keys []string
	for _, card := range cards[:min(len(cards), maxEntries)] {
		ifSeen = smbprobe.SeverityWarning
		keys = append(keys, card.Key)
		f.evidence = append(f.evidence, fmt.Sprintf("NetworkCards key %q names the service %q, which has no key.", card.Key, card.Service))
	}
	if len(keys) > 0 {
		f.headline = "A network card that was removed left its key: NetworkCards " + quoted(keys)
	} else {
		f.evidence = append(f.evidence, "The NetworkCards keys of the registry could not be read, or not all of them.")
	}
	return c.withFailures(mine, smbprobe.SeverityWarning, ifSeen, f)
}

func networkCardRemedy(c *evidence) []smbprobe.RemedyStep {
	// Each key to delete is written out: NetworkCards itself has to stay.
	var steps []smbprobe.RemedyStep
	if cards := c.Registry.StaleNetworkCards; len(cards) > 0 && !c.general {
		for _, card := range cards[:min(len(cards), maxEntries)] {
			number := "NUMBER"
			if _, err := strconv.ParseUint(card.Key, 10, 32); err == nil { // else the server made it up
				number = card.Key
			}
			steps = append(steps, deleteKey(fmt.Sprintf("Delete the key %q below NetworkCards, and nothing else there.", card.Key), keyNetworkCards+`\`+number))
		}
	} else {
		steps = append(steps, deleteKey("Delete the numbered key whose ServiceName is not a key under "+keyServices+", and nothing else there.", keyNetworkCards+`\NUMBER`))
	}
	return slices.Concat([]smbprobe.RemedyStep{fix(saveKey, "regedt32")}, steps, c.restart("Then restart."), []smbprobe.RemedyStep{c.checkCall()})
}

func networkCardRuledOut(c *evidence) string {
	if !c.Registry.NetworkCardsChecked || len(c.Registry.StaleNetworkCards) > 0 {
		return ""
	}
	return "NetworkCards: each key names a service that is there"
}

func nt4DialBug(c *evidence, mine []dialFailure) *finding {
	if len(mine) == 0 {
		return nil
	}
	f := finding{
		headline:    "A fault of Windows NT 4.0 before Service Pack 4 hides why calls fail",
		explanation: "Before Service Pack 4, RAS may report a number that is not an error code. 317 also stands for an error whose text was not found, so it hides another code. " + stopsMail,
	}
	switch pack, known := c.servicePack(); {
	case !known:
		f.evidence = []string{"Which service pack the server has is not known."}
	case pack == 0:
		f.evidence = []string{"The server has no service pack."}
	default:
		f.evidence = []string{fmt.Sprintf("The server has Service Pack %d.", pack)}
	}
	return c.withFailures(mine, smbprobe.SeverityWarning, "", f)
}

func nt4DialBugRemedy(c *evidence) []smbprobe.RemedyStep {
	steps := []smbprobe.RemedyStep{
		c.dialByHand(smbprobe.RemedyLook, "Dial the entry by hand to see the real error"),
		fix(fmt.Sprintf("On %s, install Service Pack 4 or later, 6a if possible.", c.host())),
	}
	return append(append(steps, c.restart("It takes effect at the next start.")...), c.checkCall())
}
