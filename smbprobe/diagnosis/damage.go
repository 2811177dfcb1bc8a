package diagnosis

import (
	"fmt"
	"slices"
	"strings"

	"github.com/rasphone-exporter/rasphone_exporter/smbprobe"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/phonebook"
)

// hasClass reports whether a phone book has a finding of a class.
func hasClass(p *smbprobe.PhonebookResult, class phonebook.Class) bool {
	return slices.ContainsFunc(p.Counts, func(n phonebook.Count) bool { return n.Class == class && n.N > 0 }) ||
		slices.ContainsFunc(p.Findings, func(f phonebook.Finding) bool { return f.Class == class })
}

// damage is what to say of a finding of class file. Checks that are not listed are worded by
// the check itself.
type damage struct{ headline, fix string }

var damages = map[phonebook.CheckID]damage{
	"empty_file":           {"the file has no content", ""},
	"nul_bytes":            {"it contains NUL bytes, as a crash of the server leaves them", ""},
	"utf16_mark":           {"it was saved as Unicode", "Open it in Notepad and save it as ANSI text, not as Unicode (File, Save As)."},
	"control_bytes":        {"it is not a text file", ""},
	"too_many_groups":      {"it has more entries than any real phone book", ""},
	"too_many_entries":     {"it has more entries than any real phone book", ""},
	"key_before_section":   {"text stands before the first entry", ""},
	"malformed_line":       {"a line is not one of a phone book", ""},
	"malformed_header":     {"the first line of an entry is cut", ""},
	"duplicate_entry":      {"two entries have the same name", "Rename or delete one of the two entries in Dial-Up Networking, or in Notepad."},
	"entries_run_together": {"two entries ran together, as a line end is missing", "Open it in Notepad, and put the missing line end before the [ of the second entry back."},
	"truncated_tail":       {"it ends in the middle of a line or of an entry", ""},
}

// fileChecks returns the checks of class file that found something, the first one first.
func (c *evidence) fileChecks() []phonebook.CheckID {
	var all []phonebook.CheckID
	add := func(id phonebook.CheckID, class phonebook.Class) {
		if class == phonebook.ClassFile && !slices.Contains(all, id) {
			all = append(all, id)
		}
	}
	for _, f := range c.Phonebook.Findings {
		add(f.Check, f.Class)
	}
	for _, n := range c.Phonebook.Counts {
		if n.N > 0 {
			add(n.Check, n.Class)
		}
	}
	return all
}

func phonebookDamaged(c *evidence, _ []dialFailure) *finding {
	if c.Phonebook.State != smbprobe.PhonebookDamaged {
		return nil
	}
	f := &finding{
		severity:    c.ntPlaceSeverity(),
		headline:    "The phone book is damaged",
		evidence:    c.openEvidence("The phone book was read twice, and is not one that RAS can use"),
		explanation: "RAS may find no entry in a damaged phone book, or dial with wrong settings; then mail does not leave.",
	}
	for i, id := range c.fileChecks() {
		d, ok := damages[id]
		if !ok {
			d.headline = lowerFirst(strings.TrimSuffix(meaningOf(id), "."))
		}
		if i == 0 && d.headline != "" {
			f.headline += ": " + d.headline
		}
	}
	for _, found := range c.Phonebook.Findings {
		if found.Class == phonebook.ClassFile {
			f.evidence = append(f.evidence, findingSentence(found))
			break
		}
	}
	for _, n := range c.Phonebook.Counts {
		if n.Class == phonebook.ClassFile {
			f.evidence = append(f.evidence, fmt.Sprintf("%s, %s: %s", n.Check, timesText(n.N), meaningOf(n.Check)))
		}
	}
	return f
}

// findingSentence writes a finding as a sentence.
func findingSentence(f phonebook.Finding) string {
	text := strings.TrimRight(strings.TrimSpace(f.String()), ".") + "."
	return strings.ToUpper(text[:1]) + text[1:]
}

// entriesHidden reports whether the phone book is damaged so that an entry may be in it and not
// be found.
func (c *evidence) entriesHidden() bool {
	return c.Phonebook.State == smbprobe.PhonebookDamaged &&
		slices.ContainsFunc(c.fileChecks(), func(id phonebook.CheckID) bool { return id != phonebook.CheckDuplicateEntry })
}

// lowerFirst begins a text with a small letter, unless it begins with an abbreviation.
func lowerFirst(s string) string {
	if len(s) < 2 || s[1] >= 'A' && s[1] <= 'Z' {
		return s
	}
	return strings.ToLower(s[:1]) + s[1:]
}

// meaningOf returns what a check looks for.
func meaningOf(id phonebook.CheckID) string {
	for _, info := range phonebook.Checks() {
		if info.Check == id {
			return info.Meaning
		}
	}
	return "not described."
}

func phonebookDamagedRemedy(c *evidence) []smbprobe.RemedyStep {
	steps := []smbprobe.RemedyStep{
		fix(fmt.Sprintf("At %s, keep a copy of the file as it is:", c.host()), rasFolder, "copy rasphone.pbk rasphone.bad"),
	}
	found, repairable := c.fileChecks(), !c.general
	ids := found
	if c.general {
		ids = []phonebook.CheckID{"utf16_mark", "duplicate_entry", "entries_run_together"}
	}
	for _, id := range ids {
		switch d := damages[id]; {
		case d.fix == "":
			repairable = false
		case c.general:
			steps = append(steps, fix(fmt.Sprintf("If %s: %s", d.headline, d.fix)))
		default:
			steps = append(steps, fix(d.fix))
		}
	}
	restore := restoreFile + "."
	if repairable {
		restore = "If that is not enough: " + restore
	}
	return append(steps,
		fix(restore),
		c.makeEntry("Only without a backup: delete the file, and make the entries again in Dial-Up Networking; this is the last resort, as phone numbers and settings are lost."),
		c.chooseAgain(),
		restartMail(),
		c.checkCall())
}
