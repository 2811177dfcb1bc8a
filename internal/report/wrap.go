package report

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/width"
)

// columns is how wide a report is. A command to type and the first line, which a
// monitoring plugin has to be able to take as one, may be wider.
const columns = 80

// oneLine makes a text one line that is safe on a terminal: errors that stand on lines
// of their own get semicolons between them, tabs become blanks, and what else does
// not print U+FFFD.
func oneLine(s string) string {
	s = strings.NewReplacer(":\n", ": ", "\n", "; ", "\t", " ").Replace(s)
	return strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return utf8.RuneError
		}
		return r
	}, s)
}

// wrap breaks a text into lines of at most room columns, at blanks where there are any
// and inside a word where it alone is longer. A path is never broken, so that it can be copied:
// its line may be wider. Blanks inside a line stay as they are: they may be part of a name.
func wrap(s string, room int) []string {
	var lines []string
	line, used := "", 0 // used: columns of line
	for i, word := range strings.Split(oneLine(s), " ") {
		w := textWidth(word)
		if i > 0 {
			if used+1+w <= room {
				line, used = line+" "+word, used+1+w
				continue
			}
			lines = append(lines, strings.TrimRight(line, " "))
		}
		for w > room && !isPath(word) {
			n := fitting(word, room)
			lines = append(lines, word[:n])
			word = word[n:]
			w = textWidth(word)
		}
		line, used = word, w
	}
	return append(lines, strings.TrimRight(line, " "))
}

// isPath reports whether a word is a path of a file or a registry key: names between
// backslashes, none longer than names are.
func isPath(word string) bool {
	if !strings.Contains(word, `\`) {
		return false
	}
	for name := range strings.SplitSeq(word, `\`) {
		if textWidth(name) > maxPathName {
			return false
		}
	}
	return true
}

// maxPathName is how many columns a name in a path may take.
const maxPathName = 40

// fitting returns how many bytes of a word take at most room columns, one character
// at least.
func fitting(word string, room int) int {
	used := 0
	for i, r := range word {
		used += runeWidth(r)
		if i > 0 && used > room {
			return i
		}
	}
	return len(word)
}

// textWidth is how many columns of a terminal a text takes.
func textWidth(s string) int {
	n := 0
	for _, r := range s {
		n += runeWidth(r)
	}
	return n
}

// runeWidth is how many columns a character takes (Unicode Standard Annex 11);
// one whose width is ambiguous takes one.
func runeWidth(r rune) int {
	if unicode.In(r, unicode.Mn, unicode.Me) {
		return 0
	}
	switch width.LookupRune(r).Kind() {
	case width.EastAsianWide, width.EastAsianFullwidth:
		return 2
	}
	return 1
}
