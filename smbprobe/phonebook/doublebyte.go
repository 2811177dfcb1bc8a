package phonebook

import (
	"slices"
	"strings"
	"unicode/utf8"
)

// In the double-byte code pages of Windows the second byte of a character can be a bracket,
// a backslash or a letter: "ゾ" of code page 932 ends with "]". A phone book does not name
// its code page. A text that may be in such a page is therefore read in each of these pages,
// and a check finds something only if all the readings have it.

// doubleBytePage describes the characters of a double-byte code page. A nil page has one
// byte for each character.
type doubleBytePage struct {
	leads   byteRanges // first bytes of characters in use
	trails  byteRanges // second bytes
	symbols byteRanges // first bytes of characters that are not letters
	singles byteRanges // characters of one byte besides ASCII

	// rareASCII: most characters have a second byte beyond ASCII, so that a letter with an
	// accent and an ASCII letter after it are no sign of this page.
	rareASCII bool
}

type byteRanges [][2]byte

func (ranges byteRanges) contain(b byte) bool {
	return slices.ContainsFunc(ranges, func(r [2]byte) bool { return r[0] <= b && b <= r[1] })
}

// doubleBytes are the rows of the pages that their languages use. The whole of a page would
// include nearly all texts of single-byte pages.
var doubleBytes = []*doubleBytePage{
	{ // 932
		leads: byteRanges{{0x81, 0x84}, {0x88, 0x9F}, {0xE0, 0xEA}, {0xFA, 0xFC}}, trails: byteRanges{{0x40, 0x7E}, {0x80, 0xFC}},
		symbols: byteRanges{{0x81, 0x81}, {0x84, 0x84}}, singles: byteRanges{{0xA1, 0xDF}},
	},
	{ // 936: the rows of GB 2312, and those of GBK
		leads: byteRanges{{0x81, 0xA9}, {0xB0, 0xF7}}, trails: byteRanges{{0x40, 0x7E}, {0x80, 0xFE}},
		symbols: byteRanges{{0xA1, 0xA9}}, rareASCII: true,
	},
	{ // 949
		leads: byteRanges{{0x81, 0xFD}}, trails: byteRanges{{0x41, 0x5A}, {0x61, 0x7A}, {0x81, 0xFE}},
		symbols: byteRanges{{0xA1, 0xAC}}, rareASCII: true,
	},
	{ // 950
		leads: byteRanges{{0xA1, 0xC6}, {0xC9, 0xF9}}, trails: byteRanges{{0x40, 0x7E}, {0xA1, 0xFE}},
		symbols: byteRanges{{0xA1, 0xA3}},
	},
}

// size returns the number of bytes of the first character of a text that is not empty; 0 if
// the page has no such character.
func (p *doubleBytePage) size(text string) int {
	switch {
	case p == nil || text[0] < utf8.RuneSelf || p.singles.contain(text[0]):
		return 1
	case len(text) > 1 && p.leads.contain(text[0]) && p.trails.contain(text[1]):
		return 2
	}
	return 0
}

// length returns the number of characters in a text, and whether the text may be of the
// page: it has its characters alone, and more letters than symbols.
func (p *doubleBytePage) length(text string) (n int, ok bool) {
	letters := 0
	for i := 0; i < len(text); n++ {
		size := p.size(text[i:])
		switch {
		case size == 0:
			return 0, false
		case size == 2 && (p.symbols.contain(text[i]) || p.rareASCII && text[i+1] < utf8.RuneSelf):
			letters--
		case size == 2:
			letters++
		}
		i += size
	}
	return n, letters > 0
}

// readings calls f for each page that a text may be of, with the text's length in
// characters: the double-byte pages, or nil if it cannot be of any of these.
func readings(text string, f func(page *doubleBytePage, length int)) {
	n := 0
	if !isASCII(text) && !utf8.ValidString(text) {
		for _, page := range doubleBytes {
			if length, ok := page.length(text); ok {
				n++
				f(page, length)
			}
		}
	}
	if n == 0 {
		f(nil, len(text))
	}
}

// inAllReadings reports whether something is true of a text in each page that it may be of.
func inAllReadings(text string, is func(text string, page *doubleBytePage) bool) bool {
	all := true
	readings(text, func(page *doubleBytePage, _ int) { all = all && is(text, page) })
	return all
}

// hasTwoHeaders reports whether a name has "][" in it: the line end between two headers was
// lost.
func hasTwoHeaders(name string, page *doubleBytePage) bool {
	for i := 0; i < len(name); i += page.size(name[i:]) {
		if strings.HasPrefix(name[i:], "][") {
			return true
		}
	}
	return false
}

// hasForbidden reports whether a name has a character that RAS forbids.
func hasForbidden(name string, page *doubleBytePage) bool {
	for i := 0; i < len(name); i += page.size(name[i:]) {
		if name[i] < utf8.RuneSelf && isForbidden(rune(name[i])) {
			return true
		}
	}
	return false
}

// lastBrackets returns where the pair of brackets opens that a text ends with; -1: it does
// not end with a bracket, or there is no opening one.
func lastBrackets(text string, page *doubleBytePage) int {
	var opened [8]int // where each level of nested brackets was opened last
	level, latest, open, last := 0, -1, -1, byte(0)
	for i := 0; i < len(text); i += page.size(text[i:]) {
		switch last = text[i]; last {
		case '[':
			opened[level%len(opened)], latest = i, i
			level++
		case ']':
			open = latest
			if level > 0 {
				level--
				open = opened[level%len(opened)]
			}
		}
	}
	if last != ']' {
		return -1
	}
	return open
}
