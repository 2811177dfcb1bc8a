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

// checkPhonebook parses and checks the content of the phone book, and adds what it finds to p.
func checkPhonebook(p *PhonebookResult, data []byte, o phonebook.Options) {
	book := phonebook.Parse(data)
	report := phonebook.Check(book, o)
	entries := len(book.Entries)
	intact := !report.Has(phonebook.ClassFile) && !report.Has(phonebook.ClassEntry)
	p.Entries, p.Intact = &entries, &intact
	p.Links, p.LinksTruncated = links(book)
	p.Findings = report.Findings[:min(len(report.Findings), maxFindings)]
	p.Counts = report.Counts
	p.Dialed = report.Dialed
	if report.Has(phonebook.ClassFile) {
		p.State = PhonebookDamaged
		p.Error = report.Findings[0].String() // of class file: they come first
	}
}

// links returns the distinct links of a phone book, at most maxLinks.
func links(b *phonebook.Book) (all []Link, truncated bool) {
	seen := make(map[Link]bool)
	add := func(l Link) {
		if !seen[l] {
			seen[l] = true
			all = append(all, l)
		}
	}
	for _, e := range b.Entries {
		if len(e.Media) == 0 {
			add(Link{Entry: e.Name})
		}
		for _, m := range e.Media {
			l := Link{Entry: e.Name, Media: m.Type, Port: m.Port}
			if len(m.Devices) > 0 {
				l.Device = m.Devices[0].Type
			}
			add(l)
		}
		if len(all) > maxLinks {
			return all[:maxLinks], true
		}
	}
	return all, false
}
