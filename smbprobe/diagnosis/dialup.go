package diagnosis

import (
	"fmt"
	"slices"
	"strings"

	"github.com/rasphone-exporter/rasphone_exporter/smbprobe"
)

const stopsMail = "As long as the connection cannot be made, outgoing mail waits on the server."

// dialRules are about dialling, when share and book may be sound; the one that takes
// every code that no other rule explains comes last.
var dialRules = slices.Concat([]rule{
	{KnownCause: KnownCause{
		Name:       "dialup_access_denied",
		Severities: []smbprobe.Severity{smbprobe.SeverityCritical, smbprobe.SeverityInfo},
		Articles:   []string{"Q196306"},
		Evidence:   "Event 4106 with [5], while this account opens the share and reads the book.",
		Remedy:     "Compare the mail service's account with this one: rights on the share, the folder and the file.",
	}, find: dialDenied, claims: func(c *evidence, f dialFailure) bool { return f.Code == "5" && c.deniedExplained() }},
	{KnownCause: KnownCause{
		Name:       "entry_not_in_book",
		Severities: []smbprobe.Severity{smbprobe.SeverityCritical, smbprobe.SeverityInfo},
		Evidence:   "Event 4106 with [623], or the book does not hold an entry that is dialed or named in a recent 4106.",
		Remedy:     "Make the entry, or choose another in the properties of the Internet Mail Service.",
	}, find: entryNotInBook, claims: claimsCodes("623")},
}, parameterRules, rasRules, codeRules(), []rule{
	{KnownCause: KnownCause{
		Name:       "dialup_failing",
		Severities: []smbprobe.Severity{smbprobe.SeverityWarning, smbprobe.SeverityInfo},
		Evidence:   "Event 4106 with a code that no other cause explains.",
		Remedy:     "By the meaning of the code, which the evidence has. Dial by hand to see whether the mail service alone is concerned.",
	}, find: dialFailing},
})

func dialDenied(c *evidence) *finding {
	// Where share or book is at fault, that explains the code; where they are not
	// known, nothing does.
	if c.Share != smbprobe.ShareOK || c.Phonebook.State != smbprobe.PhonebookOK {
		return nil
	}
	return c.withFailures(c.failed("5"), smbprobe.SeverityCritical, "", finding{
		headline: "The Internet Mail Service is denied access that this account has",
		evidence: []string{
			fmt.Sprintf("The account of auth %q opened the share %s and read the book.", c.Auth, c.share()),
		},
		explanation: "Share and book are there, so it is the account with which the Internet Mail Service runs that lacks rights on one of them. " + stopsMail,
		remedy: []string{
			fmt.Sprintf("At %s, in Control Panel, Services, MSExchangeIMC, Startup, see which account the service logs on as.", c.host()),
			"That account has to be an administrator of the server, or it may not open Admin$:",
			command("net localgroup Administrators"),
			"It needs rights on the folder and on the file as well:",
			command(`cacls %SystemRoot%\System32\Ras`),
			command(`cacls %SystemRoot%\System32\Ras\rasphone.pbk`),
			"After a change, start the service again:",
			command("net stop MSExchangeIMC"),
			command("net start MSExchangeIMC"),
		},
	})
}

// bookHolds reports whether an entry is in the book that was read. Names compare without
// regard to case, as RAS does.
func (c *evidence) bookHolds(entry string) bool {
	return slices.ContainsFunc(c.Phonebook.Links, func(l smbprobe.Link) bool {
		return strings.EqualFold(strings.TrimSpace(l.Entry), strings.TrimSpace(entry))
	})
}

// bookLacks reports whether the book is known not to hold an entry. A name beyond ASCII
// proves nothing: which code page the book is written in is not known, and a false alarm
// wakes somebody. Nor does one that is too long to be dialed: it may be a whole sentence
// of an event's text, of which nothing tells where the name is.
func (c *evidence) bookLacks(entry string) bool {
	p := &c.Phonebook
	if p.State != smbprobe.PhonebookOK || p.Entries == nil || p.LinksTruncated {
		return false
	}
	if entry == "" || entry == smbprobe.Other || tooLong(entry) || strings.ContainsFunc(entry, func(r rune) bool { return r > '~' }) {
		return false
	}
	return !c.bookHolds(entry)
}

func entryNotInBook(c *evidence) *finding {
	var names, evidence []string
	note := func(entry, sentence string) {
		if name := fmt.Sprintf("%q", entry); !slices.Contains(names, name) {
			names = append(names, name)
			evidence = append(evidence, sentence)
		}
	}
	var otherwise smbprobe.Severity
	for _, d := range c.Phonebook.Dialed {
		if d.Missing {
			otherwise = smbprobe.SeverityCritical
			note(d.Name, fmt.Sprintf("The Internet Mail Service dials %q by configuration, and the book does not hold it.", d.Name))
		}
	}
	failures := c.failedWhere(func(f dialFailure) bool { return f.Code == "623" || f.recent && c.bookLacks(f.Entry) })
	for _, f := range failures {
		switch {
		case f.Entry == "", tooLong(f.Entry) && !c.bookHolds(f.Entry): // the event does not tell
		case c.bookLacks(f.Entry):
			note(f.Entry, fmt.Sprintf("The book was read and does not hold %q.", f.Entry))
		case c.bookHolds(f.Entry):
			note(f.Entry, fmt.Sprintf("RAS did not find %q, and the book that was read holds it: it was made since, or RAS uses another book.", f.Entry))
		default:
			note(f.Entry, fmt.Sprintf("RAS did not find %q in its book.", f.Entry))
		}
	}
	j := finding{
		headline:    "The phone book does not hold an entry that the Internet Mail Service dials",
		evidence:    evidence,
		explanation: "The service dials an entry by its name. One that was renamed or deleted, or a book that was replaced, leaves it nothing to dial. " + stopsMail,
	}
	what := "the entry"
	if len(names) > 0 {
		j.headline = "The entry that the Internet Mail Service dials is not in the phone book: " + strings.Join(names, ", ")
		what = "the entry " + strings.Join(names, ", ")
	}
	j.remedy = []string{
		fmt.Sprintf("At %s, make %s in Dial-Up Networking:", c.host(), what),
		command("rasphone"),
		"Or, in the properties of the Internet Mail Service, page Dial-up Connections, choose an entry that is there.",
	}
	return c.withFailures(failures, smbprobe.SeverityCritical, otherwise, j)
}

// deniedExplained reports whether another cause has the failures with code 5 as its
// evidence: the share or the book is seen to be at fault, or both are known to be
// sound to this account, see dialDenied.
func (c *evidence) deniedExplained() bool {
	if c.Share != smbprobe.ShareOK {
		return c.adminShareMissing() || c.lostAtStart()
	}
	switch c.Phonebook.State {
	case smbprobe.PhonebookOK, smbprobe.PhonebookMissing, smbprobe.PhonebookFolderMissing, smbprobe.PhonebookElsewhere,
		smbprobe.PhonebookDamaged, smbprobe.PhonebookAccessDenied, smbprobe.PhonebookLocked:
		return true
	}
	return false
}

func dialFailing(c *evidence) *finding {
	failures := c.failedWhere(func(f dialFailure) bool { return !f.claimed })
	var codes []string
	for _, f := range failures {
		if text := codeName(f.Code); !slices.Contains(codes, text) {
			codes = append(codes, text)
		}
	}
	j := finding{
		headline:    fmt.Sprintf("Dialling fails for %d different reasons", len(codes)),
		explanation: stopsMail,
		remedy: []string{
			fmt.Sprintf("What each code means stands above. At %s, dial by hand the entry that fails:", c.host()),
			command("rasphone"),
			"If that fails too, it is the line, the modem, the provider or the entry's settings. If it works, compare the entry and the user name of the Internet Mail Service with those dialled by hand.",
			"See the System log, sources RasMan and RemoteAccess, at the times of the events.",
		},
	}
	if len(codes) == 1 {
		j.headline = "Dialling fails with " + codes[0]
	}
	if slices.ContainsFunc(failures, func(f dialFailure) bool { return f.Code == "5" && f.ongoing() }) {
		j.explanation += " [5] says that the Internet Mail Service was denied Admin$ or its phone book; whether they are at fault, this probe could not see."
	}
	return c.withFailures(failures, smbprobe.SeverityWarning, "", j)
}
