package report

import (
	"fmt"
	"strings"

	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/phonebook"
)

// LintFinding is one thing in a phone book that is not as it should be.
type LintFinding struct {
	Check   string `json:"check"`
	Class   string `json:"class"`
	Line    int    `json:"line,omitempty"` // from 1; absent: the file as a whole
	Entry   string `json:"entry,omitempty"`
	Text    string `json:"text,omitempty"` // the line as it stands
	Detail  string `json:"detail,omitempty"`
	Meaning string `json:"meaning"`
	Remedy  string `json:"remedy"`
	Article string `json:"article,omitempty"`
}

// LintCount is how often a check found something.
type LintCount struct {
	Check string `json:"check"`
	Class string `json:"class"`
	Count int    `json:"count"`
}

// newFindings puts to each finding what there is to say of its check.
func newFindings(found []phonebook.Finding) []LintFinding {
	infos := make(map[phonebook.CheckID]phonebook.CheckInfo)
	for _, info := range phonebook.Checks() {
		infos[info.Check] = info
	}
	all := make([]LintFinding, len(found))
	for i, f := range found {
		info := infos[f.Check]
		all[i] = LintFinding{
			Check: string(f.Check), Class: string(f.Class), Line: f.Line, Entry: f.Entry, Text: f.Text, Detail: f.Detail,
			Meaning: info.Meaning, Remedy: info.Remedy, Article: info.Article,
		}
	}
	return all
}

func newCounts(counts []phonebook.Count) []LintCount {
	all := make([]LintCount, len(counts))
	for i, c := range counts {
		all[i] = LintCount{string(c.Check), string(c.Class), c.N}
	}
	return all
}

// line says a finding in one line.
func (f *LintFinding) line() string {
	parts := []string{f.Class, f.Check}
	if f.Line > 0 {
		parts = append(parts, fmt.Sprintf("line %d", f.Line))
	}
	if f.Entry != "" {
		parts = append(parts, fmt.Sprintf("entry %q", f.Entry))
	}
	if f.Detail != "" {
		parts = append(parts, f.Detail)
	}
	return strings.Join(parts, ", ") + ": " + f.Meaning
}

// dialedText reports whether an entry can be dialed, and why not.
func dialedText(d phonebook.Dialed) string {
	switch {
	case d.Usable:
		return "usable"
	case d.Missing:
		return "not in the phone book"
	case d.Undecided:
		return "in doubt: it cannot be decided whether the phone book has it"
	case d.TooLong:
		return fmt.Sprintf("longer than the %d characters that the Internet Mail Service dials", phonebook.MaxDialedName)
	case d.Entry == "":
		return "not usable: no entry can be told from another in this file"
	}
	return "not usable: a finding of class file or entry keeps it from being dialed"
}
