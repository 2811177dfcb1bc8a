package dialfailures

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// quotePairs are the quotes of the languages that Exchange and Windows NT came in.
var quotePairs = [][2]rune{
	{'"', '"'}, {'\'', '\''}, {'`', '\''}, {'“', '”'}, {'‘', '’'}, {'”', '”'}, {'’', '’'},
	{'„', '“'}, {'„', '”'}, {'„', '"'}, {'‚', '‘'}, {'‚', '’'}, {'«', '»'}, {'»', '«'}, {'‹', '›'}, {'›', '‹'},
	{'「', '」'}, {'『', '』'}, {'｢', '｣'}, {'《', '》'}, {'〈', '〉'}, {'〝', '〟'}, {'＂', '＂'}, {'＇', '＇'},
}

func isQuote(r rune) bool {
	return slices.ContainsFunc(quotePairs, func(p [2]rune) bool { return r == p[0] || r == p[1] })
}

// unquote returns the content of a text that is one pair of quotes and nothing else,
// otherwise the text.
func unquote(s string) string {
	first, n := utf8.DecodeRuneInString(s)
	last, m := utf8.DecodeLastRuneInString(s)
	if len(s) < n+m || !slices.Contains(quotePairs, [2]rune{first, last}) {
		return s
	}
	inside := s[n : len(s)-m]
	if strings.ContainsRune(inside, first) || strings.ContainsRune(inside, last) {
		return s
	}
	return strings.TrimSpace(inside)
}

// quoted returns where the first part of a text in quotes begins and ends, with the quotes.
// It may have quotes in it. An apostrophe inside a word is not a quote.
func quoted(s string) (start, end int, ok bool) {
	previous := ' '
	for i, open := range s {
		inside := i + runeSize(s[i:])
		if isQuote(open) && !joins(previous, firstRune(s[inside:])) {
			for _, nested := range []bool{true, false} {
				if n := closingQuote(open, s[inside:], nested); n >= 0 {
					return i, inside + n + runeSize(s[inside+n:]), true
				}
			}
		}
		previous = open
	}
	return 0, 0, false
}

// closingQuote returns where the quote is in a text that closes an opening one; -1: there is
// none. nested reports whether a quote before a word opens quotes inside of these.
func closingQuote(open rune, text string, nested bool) int {
	depth, previous := 1, open
	for i, r := range text {
		next := firstRune(text[i+runeSize(text[i:]):])
		before := previous
		previous = r
		beforeWord := isWordRune(next) && !unicode.In(next, unspaced...)
		switch {
		case !isQuote(r) || joins(before, next):
		case nested && !isWordRune(before) && (beforeWord || isQuote(next)):
			depth++
		case depth > 1:
			depth--
		case slices.Contains(quotePairs, [2]rune{open, r}) && !beforeWord:
			return i
		}
	}
	return -1
}

// trimRunes removes the first and the last character of a text.
func trimRunes(s string) string {
	s = s[runeSize(s):]
	_, n := utf8.DecodeLastRuneInString(s)
	return s[:len(s)-n]
}

// runeSize returns the number of bytes of the first character of a text.
func runeSize(s string) int {
	_, n := utf8.DecodeRuneInString(s)
	return n
}

func isWordRune(r rune) bool {
	return r != utf8.RuneError && (unicode.IsLetter(r) || unicode.IsDigit(r) || r == '_')
}

// joins reports whether two adjacent characters belong to one word. In scripts without
// blanks between words, and in Korean, where endings follow a name, no two do.
func joins(a, b rune) bool {
	return isWordRune(a) && isWordRune(b) && !unicode.In(a, unspaced...) && !unicode.In(b, unspaced...)
}

// unspaced are the scripts in which a name may follow on another word without a blank.
var unspaced = []*unicode.RangeTable{unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Hangul, unicode.Thai}

func firstRune(s string) rune {
	r, _ := utf8.DecodeRuneInString(s)
	return r
}

func lastRune(s string) rune {
	r, _ := utf8.DecodeLastRuneInString(s)
	return r
}
