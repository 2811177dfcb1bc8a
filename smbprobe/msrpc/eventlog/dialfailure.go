package eventlog

import (
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/smb"
)

// maxDialable is how many characters the name of an entry may have so that the
// Internet Mail Service can dial it. A longer text may be a sentence with the
// name in it.
const maxDialable = 20

// DialFailure finds the phone book entry and the error code in the insertion
// strings of event 4106 of source MSExchangeIMC. Their layout is not documented,
// so both are found by their shape: the entry comes first, in quotes or not; the
// code is a string of its own, or stands in brackets in a longer one. The code is
// an unsigned 32-bit number in decimal. The entry went through smb.CleanText, and
// is empty if only the code was found. ok reports whether a code was found.
func DialFailure(insertions []string) (entry, code string, ok bool) {
	if len(insertions) == 0 {
		return "", "", false
	}
	name, rest := splitEntry(insertions[0])
	for _, s := range insertions[1:] {
		if code, ok = wholeCode(s); ok {
			return smb.CleanText(name), code, true
		}
	}
	for _, s := range insertions[1:] {
		if code, ok = bracketedCode(s); ok {
			return smb.CleanText(name), code, true
		}
	}
	if code, ok = bracketedCode(rest); ok {
		if rest == insertions[0] {
			name = "" // nothing in the text delimits the name
		}
		return smb.CleanText(name), code, true
	}
	return "", "", false
}

// splitEntry returns the entry's name in a text, and the text after it. If nothing
// delimits the name, both are the whole text.
func splitEntry(s string) (name, rest string) {
	trimmed := strings.TrimSpace(s)
	if n := len(trimmed); n >= 2 && isQuote(trimmed[0]) && strings.IndexByte(trimmed[1:], trimmed[0]) == n-2 {
		return trimmed[1 : n-1], ""
	}
	if utf8.RuneCountInString(trimmed) <= maxDialable {
		return trimmed, s
	}
	for _, quote := range []byte{'"', '\''} {
		if name, rest, ok := quoted(s, quote); ok {
			return name, rest
		}
	}
	// The wording of the English message without quotes.
	if _, after, ok := strings.Cut(s, "connection "); ok {
		if name, rest, ok := strings.Cut(after, " could not be made"); ok {
			return name, rest
		}
	}
	return trimmed, s
}

// quoted returns the first quoted part of a text; an apostrophe within a word is not
// a quote.
func quoted(s string, quote byte) (name, rest string, ok bool) {
	for from := 0; from < len(s); {
		open := strings.IndexByte(s[from:], quote)
		if open < 0 {
			break
		}
		open += from
		from = open + 1
		if open > 0 && s[open-1] != ' ' {
			continue
		}
		for end := from + 1; end < len(s); end++ {
			if s[end] == quote && (end+1 == len(s) || strings.IndexByte(" .,:;", s[end+1]) >= 0) {
				return s[from:end], s[end+1:], true
			}
		}
		break
	}
	return "", "", false
}

func isQuote(c byte) bool { return c == '"' || c == '\'' }

// wholeCode reads a text that holds a code and nothing else: 5, "[5].", (87),
// [317] (317).
func wholeCode(s string) (code string, ok bool) {
	fields := strings.Fields(s)
	if len(fields) == 0 || len(fields) > 2 {
		return "", false
	}
	for i, field := range fields {
		field = strings.TrimRight(field, ".:,")
		if n := len(field); n > 2 && isPair(field[0], field[n-1]) {
			field = field[1 : n-1]
		}
		number, ok := decimal(field)
		if !ok || i > 0 && number != code {
			return "", false
		}
		code = number
	}
	return code, true
}

// bracketedCode returns the first number in brackets in a text.
func bracketedCode(s string) (code string, ok bool) {
	for {
		open := strings.IndexAny(s, "[(")
		if open < 0 {
			return "", false
		}
		bracket := s[open]
		s = s[open+1:]
		end := strings.IndexFunc(s, func(r rune) bool { return r < '0' || r > '9' })
		if end > 0 && isPair(bracket, s[end]) {
			if code, ok := decimal(s[:end]); ok {
				return code, true
			}
		}
	}
}

func isPair(open, end byte) bool {
	return open == '[' && end == ']' || open == '(' && end == ')'
}

// decimal reads an unsigned 32-bit number and writes it without leading zeros.
func decimal(s string) (string, bool) {
	n, err := strconv.ParseUint(s, 10, 32)
	if err != nil {
		return "", false
	}
	return strconv.FormatUint(n, 10), true
}
