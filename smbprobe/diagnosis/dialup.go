package diagnosis

import (
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/rasphone-exporter/rasphone_exporter/smbprobe"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/phonebook"
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
		fix("If it lacks a right, add it to the group, with your domain and the account's name, or give it Change on the file and its folder:", `net localgroup Administrators DOMAIN\account /add`),
	}
	if c.general || c.usesPPTP() && (!known || pack >= 4) {
		steps = append(steps, fix("If the entry dials a virtual private network (PPTP): Service Pack 4 made RAS report 5 for such entries (Q222060, Q242349); install Service Pack 6a."))
	}
	if c.general || c.maybeNT4() && (!known || pack == 6) {
		step := fix("With Service Pack 6: a blank in the box Domain of the connection's logon information makes calls fail with 5 (Q256509). Empty the box.")
		step.Dialog = mailProperties + ", Logon Information"
		steps = append(steps, step)
	}
	return append(steps, restartMail(), c.checkCall())
}

// reaches are the codes of a service that could not reach its phone book, with what to do.
var reaches = []struct {
	codes []string
	when  string
	fix   func(c *evidence) smbprobe.RemedyStep
}{
	{[]string{"53", "67"}, "If calls fail with [53] or [67]", func(c *evidence) smbprobe.RemedyStep {
		return fix("the server does not find its own share. Make Admin$ if it is not there; see that the server's own name leads to itself (hosts, LMHOSTS, DNS).", "net share admin$", `net view \\%COMPUTERNAME%`)
	}},
	{[]string{"65", "71"}, "If calls fail with [65] or [71]", func(c *evidence) smbprobe.RemedyStep {
		return fix("the server refuses its own connection: see whether the Server service is paused, and whether licences are used up.", "net continue server", "net session")
	}},
	{[]string{"621", "622", "624", "625"}, "If calls fail with [621], [622], [624] or [625]", func(c *evidence) smbprobe.RemedyStep {
		return fix("see the rights on the phone book and its folder, and its content.", `cacls %SystemRoot%\System32\Ras`, `cacls %SystemRoot%\System32\Ras\rasphone.pbk`, `more < %SystemRoot%\System32\Ras\rasphone.pbk`)
	}},
	{[]string{"1130"}, "If calls fail with [1130]", func(c *evidence) smbprobe.RemedyStep {
		return fix("the Server service is out of resources: look in the System log for event 2011, which names IRPStackSize, and set it as server_out_of_resources.md says.", "eventvwr")
	}},
	{[]string{"1326"}, "If calls fail with [1326]", func(c *evidence) smbprobe.RemedyStep {
		step := fix("the service's account has another password than Exchange has stored. Set the same in both places: in User Manager, and in Exchange Administrator, which passes it to all services.")
		step.Dialog = "Exchange Administrator, Configuration, Properties, tab Service Account Password"
		return step
	}},
	{[]string{"1385"}, "If calls fail with [1385]", func(c *evidence) smbprobe.RemedyStep {
		return c.in(fix(`give the service's account the right "Access this computer from network".`), "User Manager, Policies, User Rights", "Start, Programs, Administrative Tools, Local Security Policy, User Rights Assignment")
	}},
	{[]string{"1722"}, "If calls fail with [1722]", func(c *evidence) smbprobe.RemedyStep {
		return fix("see that the services Server, RPC and Remote Access Connection Manager run.", "net start")
	}},
}

func notReachable(c *evidence, mine []dialFailure) *finding {
	if len(mine) == 0 {
		return nil
	}
	f := finding{
		headline:    "The Internet Mail Service could not reach its phone book: " + codeList(mine),
		evidence:    []string{c.watched()},
		explanation: fmt.Sprintf("The code says that the service, with %s, did not get to the phone book or could not read it. ", c.mailAccount()) + stopsMail,
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
			step := r.fix(c)
			step.Text = r.when + ": " + step.Text
			steps = append(steps, step)
		}
	}
	return append(steps, restartMail(), c.checkCall())
}

// phonebookHolds reports whether an entry is in the phone book that was read.
func (c *evidence) phonebookHolds(entry string) bool { return holds(&c.Phonebook, entry) }

// holds compares names without regard to case, as RAS does.
func holds(p *smbprobe.PhonebookResult, entry string) bool {
	return slices.ContainsFunc(p.Links, func(l smbprobe.Link) bool { return sameEntry(l.Entry, entry) })
}

// phonebookLacks reports whether the phone book is known not to hold an entry. A name beyond
// ASCII proves nothing: which code page the phone book is written in is not known, and a
// false alarm wakes a person. Neither does one that is too long to be dialed: it may be a
// whole sentence of an event's text, in which the place of the name is not known.
func (c *evidence) phonebookLacks(entry string) bool {
	p := &c.Phonebook
	if p.State != smbprobe.PhonebookOK || p.Entries == nil || p.LinksTruncated {
		return false
	}
	if entry == "" || entry == smbprobe.Other || tooLong(entry) || strings.ContainsFunc(entry, func(r rune) bool { return r > '~' }) {
		return false
	}
	return !c.phonebookHolds(entry)
}

// entryNotInPhonebook: names of the configuration are critical while they are missing; names
// of events alone are while calls fail, and a warning for a day, as another entry may have
// been chosen since.
func entryNotInPhonebook(c *evidence, mine []dialFailure) *finding {
	var names, sentences []string
	note := func(entry, sentence string) {
		if !slices.ContainsFunc(names, func(n string) bool { return sameEntry(n, entry) }) {
			names = append(names, entry)
			sentences = append(sentences, sentence)
		}
	}
	var ifSeen smbprobe.Severity
	for _, d := range c.Phonebook.Dialed {
		if d.Missing {
			ifSeen = c.ntPlaceSeverity()
			note(d.Name, fmt.Sprintf("The Internet Mail Service dials %q by configuration, and the phone book does not hold it.", d.Name))
		}
	}
	failures := slices.Clone(mine)
	for _, f := range c.failures {
		if f.Code != "623" && f.lately && c.phonebookLacks(f.Entry) {
			failures = append(failures, f)
		}
	}
	var ends time.Time // of the day in which events count
	later := false     // RAS did not find an entry that is there
	for _, f := range failures {
		switch {
		case f.Entry == "", tooLong(f.Entry) && !c.phonebookHolds(f.Entry): // the event does not tell
		case c.phonebookLacks(f.Entry):
			note(f.Entry, fmt.Sprintf("The phone book was read and does not hold %q.", f.Entry))
			if f.lately && ifSeen == "" {
				ifSeen = smbprobe.SeverityWarning
			}
			if f.lately && f.last.After(ends) {
				ends = f.last
			}
		case c.phonebookHolds(f.Entry):
			later = true
			note(f.Entry, fmt.Sprintf("RAS did not find %q when it dialed; it is in the phone book now: the service may use another user's phone book, or it was added since.", f.Entry))
		default:
			note(f.Entry, fmt.Sprintf("RAS did not find %q in its phone book.", f.Entry))
		}
	}
	f := finding{
		headline:    "RAS did not find the entry that the Internet Mail Service dials",
		evidence:    sentences,
		explanation: "The service dials an entry by its name. One that was renamed or deleted, or a phone book that was replaced, leaves it nothing to dial. " + stopsMail,
	}
	switch {
	case len(names) > 0 && later && len(names) == 1:
		f.headline = "RAS did not find an entry that is in the phone book now: " + quoted(names)
	case len(names) > 0:
		f.headline = "An entry that is dialed is not in the phone book: " + quoted(names[:min(len(names), maxEntries)])
	}
	onlyEvents := !slices.ContainsFunc(c.Phonebook.Dialed, func(d phonebook.Dialed) bool { return d.Missing })
	if onlyEvents && !ends.IsZero() {
		f.evidence = append(f.evidence, fmt.Sprintf("The names come from events alone. If another entry was chosen since, this ends at %s.", ends.Add(dayOfEvents).UTC().Format("15:04 UTC")))
	}
	return c.withFailures(failures, c.ntPlaceSeverity(), ifSeen, f)
}

func entryNotInPhonebookRemedy(c *evidence) []smbprobe.RemedyStep {
	choose := fix("Or choose an entry that is there, in the properties of the Internet Mail Service; all ticked entries are dialed.")
	choose.Dialog = mailProperties
	return []smbprobe.RemedyStep{
		c.in(look(fmt.Sprintf("At %s, see which entries there are, and which phone book is in use (More, User preferences, tab Phonebook): it has to be the system phone book.", c.host()), "rasphone"), dunNT4, dunWin2000),
		c.makeEntry("Make the entry again, or give it its old name back."),
		choose,
		restartMail(),
		c.checkCall(),
	}
}

// nearInTime is how far apart a failure and its related event may be logged.
const nearInTime = 5 * time.Minute

// tooLong reports whether the Internet Mail Service has no room for the name of an entry.
func tooLong(entry string) bool { return utf8.RuneCountInString(entry) > phonebook.MaxDialedName }

// longDialed returns the dialed entries whose names are too long.
func (c *evidence) longDialed() []string {
	var names []string
	for _, d := range c.Phonebook.Dialed {
		if tooLong(d.Name) {
			names = append(names, d.Name)
		}
	}
	return names
}

// namesLong reports whether a failure names an entry whose name is too long and that is, or
// was lately, in the phone book. Another text may not be a name at all, see phonebookLacks.
func (c *evidence) namesLong(f dialFailure) bool {
	removed := slices.ContainsFunc(c.Phonebook.Changes, func(ch smbprobe.PhonebookChange) bool {
		return ch.Kind == smbprobe.EntryRemoved && sameEntry(ch.Entry, f.Entry)
	})
	return tooLong(f.Entry) && (c.phonebookHolds(f.Entry) || removed)
}

// nameTooLong reports whether the length of a name explains a failure with code 87.
func (c *evidence) nameTooLong(f dialFailure) bool {
	return f.Code == "87" && (c.namesLong(f) || len(c.longDialed()) > 0)
}

func entryNameTooLong(c *evidence, mine []dialFailure) *finding {
	names := c.longDialed()
	var ifSeen smbprobe.Severity
	if len(names) > 0 {
		ifSeen = smbprobe.SeverityCritical
	}
	for _, f := range mine {
		if c.namesLong(f) && !slices.ContainsFunc(names, func(n string) bool { return sameEntry(n, f.Entry) }) {
			names = append(names, f.Entry)
		}
	}
	var sentences []string
	for _, name := range names {
		sentences = append(sentences, fmt.Sprintf("%q has %d characters.", name, utf8.RuneCountInString(name)))
	}
	return c.withFailures(mine, smbprobe.SeverityCritical, ifSeen, finding{
		headline:    "An entry name of more than 20 characters is never dialed: " + quoted(names[:min(len(names), maxEntries)]),
		evidence:    sentences,
		explanation: "The Internet Mail Service has room for 20 characters, and fails with [87] for each longer name, while dialing by hand works.",
	})
}

func entryNameTooLongRemedy(c *evidence) []smbprobe.RemedyStep {
	return []smbprobe.RemedyStep{
		c.in(fix(fmt.Sprintf("At %s, in Dial-Up Networking, shorten the entry's name to 20 characters or fewer.", c.host()), "rasphone"), dunNT4, dunWin2000),
		c.chooseAgain(),
		fix("Put the new name into dialed_entries of the exporter's configuration, and reload."),
		restartMail(),
		c.checkCall(),
	}
}

// hasRelatedLogonEvent reports whether a failure with code 87 stands beside an event of an
// access violation. Only the time of the last failure is known.
func (c *evidence) hasRelatedLogonEvent(f dialFailure) bool {
	return f.Code == "87" && !c.nameTooLong(f) && slices.ContainsFunc(c.Eventlog.RelatedEvents, func(e smbprobe.RelatedEvent) bool { return accompanies(e, f) })
}

func accompanies(e smbprobe.RelatedEvent, f dialFailure) bool {
	if !strings.Contains(strings.ToLower(e.Text), "c0000005") {
		return false
	}
	return e.At.IsZero() || f.last.IsZero() || e.At.Sub(f.last).Abs() <= nearInTime
}

func logonDomainTooLong(c *evidence, mine []dialFailure) *finding {
	if len(mine) == 0 {
		return nil
	}
	f := finding{
		headline:    "The domain in the connection's logon information is too long",
		explanation: "The Internet Mail Service fails with [87] and an access violation if that domain has 18 or more characters; 15 is the limit. " + stopsMail,
	}
	for _, e := range c.Eventlog.RelatedEvents {
		if !slices.ContainsFunc(mine, func(f dialFailure) bool { return accompanies(e, f) }) {
			continue
		}
		text := fmt.Sprintf("Event 4037 contains %q", e.Text)
		if !e.At.IsZero() {
			text += ", at " + timeText(e.At)
		}
		f.evidence = append(f.evidence, text+".")
		break // the newest; the others are alike
	}
	return c.withFailures(mine, smbprobe.SeverityCritical, "", f)
}

// shortenDomain is the step that puts the NT domain's name into the logon information.
func shortenDomain(when string) smbprobe.RemedyStep {
	step := fix(when + "put the NT domain's name into Domain, 15 characters at most, not its DNS name.")
	step.Dialog = mailProperties + ", Logon Information"
	return step
}

func logonDomainTooLongRemedy(c *evidence) []smbprobe.RemedyStep {
	return []smbprobe.RemedyStep{
		shortenDomain("In the connection's logon information, "),
		restartMail(),
		check("The next call of the service leaves no event 4106 with [87]:", "eventvwr"),
	}
}
