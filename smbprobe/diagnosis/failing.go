package diagnosis

import (
	"fmt"
	"slices"

	"github.com/rasphone-exporter/rasphone_exporter/smbprobe"
)

// failingRules have the one that takes every failure that no other cause explains.
var failingRules = []rule{
	{KnownCause: KnownCause{
		Name: "dialup_failing", Title: "Calls fail", Severities: anySeverity,
		Evidence: "Event 4106 with a code that no other cause explains; critical if each call for six hours failed.",
		fix:      "Dial the failing entry by hand, and correct what the code and that call show",
	}, find: dialFailing, remedy: dialFailingRemedy, claims: func(*evidence, dialFailure) bool { return true }, ruledOut: callsRuledOut},
}

// advice is what to do for some codes of dialup_failing.
type advice struct {
	codes []string
	when  string
	steps []smbprobe.RemedyStep
}

var advices = []advice{
	{[]string{"5"}, "[5], access denied", []smbprobe.RemedyStep{
		look("the service was denied Admin$ or its phone book; whether they are at fault, this probe could not see. Deal with the other causes first."),
	}},
	{[]string{"87"}, "[87], a parameter is wrong", []smbprobe.RemedyStep{
		look("the name of the entry may have more than 20 characters (Q188272). Shorten it."),
		shortenDomain("Or the domain in the connection's logon information has 18 or more characters (Q199771): "),
	}},
	{[]string{"614"}, "[614], no buffers left", []smbprobe.RemedyStep{
		fix("before Service Pack 4 a script that hung leaves none (Q123597): stop and start RAS, which ends every call, users who dial in among them; start the Remote Access Server again if it ran. Then install Service Pack 6a.", "net stop rasman", "net start rasman", "net start remoteaccess"),
	}},
	{[]string{"615"}, "[615], port not found", []smbprobe.RemedyStep{
		fix("the modem or its port was changed after the entry was made (Q155941). Edit the entry, and choose the modem again under Dial using.", "rasphone"),
	}},
	{[]string{"657", "659"}, "[657], [659], modem script", []smbprobe.RemedyStep{
		look("modem.inf, switch.inf or pad.inf is damaged, missing, or in another language (Q156681, Q167375, Q163853).", `dir %SystemRoot%\System32\Ras\*.inf`),
		fix("Keep a copy of these files, and restore the damaged one from a backup, or from the Windows NT disc in the language of the system."),
	}},
	{[]string{"691", "649", "647", "648", "646"}, "[691] and its like", []smbprobe.RemedyStep{
		fix("the provider refuses user name or password. Ask the provider, and correct them in the connection's logon information."),
	}},
	{[]string{"619", "628", "629", "668"}, "[619], [628], [629], [668], the connection was dropped", []smbprobe.RemedyStep{
		look("see whether the modem loses the line, or the provider hangs up: modem, cable, line, and the protocols of the entry."),
	}},
	{[]string{"651", "652", "681"}, "[651], [652], [681], the modem reports an error", []smbprobe.RemedyStep{
		fix("switch the modem off and on. Then look at the entry's modem settings."),
	}},
	{[]string{"718", "721"}, "[718], [721], PPP gets no answer", []smbprobe.RemedyStep{
		look("see whether the provider's side still waits for a login, which a script has to answer, and whether the entry has the protocols that the provider wants."),
	}},
	{[]string{"602"}, "[602], the port is already open", []smbprobe.RemedyStep{
		look("see whether a call is up, or another program has the port:", "rasdial", "net start"),
	}},
	{[]string{"608"}, "[608], no such device", []smbprobe.RemedyStep{
		fix("edit the entry, and choose the modem again under Dial using.", "rasphone"),
	}},
	{[]string{smbprobe.UnknownCode}, "A code that could not be read", []smbprobe.RemedyStep{
		look("read the event at the server itself: from another computer its text may be missing (Q219017).", "eventvwr"),
	}},
}

func dialFailing(c *evidence, mine []dialFailure) *finding {
	if len(mine) == 0 {
		return nil
	}
	codes := codesOf(mine)
	f := finding{
		headline:    fmt.Sprintf("Calls fail with %d different errors", len(codes)),
		explanation: stopsMail,
	}
	if len(codes) == 1 {
		f.headline = "Calls fail: " + codeName(codes[0])
	}
	if slices.Contains(codes, smbprobe.UnknownCode) {
		f.evidence = append(f.evidence, "The exporter could not read the code of some events; the server's own Event Viewer shows it.")
	}
	return c.withFailures(mine, smbprobe.SeverityWarning, "", f)
}

func dialFailingRemedy(c *evidence) []smbprobe.RemedyStep {
	var steps []smbprobe.RemedyStep
	for _, a := range advices {
		if !c.explains("dialup_failing", a.codes...) {
			continue
		}
		for i, s := range a.steps {
			if i == 0 {
				s.Text = a.when + ": " + s.Text
			}
			steps = append(steps, s)
		}
	}
	return append(steps,
		c.dialByHand(smbprobe.RemedyLook, fmt.Sprintf("At %s, dial the failing entry by hand", c.host())),
		look("If that fails too, it is the line, the modem, the provider or the entry's settings. If it works, compare the entry and the user name of the Internet Mail Service with those dialed by hand."),
		look("Look in the System log for events of RasMan and RemoteAccess at the times of the failures:", "eventvwr"),
		fix("Correct what the meaning of the code and the call by hand have shown."),
		check("The next call of the service leaves no event 4106."))
}

func callsRuledOut(c *evidence) string {
	e := &c.Eventlog
	if e.Readable == nil || !*e.Readable || len(c.failures) > 0 || len(e.Windows) == 0 {
		return ""
	}
	if eventLogFull(c, nil) != nil || eventLogStalled(c, nil) != nil {
		return "" // failed calls are not written down
	}
	largest := e.Windows[0]
	for _, w := range e.Windows {
		if w.Failures == nil || !w.Covered {
			return ""
		}
		if w.Duration > largest.Duration {
			largest = w
		}
	}
	return fmt.Sprintf("event log: no failed call in the last %s (this does not prove that mail leaves)", largest.Label)
}
