package diagnosis

import (
	"slices"
	"strings"

	"github.com/rasphone-exporter/rasphone_exporter/smbprobe"
)

// dialCode is a cause that rests on the codes of event 4106 alone.
type dialCode struct {
	name, title string
	severity    smbprobe.Severity // while calls fail
	codes       []string          // decimal
	articles    []string
	headline    func(c *evidence, codes []string) string
	explanation string
	remedy      func(c *evidence) []smbprobe.RemedyStep
}

// dialCodes are the causes that rest on codes alone.
var dialCodes = []dialCode{
	{
		name: "port_taken", title: "The modem's port is in use",
		severity: smbprobe.SeverityCritical, codes: []string{"633"},
		articles:    []string{"Q162807", "Q175410", "Q238171", "Q160188", "Q260957"},
		headline:    func(*evidence, []string) string { return "The port is in use, or RAS takes it for in use [633]" },
		explanation: "A program or a script has the port and does not give it back, an incoming call has it, or RAS has lost track of it. Until it is free no call is made.",
		remedy:      portTakenRemedy,
	},
	{
		name: "modem_or_port_failed", title: "The modem or its port does not work",
		severity: smbprobe.SeverityWarning, codes: []string{"692"},
		articles:    []string{"Q163111", "Q160188"},
		headline:    func(*evidence, []string) string { return "Hardware failure in the port or the attached device [692]" },
		explanation: "The modem is off, its cable is out, or another program has the port.",
		remedy:      modemFailedRemedy,
	},
	{
		name: "line_or_answer_missing", title: "The line is dead or busy, or there is no answer",
		severity: smbprobe.SeverityWarning, codes: []string{"676", "677", "678", "679", "680"},
		articles:    []string{"Q239870"},
		headline:    lineHeadline,
		explanation: "The modem dialed, and got no connection with another modem.",
		remedy:      lineRemedy,
	},
	{
		name: "dial_out_not_allowed", title: "RAS has no protocol to dial out with",
		severity: smbprobe.SeverityWarning, codes: []string{"720"},
		articles: []string{"Q152605", "Q123298"},
		headline: func(*evidence, []string) string {
			return "RAS has no protocol to dial out with [720]: it is set to receive calls only, or nothing is bound to it"
		},
		explanation: "A port that is set to receive calls only has no protocol for calls that go out; neither has a RAS adapter without bindings.",
		remedy:      dialOutRemedy,
	},
}

// codeRules makes a rule of each dialCode.
func codeRules() []rule {
	var all []rule
	for _, d := range dialCodes {
		severities := criticalOrInfo
		if d.severity == smbprobe.SeverityWarning {
			severities = anySeverity // critical if unbroken
		}
		all = append(all, rule{
			KnownCause: KnownCause{
				Name: d.name, Title: d.title, Severities: severities, Articles: d.articles,
				Evidence: "Event 4106 with [" + strings.Join(d.codes, "], [") + "].",
			},
			find: func(c *evidence, mine []dialFailure) *finding {
				if len(mine) == 0 {
					return nil
				}
				return c.withFailures(mine, d.severity, "", finding{
					headline: d.headline(c, codesOf(mine)), evidence: switchSentences(c, d.name), explanation: d.explanation + " " + stopsMail,
				})
			},
			remedy: d.remedy,
			claims: claimsCodes(d.codes...),
		})
	}
	return all
}

// codesOf returns the distinct codes of failures.
func codesOf(failures []dialFailure) []string {
	var codes []string
	for _, f := range failures {
		if !slices.Contains(codes, f.Code) {
			codes = append(codes, f.Code)
		}
	}
	return codes
}

// switchSentences names the entries that run a script, which may keep the port.
func switchSentences(c *evidence, cause string) []string {
	if cause != "port_taken" || len(c.Phonebook.Switched) == 0 {
		return nil
	}
	return []string{"These entries run a script (DEVICE=switch): " + quoted(c.Phonebook.Switched[:min(len(c.Phonebook.Switched), maxEntries)]) + "."}
}

func portTakenRemedy(c *evidence) []smbprobe.RemedyStep {
	steps := []smbprobe.RemedyStep{
		look("Is there a call, or does another program have the port? Fax, Lotus Notes, HyperTerminal and UPS programs may (Q160188, Q260957). End such a program, or give it another port.", "rasdial", "net start"),
		fix("Free the port: stop the Internet Mail Service, then stop RAS and start it again. That ends every call, those of users who dial in among them, and stops the Remote Access Server with it:",
			"net stop MSExchangeIMC", "net stop rasman", "net start rasman"),
		fix("If the Remote Access Server ran before, for users who dial in, start it again:", "net start remoteaccess"),
		fix("Start the Internet Mail Service again:", "net start MSExchangeIMC"),
	}
	if c.general || len(c.Phonebook.Switched) > 0 {
		steps = append(steps, fix(`Entries with a script (DEVICE=switch): give each wait of the script (tab Script, a .scp file in System32\Ras) a time-out, or it waits indefinitely and keeps the port (Q175410).`))
	}
	if c.general || c.maybePackBelow(6) {
		steps = append(steps, fix("Before Service Pack 6, RAS may lose track of a port by itself (Q238171): install Service Pack 6a."))
	}
	steps = append(steps, c.restart("Only if the port stays taken, restart the server.")...)
	return append(steps, c.checkCall())
}

func modemFailedRemedy(c *evidence) []smbprobe.RemedyStep {
	return []smbprobe.RemedyStep{
		look("Is the modem on, and are both its cables in?"),
		fix("Switch the modem off and on."),
		look("Does another program have the port: HyperTerminal, fax, UPS (Q160188)? End it, or give it another port:", "net start"),
		c.checkCall(),
	}
}

// lineHeadline words the codes; before Service Pack 6 three of them come as 676.
func lineHeadline(c *evidence, codes []string) string {
	words := map[string]string{
		"676": "the line is busy", "677": "a person answered instead of a modem", "678": "there is no answer",
		"679": "there is no carrier", "680": "there is no dial tone",
	}
	var all []string
	for _, code := range codes {
		text := words[code]
		if code == "676" && c.maybePackBelow(6) {
			text = "the line is busy or dead, or there is no answer"
		}
		all = append(all, text+" ["+code+"]")
	}
	return "Calls get no connection: " + strings.Join(all, ", ")
}

func lineRemedy(c *evidence) []smbprobe.RemedyStep {
	var steps []smbprobe.RemedyStep
	if c.explains("line_or_answer_missing", "676") {
		steps = append(steps, look("[676], busy: does a telephone, a fax or a second modem use the line? Or is the provider's number busy at that time? Dial it with a telephone."))
	}
	if c.explains("line_or_answer_missing", "680") || c.explains("line_or_answer_missing", "676") && c.maybePackBelow(6) {
		steps = append(steps, look("No dial tone: is the modem's cable in the socket, and has a telephone there a dial tone? Behind a private exchange, does the number begin with the digit for an outside line?"))
	}
	if c.explains("line_or_answer_missing", "677", "678", "679") || c.explains("line_or_answer_missing", "676") && c.maybePackBelow(6) {
		steps = append(steps, look("No answer, a person, or no carrier: dial the number of the entry with a telephone, and hear whether a modem answers. Ask the provider whether the number has changed."))
	}
	steps = append(steps, fix("Correct what you found: the line, or the number in the entry.", "rasphone"))
	if c.general || c.maybePackBelow(6) {
		steps = append(steps, fix("Before Service Pack 6, [676] is reported for no line and no answer as well: Service Pack 6a tells them apart (Q239870)."))
	}
	return append(steps, c.checkCall())
}

func dialOutRemedy(c *evidence) []smbprobe.RemedyStep {
	steps := []smbprobe.RemedyStep{
		c.in(fix("Under Configure, choose Dial out calls, or Dial out and Receive calls. Under Network, choose TCP/IP for dialing out."), networkNT4, networkWin2000),
		c.in(fix("See that TCP/IP is bound to the adapter of RAS (Q123298), and bind it if it is not."), "Control Panel, Network, tab Bindings", dunWin2000+", Advanced, Advanced Settings"),
	}
	return append(append(steps, c.restart("Then restart.")...), c.checkCall())
}
