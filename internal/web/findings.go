package web

import (
	"fmt"

	"github.com/rasphone-exporter/rasphone_exporter/smbprobe"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/phonebook"
)

// finding is one finding with what there is to say of its check.
type finding struct {
	phonebook.Finding
	Level   string // class in the style sheet
	Meaning string
	Remedy  string
	Article article // zero if there is none
}

// moreFindings says that a check found more than the page shows.
type moreFindings struct {
	Check    phonebook.CheckID
	Shown, N int
}

// newFindings returns the findings of a book, and the checks that found more.
func newFindings(p *smbprobe.PhonebookResult) (all []finding, more []moreFindings) {
	infos := make(map[phonebook.CheckID]phonebook.CheckInfo)
	for _, info := range phonebook.Checks() {
		infos[info.Check] = info
	}
	shown := make(map[phonebook.CheckID]int)
	for _, f := range p.Findings {
		shown[f.Check]++
		info := infos[f.Check]
		all = append(all, finding{
			Finding: f, Level: classLevel(f.Class), Meaning: info.Meaning, Remedy: info.Remedy, Article: newArticle(info.Article),
		})
	}
	for _, c := range p.Counts {
		if n := shown[c.Check]; c.N > n {
			more = append(more, moreFindings{Check: c.Check, Shown: n, N: c.N})
		}
	}
	return all, more
}

func classLevel(c phonebook.Class) string {
	switch c {
	case phonebook.ClassFile:
		return "bad"
	case phonebook.ClassEntry:
		return "warning"
	}
	return "unclear"
}

// dialedEntry is an entry that the Internet Mail Service dials.
type dialedEntry struct {
	phonebook.Dialed
	Level string
	Why   string // why it is not usable; empty if it is
}

func newDialed(dialed []phonebook.Dialed) []dialedEntry {
	var all []dialedEntry
	for _, d := range dialed {
		e := dialedEntry{Dialed: d, Level: "good"}
		if !d.Usable {
			e.Level, e.Why = "bad", whyNot(d)
		}
		if d.Undecided {
			e.Level = "unclear"
		}
		all = append(all, e)
	}
	return all
}

// whyNot says why an entry is not usable.
func whyNot(d phonebook.Dialed) string {
	switch {
	case d.Missing:
		return "it is not in the phone book"
	case d.Undecided:
		return "it cannot be decided whether the phone book has it"
	case d.TooLong:
		return fmt.Sprintf("its name is longer than the %d characters that the Internet Mail Service dials", phonebook.MaxDialedName)
	case d.Entry == "":
		return "no entry can be told from another in this file"
	}
	return "a finding of class file or entry belongs to it, or the file as a whole is damaged"
}
