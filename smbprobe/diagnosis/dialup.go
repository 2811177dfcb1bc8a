package diagnosis

import (
	"fmt"
	"slices"
	"strings"

	"github.com/rasphone-exporter/rasphone_exporter/smbprobe"
)

const stopsMail = "As long as the connection cannot be made, outgoing mail waits on the server."

// dialRules are about calls, when share and phone book may be healthy; the one that takes
// every code that no other rule explains comes last.
var dialRules = slices.Concat([]rule{
	{KnownCause: KnownCause{
		Name: "dialup_access_denied", Title: `Calls fail with "access denied", although share and phone book look fine`, Severities: criticalOrInfo,
		Articles: []string{"Q196306", "Q256509", "Q222060"},
		Evidence: "Event 4106 with [5], while this account opens the share and reads the phone book.",
	}, find: dialDenied, remedy: dialDeniedRemedy, claims: func(c *evidence, f dialFailure) bool {
		return f.Code == "5" && c.Share == smbprobe.ShareOK && c.Phonebook.State == smbprobe.PhonebookOK
	}},
	{KnownCause: KnownCause{
		Name: "phonebook_not_reachable_by_service", Title: "The Internet Mail Service could not reach its phone book", Severities: criticalOrInfo,
		Articles: []string{"Q163111"},
		Evidence: "Event 4106 with [53], [65], [67], [71], [621], [622], [624], [625], [1130], [1326], [1385] or [1722].",
		fix:      "By the code: Admin$ and the server's name, the service's account and its password, or the rights on the file",
	}, find: notReachable, remedy: notReachableRemedy,
		claims: claimsCodes("53", "65", "67", "71", "621", "622", "624", "625", "1130", "1326", "1385", "1722")},
	{KnownCause: KnownCause{
		Name: "entry_not_in_book", Title: "An entry that is dialed is not in the phone book", Severities: anySeverity,
		Evidence: "The phone book lacks an entry that is dialed, or that a 4106 of the last 24 hours names; or event 4106 with [623].",
	}, find: entryNotInPhonebook, remedy: entryNotInPhonebookRemedy, claims: claimsCodes("623"), explainedBy: []string{"phonebook_empty"}, ruledOut: entriesRuledOut},
	{KnownCause: KnownCause{
		Name: "entry_name_too_long", Title: "The name of a dialed entry is too long", Severities: criticalOrInfo,
		Articles: []string{"Q188272", "Q156063"},
		Evidence: "An entry that is dialed has a name of more than 20 characters, or an event with [87] names one.",
	}, find: entryNameTooLong, remedy: entryNameTooLongRemedy, claims: (*evidence).nameTooLong},
	{KnownCause: KnownCause{
		Name: "logon_domain_too_long", Title: "The domain in the connection's logon information is too long", Severities: criticalOrInfo,
		Articles: []string{"Q199771"},
		Evidence: "Event 4106 with [87] for a short name, and beside it event 4037 with 0xc0000005.",
	}, find: logonDomainTooLong, remedy: logonDomainTooLongRemedy, claims: (*evidence).hasRelatedLogonEvent},
}, codeRules(), rasRules, failingRules)

// mailAccount returns the account that the Internet Mail Service runs as, for a person.
func (c *evidence) mailAccount() string {
	if s := c.service(mailService); s != nil && s.Account != "" {
		return fmt.Sprintf("the Internet Mail Service's account (%s)", s.Account)
	}
	return "the Internet Mail Service's account"
}

// watched says since when the exporter would have seen a fault.
func (c *evidence) watched() string {
	if c.WatchedSince == nil {
		return "Faults before this probe are not known to the exporter."
	}
	return fmt.Sprintf("The exporter has watched this server since %s; earlier faults are not known to it.", timeText(*c.WatchedSince))
}

func dialDenied(c *evidence, mine []dialFailure) *finding {
	if len(mine) == 0 {
		return nil
	}
	account := c.mailAccount()
	f := finding{
		headline: `Calls fail with "access denied" (5), although share and phone book look fine`,
		evidence: []string{fmt.Sprintf("With %s the share %s was opened and the phone book read.", c.account(), c.share()), c.watched()},
		explanation: "The exporter can open both, so either " + account + " may not open them, or the fault has been fixed since, or RAS itself reports 5. " +
			stopsMail,
	}
	if s := c.auditSentence(); s != "" {
		f.evidence = append(f.evidence, s)
	}
	return c.withFailures(mine, smbprobe.SeverityCritical, "", f)
}

// usesPPTP reports whether an entry dials a virtual private network.
func (c *evidence) usesPPTP() bool {
	return slices.ContainsFunc(c.Phonebook.Links, func(l smbprobe.Link) bool {
		return strings.EqualFold(l.Device, "vpn") || strings.HasPrefix(strings.ToUpper(l.Port), "VPN")
	})
}

func dialDeniedRemedy(c *evidence) []smbprobe.RemedyStep {
	pack, known := c.servicePack()
	steps := []smbprobe.RemedyStep{
		c.in(look(fmt.Sprintf("At %s, see which account MSExchangeIMC logs on as (Startup, Log On As), and whether that account is an administrator, or it may not open Admin$:", c.host()), "net localgroup Administrators"), servicesNT4, servicesWin2000),
		look("See what that account may do with the folder and with the file:", `cacls %SystemRoot%\System32\Ras`, `cacls %SystemRoot%\System32\Ras\rasphone.pbk`),
		fix("If the service's account lacks a right, add it to the group, with its domain and name, or give it Change on the file and its folder:", `net localgroup Administrators DOMAIN\account /add`),
	}
	if c.general || c.usesPPTP() && (!known || pack >= 4) {
		steps = append(steps, fix("If the entry dials a virtual private network (PPTP): Service Pack 4 made RAS report 5 for such entries (Q222060, Q242349); install Service Pack 6a."))
	}
	if c.general || c.maybeNT4() && (!known || pack == 6) {
		step := fix("With Service Pack 6: a blank in the box Domain of the connection's logon information makes calls fail with 5 (Q256509). Empty the box.")
		step.Dialog = mailProperties + ", Logon Information"
		steps = append(steps, step)
	}
	if c.general || c.auditSentence() != "" {
		steps = append(steps, c.emptySecurityLog()...)
	}
	return append(steps, restartMail(), c.checkCall())
}

// reaches are the codes of a service that could not reach its phone book, with what to do.
var reaches = []struct {
	codes []string
	when  string
	fix   func(c *evidence) []smbprobe.RemedyStep
}{
	{[]string{"53", "67"}, "If calls fail with [53] or [67]", func(c *evidence) []smbprobe.RemedyStep {
		return []smbprobe.RemedyStep{
			fix("the server does not find its own share. Make Admin$ if it is not there:", "net share admin$"),
			fix("See that the server's own name leads to itself, and correct hosts, LMHOSTS or DNS if it does not:", `net view \\%COMPUTERNAME%`),
		}
	}},
	{[]string{"65", "71"}, "If calls fail with [65] or [71]", func(c *evidence) []smbprobe.RemedyStep {
		return []smbprobe.RemedyStep{
			fix("the server refuses its own connection. If the Server service is paused, resume it:", "net continue server"),
			look("See whether licences or sessions are used up:", "net session"),
		}
	}},
	{[]string{"621", "622", "624", "625"}, "If calls fail with [621], [622], [624] or [625]", func(c *evidence) []smbprobe.RemedyStep {
		return []smbprobe.RemedyStep{
			look("see the rights on the phone book and its folder, and its content:", `cacls %SystemRoot%\System32\Ras`, `cacls %SystemRoot%\System32\Ras\rasphone.pbk`, `more < %SystemRoot%\System32\Ras\rasphone.pbk`),
			fix("Give the service's account Change on both if it lacks it, and restore the phone book if its content is damaged."),
		}
	}},
	{[]string{"1130"}, "If calls fail with [1130]", func(c *evidence) []smbprobe.RemedyStep {
		return append([]smbprobe.RemedyStep{c.lookFor2011()}, c.setIRPStackSize()...)
	}},
	{[]string{"1326"}, "If calls fail with [1326]", func(c *evidence) []smbprobe.RemedyStep {
		step := fix("the service's account has another password than Exchange has stored. Set the same in both places: in User Manager, and in Exchange Administrator, which passes it to all services.")
		step.Dialog = "Exchange Administrator, Configuration, Properties, tab Service Account Password"
		return []smbprobe.RemedyStep{step}
	}},
	{[]string{"1385"}, "If calls fail with [1385]", func(c *evidence) []smbprobe.RemedyStep {
		return []smbprobe.RemedyStep{c.in(fix(`give the service's account the right "Access this computer from network".`), "User Manager, Policies, User Rights", "Start, Programs, Administrative Tools, Local Security Policy, User Rights Assignment")}
	}},
	{[]string{"1722"}, "If calls fail with [1722]", func(c *evidence) []smbprobe.RemedyStep {
		return []smbprobe.RemedyStep{
			look("see whether the services Server, Remote Procedure Call (RPC) Service and Remote Access Connection Manager run:", "net start"),
			fix("Start what does not run."),
		}
	}},
}

func notReachable(c *evidence, mine []dialFailure) *finding {
	if len(mine) == 0 {
		return nil
	}
	f := finding{
		headline:    "The Internet Mail Service could not reach its phone book: " + codeList(mine),
		evidence:    []string{c.watched()},
		explanation: fmt.Sprintf("The code means that the service, with %s, did not get to its phone book or could not read it. ", c.mailAccount()) + stopsMail,
	}
	if c.phonebookSound() {
		f.evidence = append(f.evidence, fmt.Sprintf("With %s the share was opened and the phone book read just now.", c.account()))
	}
	return c.withFailures(mine, smbprobe.SeverityCritical, "", f)
}

// codeList lists the codes of failures with their meanings.
func codeList(failures []dialFailure) string {
	var codes []string
	for _, f := range failures {
		if text := codeName(f.Code); !slices.Contains(codes, text) {
			codes = append(codes, text)
		}
	}
	return strings.Join(codes, ", ")
}

func notReachableRemedy(c *evidence) []smbprobe.RemedyStep {
	var steps []smbprobe.RemedyStep
	for _, r := range reaches {
		if c.explains("phonebook_not_reachable_by_service", r.codes...) {
			first := len(steps)
			steps = append(steps, r.fix(c)...)
			steps[first].Text = r.when + ": " + steps[first].Text
		}
	}
	return append(steps, restartMail(), c.checkCall())
}
