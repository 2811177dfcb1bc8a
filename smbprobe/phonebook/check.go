package phonebook

import "slices"

// MaxFindings is how many findings of one check a Report holds. Their number
// is counted beyond it.
const MaxFindings = 100

// Options says what is known of the server besides its book.
type Options struct {
	DialedEntries []string // the entries that the Internet Mail Service dials, UTF-8
	NT4           bool     // the server runs Windows NT 4.0; false also where that is not known
}

// Report is everything that Check found.
type Report struct {
	Findings []Finding // in the order of Checks, then of lines; at most MaxFindings of a check
	Counts   []Count   // of each check that found something, in the order of Checks
	Dialed   []Dialed  // for each of Options.DialedEntries, each name once
}

// Count is how often a check found something: the whole number, not only the
// findings that the report holds.
type Count struct {
	Check CheckID
	Class Class
	N     int
}

// Finding is one thing that is not as it should be. Its texts are for display.
type Finding struct {
	Check  CheckID
	Class  Class
	Line   int    // from 1; 0: the file as a whole
	Entry  string // Entry.Name; empty: it belongs to no entry
	Text   string // the line as it stands, a password in it masked; empty where Line is 0
	Detail string // what the check's meaning does not say; may be empty
}

// Has reports whether there is a finding of a class.
func (r *Report) Has(class Class) bool {
	return slices.ContainsFunc(r.Counts, func(c Count) bool { return c.Class == class })
}

// Check looks for everything that Checks lists. It reports what is wrong with
// the file and never which RAS error that will cause: of that next to nothing
// is documented.
//
// A file that is empty, or not a text of 8-bit characters, gets that one
// finding: what else could be said of it would follow from it.
func Check(b *Book, o Options) *Report {
	c := &checker{
		book:     b,
		options:  o,
		found:    make(map[CheckID][]Finding),
		counts:   make(map[CheckID]int),
		classes:  make(map[CheckID]Class),
		unsound:  make(map[int]bool),
		nameUsed: make(map[string]int),
	}
	for _, info := range Checks() {
		c.classes[info.Check] = info.Class
	}
	dialed := resolve(b, o.DialedEntries)
	if readable := c.content(); readable {
		c.lines()
		c.entries(dialed)
		c.wholeBook()
	}
	c.dialed(dialed)
	return c.report()
}

// noEntry stands for the index of an entry where a finding belongs to none.
const noEntry = -1

// checker collects findings.
type checker struct {
	book    *Book
	options Options

	found    map[CheckID][]Finding // at most MaxFindings of each
	counts   map[CheckID]int
	classes  map[CheckID]Class
	unsound  map[int]bool   // entries, by index, with a finding of class file or entry
	nameUsed map[string]int // the first entry, by index, for each nameKey
	results  []Dialed

	unreadable bool // the content is not a phone book at all
	fileWide   bool // a finding of class file that belongs to no entry
	tailCut    bool // the file ends inside a line
}

// add takes a finding. The entry is an index of Book.Entries or noEntry; a Line
// without a number stands for the whole file.
func (c *checker) add(check CheckID, entry int, line Line, detail string) {
	c.addf(check, entry, line, func() string { return detail })
}

// addf is add with a detail that is worked out only for a finding that is kept:
// of a check that finds something in each of many lines, most are only counted.
func (c *checker) addf(check CheckID, entry int, line Line, detail func() string) {
	class := c.classes[check]
	switch {
	case class == ClassFile && entry == noEntry:
		c.fileWide = true
	case class != ClassOddity && entry != noEntry:
		c.unsound[entry] = true
	}
	if c.counts[check]++; c.counts[check] > MaxFindings {
		return
	}
	f := Finding{Check: check, Class: class, Line: line.Number, Text: c.book.showLine(line.Raw), Detail: detail()}
	if entry != noEntry {
		f.Entry = c.book.Entries[entry].Name
	}
	c.found[check] = append(c.found[check], f)
}

// report puts what was found in the order of Checks.
func (c *checker) report() *Report {
	r := &Report{Dialed: c.results}
	for _, info := range Checks() {
		n := c.counts[info.Check]
		if n == 0 {
			continue
		}
		r.Counts = append(r.Counts, Count{Check: info.Check, Class: info.Class, N: n})
		r.Findings = append(r.Findings, c.found[info.Check]...)
	}
	return r
}
