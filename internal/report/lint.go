package report

import (
	"fmt"
	"io"
	"strings"

	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/phonebook"
)

// Lint is what lint found in one copy of a phone book. Its JSON form is what
// lint prints with --output=json.
type Lint struct {
	File      string        `json:"file"`
	Error     string        `json:"error,omitempty"`      // the file could not be read; everything else is empty then
	LooksLike string        `json:"looks_like,omitempty"` // what the file is if it is not a phone book: "a picture"
	Entries   []string      `json:"entries"`
	Intact    bool          `json:"intact"` // no finding of class file or entry
	Findings  []LintFinding `json:"findings"`
	Counts    []LintCount   `json:"counts"` // of each check that found something; findings beyond 100 are only counted
	Dialed    []LintDialed  `json:"dialed_entries"`
}

// LintDialed is an entry that the Internet Mail Service dials.
type LintDialed struct {
	Entry  string `json:"entry"`
	Usable *bool  `json:"usable,omitempty"` // absent: it cannot be decided whether the entry is there
}

// NewLint checks a copy of a phone book.
func NewLint(file string, data []byte, dialed []string) *Lint {
	book := phonebook.Parse(data)
	found := phonebook.Check(book, phonebook.Options{DialedEntries: dialed, NT4: true})
	l := &Lint{
		File:     file,
		Entries:  make([]string, 0, book.EntryCount),
		Intact:   !found.Has(phonebook.ClassFile) && !found.Has(phonebook.ClassEntry),
		Findings: newFindings(found.Findings),
		Counts:   newCounts(found.Counts),
		Dialed:   make([]LintDialed, len(found.Dialed)),
	}
	if found.Has(phonebook.ClassFile) {
		l.LooksLike = otherFile(data, book)
	}
	if l.LooksLike != "" {
		for i := range l.Findings {
			l.Findings[i].Text = "" // secrets of other files are not known, and so not masked
		}
	}
	for e := range book.Entries() {
		l.Entries = append(l.Entries, e.Name)
	}
	for i, d := range found.Dialed {
		l.Dialed[i].Entry = d.Name
		if !d.Undecided {
			l.Dialed[i].Usable = &d.Usable
		}
	}
	return l
}

// WriteText writes what was found in a file for a person: each finding with its
// place, the line with secrets masked, why it matters, and what to do.
func (l *Lint) WriteText(w io.Writer, colour bool) error {
	p := palette{on: colour}
	if l.LooksLike != "" {
		_, err := fmt.Fprintf(w, "%s: %s: it looks like %s\n      fix: check a copy of rasphone.pbk, which is in System32\\Ras of the server\n", l.File, p.bad("not a phone book"), l.LooksLike)
		return err
	}
	var b strings.Builder
	switch {
	case l.Error != "":
		fmt.Fprintf(&b, "%s: %s\n", l.File, p.bad(l.Error))
	case len(l.Findings) == 0:
		fmt.Fprintf(&b, "%s: %s, %s\n", l.File, number(len(l.Entries), "entry", "entries"), p.good("nothing found"))
	default:
		fmt.Fprintf(&b, "%s: %s, %s\n", l.File, number(len(l.Entries), "entry", "entries"), l.verdict(p))
	}
	for _, f := range l.Findings {
		place := "the whole file"
		if f.Line > 0 {
			place = fmt.Sprintf("line %d", f.Line)
		}
		if f.Entry != "" {
			place += fmt.Sprintf(", entry %q", f.Entry)
		}
		fmt.Fprintf(&b, "\n  %s: %s %s: %s\n", place, p.class(f.Class), f.Check, phonebook.CheckID(f.Check).Info().Title)
		if f.Text != "" {
			fmt.Fprintf(&b, "      > %s\n", f.Text)
		}
		if f.Detail != "" {
			fmt.Fprintf(&b, "      %s\n", f.Detail)
		}
		article := ""
		if f.Article != "" {
			article = " (" + f.Article + ")"
		}
		fmt.Fprintf(&b, "      why: %s%s\n      fix: %s\n", f.Meaning, article, f.Remedy)
	}
	shown := make(map[string]int)
	for _, f := range l.Findings {
		shown[f.Check]++
	}
	for _, c := range l.Counts {
		if more := c.Count - shown[c.Check]; more > 0 {
			fmt.Fprintf(&b, "\n  and %d more of %s\n", more, c.Check)
		}
	}
	for _, d := range l.Dialed {
		usable := "in doubt, it cannot be decided whether it is there"
		switch {
		case d.Usable == nil:
		case *d.Usable:
			usable = p.good("usable")
		default:
			usable = p.bad("not usable")
		}
		fmt.Fprintf(&b, "\n  dialed entry %q: %s\n", d.Entry, usable)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func (l *Lint) verdict(p palette) string {
	if l.Intact {
		return p.good("usable") + ", with oddities"
	}
	for _, f := range l.Findings {
		if f.Class == string(phonebook.ClassFile) {
			return p.bad("damaged")
		}
	}
	if len(l.Entries) == 0 {
		return p.bad("nothing to dial")
	}
	return p.bad("with entries that cannot be dialed")
}
