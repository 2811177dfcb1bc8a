package smbprobe

import (
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/phonebook"
)

const (
	// maxFindings bounds the findings that a Result holds; they are counted beyond it.
	maxFindings = 100
	// maxLinks bounds the links of entries that a Result holds.
	maxLinks = 200
)

// Link is what an entry dials with: one of its MEDIA groups and its first
// device. Texts are fit for display.
type Link struct {
	Entry  string
	Media  string // "serial"; empty where the entry has none
	Device string // "modem"; empty where the media has none
	Port   string // "COM1"
}

// check parses and checks the book, and fills in what was found.
func (p *PhonebookResult) check(data []byte, o phonebook.Options) {
	book := phonebook.Parse(data)
	report := phonebook.Check(book, o)
	entries := book.EntryCount
	intact := !report.Has(phonebook.ClassFile) && !report.Has(phonebook.ClassEntry)
	p.Entries, p.Intact = &entries, &intact
	p.Links = links(book)
	p.Findings = report.Findings[:min(len(report.Findings), maxFindings)]
	p.Counts = report.Counts
	p.Dialed = report.Dialed
	if report.Has(phonebook.ClassFile) {
		p.State = PhonebookDamaged
		p.Error = findingText(report.Findings[0]) // of class file: they come first
	}
}

// findingText says a finding in one line.
func findingText(f phonebook.Finding) string {
	return f.String()
}

// links returns the distinct links of a book, at most maxLinks.
func links(b *phonebook.Book) []Link {
	var all []Link
	seen := make(map[Link]bool)
	add := func(l Link) {
		if !seen[l] {
			seen[l] = true
			all = append(all, l)
		}
	}
	for e := range b.Entries() {
		hasMedia := false
		for m := range e.Media() {
			hasMedia = true
			l := Link{Entry: e.Name, Media: m.Type, Port: m.Port}
			for d := range m.Devices() {
				l.Device = d.Type
				break
			}
			if add(l); len(all) == maxLinks {
				return all
			}
		}
		if !hasMedia {
			add(Link{Entry: e.Name})
		}
		if len(all) == maxLinks {
			return all
		}
	}
	return all
}
