package diagnosis

import (
	"fmt"
	"slices"
	"strings"

	"github.com/rasphone-exporter/rasphone_exporter/smbprobe"
)

// networkCards is the registry key with a numbered key for each network card.
const networkCards = `HKEY_LOCAL_MACHINE\SOFTWARE\Microsoft\Windows NT\CurrentVersion\NetworkCards`

// rasRules are about failures that the registry, the system or a service tells more of.
var rasRules = []rule{
	{KnownCause: KnownCause{
		Name:       "rasman_cannot_start",
		Severities: []smbprobe.Severity{smbprobe.SeverityCritical, smbprobe.SeverityInfo},
		Articles:   []string{"Q170029"},
		Evidence:   "Event 4106 with [711], or the service PlugPlay does not run.",
		Remedy:     "Start Plug and Play, and let it start automatically.",
	}, find: rasmanCannotStart, claims: claimsCodes("711")},
	{KnownCause: KnownCause{
		Name:       "dialup_network_card_key_stale",
		Severities: []smbprobe.Severity{smbprobe.SeverityWarning, smbprobe.SeverityInfo},
		Articles:   []string{"Q165846", "Q169116"},
		Evidence:   "Event 4106 with [2], or a NetworkCards key that names a service which has no key.",
		Remedy:     "Delete that numbered key.",
	}, find: networkCardStale, claims: claimsCodes("2")},
	{KnownCause: KnownCause{
		Name:       "nt4_dial_bug",
		Severities: []smbprobe.Severity{smbprobe.SeverityWarning, smbprobe.SeverityInfo},
		Articles:   []string{"Q189586"},
		Evidence:   "Event 4106 with [317] or [4264763456], on Windows NT 4.0 with a service pack below 4, or one that is not known.",
		Remedy:     "Install Service Pack 4 or later. 317 also means that the text for the real code was not found.",
	}, find: nt4DialBug, claims: func(c *evidence, f dialFailure) bool {
		return slices.Contains(nt4BugCodes, f.Code) && c.mayHaveNT4Bug()
	}},
}

func rasmanCannotStart(c *evidence) *finding {
	j := finding{
		headline:    "RasMan cannot start",
		explanation: "The Remote Access Connection Manager needs Plug and Play. Without it RAS does nothing at all. " + stopsMail,
		remedy: []string{
			fmt.Sprintf("At %s, in Control Panel, Services, set Plug and Play to Automatic, and start it:", c.host()),
			command("net start PlugPlay"),
			command("net start RasMan"),
		},
	}
	var otherwise smbprobe.Severity
	if s, found := c.stoppedService("PlugPlay"); found {
		otherwise = smbprobe.SeverityCritical
		j.headline = "RasMan cannot start: Plug and Play does not run"
		j.evidence = []string{serviceSentence(&s)}
	}
	return c.withFailures(c.failed("711"), smbprobe.SeverityCritical, otherwise, j)
}

func networkCardStale(c *evidence) *finding {
	j := finding{
		headline:    "RAS does not find a file or key: a removed network card may have left its key behind",
		explanation: "When RAS dials it goes through the network cards in the registry, and gives up with [2] at one whose service is gone. " + stopsMail,
		remedy: []string{
			fmt.Sprintf("At %s, start the registry editor:", c.host()),
			command("regedt32"),
		},
	}
	var otherwise smbprobe.Severity
	var keys []string
	for _, card := range c.Registry.StaleNetworkCards {
		otherwise = smbprobe.SeverityWarning
		keys = append(keys, fmt.Sprintf("%q", card.Key))
		j.evidence = append(j.evidence, fmt.Sprintf("NetworkCards key %q names the service %q, which has no key.", card.Key, card.Service))
	}
	if len(keys) > 0 {
		list := strings.Join(keys, ", ")
		j.headline = fmt.Sprintf("A removed network card left its key behind: NetworkCards %s", list)
		j.remedy = append(j.remedy, fmt.Sprintf("Under %s save the key %s (Registry, Save Key), then delete it.", networkCards, list))
	} else {
		j.remedy = append(j.remedy, fmt.Sprintf(`Under %s, look at ServiceName of each numbered key. Save and delete the key whose service is not under HKEY_LOCAL_MACHINE\SYSTEM\CurrentControlSet\Services.`, networkCards))
	}
	j.remedy = append(j.remedy, "Restart the server.")
	return c.withFailures(c.failed("2"), smbprobe.SeverityWarning, otherwise, j)
}

// nt4BugCodes are the codes with which that fault of Windows NT 4.0 shows.
var nt4BugCodes = []string{"317", "4264763456"}

// mayHaveNT4Bug reports whether nothing known speaks against Windows NT 4.0 before Service Pack 4.
func (c *evidence) mayHaveNT4Bug() bool {
	pack, known := c.servicePack()
	return c.maybeNT4() && (!known || pack < 4)
}

func nt4DialBug(c *evidence) *finding {
	if !c.mayHaveNT4Bug() {
		return nil
	}
	pack, known := c.servicePack()
	j := finding{
		headline:    "A fault of Windows NT 4.0 before Service Pack 4 hides why dialling fails",
		explanation: "Before Service Pack 4, RAS may report a number that is no error code. 317 also stands for an error whose text was not found, so it hides another code. " + stopsMail,
		remedy: []string{
			fmt.Sprintf("On %s, install Service Pack 4 or later, and restart.", c.host()),
			"If it still fails, dial the entry by hand to see the real error:",
			command("rasphone"),
		},
	}
	switch {
	case !known:
		j.evidence = []string{"Which service pack the server has is not known."}
	case pack == 0:
		j.evidence = []string{"The server has no service pack."}
	default:
		j.evidence = []string{fmt.Sprintf("The server has Service Pack %d.", pack)}
	}
	return c.withFailures(c.failed(nt4BugCodes...), smbprobe.SeverityWarning, "", j)
}
