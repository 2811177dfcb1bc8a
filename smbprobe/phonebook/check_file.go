package phonebook

import (
	"fmt"
	"strings"
)

const maxLine = 1024 // bytes

// content checks the bytes of the file. It returns false where they are not a
// text that has lines and entries.
func (c *checker) content() (readable bool) {
	data, text := c.book.data, c.book.text
	nul := strings.IndexByte(data, 0)
	controls, others := countControls(data)
	switch {
	case strings.HasPrefix(data, utf16LEMark) || strings.HasPrefix(data, utf16BEMark):
		c.whole(CheckUTF16Mark, "")
	case nul >= 0:
		c.whole(CheckNULBytes, fmt.Sprintf("%d NUL bytes in a file of %d; the first at offset %d", strings.Count(data, "\x00"), len(data), nul))
	case text == "":
		c.whole(CheckEmptyFile, fmt.Sprintf("%d bytes", len(data)))
	case controls > others:
		c.whole(CheckControlBytes, fmt.Sprintf("%d of %d bytes", controls, len(data)))
	case c.book.cutAt != 0:
		c.whole(CheckTooManyGroups, fmt.Sprintf("more than %d; line %d and what follows was not checked", MaxGroups, c.book.cutAt))
	default:
		return true
	}
	c.unreadable = true
	return false
}

// countControls counts control bytes other than tabs and line ends, and all
// other bytes.
func countControls(data string) (controls, others int) {
	for i := range len(data) {
		switch b := data[i]; {
		case b == '\t', b == '\r', b == '\n':
			others++
		case b < ' ', b == 0x7f:
			controls++
		default:
			others++
		}
	}
	return controls, others
}

// lines checks every line on its own, and what the line ends add up to.
func (c *checker) lines() {
	entry := noEntry
	var last Line
	var lf, cr, terminated int
	newer := false
	for line := range c.book.AllLines() {
		if line.Kind == KindHeader || line.Kind == KindBadHeader {
			entry++
		}
		c.form(entry, line)
		c.pair(entry, line)
		if len(line.Raw) > maxLine {
			c.addf(CheckLineOver1024, entry, line, func() string { return fmt.Sprintf("%d bytes", len(line.Raw)) })
		}
		if c.options.NT4 && !newer && line.Key == "PBVersion" {
			newer = true
			c.add(CheckNewerWindows, entry, line, "")
		}
		switch line.End {
		case EndLF:
			lf++
		case EndCR:
			cr++
		}
		if line.End != EndNone {
			terminated++
		}
		last = line
	}
	// A CR at the very end is half of a CRLF: there the file was cut.
	if last.End == EndCR {
		cr--
	}
	if lf > 0 {
		c.whole(CheckLFOnly, fmt.Sprintf("%d of %d lines", lf, terminated))
	}
	if cr > 0 {
		c.whole(CheckLoneCR, fmt.Sprintf("%d of %d lines", cr, terminated))
	}
	// A last line that a finding calls truncated needs no second one.
	if !c.tailCut && (last.End == EndNone || last.End == EndCR) {
		c.add(CheckNoFinalNewline, entry, last, "")
	}
}

// form checks that a line is one of the grammar's (MS-RRASM 2.2.2).
func (c *checker) form(entry int, line Line) {
	switch line.Kind {
	case KindBadHeader, KindMalformed:
		switch {
		case line.End == EndNone:
			c.tailCut = true
			c.add(CheckTruncatedTail, entry, line, "the file ends inside this line")
		case line.Kind == KindBadHeader:
			c.add(CheckMalformedHeader, entry, line, "")
		default:
			c.add(CheckMalformedLine, entry, line, "")
		}
	case KindPair:
		if line.Group == GroupNone {
			c.add(CheckKeyBeforeSection, noEntry, line, "")
		}
	}
}

// pair checks keys that the grammar knows or an article warns of. It holds keys
// against no list of known ones: most are documented for no system.
func (c *checker) pair(entry int, line Line) {
	if line.Kind != KindPair || line.Group == GroupNone {
		return
	}
	switch line.Key {
	case keyPort, keyDeviceName:
		if line.Group != GroupMedia {
			c.add(CheckGroupKeyMisplaced, entry, line, line.Key+" belongs to a MEDIA group, before its DEVICE")
		}
	case keyPhoneNumber:
		if line.Group != GroupDevice {
			c.add(CheckGroupKeyMisplaced, entry, line, "PhoneNumber belongs to a DEVICE group")
		}
		if n := c.book.length(line.Value); n > MaxPhoneNumber {
			c.addf(CheckPhoneNumberOver128, entry, line, func() string { return fmt.Sprintf("%d characters", n) })
		}
	case "SkipDownLevelDialog":
		if line.Value == "1" {
			c.add(CheckSkipDownlevel, entry, line, "")
		}
	}
}

// wholeBook checks what is a matter of the book and of no line.
func (c *checker) wholeBook() {
	b := c.book
	if strings.HasPrefix(b.data, utf8Mark) {
		c.whole(CheckUTF8Mark, "")
	}
	if strings.HasSuffix(b.data, dosEnd) {
		c.whole(CheckDOSEndMark, "")
	}
	switch n := len(b.Entries); {
	case n == 0 && !c.fileWide:
		c.whole(CheckNoEntries, "")
	case n > 10:
		c.whole(CheckEntriesOver10, fmt.Sprintf("%d entries", n))
	}
}

// whole takes a finding about the file as a whole.
func (c *checker) whole(check CheckID, detail string) { c.add(check, noEntry, Line{}, detail) }
