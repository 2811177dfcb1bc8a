package diagnosis

import (
	"fmt"
	"slices"

	"github.com/rasphone-exporter/rasphone_exporter/smbprobe"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/smb"
)

// phonebookCodes are those with which calls fail while the phone book cannot be opened; goneCodes
// those while it is not there, or has nothing to dial.
var (
	phonebookCodes = []string{"5", "32", "621", "622", "624", "625"}
	goneCodes      = append(slices.Clone(phonebookCodes), "623")
)

// phonebookRules are about the phone book's file.
var phonebookRules = slices.Concat([]rule{
	{KnownCause: KnownCause{
		Name: "ras_not_installed", Title: "Remote Access Service is not installed", Severities: criticalOrWarning,
		Articles: []string{"Q196306"},
		Evidence: `There is no folder System32\Ras, and RasMan is not installed, or its state is not known.`,
	}, find: rasNotInstalled, remedy: rasNotInstalledRemedy, explains: append(slices.Clone(goneCodes), "711"), explainedBy: elsewhere, ruledOut: rasRuledOut},
	{KnownCause: KnownCause{
		Name: "phonebook_folder_missing", Title: `The folder System32\Ras is gone`, Severities: criticalOrWarning,
		Articles: []string{"Q196306"},
		Evidence: `There is no folder System32\Ras, and RasMan is installed.`,
	}, find: folderMissing, remedy: folderMissingRemedy, explains: goneCodes, explainedBy: elsewhere, ruledOut: folderRuledOut},
	{KnownCause: KnownCause{
		Name: "phonebook_missing", Title: "The phone book is missing", Severities: criticalOrWarning,
		Articles: []string{"Q196306", "Q168514"},
		Evidence: "The share is open, and there is no file at the path. A warning on Windows 2000 and later if the other place could not be looked at.",
	}, find: phonebookMissing, remedy: phonebookMissingRemedy, explains: goneCodes, explainedBy: elsewhere, ruledOut: folderRuledOut},
	{KnownCause: KnownCause{
		Name: "phonebook_elsewhere", Title: "The phone book is where only Exchange 5.5 SP3 and later look", Severities: criticalOrWarning,
		Articles: []string{"Q236910"},
		Evidence: "Windows 2000 or later: no phone book at the place of Windows NT, and one under All Users. Critical with an ongoing [5], or if that one is not sound either.",
		fix:      "Install Exchange 5.5 SP3 or later, or copy rasphone.pbk to System32\\Ras",
	}, find: phonebookElsewhere, remedy: phonebookElsewhereRemedy, explains: goneCodes},
}, fileRules)

// elsewhere explains a phone book that is missing.
var elsewhere = []string{"share_leads_elsewhere"}

// openedSentence says that the share was opened.
func (c *evidence) openedSentence() string {
	return fmt.Sprintf("The share %s of %s was opened.", c.share(), c.host())
}

// openEvidence says what the opening of the phone book led to.
func (c *evidence) openEvidence(what string) []string {
	all := []string{c.openedSentence(), withStatus(what, c.Phonebook.Status)}
	if p := &c.Phonebook; p.Status == smb.StatusFileIsADirectory || p.State == smbprobe.PhonebookMissing && p.Status == smb.StatusOK && p.Error != "" {
		all = append(all, "There is a folder of its name.")
	}
	if s := c.allUsersSentence(); s != "" {
		all = append(all, s)
	}
	return all
}

// allUsersSound reports whether the phone book under All Users was read, and every dialed
// entry is in it and sound, as far as that can be decided: Exchange 5.5 SP3 and later dial with
// it. So is each entry for which calls fail now.
func (c *evidence) allUsersSound() bool {
	p := c.Phonebook.AllUsers
	if p == nil || !sound(p) {
		return false
	}
	for _, d := range p.Dialed {
		if !d.Usable && !d.Undecided {
			return false
		}
	}
	return c.allUsersLacks() == ""
}

// allUsersLacks returns an entry for which calls fail now, and which the phone book under All
// Users is known not to hold; empty: none.
func (c *evidence) allUsersLacks() string {
	p := c.Phonebook.AllUsers
	if p == nil {
		return ""
	}
	for i := range c.failures {
		if f := &c.failures[i]; f.ongoing() && lacks(p, f.Entry) {
			return f.Entry
		}
	}
	return ""
}

// allUsersSentence describes the phone book under All Users; empty: it was not looked for.
func (c *evidence) allUsersSentence() string {
	p := c.Phonebook.AllUsers
	switch {
	case p == nil:
		return ""
	case c.allUsersSound():
		return "There is a sound one under All Users, which Exchange 5.5 SP3 and later use."
	case p.State == smbprobe.PhonebookOK && c.allUsersLacks() != "":
		return fmt.Sprintf("There is one under All Users, which does not hold %q.", c.allUsersLacks())
	case p.State == smbprobe.PhonebookOK || p.State == smbprobe.PhonebookDamaged:
		return "There is one under All Users, and it is not sound either."
	case p.State == smbprobe.PhonebookMissing || p.State == smbprobe.PhonebookFolderMissing:
		return "There is none under All Users either."
	case p.Error != "":
		return "Whether there is one under All Users is not known: " + p.Error + "."
	}
	return fmt.Sprintf("The one under All Users could not be read: %s.", p.State.Meaning())
}

// ntPlaceSeverity is the severity of a fault of the phone book at the place of Windows NT: a
// warning if Exchange may well use the sound one under All Users.
func (c *evidence) ntPlaceSeverity() smbprobe.Severity {
	if c.isNewer() && c.atNTPlace() && c.allUsersSound() && !c.deniedNow() {
		return smbprobe.SeverityWarning
	}
	return smbprobe.SeverityCritical
}

// missingSeverity is that of a phone book that is missing at the place of Windows NT.
func (c *evidence) missingSeverity() smbprobe.Severity {
	p := c.Phonebook.AllUsers
	notKnown := p == nil || p.State == smbprobe.PhonebookUnknown || p.State == smbprobe.PhonebookAccessDenied
	if c.isNewer() && c.atNTPlace() && notKnown && !c.deniedNow() {
		return smbprobe.SeverityWarning
	}
	return c.ntPlaceSeverity()
}

// notSeen says on Windows 2000 that the other place could not be looked at.
func (c *evidence) notSeen() string {
	if c.missingSeverity() == smbprobe.SeverityWarning && !c.allUsersSound() {
		return " The server runs Windows 2000 or later, and whether the phone book is at the place of that system could not be seen: with Exchange 5.5 SP3 or later it may be in use."
	}
	return ""
}

const noPhonebook = "Imcadmin.dll and the Internet Mail Service read this file to dial. Without it each call fails, although dialing by hand may still work."

func rasNotInstalled(c *evidence, _ []dialFailure) *finding {
	if c.Phonebook.State != smbprobe.PhonebookFolderMissing {
		return nil
	}
	installed, known := c.installed("RasMan")
	if installed {
		return nil
	}
	f := &finding{
		severity:    c.missingSeverity(),
		headline:    `There is no folder System32\Ras: Remote Access Service is not installed`,
		evidence:    c.openEvidence("A folder on the way to the phone book is not there"),
		explanation: "Without Remote Access Service there is neither a phone book nor anything that could dial." + c.notSeen(),
	}
	if known {
		f.evidence = append(f.evidence, "The service RasMan is not installed.")
	} else {
		f.headline = `There is no folder System32\Ras: probably Remote Access Service is not installed`
		f.evidence = append(f.evidence, "Whether the service RasMan is installed is not known.")
	}
	return f
}

func rasNotInstalledRemedy(c *evidence) []smbprobe.RemedyStep {
	steps := []smbprobe.RemedyStep{
		look(fmt.Sprintf("Is %s still the server that dials? It may have been replaced, or mail may go out another way since.", c.host())),
		c.in(fix(fmt.Sprintf("At %s, add Remote Access Service, with a port that dials out.", c.host())), "Control Panel, Network, tab Services, Add", "Start, Programs, Administrative Tools, Routing and Remote Access"),
	}
	if c.general || !c.isNewer() {
		steps = append(steps, fix("Install the service pack again: set-up brought back old files."))
	}
	steps = append(steps, c.restart("Then restart.")...)
	return append(steps, c.makeEntry("Restore rasphone.pbk from a backup, or make the entry in Dial-Up Networking."), c.chooseAgain(), restartMail(), c.checkCall())
}

func rasRuledOut(c *evidence) string {
	if installed, known := c.installed("RasMan"); !known || !installed {
		return ""
	}
	return "Remote Access Service: installed"
}

func folderMissing(c *evidence, _ []dialFailure) *finding {
	if installed, _ := c.installed("RasMan"); !installed || c.Phonebook.State != smbprobe.PhonebookFolderMissing {
		return nil
	}
	return &finding{
		severity:    c.missingSeverity(),
		headline:    `The folder System32\Ras is gone, although Remote Access Service is installed`,
		evidence:    append(c.openEvidence("A folder on the way to the phone book is not there"), "The service RasMan is installed."),
		explanation: "The folder was deleted or renamed, or Admin$ leads elsewhere. " + noPhonebook + c.notSeen(),
	}
}

func folderMissingRemedy(c *evidence) []smbprobe.RemedyStep {
	return []smbprobe.RemedyStep{
		look(fmt.Sprintf("At %s, see whether the folder is there under another name, and whether Admin$ leads to the folder of Windows:", c.host()), `dir %SystemRoot%\System32\Ras*`, "net share admin$", "echo %SystemRoot%"),
		fix("If the folder was renamed, give it its name back. If it was deleted, restore the whole folder from a backup."),
		fix("If Admin$ leads to another folder, make it again:", "net share admin$ /delete", "net share admin$"),
		c.makeEntry("Without a backup, remove Remote Access Service and add it again, with the service pack after it, and make the entry again."),
		c.chooseAgain(),
		restartMail(),
		c.checkCall(),
	}
}

func folderRuledOut(c *evidence) string {
	if exists, known := c.Phonebook.State.Exists(); !known || !exists {
		return ""
	}
	return "phone book: the file is there"
}

func phonebookMissing(c *evidence, _ []dialFailure) *finding {
	if c.Phonebook.State != smbprobe.PhonebookMissing {
		return nil
	}
	who := "the Internet Mail Service"
	if !c.atNTPlace() {
		who = "the exporter's module"
	}
	return &finding{
		severity:    c.missingSeverity(),
		headline:    fmt.Sprintf("There is no phone book at %s, where %s looks for it", c.sharePath(), who),
		evidence:    c.openEvidence("The phone book is not there"),
		explanation: noPhonebook + c.notSeen(),
	}
}

func phonebookMissingRemedy(c *evidence) []smbprobe.RemedyStep {
	steps := []smbprobe.RemedyStep{
		look(fmt.Sprintf("At %s, look for the file, hidden ones included, and for copies:", c.host()), `dir %SystemRoot%\System32\Ras /a`, `dir %SystemDrive%\rasphone.* /s /a`),
	}
	if c.general || c.isNewer() {
		steps = append(steps, look("On Windows 2000 and later, look under All Users as well, Application Data\\Microsoft\\Network\\Connections\\Pbk. If it is there and Exchange 5.5 SP3 or later runs (Exchange Administrator, Help, About), nothing is wrong."))
	}
	return append(steps,
		fix(fmt.Sprintf(`Restore rasphone.pbk from a backup of this server, to %s.`, placeOf(c))),
		c.makeEntry("Without a backup, make the entry in Dial-Up Networking, which makes the file."),
		c.chooseAgain(),
		restartMail(),
		c.checkCall())
}

// placeOf is the folder of the phone book for a remedy.
func placeOf(c *evidence) string {
	if c.atNTPlace() {
		return `System32\Ras, in the folder of Windows`
	}
	return "its folder"
}

func phonebookElsewhere(c *evidence, _ []dialFailure) *finding {
	if c.Phonebook.State != smbprobe.PhonebookElsewhere {
		return nil
	}
	f := &finding{
		severity:    smbprobe.SeverityWarning,
		headline:    "The phone book is at the place of Windows 2000, where only Exchange 5.5 SP3 and later look",
		evidence:    []string{c.openedSentence(), withStatus(`rasphone.pbk is not in System32\Ras`, c.Phonebook.Status)},
		explanation: "Exchange 5.5 before Service Pack 3 looks at the place of Windows NT, finds no phone book, and cannot dial. From Service Pack 3 on it looks at the right place, and this is harmless.",
	}
	if c.allUsersUnsound() {
		f.severity = smbprobe.SeverityCritical
		f.headline = `The phone book is not in System32\Ras, and the one under All Users is not sound`
		if entry := c.allUsersLacks(); entry != "" {
			f.headline = fmt.Sprintf(`The phone book is not in System32\Ras, and the one under All Users does not hold %q`, entry)
		}
		f.evidence = append(f.evidence, c.allUsersSentence())
		f.explanation = "Exchange 5.5 before Service Pack 3 looks at the place of Windows NT, finds no phone book, and cannot dial. From Service Pack 3 on it uses the one under All Users, with which it cannot dial either."
	} else {
		f.evidence = append(f.evidence, "There is one under All Users.")
	}
	if c.deniedNow() {
		f.severity = smbprobe.SeverityCritical
		f.headline = `Calls fail with "access denied" (5): Exchange looks for the phone book where Windows NT has it`
		f.evidence = append(f.evidence, "Calls fail with [5] now, so Exchange is before SP3.")
	}
	return f
}

// allUsersUnsound reports whether the phone book under All Users was read, and is not sound.
func (c *evidence) allUsersUnsound() bool {
	p := c.Phonebook.AllUsers
	return p != nil && p.Entries != nil && !c.allUsersSound()
}

func phonebookElsewhereRemedy(c *evidence) []smbprobe.RemedyStep {
	about := look("In Exchange Administrator, Help, About: Exchange 5.5 SP3 or later? Then this is harmless.")
	var repair []smbprobe.RemedyStep
	switch restore := "restore it from a backup of this server."; {
	case c.general:
		about.Text = "In Exchange Administrator, Help, About: Exchange 5.5 SP3 or later? Then this is harmless, if the phone book under All Users is sound."
		repair = append(repair, fix("If the one under All Users is not sound: "+restore))
	case c.allUsersUnsound():
		about.Text = `In Exchange Administrator, Help, About: Exchange 5.5 SP3 and later use the phone book under All Users, older ones that in System32\Ras.`
		repair = append(repair, fix("The phone book under All Users: "+restore))
	}
	if len(repair) > 0 {
		repair = append(repair, c.makeEntry("Or make the entry in Dial-Up Networking, which writes it."))
	}
	return slices.Concat([]smbprobe.RemedyStep{about}, repair, []smbprobe.RemedyStep{
		fix(fmt.Sprintf("If Exchange is older, install Exchange 5.5 SP3 or later on %s.", c.host())),
		fix(`Or copy rasphone.pbk from All Users to System32\Ras, and again after each change of an entry:`,
			`cd /d "%ALLUSERSPROFILE%\Application Data\Microsoft\Network\Connections\Pbk"`, `copy rasphone.pbk %SystemRoot%\System32\Ras`),
		c.checkCall(),
	})
}
