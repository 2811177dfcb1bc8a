package dialfailures

import (
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/rasphone-exporter/rasphone_exporter/smbprobe"
)

// maxNameLength is how many characters the name of an entry may have that the Internet
// Mail Service can dial. A longer text may be a sentence that contains the name.
const maxNameLength = 20

// Parse finds the phone book entry and the error code in the insertion strings of event
// 4106 of source MSExchangeIMC. Their layout is not documented, and they come in the
// server's language, so both are found by their shape: the entry comes first, in quotes
// or not; the code is a string of its own, or in brackets. The code is an unsigned
// 32-bit number in decimal.
//
// A number in brackets may be part of an entry's name, such as "ISP (2)", so known names
// are taken out first. ok reports whether a code was found. The entry is fit for display,
// and empty if it could not be found; without a code, only a known name is returned.
func Parse(insertions, names []string) (entry, code string, ok bool) {
	texts := slices.Clone(insertions)
	entry, known := cutKnownName(texts, names)
	if !known {
		entry = cutNameByShape(texts)
	}
	code, ok = findCode(texts, names)
	if !ok && !known {
		entry = ""
	}
	return smbprobe.CleanText(entry), code, ok
}

// cutKnownName finds one of the names in the texts, removes one occurrence, and returns
// it. A name that is a whole text or in quotes counts before one inside a sentence, and a
// longer name before a shorter one.
func cutKnownName(texts, names []string) (name string, found bool) {
	byLength := slices.SortedStableFunc(slices.Values(names), func(a, b string) int { return len(b) - len(a) })
	for i, text := range texts {
		for _, name := range byLength {
			if trimmed := strings.TrimSpace(text); name != "" && (strings.EqualFold(trimmed, name) || strings.EqualFold(unquote(trimmed), name)) {
				if i == 0 || len(texts) > 1 && !isCode(trimmed) {
					texts[i] = ""
					return name, true
				}
			}
		}
	}
	for _, inQuotes := range []bool{true, false} {
		for i, text := range texts {
			if _, _, hasQuotes := quoted(text); hasQuotes && !inQuotes {
				continue // the name is the part in quotes, not a word that is a name as well
			}
			for _, name := range byLength {
				if at := indexOfName(text, name, inQuotes); at >= 0 {
					texts[i] = text[:at] + text[at+len(name):]
					return name, true
				}
			}
		}
	}
	return "", false
}

// indexOfName returns where a name is in a text: in quotes, or at word boundaries. The
// content of the last pair of brackets is not a name: it may be the code.
func indexOfName(text, name string, inQuotes bool) int {
	if name == "" {
		return -1
	}
	last := strings.LastIndexAny(text, openBrackets)
	for from := 0; from < len(text); {
		at := strings.Index(text[from:], name)
		if at < 0 {
			return -1
		}
		at += from
		end := at + len(name)
		before, _ := utf8.DecodeLastRuneInString(text[:at])
		after, _ := utf8.DecodeRuneInString(text[end:])
		inBrackets := last >= 0 && at > last && !strings.ContainsAny(text[last:at], closeBrackets)
		switch {
		case inBrackets:
		case inQuotes && isQuote(before) && isQuote(after), !inQuotes && !isWordRune(before) && !isWordRune(after):
			return at
		}
		from = at + 1
	}
	return -1
}

// cutNameByShape finds what looks like a name, removes it from the texts, and returns it.
// If it is not clear where a sentence has the name, it returns "".
func cutNameByShape(texts []string) string {
	if len(texts) == 0 {
		return ""
	}
	text := strings.TrimSpace(texts[0])
	if name := unquote(text); name != text {
		texts[0] = ""
		return name
	}
	switch {
	case len(texts) == 1 && isCode(text):
		return ""
	case utf8.RuneCountInString(text) <= maxNameLength:
		if len(texts) > 1 && isCode(text) && !slices.ContainsFunc(texts[1:], hasCode) {
			return "" // the code, and a text for it
		}
		texts[0] = ""
		return text
	}
	if name, rest, ok := quoted(text); ok {
		texts[0] = rest
		return name
	}
	// The wording of the English message without quotes.
	if _, after, ok := strings.Cut(text, "connection "); ok {
		if name, rest, ok := strings.Cut(after, " could not be made"); ok {
			texts[0] = rest
			return name
		}
	}
	return ""
}

// quotePairs are the quotes of the languages that Exchange and Windows NT came in.
var quotePairs = [][2]rune{{'"', '"'}, {'\'', '\''}, {'“', '”'}, {'„', '“'}, {'„', '”'}, {'”', '”'}, {'«', '»'}, {'»', '«'}, {'‹', '›'}, {'‘', '’'}, {'‚', '‘'}, {'「', '」'}, {'『', '』'}}

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

// quoted returns the first part of a text in quotes that are outside of words, and the
// text after it.
func quoted(s string) (name, rest string, ok bool) {
	previous := ' '
	for i, open := range s {
		if isWordRune(previous) || !isQuote(open) {
			previous = open
			continue
		}
		previous = open
		inside := s[i+utf8.RuneLen(open):]
		for j, end := range inside {
			if !slices.Contains(quotePairs, [2]rune{open, end}) {
				continue
			}
			after := inside[j+utf8.RuneLen(end):]
			if next, _ := utf8.DecodeRuneInString(after); after == "" || !isWordRune(next) {
				return strings.TrimSpace(inside[:j]), after, true
			}
		}
	}
	return "", "", false
}

func isWordRune(r rune) bool {
	return r != utf8.RuneError && (unicode.IsLetter(r) || unicode.IsDigit(r) || r == '_')
}

// findCode returns the error code: a text that is a code and nothing else, otherwise the
// last number in brackets. A text that is only a name gives no code, unless nothing else
// does.
func findCode(texts, names []string) (code string, ok bool) {
	isName := func(text string) bool {
		return slices.ContainsFunc(names, func(name string) bool { return strings.EqualFold(strings.TrimSpace(text), name) })
	}
	for _, alsoNames := range []bool{false, true} {
		for _, text := range texts {
			if isName(text) != alsoNames {
				continue
			}
			if code, ok = wholeCode(text); ok {
				return code, true
			}
		}
		if alsoNames {
			break
		}
		for _, text := range slices.Backward(texts) {
			if !isName(text) {
				if code, ok = bracketedCode(text); ok {
					return code, true
				}
			}
		}
	}
	return "", false
}

func isCode(s string) bool {
	_, ok := wholeCode(s)
	return ok
}

func hasCode(s string) bool {
	_, bracketed := bracketedCode(s)
	return bracketed || isCode(s)
}

// wholeCode reads a text that holds a code and nothing else: 5, "[5].", (87),
// [317] (317).
func wholeCode(s string) (code string, ok bool) {
	fields := strings.Fields(s)
	if len(fields) == 0 || len(fields) > 2 {
		return "", false
	}
	for i, field := range fields {
		field = strings.TrimRight(field, ".:,。")
		if inside, ok := brackets(field); ok {
			field = inside
		}
		number, ok := decimal(field)
		if !ok || i > 0 && number != code {
			return "", false
		}
		code = number
	}
	return code, true
}

// The brackets around a code; the wide ones are those of Japanese texts.
const (
	openBrackets  = "[(［（"
	closeBrackets = "])］）"
)

// brackets returns the content of a text that is one pair of brackets.
func brackets(s string) (inside string, ok bool) {
	open, n := utf8.DecodeRuneInString(s)
	end, m := utf8.DecodeLastRuneInString(s)
	if len(s) < n+m || !isPair(open, end) {
		return "", false
	}
	return s[n : len(s)-m], true
}

func isPair(open, end rune) bool {
	i := strings.IndexRune(openBrackets, open)
	return i >= 0 && i == strings.IndexRune(closeBrackets, end) && open != utf8.RuneError
}

// bracketedCode returns the last number in brackets in a text.
func bracketedCode(s string) (code string, ok bool) {
	for i, open := range s {
		if !strings.ContainsRune(openBrackets, open) {
			continue
		}
		inside := s[i+utf8.RuneLen(open):]
		digits := len(inside) - len(strings.TrimLeft(inside, "0123456789"))
		if end, _ := utf8.DecodeRuneInString(inside[digits:]); !isPair(open, end) {
			continue
		}
		if number, valid := decimal(inside[:digits]); valid {
			code, ok = number, true
		}
	}
	return code, ok
}

// decimal reads an unsigned 32-bit number and returns it without leading zeros.
func decimal(s string) (string, bool) {
	n, err := strconv.ParseUint(s, 10, 32)
	if err != nil {
		return "", false
	}
	return strconv.FormatUint(n, 10), true
}
