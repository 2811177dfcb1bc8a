package phonebook

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// Dialed is what is known of an entry that the Internet Mail Service dials.
type Dialed struct {
	Name    string // as Options.DialedEntries has it
	Entry   string // Entry.Name of the entry found; empty where there is none
	Missing bool   // the book was read and does not hold it
	TooLong bool   // the name has more than MaxDialedName characters
	// Usable: the entry is there, its name is not too long, and nothing of class
	// file or entry was found that belongs to it, or of class file that belongs
	// to no entry. Damage inside another entry does not count: the finding and
	// the state of the book tell of that.
	Usable bool
}

// match is a name that is dialled and the entry that it stands for.
type match struct {
	name  string
	entry int  // index of Book.Entries, or noEntry
	exact bool // not only without regard to case
}

// resolve finds the entry for each name, each name once.
func resolve(b *Book, names []string) []match {
	var all []match
	for i, name := range names {
		if slices.Contains(names[:i], name) {
			continue
		}
		entry, exact := b.find(name)
		all = append(all, match{name: name, entry: entry, exact: exact})
	}
	return all
}

// find returns the index of the entry with a name, or noEntry. An entry with
// exactly this name goes before one that differs in case: RAS compares without
// regard to case, and whether the Internet Mail Service does is documented
// nowhere. Here a doubt counts as found.
func (b *Book) find(name string) (i int, exact bool) {
	spelled := spellings(name)
	if i = slices.IndexFunc(b.Entries, func(e Entry) bool { return slices.Contains(spelled, e.RawName) }); i >= 0 {
		return i, true
	}
	i = slices.IndexFunc(b.Entries, func(e Entry) bool {
		return utf8.ValidString(e.RawName) && strings.EqualFold(e.RawName, name)
	})
	if i < 0 {
		return noEntry, false
	}
	return i, false
}

func isDialed(dialed []match, entry int) bool {
	return slices.ContainsFunc(dialed, func(m match) bool { return m.entry == entry })
}

// dialed checks each entry that the Internet Mail Service dials. An entry that
// already has a finding of class file or entry gets none in addition.
func (c *checker) dialed(all []match) {
	for _, m := range all {
		c.results = append(c.results, c.dial(m))
	}
}

func (c *checker) dial(m match) Dialed {
	length := utf8.RuneCountInString(m.name)
	d := Dialed{Name: m.name, TooLong: length > MaxDialedName}
	switch {
	case c.unreadable: // nobody knows which entries the file had
		return d
	case m.entry == noEntry:
		d.Missing = true
		c.whole(CheckDialedMissing, c.book.show(m.name))
		return d
	}
	e := &c.book.Entries[m.entry]
	d.Entry = e.Name
	if !m.exact {
		c.add(CheckDialedNameCase, m.entry, c.header(e), "the service dials "+c.book.show(m.name))
	}
	if d.TooLong {
		c.add(CheckDialedNameOver20, m.entry, c.header(e), fmt.Sprintf("%d characters", length))
	}
	d.Usable = !d.TooLong && !c.fileWide && !c.unsound[m.entry]
	return d
}
