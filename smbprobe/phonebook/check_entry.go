package phonebook

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// entries checks names and groups of every entry.
func (c *checker) entries(dialed []match) {
	for i := range c.book.Entries {
		e := &c.book.Entries[i]
		if !e.malformed { // else it is not known what the name is
			c.name(i, e, isDialed(dialed, i))
			c.duplicate(i, e)
		}
		c.groups(i, e)
	}
}

// name checks an entry's name against the limits of RAS and of Exchange.
func (c *checker) name(i int, e *Entry, dialed bool) {
	header := c.header(e)
	if trim(e.RawName) == "" {
		c.add(CheckNameEmpty, i, header, "")
		return
	}
	switch n := c.book.length(e.RawName); {
	case n > MaxName:
		c.addf(CheckNameOver256, i, header, func() string { return fmt.Sprintf("%d characters", n) })
	case n > MaxDialedName && !dialed: // else it is dialed_name_over_20
		c.addf(CheckNameOver20, i, header, func() string { return fmt.Sprintf("%d characters", n) })
	}
	if !isASCII(e.RawName) {
		c.add(CheckNameNotASCII, i, header, "")
	}
	name := c.book.decode(e.RawName)
	if strings.ContainsFunc(name, isForbidden) || !strings.ContainsFunc(name, isAlphanumeric) {
		c.add(CheckNameCharacters, i, header, "")
	}
}

// isForbidden reports whether RAS forbids a character in a name (RasValidateEntryName).
func isForbidden(r rune) bool { return unicode.IsControl(r) || strings.ContainsRune(`|><?*\/:`, r) }

func isAlphanumeric(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }

// duplicate checks that no earlier entry has the same name. Neither of the two
// can be relied on.
func (c *checker) duplicate(i int, e *Entry) {
	key := nameKey(e.RawName)
	first, used := c.nameUsed[key]
	if !used {
		c.nameUsed[key] = i
		return
	}
	c.unsound[first] = true
	c.addf(CheckDuplicateEntry, i, c.header(e), func() string { return fmt.Sprintf("the first is at line %d", c.book.Entries[first].Line) })
}

// groups checks that an entry has its MEDIA groups, and each of them what it
// needs. Where the last entry lacks a group, the file was cut.
func (c *checker) groups(i int, e *Entry) {
	header := c.header(e)
	last := i == len(c.book.Entries)-1
	if len(e.Orphans) > 0 && len(e.Media) > 0 {
		c.addf(CheckDeviceBeforeMedia, i, header, func() string { return fmt.Sprintf("DEVICE at line %d", e.Orphans[0].Line) })
	}
	if len(e.Media) == 0 {
		switch {
		case !last:
			c.addf(CheckMediaMissing, i, header, func() string { return c.caseHint(e, keyMedia) })
		case !c.tailCut:
			c.add(CheckTruncatedTail, i, header, strings.TrimSuffix("the last entry has no MEDIA; "+c.caseHint(e, keyMedia), "; "))
		}
		return
	}
	for k := range e.Media {
		m := &e.Media[k]
		lacksDevice := len(m.Devices) == 0 && !(k == 0 && len(e.Orphans) > 0)
		if last && k == len(e.Media)-1 && (lacksDevice || c.tailCut) {
			if !c.tailCut {
				c.add(CheckTruncatedTail, i, c.book.lineAt(m.Line, m.offset), "the last MEDIA has no DEVICE")
			}
			return // what else the group lacks may have stood in what was cut off
		}
		c.media(i, e, m, lacksDevice)
	}
}

// media checks one MEDIA group.
func (c *checker) media(i int, e *Entry, m *Media, lacksDevice bool) {
	if lacksDevice {
		c.add(CheckDeviceMissing, i, c.book.lineAt(m.Line, m.offset), "")
	}
	if !m.HasPort {
		c.addf(CheckPortMissing, i, c.book.lineAt(m.Line, m.offset), func() string { return c.caseHint(e, keyPort) })
	}
	allowed := 1
	if strings.EqualFold(m.Type, "serial") {
		allowed = 4
	}
	if n := len(m.Devices); n > allowed {
		c.addf(CheckDevicesOverLimit, i, c.book.lineAt(m.Line, m.offset), func() string { return fmt.Sprintf("%d, allowed are %d", n, allowed) })
	}
	for _, d := range m.Devices {
		if !d.HasNumber && needsNumber(d.Type) {
			c.add(CheckNumberMissing, i, c.book.lineAt(d.Line, d.offset), "")
		}
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

// length is the number of characters in bytes of the book. In a double-byte
// code page that the book was not parsed with it is too high.
func (b *Book) length(raw string) int {
	if isASCII(raw) {
		return len(raw)
	}
	return utf8.RuneCountInString(b.decode(raw))
}

// header returns an entry's first line.
func (c *checker) header(e *Entry) Line { return c.book.lineAt(e.Line, e.start) }

// caseHint says where an entry has a key that differs from the one looked for
// in case alone.
func (c *checker) caseHint(e *Entry, key string) string {
	for line := range c.book.linesOf(e) {
		if line.Kind == KindPair && line.Key != key && strings.EqualFold(line.Key, key) {
			return fmt.Sprintf("line %d has %s, which is another key", line.Number, c.book.show(line.Key))
		}
	}
	return ""
}
