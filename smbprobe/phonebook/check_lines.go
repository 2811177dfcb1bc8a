package phonebook

import (
	"fmt"
	"strings"
)

const maxLine = 1024 // bytes

// content checks the bytes of the file. It reports whether they are a text that has lines
// and entries.
func (c *checker) content() (readable bool) {
	data, text := c.book.data, c.book.text
	nul := strings.IndexByte(data, 0)
	controls, others := countControls(data)
	switch {
	case strings.HasPrefix(data, utf16LEMark) || strings.HasPrefix(data, utf16BEMark):
		c.whole(CheckUTF16Mark, "")
	case nul >= 0:
		c.whole(CheckNULBytes, fmt.Sprintf("%d of %d bytes are zero, the first at offset %d", strings.Count(data, "\x00"), len(data), nul))
	case text == "":
		c.whole(CheckEmptyFile, fmt.Sprintf("%d bytes", len(data)))
	case controls > others:
		c.whole(CheckControlBytes, fmt.Sprintf("%d of %d bytes", controls, len(data)))
	case c.book.cutAt != 0:
		c.whole(CheckTooManyEntries, fmt.Sprintf("line %d and what follows was not checked", c.book.cutAt))
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

// lines checks every line by itself, and the line ends of the file.
func (c *checker) lines() {
	var entry *Entry
	var open Entry // what entry points to: one for all, not one for each
	var joined joinedEntry
	var last Line
	var lf, cr, terminated, entries int
	newer := false
	for line := range c.book.AllLines() {
		if line.opensEntry() {
			c.settle(entry, &joined)
			open, entry = c.book.entry(line, entries), &open
			joined = joinedEntry{}
			entries++
		}
		if whole := c.form(entry, line); whole && line.Kind == KindPair && line.Group != GroupNone {
			c.pair(entry, line)
			c.runTogether(entry, line, &joined)
		}
		c.inSecret = spillsOver(c.inSecret, &line)
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
	c.inSecret = false
	c.settle(entry, &joined)
	// A CR at the very end is half of a CRLF: the file was cut there.
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

// form checks that a line is one of the grammar's (MS-RRASM 2.2.2). It reports whether the
// line is whole: the file does not end inside it.
func (c *checker) form(entry *Entry, line Line) (whole bool) {
	switch line.Kind {
	case KindBadHeader, KindMalformed:
		if line.End == EndNone {
			break
		}
		check := CheckMalformedLine
		if line.Kind == KindBadHeader {
			check = CheckMalformedHeader
		}
		c.add(check, entry, line, "")
		if name, ok := headerAtEnd(line.Raw); ok {
			c.names.inMiddle(name, ClassFile)
		}
		return true
	case KindPair:
		if line.Group == GroupNone {
			c.add(CheckKeyBeforeSection, nil, line, "")
			return true
		}
		if line.End != EndNone || line.Value != "" || line.Key != keyMedia && line.Key != keyDevice {
			return true
		}
	default:
		return true
	}
	c.tailCut = true
	c.add(CheckTruncatedTail, entry, line, "the file ends inside this line")
	return false
}

// pair checks keys that the grammar knows or an article warns of. Unknown keys are not
// reported, because most keys are not documented for any system.
func (c *checker) pair(entry *Entry, line Line) {
	over := func(check CheckID, limit int) {
		if n := c.book.length(line.Value); n > limit {
			c.addf(check, entry, line, func() string { return fmt.Sprintf("%d characters", n) })
		}
	}
	if key := settingIn(line.Value); key != "" && !isSecret(line.Key) {
		c.add(CheckSettingInValue, entry, line, key)
	}
	switch line.Key {
	case keyMedia:
		if line.Value == "" {
			c.add(CheckMediaEmpty, entry, line, "")
		}
	case keyDevice:
		if line.Value == "" {
			c.add(CheckDeviceEmpty, entry, line, "")
		}
		over(CheckDeviceTypeOver16, MaxDeviceType)
	case keyPort, keyDeviceName:
		if line.Group != GroupMedia {
			c.add(CheckGroupKeyMisplaced, entry, line, "")
		}
		if line.Key == keyDeviceName {
			over(CheckDeviceNameOver128, MaxDeviceName)
		}
	case keyPhoneNumber:
		if line.Group != GroupDevice {
			c.add(CheckGroupKeyMisplaced, entry, line, "")
		}
		over(CheckPhoneNumberOver128, MaxPhoneNumber)
	case "SkipDownLevelDialog":
		if line.Value == "1" {
			c.add(CheckSkipDownlevel, entry, line, "")
		}
	}
}

// wholeBook checks what concerns the file and no line of it.
func (c *checker) wholeBook() {
	b := c.book
	if strings.HasPrefix(b.data, utf8Mark) {
		c.whole(CheckUTF8Mark, "")
	}
	if len(b.text) != len(strings.TrimPrefix(b.data, utf8Mark)) {
		c.whole(CheckDOSEndMark, "")
	}
	switch n := b.EntryCount; {
	case n == 0 && !c.fileWide:
		c.whole(CheckNoEntries, "")
	case n > 10:
		c.whole(CheckEntriesOver10, fmt.Sprintf("%d entries", n))
	}
}
