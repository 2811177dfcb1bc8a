package diagnosis

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/rasphone-exporter/rasphone_exporter/smbprobe"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/phonebook"
)

// fileRules are about a phone book that is there.
var fileRules = []rule{
	{KnownCause: KnownCause{
		Name: "phonebook_empty", Title: "The phone book is empty", Severities: criticalOrWarning,
		Articles: []string{"Q168514"},
		Evidence: "The phone book was read, is not damaged, and has no entry.",
	}, find: phonebookEmpty, remedy: phonebookMissingRemedy, explains: goneCodes, ruledOut: contentRuledOut},
	{KnownCause: KnownCause{
		Name: "phonebook_damaged", Title: "The phone book is damaged", Severities: criticalOrWarning,
		Articles: []string{"Q196306", "Q168514"},
		Evidence: "The phone book was read twice, and has findings of class file.",
		fix:      restoreFile,
	}, find: phonebookDamaged, remedy: phonebookDamagedRemedy, explains: goneCodes, ruledOut: contentRuledOut},
	{KnownCause: KnownCause{
		Name: "phonebook_access_denied", Title: "The phone book may not be read", Severities: criticalOrWarning,
		Articles: []string{"Q149523", "Q172008"},
		Evidence: "The share is open, and the file refused for access.",
	}, find: phonebookDenied, remedy: phonebookDeniedRemedy, explains: phonebookCodes, ruledOut: contentRuledOut},
	{KnownCause: KnownCause{
		Name: "phonebook_locked", Title: "The phone book is locked by another program", Severities: criticalOrWarning,
		Evidence: "Two attempts to open the file met a sharing violation; critical with an ongoing [5] or [32].",
		fix:      "End the program that has it open, or keep it from that file",
	}, find: phonebookLocked, remedy: phonebookLockedRemedy, explains: phonebookCodes, ruledOut: contentRuledOut},
	{KnownCause: KnownCause{
		Name: "phonebook_disk_error", Title: "The disk fails at the phone book", Severities: criticalOrWarning,
		Articles: []string{"Q168514"},
		Evidence: "Two fresh opens met an error of the disk or the file system.",
		fix:      "Back the server up, then let the disk be checked: chkdsk %SystemDrive% /f",
	}, find: phonebookDiskError, remedy: phonebookDiskErrorRemedy, explains: phonebookCodes, ruledOut: contentRuledOut},
	{KnownCause: KnownCause{
		Name: "phonebook_too_large", Title: "The phone book's file is far too large", Severities: criticalOrWarning,
		Evidence: "The file is larger than the module's max_size.",
		fix:      restoreFile,
	}, find: phonebookTooLarge, remedy: phonebookTooLargeRemedy, explains: phonebookCodes, ruledOut: contentRuledOut},
	{KnownCause: KnownCause{
		Name: "entry_unusable", Title: "An entry of the phone book cannot be dialed", Severities: criticalOrWarning,
		Evidence: "An entry has a finding of class entry; critical if it is dialed.",
		fix:      "Correct the entry in Dial-Up Networking, or make it again",
	}, find: entryUnusable, remedy: entryUnusableRemedy, explainedBy: []string{"phonebook_empty"}, ruledOut: entriesRuledOut},
}

const restoreFile = "Restore rasphone.pbk from a backup of this server"

func contentRuledOut(c *evidence) string {
	if !sound(&c.Phonebook) {
		return ""
	}
	if c.contentText == "" { // several rules need it
		c.contentText = "phone book: read, " + entriesText(*c.Phonebook.Entries) + ", no damage"
	}
	return c.contentText
}

func entriesText(n int) string {
	if n == 1 {
		return "1 entry"
	}
	return strconv.Itoa(n) + " entries"
}

func phonebookEmpty(c *evidence, _ []dialFailure) *finding {
	p := &c.Phonebook
	if p.State != smbprobe.PhonebookOK || p.Entries == nil || *p.Entries != 0 || hasClass(p, phonebook.ClassFile) {
		return nil
	}
	return &finding{
		severity:    c.ntPlaceSeverity(),
		headline:    "The phone book is empty: there is nothing to dial",
		evidence:    c.openEvidence("The phone book was read, and has no entry"),
		explanation: "The last entry was deleted, or the file was created again. " + stopsMail,
	}
}

func phonebookDenied(c *evidence, _ []dialFailure) *finding {
	if c.Phonebook.State != smbprobe.PhonebookAccessDenied {
		return nil
	}
	return &finding{
		severity:    c.ntPlaceSeverity(),
		headline:    "The share is open, and access to the phone book is denied",
		evidence:    append(c.openEvidence("Access to the file was refused"), fmt.Sprintf("It was refused to %s, which may open the share.", c.account())),
		explanation: "If the Internet Mail Service's account may not read the file either, it cannot dial. By default Everyone has Change on the folder (Q172008).",
	}
}

func phonebookDeniedRemedy(c *evidence) []smbprobe.RemedyStep {
	steps := []smbprobe.RemedyStep{
		look(fmt.Sprintf("At %s, see who may read the file, and who its folder:", c.host()), `cacls %SystemRoot%\System32\Ras\rasphone.pbk`, `cacls %SystemRoot%\System32\Ras`),
	}
	if c.general || c.isNewer() {
		steps = append(steps, look("On Windows 2000 and later the file may be encrypted (Properties, Advanced): EFS refuses everyone but its owner, and cacls shows nothing wrong (Q233400). Its owner has to decrypt it."))
	}
	return append(steps,
		fix("Give Administrators, SYSTEM and the account of the Internet Mail Service Change on the file and on its folder; Everyone has it by default. The option /e keeps the other rights:",
			rasFolder, "cacls rasphone.pbk /e /g Administrators:C SYSTEM:C Everyone:C", "cacls . /e /g Administrators:C SYSTEM:C Everyone:C"),
		restartMail(),
		c.checkCall())
}

func phonebookLocked(c *evidence, _ []dialFailure) *finding {
	if c.Phonebook.State != smbprobe.PhonebookLocked {
		return nil
	}
	f := &finding{
		severity:    smbprobe.SeverityWarning,
		headline:    "The phone book is locked: another program has it open",
		evidence:    c.openEvidence("The file could not be opened, twice in a row"),
		explanation: "While a program keeps the file for itself, the Internet Mail Service cannot read it and does not dial. A backup holds it for some minutes only.",
	}
	if anyOngoing(c.failed("5", "32")) {
		f.severity = c.ntPlaceSeverity()
		f.headline = "Calls fail, and the phone book is locked: another program has it open"
	}
	return f
}

func phonebookLockedRemedy(c *evidence) []smbprobe.RemedyStep {
	return []smbprobe.RemedyStep{
		look(fmt.Sprintf("At %s, see whether it is open over the network. Programs on the server itself are not in this list:", c.host()), "net file"),
		look("If it is not in the list: look for a backup, an anti-virus program or an editor on the server itself."),
		fix("End the program that has it open, or keep it from that file. A file that is open over the network is closed by its number in the list:", "net file NUMBER /close"),
		checkProbe(),
	}
}

func phonebookDiskError(c *evidence, _ []dialFailure) *finding {
	if c.Phonebook.State != smbprobe.PhonebookDiskError {
		return nil
	}
	return &finding{
		severity:    c.ntPlaceSeverity(),
		headline:    fmt.Sprintf("The disk or its file system fails at the phone book (%s)", c.Phonebook.Status),
		evidence:    c.openEvidence("Opening or reading the file failed, over two fresh opens"),
		explanation: "The phone book cannot be read, and other files on the disk may be affected. " + stopsMail,
	}
}

func phonebookDiskErrorRemedy(c *evidence) []smbprobe.RemedyStep {
	return slices.Concat([]smbprobe.RemedyStep{
		look(fmt.Sprintf("At %s, look in the System log for events of Disk, atdisk and Ntfs:", c.host()), "eventvwr"),
		fix("Make sure that there is a backup of the server before anything is repaired: a disk that fails may fail altogether."),
		fix("Let the disk of Windows be checked at the next start; answer yes:", "chkdsk %SystemDrive% /f"),
	}, c.restart("The check runs at the next start."), []smbprobe.RemedyStep{
		fix("Restore rasphone.pbk from a backup if the check has removed or shortened it."),
		fix("If the events come again, replace the disk."),
		c.checkCall(),
	})
}

func phonebookTooLarge(c *evidence, _ []dialFailure) *finding {
	p := &c.Phonebook
	if p.State != smbprobe.PhonebookTooLarge {
		return nil
	}
	f := &finding{
		severity:    c.ntPlaceSeverity(),
		headline:    "The phone book's file is larger than any real phone book",
		evidence:    append(c.openEvidence("The file was opened, and is too large to be read"), sentenceOf(p.Error, "It is larger than the module's max_size.")),
		explanation: "No real phone book is that large. Either another file has its name, or it is damaged; RAS may find no entry in it.",
	}
	if p.Size != nil {
		f.headline = fmt.Sprintf("The phone book's file has %d bytes: no real phone book is that large", *p.Size)
	}
	return f
}

// sentenceOf makes a sentence of a text, or returns another one if it is empty.
func sentenceOf(text, otherwise string) string {
	if text == "" {
		return otherwise
	}
	return strings.TrimRight(strings.ReplaceAll(text, "\n", "; "), ".:") + "."
}

func phonebookTooLargeRemedy(c *evidence) []smbprobe.RemedyStep {
	return []smbprobe.RemedyStep{
		look(fmt.Sprintf("At %s, look what the file is:", c.host()), `dir %SystemRoot%\System32\Ras\rasphone.pbk`, `more < %SystemRoot%\System32\Ras\rasphone.pbk`),
		fix("Keep it under another name:", `ren %SystemRoot%\System32\Ras\rasphone.pbk rasphone.bad`),
		fix(restoreFile + "."),
		c.makeEntry("Without a backup, make the entries again in Dial-Up Networking."),
		c.chooseAgain(),
		restartMail(),
		c.checkCall(),
	}
}

// hasEntryFinding reports whether a dialed entry has a finding that makes it unusable, other
// than the length of its name. Findings are bounded: in a sound phone book, an entry of fit
// length that is not usable has one that is not listed.
func (c *evidence) hasEntryFinding(d phonebook.Dialed) bool {
	if d.Missing || d.Usable || d.Entry == "" {
		return false
	}
	return len(c.entryFindings(d.Entry)) > 0 || !d.TooLong && c.Phonebook.State == smbprobe.PhonebookOK
}

// entryFindings returns the findings of class entry of an entry, but for the length of its
// name.
func (c *evidence) entryFindings(entry string) []phonebook.Finding {
	var all []phonebook.Finding
	for _, f := range c.Phonebook.Findings {
		if f.Class == phonebook.ClassEntry && f.Entry == entry && f.Check != phonebook.CheckDialedNameOver20 {
			all = append(all, f)
		}
	}
	return all
}

func entryUnusable(c *evidence, _ []dialFailure) *finding {
	var dialed, others, evidence []string
	for _, d := range c.Phonebook.Dialed {
		if !c.hasEntryFinding(d) {
			continue
		}
		dialed = append(dialed, d.Name)
		evidence = append(evidence, fmt.Sprintf("The Internet Mail Service dials the entry %q, which is not usable.", d.Name))
		for _, f := range c.entryFindings(d.Entry) {
			evidence = append(evidence, findingSentence(f), meaningOf(f.Check))
		}
	}
	for _, f := range c.Phonebook.Findings {
		isDialed := slices.ContainsFunc(c.Phonebook.Dialed, func(d phonebook.Dialed) bool { return d.Entry == f.Entry || d.Name == f.Entry })
		if f.Class != phonebook.ClassEntry || isDialed || f.Entry == "" || slices.Contains(others, f.Entry) {
			continue
		}
		others = append(others, f.Entry)
		if len(others) <= maxEntries {
			evidence = append(evidence, findingSentence(f))
		}
	}
	f := &finding{
		severity:    c.ntPlaceSeverity(),
		evidence:    evidence,
		explanation: "The file is sound, and an entry lacks what RAS needs to dial it. Mail that goes out over it does not leave.",
	}
	switch {
	case len(dialed) > 0:
		f.headline = "A dialed entry cannot be used: " + quoted(dialed)
	case len(others) > 0:
		f.severity = smbprobe.SeverityWarning
		f.headline = "An entry cannot be dialed: " + quoted(others[:min(len(others), maxEntries)])
		if len(c.Phonebook.Dialed) == 0 {
			f.explanation += " Whether the Internet Mail Service dials it is not known: the module names no dialed_entries."
		}
	default:
		return nil
	}
	f.evidence = append([]string{c.openedSentence()}, f.evidence...)
	return f
}

// maxEntries bounds how many entries a headline or the evidence lists.
const maxEntries = 10

func entryUnusableRemedy(c *evidence) []smbprobe.RemedyStep {
	return []smbprobe.RemedyStep{
		look(fmt.Sprintf("At %s, open the entry's properties in Dial-Up Networking: is its modem or device still there?", c.host()), "rasphone"),
		c.makeEntry("Correct the entry there and save it, or delete it and make it again."),
		c.chooseAgain(),
		restartMail(),
		c.checkCall(),
	}
}

func entriesRuledOut(c *evidence) string {
	unusable := func(d phonebook.Dialed) bool { return !d.Usable }
	if !sound(&c.Phonebook) || len(c.Phonebook.Dialed) == 0 || slices.ContainsFunc(c.Phonebook.Dialed, unusable) {
		return ""
	}
	return "dialed entries: usable"
}
