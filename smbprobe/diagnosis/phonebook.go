package diagnosis

import (
	"fmt"
	"slices"
	"strings"

	"github.com/rasphone-exporter/rasphone_exporter/smbprobe"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/phonebook"
)

const (
	noBook = "Imcadmin.dll and the Internet Mail Service read this file to dial. Without it each attempt fails, though dialling by hand may still work."

	makeEntry = "Or open Dial-Up Networking and make the entry that the Internet Mail Service dials:"

	chooseAgain = "In the properties of the Internet Mail Service, page Dial-up Connections, choose the entry again."
)

// bookRules are about the phone book's file.
var bookRules = []rule{
	{KnownCause: KnownCause{
		Name:       "ras_not_installed",
		Severities: []smbprobe.Severity{smbprobe.SeverityCritical},
		Articles:   []string{"Q196306"},
		Evidence:   `There is no folder System32\Ras.`,
		Remedy:     "Install Remote Access Service.",
	}, find: rasNotInstalled},
	{KnownCause: KnownCause{
		Name:       "phonebook_missing",
		Severities: []smbprobe.Severity{smbprobe.SeverityCritical},
		Articles:   []string{"Q196306", "Q168514"},
		Evidence:   "The share is open, and there is no phone book at the path.",
		Remedy:     "Restore the file, or make an entry in Dial-Up Networking.",
	}, find: phonebookMissing},
	{KnownCause: KnownCause{
		Name:       "phonebook_damaged",
		Severities: []smbprobe.Severity{smbprobe.SeverityCritical},
		Articles:   []string{"Q196306", "Q168514"},
		Evidence:   "The book was read twice, and has findings of class file.",
		Remedy:     "Restore the file from a backup.",
	}, find: phonebookDamaged},
	{KnownCause: KnownCause{
		Name:       "phonebook_access_denied",
		Severities: []smbprobe.Severity{smbprobe.SeverityCritical},
		Articles:   []string{"Q149523"},
		Evidence:   "The share is open, and the file refused for lack of access.",
		Remedy:     "Correct the rights on the file and its folder.",
	}, find: phonebookDenied},
	{KnownCause: KnownCause{
		Name:       "phonebook_elsewhere",
		Severities: []smbprobe.Severity{smbprobe.SeverityWarning},
		Articles:   []string{"Q236910"},
		Evidence:   "Windows 2000 or later: no book where Windows NT has it, and one under All Users.",
		Remedy:     "Exchange 5.5 before Service Pack 3 looks in the place of Windows NT: install it, or put a copy there.",
	}, find: phonebookElsewhere},
	{KnownCause: KnownCause{
		Name:       "phonebook_locked",
		Severities: []smbprobe.Severity{smbprobe.SeverityWarning},
		Evidence:   "Two attempts to open the file met a sharing violation.",
		Remedy:     "Find the program that holds it open.",
	}, find: phonebookLocked},
	{KnownCause: KnownCause{
		Name:       "entry_unusable",
		Severities: []smbprobe.Severity{smbprobe.SeverityWarning},
		Evidence:   "An entry that is dialed has a finding of class entry.",
		Remedy:     "Make the entry again in Dial-Up Networking.",
	}, find: entryUnusable},
	{KnownCause: KnownCause{
		Name:       "phonebook_from_newer_windows",
		Severities: []smbprobe.Severity{smbprobe.SeverityWarning},
		Articles:   []string{"Q169115"},
		Evidence:   "The book has PBVersion=, which later systems write, and the server runs Windows NT 4.0.",
		Remedy:     "Make the entries on this server: books of different systems cannot be exchanged.",
	}, find: phonebookNewer},
}

// openEvidence says what the open answered, and what events confirm it.
func (c *evidence) openEvidence(what string) []string {
	text := what + "."
	if c.Phonebook.Status != 0 {
		text = fmt.Sprintf("%s: %s.", what, c.Phonebook.Status)
	}
	return append([]string{fmt.Sprintf("The share %s was opened.", c.share()), text}, c.accessDeniedEvents()...)
}

func rasNotInstalled(c *evidence) *finding {
	if c.Phonebook.State != smbprobe.PhonebookFolderMissing {
		return nil
	}
	return &finding{
		severity:    smbprobe.SeverityCritical,
		headline:    `There is no folder System32\Ras: Remote Access Service is not installed`,
		evidence:    c.openEvidence("A folder on the way to the phone book is not there"),
		explanation: "Without Remote Access Service there is neither a phone book nor anything that could dial.",
		remedy: []string{
			fmt.Sprintf("At %s, open Control Panel, Network, page Services, and add Remote Access Service.", c.host()),
			"Install the service pack again, restart, and make the entry in Dial-Up Networking:",
			command("rasphone"),
			chooseAgain,
		},
	}
}

func phonebookMissing(c *evidence) *finding {
	if c.Phonebook.State != smbprobe.PhonebookMissing {
		return nil
	}
	return &finding{
		severity:    smbprobe.SeverityCritical,
		headline:    "There is no phone book where the Internet Mail Service looks for it",
		evidence:    c.openEvidence("The phone book is not there"),
		explanation: noBook,
		remedy: []string{
			fmt.Sprintf(`Restore rasphone.pbk to System32\Ras on %s from a backup.`, c.host()),
			makeEntry,
			command("rasphone"),
			chooseAgain,
		},
	}
}

func phonebookDamaged(c *evidence) *finding {
	if c.Phonebook.State != smbprobe.PhonebookDamaged {
		return nil
	}
	j := &finding{
		severity:    smbprobe.SeverityCritical,
		headline:    "The phone book is damaged",
		evidence:    c.openEvidence("The phone book was read, and is not one that RAS can use"),
		explanation: "RAS may find no entry in a damaged book, or dial with wrong settings; then mail does not leave.",
		remedy: []string{
			fmt.Sprintf(`Keep a copy of System32\Ras\rasphone.pbk on %s, and restore the file from a backup.`, c.host()),
			"Without a backup: delete it, and make the entries again in Dial-Up Networking:",
			command("rasphone"),
			chooseAgain,
		},
	}
	i := slices.IndexFunc(c.Phonebook.Findings, func(f phonebook.Finding) bool { return f.Class == phonebook.ClassFile })
	if i >= 0 {
		j.headline += ": " + strings.TrimRight(c.Phonebook.Findings[i].String(), ".")
	}
	for _, n := range c.Phonebook.Counts {
		if n.Class == phonebook.ClassFile {
			j.evidence = append(j.evidence, fmt.Sprintf("%s (%d): %s", n.Check, n.N, meaningOf(n.Check)))
		}
	}
	return j
}

// meaningOf returns what a check looks for.
func meaningOf(id phonebook.CheckID) string {
	for _, info := range phonebook.Checks() {
		if info.Check == id {
			return info.Meaning
		}
	}
	return ""
}

func phonebookDenied(c *evidence) *finding {
	if c.Phonebook.State != smbprobe.PhonebookAccessDenied {
		return nil
	}
	return &finding{
		severity:    smbprobe.SeverityCritical,
		headline:    "The share is open, and access to the phone book is denied",
		evidence:    c.openEvidence("Access to the file was refused"),
		explanation: "This account opens the share and may not read the file. If the Internet Mail Service's account may not either, it cannot dial. On Windows NT 3.51, Server Operators can connect and cannot read.",
		remedy: []string{
			fmt.Sprintf("At %s, see who may read the file:", c.host()),
			command(`cacls %SystemRoot%\System32\Ras\rasphone.pbk`),
			"In Explorer, Properties, Security, give Administrators, SYSTEM and the service's account at least Change on the file and on its folder. The default on the folder is Everyone: Change.",
		},
	}
}

func phonebookElsewhere(c *evidence) *finding {
	if c.Phonebook.State != smbprobe.PhonebookElsewhere {
		return nil
	}
	return &finding{
		severity:    smbprobe.SeverityWarning,
		headline:    "The phone book is where Windows 2000 keeps it, and not where Exchange 5.5 before SP3 looks",
		evidence:    c.openEvidence(`There is no book in System32\Ras, and one under All Users`),
		explanation: "Exchange 5.5 before Service Pack 3 looks in the place of Windows NT, finds no book, and cannot dial. From Service Pack 3 on it looks in the right place.",
		remedy: []string{
			"See which service pack Exchange has; from 3 on nothing is to be done.",
			fmt.Sprintf(`Else install it, or copy rasphone.pbk from All Users, Application Data\Microsoft\Network\Connections\Pbk, to System32\Ras on %s, and again after each change.`, c.host()),
		},
	}
}

func phonebookLocked(c *evidence) *finding {
	if c.Phonebook.State != smbprobe.PhonebookLocked {
		return nil
	}
	return &finding{
		severity:    smbprobe.SeverityWarning,
		headline:    "Somebody holds the phone book open and shares it with nobody",
		evidence:    c.openEvidence("The file could not be opened, twice in a row"),
		explanation: "While a program keeps the file for itself, the Internet Mail Service cannot read it and does not dial.",
		remedy: []string{
			fmt.Sprintf("At %s, see whether somebody has it open over the network:", c.host()),
			command("net file"),
			"If not: look for an editor, a backup or an anti-virus program on the server that has it open, and end it.",
		},
	}
}

// hasEntryFinding reports whether a dialed entry has a finding that makes it unusable,
// other than the length of its name. Findings are bounded: in a sound book, an entry of
// fit length that is not usable has one that is not listed.
func (c *evidence) hasEntryFinding(d phonebook.Dialed) bool {
	if d.Missing || d.Usable || d.Entry == "" {
		return false
	}
	return len(c.entryFindings(d)) > 0 || !d.TooLong && c.Phonebook.State == smbprobe.PhonebookOK
}

// entryFindings returns the findings of class entry of a dialed entry, but for the
// length of its name.
func (c *evidence) entryFindings(d phonebook.Dialed) []phonebook.Finding {
	var all []phonebook.Finding
	for _, f := range c.Phonebook.Findings {
		if f.Class == phonebook.ClassEntry && f.Entry == d.Entry && f.Check != phonebook.CheckDialedNameOver20 {
			all = append(all, f)
		}
	}
	return all
}

func entryUnusable(c *evidence) *finding {
	var names, evidence []string
	for _, d := range c.Phonebook.Dialed {
		if !c.hasEntryFinding(d) {
			continue
		}
		names = append(names, fmt.Sprintf("%q", d.Name))
		evidence = append(evidence, fmt.Sprintf("The Internet Mail Service dials the entry %q, which is not usable.", d.Name))
		for _, f := range c.entryFindings(d) {
			evidence = append(evidence, fmt.Sprintf("%s: %s", f.String(), meaningOf(f.Check)))
		}
	}
	if len(names) == 0 {
		return nil
	}
	return &finding{
		severity:    smbprobe.SeverityWarning,
		headline:    "A dialed entry cannot be used: " + strings.Join(names, ", "),
		evidence:    evidence,
		explanation: "The file is sound, and this entry lacks what RAS needs to dial it. Mail that goes out over it does not leave.",
		remedy: []string{
			fmt.Sprintf("At %s, make the entry %s again in Dial-Up Networking, or edit and save it:", c.host(), strings.Join(names, ", ")),
			command("rasphone"),
			chooseAgain,
		},
	}
}

func phonebookNewer(c *evidence) *finding {
	i := slices.IndexFunc(c.Phonebook.Counts, func(n phonebook.Count) bool { return n.Check == phonebook.CheckNewerWindows && n.N > 0 })
	if i < 0 {
		return nil
	}
	return &finding{
		severity:    smbprobe.SeverityWarning,
		headline:    "A later Windows wrote the phone book, and this server runs Windows NT 4.0",
		evidence:    []string{fmt.Sprintf("The book has PBVersion=, in %d of its lines.", c.Phonebook.Counts[i].N)},
		explanation: "A book that was copied from another system may hold settings that this one reads otherwise. If dialling fails, this is the first thing to change.",
		remedy: []string{
			fmt.Sprintf("On %s, make the entries again in Dial-Up Networking:", c.host()),
			command("rasphone"),
			chooseAgain,
		},
	}
}
