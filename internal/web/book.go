package web

import (
	"fmt"
	"slices"
	"strings"

	"github.com/rasphone-exporter/rasphone_exporter/smbprobe"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/phonebook"
)

// maxBookLines is how many lines of a phone book a page shows.
const maxBookLines = 4000

// bookView is the phone book as a page shows it.
type bookView struct {
	Read    bool // it was read and checked; else nothing is known of its contents
	Thinned bool // its text is not kept, for want of memory
	Lines   []bookLine
	Cut     bool // not all lines are shown
	Whole   []finding
	More    []moreFindings
	Dialed  []dialedEntry
}

// bookLine is a line of the phone book with what was found in it.
type bookLine struct {
	Text     string
	Header   bool // it opens an entry
	Level    string
	Findings []finding
}

// finding is one finding with the meaning and the remedy of its check.
type finding struct {
	phonebook.Finding
	Level   string // class in the style sheet
	Mark    string
	Meaning string
	Remedy  string
	Article article // zero if there is none
}

// moreFindings is a check that found more than the page shows.
type moreFindings struct {
	Check    phonebook.CheckID
	Shown, N int
}

func newBookView(p *smbprobe.PhonebookResult, thinned bool) bookView {
	v := bookView{Read: p.Intact != nil, Thinned: thinned, Cut: p.TextTruncated, Dialed: newDialed(p.Dialed)}
	findings, more := newFindings(p)
	v.More = more
	if p.Text != "" {
		lines := strings.Split(p.Text, "\n")
		if len(lines) > maxBookLines {
			lines, v.Cut = lines[:maxBookLines], true
		}
		for _, text := range lines {
			v.Lines = append(v.Lines, bookLine{Text: text, Header: strings.HasPrefix(text, "[")})
		}
	}
	for _, f := range findings {
		if f.Line < 1 || f.Line > len(v.Lines) {
			v.Whole = append(v.Whole, f)
			continue
		}
		line := &v.Lines[f.Line-1]
		if len(line.Findings) == 0 || f.Level == "bad" {
			line.Level = f.Level
		}
		// One line may have the same finding for each of several entries.
		if !slices.ContainsFunc(line.Findings, func(other finding) bool { return other.Check == f.Check && other.Detail == f.Detail }) {
			line.Findings = append(line.Findings, f)
		}
	}
	return v
}

// newFindings returns the findings of a book, and the checks that found more.
func newFindings(p *smbprobe.PhonebookResult) (all []finding, more []moreFindings) {
	shown := make(map[phonebook.CheckID]int)
	for _, f := range p.Findings {
		shown[f.Check]++
		info := f.Check.Info()
		level, mark := classLevel(f.Class)
		all = append(all, finding{
			Finding: f, Level: level, Mark: mark, Meaning: info.Meaning, Remedy: info.Remedy, Article: newArticle(info.Article),
		})
	}
	for _, c := range p.Counts {
		if n := shown[c.Check]; c.N > n {
			more = append(more, moreFindings{Check: c.Check, Shown: n, N: c.N})
		}
	}
	return all, more
}

func classLevel(c phonebook.Class) (level, mark string) {
	switch c {
	case phonebook.ClassFile:
		return "bad", stateCritical.Mark()
	case phonebook.ClassEntry:
		return "warning", stateWarning.Mark()
	}
	return "unclear", "·"
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

// whyNot returns why an entry is not usable.
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
