package phonebook

import (
	"fmt"
	"slices"
)

// MaxFindings is the number of findings of one check that a Report holds. Further ones
// are only counted.
const MaxFindings = 100

// Options is what is known of the server besides its phone book.
type Options struct {
	DialedEntries []string // the entries that the Internet Mail Service dials, UTF-8
	NT4           bool     // the server runs Windows NT 4.0; false if that is not known
}

// Report is everything that Check found.
type Report struct {
	Findings []Finding // in the order of Checks, then of lines; at most MaxFindings of a check
	Counts   []Count   // of each check that found something, in the order of Checks
	Dialed   []Dialed  // for each of Options.DialedEntries, each name once
}

// Count is how often a check found something, including what the Report does not hold.
type Count struct {
	Check CheckID
	Class Class
	N     int
}

// Finding is one thing that is wrong or odd. Its texts are for display; the value of a
// key that holds a secret is in none of them.
type Finding struct {
	Check  CheckID
	Class  Class
	Line   int    // from 1; 0: the file as a whole
	Entry  string // Entry.Name; empty: it belongs to no entry
	Text   string // the line, secrets masked; empty if Line is 0
	Detail string // what the check's meaning does not say; may be empty
}

// String returns the finding in one line: its place, the check's title, and the detail.
func (f Finding) String() string {
	text := f.Check.Info().Title
	if f.Detail != "" {
		text += ": " + f.Detail
	}
	switch {
	case f.Line > 0 && f.Entry != "":
		return fmt.Sprintf("line %d, entry %q: %s", f.Line, f.Entry, text)
	case f.Line > 0:
		return fmt.Sprintf("line %d: %s", f.Line, text)
	}
	return text
}

// Has reports whether there is a finding of a class.
func (r *Report) Has(class Class) bool {
	return slices.ContainsFunc(r.Counts, func(c Count) bool { return c.Class == class })
}

// Check looks for everything that Checks lists. It reports what is wrong with
// the file and never which RAS error that will cause: next to nothing is documented
// about that.
//
// A file that is empty, not a text of 8-bit characters, or has too many entries gets that
// one finding: everything else would follow from it.
func Check(b *Book, o Options) *Report {
	c := &checker{
		book:     b,
		options:  o,
		found:    make(map[CheckID][]Finding),
		counts:   make(map[CheckID]int),
		unsound:  make(map[int]bool),
		nameUsed: make(map[string]nameUse),
		names:    resolve(b, o.DialedEntries),
	}
	if readable := c.content(); readable {
		c.lines()
		for e := range b.Entries() {
			c.entry(e)
		}
		c.wholeBook()
	}
	c.dialed()
	return c.report()
}

// checker collects findings. Its size is bounded by MaxFindings, MaxEntries and the length
// of the names.
type checker struct {
	book    *Book
	options Options
	names   *dialedNames

	found    map[CheckID][]Finding // at most MaxFindings of each
	counts   map[CheckID]int
	unsound  map[int]bool // entries, by index, with a finding of class file or entry
	nameUsed map[string]nameUse
	results  []Dialed

	unreadable bool // the content is not a phone book at all
	fileWide   bool // there is a finding of class file that belongs to no entry
	tailCut    bool // the file ends inside a line
	inSecret   bool // a line without a key that comes now may be the rest of a secret
}

// nameUse is the first entry with a name.
type nameUse struct{ index, line int }

// add records a finding. A Line without a number stands for the whole file.
func (c *checker) add(check CheckID, e *Entry, line Line, detail string) {
	c.addf(check, e, line, func() string { return detail })
}

// addf is add with a detail that is worked out only for a finding that is kept:
// of a check that finds something in each of many lines, most are only counted.
func (c *checker) addf(check CheckID, e *Entry, line Line, detail func() string) {
	class := check.Info().Class
	switch {
	case class == ClassFile && e == nil:
		c.fileWide = true
	case class != ClassOddity && e != nil:
		c.unsound[e.index] = true
	}
	if c.counts[check]++; c.counts[check] > MaxFindings {
		return
	}
	f := Finding{Check: check, Class: class, Line: line.Number, Text: c.show(line), Detail: detail()}
	if e != nil {
		f.Entry = e.Name
	}
	c.found[check] = append(c.found[check], f)
}

// show returns the text of a line for a finding.
func (c *checker) show(line Line) string {
	if c.inSecret && line.Kind == KindMalformed {
		return mask
	}
	return c.book.showLine(line)
}

// whole records a finding about the file as a whole.
func (c *checker) whole(check CheckID, detail string) { c.add(check, nil, Line{}, detail) }

// report puts the findings into the order of Checks.
func (c *checker) report() *Report {
	r := &Report{Dialed: c.results}
	for i := range checks {
		info := &checks[i]
		n := c.counts[info.Check]
		if n == 0 {
			continue
		}
		r.Counts = append(r.Counts, Count{Check: info.Check, Class: info.Class, N: n})
		r.Findings = append(r.Findings, c.found[info.Check]...)
	}
	return r
}
