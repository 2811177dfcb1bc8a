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

// phonebookHolds reports whether an entry is in the phone book that was read.
func (c *evidence) phonebookHolds(entry string) bool { return holds(&c.Phonebook, entry) }

// holds compares names without regard to case, as RAS does.
func holds(p *smbprobe.PhonebookResult, entry string) bool {
	return slices.ContainsFunc(p.Links, func(l smbprobe.Link) bool { return sameEntry(l.Entry, entry) })
}

// LacksCalled reports whether the phone book is known not to hold an entry that a failed call of
// the last 24 hours names.
func LacksCalled(r *smbprobe.Result) bool {
	if r.Phonebook.State != smbprobe.PhonebookOK {
		return false
	}
	return slices.ContainsFunc(dialFailures(r), func(f dialFailure) bool { return f.lately && lacks(&r.Phonebook, f.Entry) })
}

// phonebookLacks reports whether the phone book is known not to hold an entry.
func (c *evidence) phonebookLacks(entry string) bool { return lacks(&c.Phonebook, entry) }

// lacks reports whether a phone book is known not to hold an entry. A name beyond
// ASCII proves nothing: which code page the phone book is written in is not known, and a
// false alarm wakes a person. Neither does one that is too long to be dialed: it may be a
// whole sentence of an event's text, in which the place of the name is not known.
func lacks(p *smbprobe.PhonebookResult, entry string) bool {
	if p.State != smbprobe.PhonebookOK || p.Entries == nil || p.LinksTruncated {
		return false
	}
	if entry == "" || entry == smbprobe.Other || tooLong(entry) || strings.ContainsFunc(entry, func(r rune) bool { return r > '~' }) {
		return false
	}
	return !holds(p, entry)
}

// missingDialed returns the dialed entries of the configuration that the phone book is known not
// to hold.
func (c *evidence) missingDialed() []phonebook.Dialed {
	if c.entriesHidden() {
		return nil
	}
	return slices.DeleteFunc(slices.Clone(c.Phonebook.Dialed), func(d phonebook.Dialed) bool { return !d.Missing })
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
	for _, d := range c.missingDialed() {
		ifSeen = c.ntPlaceSeverity()
		note(d.Name, fmt.Sprintf("By dialed_entries of the exporter's configuration the Internet Mail Service dials %q, and the phone book does not hold it.", d.Name))
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
	if s := c.allUsersSentence(); s != "" && ifSeen != "" {
		f.evidence = append(f.evidence, s)
	}
	if len(c.missingDialed()) == 0 && !ends.IsZero() {
		f.evidence = append(f.evidence, fmt.Sprintf("The names come from events alone. If another entry was chosen since, this ends at %s.", ends.Add(dayOfEvents).UTC().Format("15:04 UTC")))
	}
	return c.withFailures(failures, c.ntPlaceSeverity(), ifSeen, f)
}

func entryNotInPhonebookRemedy(c *evidence) []smbprobe.RemedyStep {
	steps := []smbprobe.RemedyStep{
		c.in(look(fmt.Sprintf("At %s, see which entries there are, and which phone book is in use (More, User preferences, tab Phonebook): it has to be the system phone book.", c.host()), "rasphone"), dunNT4, dunWin2000),
	}
	there := c.notFoundButThere()
	if c.general || !there {
		choose := fix("Or choose an entry that is there, in the properties of the Internet Mail Service; all ticked entries are dialed.")
		choose.Dialog = mailProperties
		steps = append(steps, c.makeEntry("Make the entry again, or give it its old name back."), choose)
	}
	if c.general || there {
		steps = append(steps, fix("If the entry is in the phone book, and RAS does not find it, RAS may look into a personal phone book: choose the system phone book, logged on with the service's account."))
	}
	steps = append(steps, restartMail())
	if c.general || len(c.missingDialed()) > 0 {
		steps = append(steps, fix("If the service dials another entry: correct dialed_entries in the module of the exporter's configuration, and reload."))
	}
	return append(steps, c.checkCall())
}

// notFoundButThere reports whether the phone book has each entry that RAS did not find.
func (c *evidence) notFoundButThere() bool {
	if c.general || len(c.missingDialed()) > 0 {
		return false
	}
	failures := c.failed("623")
	return len(failures) > 0 && !slices.ContainsFunc(failures, func(f dialFailure) bool { return !c.phonebookHolds(f.Entry) }) &&
		!slices.ContainsFunc(c.failures, func(f dialFailure) bool { return f.lately && c.phonebookLacks(f.Entry) })
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
		restartMail(),
		fix("Put the new name into dialed_entries of the exporter's configuration, and reload."),
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
