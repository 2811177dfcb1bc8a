package phonebook

import (
	"fmt"
	"slices"
	"unicode/utf8"
)

// Dialed is what is known of an entry that the Internet Mail Service dials.
type Dialed struct {
	Name  string // as in Options.DialedEntries
	Entry string // Entry.Name of the entry found; empty if there is none
	// Missing: the phone book was read and does not have the entry.
	Missing bool
	// Undecided: it cannot be decided whether the phone book has the entry, because no
	// code page of Windows NT can write the name, or because a value ends with the name
	// in brackets and may be a header that lost its line break. Then it is neither
	// Missing nor Usable, and no conclusion may be drawn.
	Undecided bool
	// TooLong: the name has more than MaxDialedName characters.
	TooLong bool
	// Usable: the entry is there, its name is not too long, it has no finding of class
	// file or entry, and there is none of class file that belongs to no entry. Damage
	// inside another entry does not count: its finding and the state of the phone book
	// report that.
	Usable bool
}

// dialedNames are the names of the dialed entries, and what the phone book has for them.
type dialedNames struct {
	matches   []match
	spellings map[string][]int // the matches that the bytes of a name may stand for
}

// match is the name of a dialed entry and the entry found for it.
type match struct {
	name     string
	plain    string // plainName of it
	spelled  bool   // a code page of Windows NT can write the name
	found    bool
	exact    bool // not only without regard to case and blanks
	entry    Entry
	inMiddle Class // the class of the finding that the name is a header inside a line; empty: none
}

// resolve finds the entry for each name, each name once.
//
// An entry with exactly this name goes before one that differs in case or blanks: RAS
// compares without regard to case, and whether the Internet Mail Service does is not
// documented. A doubtful match counts as found.
func resolve(b *Book, names []string) *dialedNames {
	d := &dialedNames{spellings: make(map[string][]int)}
	for i, name := range names {
		if slices.Contains(names[:i], name) {
			continue
		}
		raw, known := spellings(name)
		for _, r := range raw {
			if n := len(d.matches); !slices.Contains(d.spellings[r], n) {
				d.spellings[r] = append(d.spellings[r], n)
			}
		}
		d.matches = append(d.matches, match{name: name, plain: plainName(name), spelled: known})
	}
	if len(names) == 0 {
		return d
	}
	for e := range b.Entries() {
		d.each(e.RawName, func(m *match, exact bool) {
			if !m.found || exact && !m.exact {
				m.found, m.exact, m.entry = true, exact, e
			}
		})
	}
	return d
}

// each calls f for each name that the bytes of a name in the phone book may stand for.
func (d *dialedNames) each(raw string, f func(m *match, exact bool)) {
	exact := d.spellings[raw]
	for _, i := range exact {
		f(&d.matches[i], true)
	}
	for i := range d.matches {
		if slices.Contains(exact, i) {
			continue
		}
		if same, exact := sameName(raw, d.matches[i].plain); same {
			f(&d.matches[i], exact)
		}
	}
}

// inMiddle records that the header of an entry of this name may be inside a line.
func (d *dialedNames) inMiddle(raw string, class Class) {
	d.each(raw, func(m *match, _ bool) {
		if m.inMiddle != ClassFile {
			m.inMiddle = class
		}
	})
}

// has reports whether an entry is dialed.
func (d *dialedNames) has(e Entry) bool {
	return slices.ContainsFunc(d.matches, func(m match) bool { return m.found && m.entry.index == e.index })
}

// dialed checks each entry that the Internet Mail Service dials. An entry that
// already has a finding of class file or entry gets no further one.
func (c *checker) dialed() {
	for i := range c.names.matches {
		c.results = append(c.results, c.dial(&c.names.matches[i]))
	}
}

func (c *checker) dial(m *match) Dialed {
	length := utf8.RuneCountInString(m.name)
	d := Dialed{Name: m.name, TooLong: length > MaxDialedName}
	switch {
	case c.unreadable: // which entries the file had is not known
		return d
	case m.found:
	case m.inMiddle == ClassFile: // it is there, inside another entry, and the damage is reported
		return d
	case m.inMiddle == ClassOddity:
		d.Undecided = true
		c.whole(CheckDialedUndecided, fmt.Sprintf("%q is at the end of a value", c.book.show(m.name)))
		return d
	case !m.spelled && c.book.EntryCount > 0:
		// Windows writes other characters for those that its code page lacks.
		d.Undecided = true
		c.whole(CheckDialedUndecided, fmt.Sprintf("%q has characters that no code page of Windows NT has together", c.book.show(m.name)))
		return d
	default:
		d.Missing = true
		c.whole(CheckDialedMissing, c.book.show(m.name))
		return d
	}
	e := &m.entry
	d.Entry = e.Name
	if !m.exact {
		c.add(CheckDialedNameCase, e, e.header(), "the service dials "+c.book.show(m.name))
	}
	if d.TooLong {
		c.add(CheckDialedNameOver20, e, e.header(), fmt.Sprintf("%d characters", length))
	}
	d.Usable = !d.TooLong && !c.fileWide && !c.unsound[e.index]
	return d
}
