package diagnosis

import (
	"fmt"

	"github.com/rasphone-exporter/rasphone_exporter/smbprobe"
)

// dialCode is a cause that rests on the codes of event 4106 alone.
type dialCode struct {
	name        string
	severity    smbprobe.Severity // for events in the shortest window
	codes       []string          // decimal
	articles    []string
	summary     string // of the remedy, for a table
	headline    string
	explanation string
	steps       []string // sentences and commands; the first is a sentence
}

// dialCodes are the causes that rest on a code alone.
var dialCodes = []dialCode{
	{
		name:        "port_locked_by_script",
		severity:    smbprobe.SeverityCritical,
		codes:       []string{"633"},
		articles:    []string{"Q175410", "Q162807", "Q238171"},
		summary:     "Restart the server to free the port, and give each wait of the script a time-out.",
		headline:    "The port is in use: a script after dialling may wait indefinitely and keep it locked",
		explanation: "A script that runs after connecting and waits without a time-out keeps the port when the answer does not come.",
		steps: []string{
			"Restart the server: that frees the port.",
			`In the entry's script (page Script, a .scp file in System32\Ras), give each wait a time-out, so that it ends by itself.`,
			"If the entry has no script, see whether another program or an incoming call holds the port.",
		},
	},
	{
		name:        "line_or_answer_missing",
		severity:    smbprobe.SeverityWarning,
		codes:       []string{"676", "680"},
		articles:    []string{"Q239870"},
		summary:     "Look at the line, the cable and the number. Before Service Pack 6, 676 (busy) also stands for no line and no answer.",
		headline:    "The line is dead or busy, or nobody answers",
		explanation: "The modem got no connection. Before Service Pack 6, [676] is reported as well where there is no line, or nobody answers.",
		steps: []string{
			"See that the modem's cable is in the socket, and that a telephone there has a dial tone.",
			"Dial the number of the entry with a telephone, and hear whether a modem answers.",
			"Install Service Pack 6a, and the codes tell busy, no line and no answer apart.",
		},
	},
	{
		name:        "modem_changed",
		severity:    smbprobe.SeverityWarning,
		codes:       []string{"615"},
		articles:    []string{"Q155941"},
		summary:     "Choose the modem again in the entry.",
		headline:    "The entry names a port or modem that is no longer there",
		explanation: "The modem or its port was changed after the entry was made, and the entry still names the old one.",
		steps: []string{
			"In Dial-Up Networking, edit the entry and choose the modem again under Dial using:",
			command("rasphone"),
		},
	},
	{
		name:        "modem_script_damaged",
		severity:    smbprobe.SeverityWarning,
		codes:       []string{"657", "659"},
		articles:    []string{"Q156681", "Q167375", "Q163853"},
		summary:     `Restore modem.inf, switch.inf or pad.inf in System32\Ras.`,
		headline:    "modem.inf, switch.inf or pad.inf is damaged, or in another language",
		explanation: "RAS looks the device up in these files, and one of them is missing, damaged, or translated with the names of the devices.",
		steps: []string{
			"See whether the files are there, and when they were changed:",
			command(`dir %SystemRoot%\System32\Ras\*.inf`),
			"Keep a copy of what is there, and restore the one that is damaged from a backup, or from the Windows NT disc in the language of the system.",
		},
	},
	{
		name:        "port_taken",
		severity:    smbprobe.SeverityWarning,
		codes:       []string{"692"},
		articles:    []string{"Q160188"},
		summary:     "End the program that owns the COM port.",
		headline:    "Another program owns the COM port, or the modem does not answer",
		explanation: "RAS cannot use the port while another program has it, such as fax, terminal or UPS software.",
		steps: []string{
			"See which ports are in use, and find the service or program that uses the modem's port:",
			command("net start"),
			"End it, or give it another port. Then switch the modem off and on.",
		},
	},
	{
		name:        "dial_out_not_allowed",
		severity:    smbprobe.SeverityWarning,
		codes:       []string{"720"},
		articles:    []string{"Q152605"},
		summary:     "Let Remote Access Service dial out, too.",
		headline:    "RAS has no protocol to dial out with: it may be set to receive calls only",
		explanation: "A port that is set to receive calls only has no protocol for calls that go out.",
		steps: []string{
			"Open Control Panel, Network, page Services, Remote Access Service, Properties.",
			"Under Configure, choose Dial out calls, or Dial out and Receive calls. Under Network, choose TCP/IP for dialling out.",
			"Restart the server.",
		},
	},
}

// codeRules makes a rule of each dialCode.
func codeRules() []rule {
	var all []rule
	for _, d := range dialCodes {
		evidence := "Event 4106 with"
		for i, code := range d.codes {
			if i > 0 {
				evidence += " or"
			}
			evidence += " [" + code + "]"
		}
		all = append(all, rule{KnownCause: KnownCause{
			Name:       d.name,
			Severities: []smbprobe.Severity{d.severity, smbprobe.SeverityInfo},
			Articles:   d.articles,
			Evidence:   evidence + ".",
			Remedy:     d.summary,
		}, find: d.find, claims: claimsCodes(d.codes...)})
	}
	return all
}

func (d dialCode) find(c *evidence) *finding {
	return c.withFailures(c.failed(d.codes...), d.severity, "", finding{
		headline:    d.headline,
		explanation: d.explanation + " " + stopsMail,
		remedy:      append([]string{fmt.Sprintf("At %s: %s", c.host(), d.steps[0])}, d.steps[1:]...),
	})
}
