package phonebook

import (
	"fmt"
	"iter"
	"strings"
	"unicode"
	"unicode/utf8"
)

// entry checks the name and the groups of an entry.
func (c *checker) entry(e Entry) {
	if !e.malformed { // otherwise the name is not known
		c.name(&e)
		c.duplicate(&e)
	}
	c.groups(&e)
}

// name checks an entry's name against the limits of RAS and of Exchange.
func (c *checker) name(e *Entry) {
	header := e.header()
	if trim(e.RawName) == "" {
		c.add(CheckNameEmpty, e, header, "")
		return
	}
	switch n := c.book.length(e.RawName); {
	case n > MaxName:
		c.addf(CheckNameOver256, e, header, func() string { return fmt.Sprintf("%d characters", n) })
	case n > MaxDialedName && !c.names.has(*e): // otherwise it is dialed_name_over_20
		c.addf(CheckNameOver20, e, header, func() string { return fmt.Sprintf("%d characters", n) })
	}
	if !isASCII(e.RawName) {
		c.add(CheckNameNotASCII, e, header, "")
	}
	if !isAllowedName(head(e.RawName)) { // a longer name has a finding already
		c.add(CheckNameCharacters, e, header, "")
	}
}

// isAllowedName reports whether a name has a letter or digit, and no character that RAS
// forbids. Bytes of a code page count as letters.
func isAllowedName(name string) bool {
	if utf8.ValidString(name) {
		return strings.ContainsFunc(name, isAlphanumeric) && !strings.ContainsFunc(name, isForbidden)
	}
	return !inAllReadings(name, hasForbidden)
}

// isForbidden reports whether RAS forbids a character in a name (RasValidateEntryName).
func isForbidden(r rune) bool { return unicode.IsControl(r) || strings.ContainsRune(`|><?*\/:`, r) }

func isAlphanumeric(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }

// duplicate checks that no earlier entry has the same name. Neither of the two
// can be relied on.
func (c *checker) duplicate(e *Entry) {
	key := nameKey(e.RawName)
	first, used := c.nameUsed[key]
	if !used {
		c.nameUsed[key] = nameUse{e.index, e.Line}
		return
	}
	c.unsound[first.index] = true
	c.addf(CheckDuplicateEntry, e, e.header(), func() string { return fmt.Sprintf("the first is at line %d", first.line) })
}

// groups checks that an entry has MEDIA groups, and each of them what it needs. If the
// last entry lacks a group, the file was cut.
func (c *checker) groups(e *Entry) {
	last := e.index == c.book.EntryCount-1
	orphan, orphaned := first(e.Orphans())
	var m Media
	n := 0
	for next := range e.Media() {
		if n > 0 {
			c.media(e, m, n == 1 && orphaned)
		}
		m = next
		n++
	}
	if n == 0 {
		// The end of the file is not missing if the key is there in other capitals.
		hint := c.caseHint(e.lines(), keyMedia)
		switch {
		case !last || hint != "":
			c.add(CheckMediaMissing, e, e.header(), hint)
		case !c.tailCut:
			c.add(CheckTruncatedTail, e, e.header(), "the last entry has no MEDIA")
		}
		return
	}
	if orphaned {
		c.addf(CheckDeviceBeforeMedia, e, e.header(), func() string { return fmt.Sprintf("DEVICE at line %d", orphan.Line) })
	}
	if last {
		if c.tailCut {
			return // what else the group lacks may have been cut off
		}
		if _, ok := first(m.Devices()); !ok && !(n == 1 && orphaned) {
			c.add(CheckTruncatedTail, e, c.book.lineAt(m.Line, m.place.start), "the last MEDIA has no DEVICE")
			return
		}
	}
	c.media(e, m, n == 1 && orphaned)
}

// media checks one MEDIA group. The DEVICE groups of the first may stand before it.
func (c *checker) media(e *Entry, m Media, devicesBefore bool) {
	line := c.book.lineAt(m.Line, m.place.start)
	n := 0
	for d := range m.Devices() {
		n++
		if !d.HasNumber && needsNumber(d.Type) {
			c.add(CheckNumberMissing, e, c.book.lineAt(d.Line, d.start), "")
		}
	}
	if n == 0 && !devicesBefore {
		c.add(CheckDeviceMissing, e, line, "")
	}
	if !m.HasPort {
		c.addf(CheckPortMissing, e, line, func() string { return c.caseHint(m.lines(), keyPort) })
	}
	allowed := 1
	if strings.EqualFold(m.Type, "serial") {
		allowed = 4
	}
	if n > allowed {
		c.addf(CheckDevicesOverLimit, e, line, func() string { return fmt.Sprintf("%d, allowed are %d", n, allowed) })
	}
}

// needsNumber reports whether a device of this type dials a number or an address.
// Switches and PADs do not (MS-RRASM 2.2.2.2.108), and PPPoE takes any service.
func needsNumber(deviceType string) bool {
	switch asciiLower(deviceType) {
	case "modem", "isdn", "x25", "vpn":
		return true
	}
	return false
}

// caseHint describes the first line whose key differs from another one in case alone.
func (c *checker) caseHint(lines iter.Seq[Line], key string) string {
	for line := range lines {
		if line.Kind == KindPair && line.Key != key && strings.EqualFold(line.Key, key) {
			return fmt.Sprintf("line %d has %s, which is another key", line.Number, c.book.show(line.Key))
		}
	}
	return ""
}

func first[T any](all iter.Seq[T]) (T, bool) {
	for one := range all {
		return one, true
	}
	var none T
	return none, false
}
