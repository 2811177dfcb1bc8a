package dialfailures

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

func isCode(s string) bool {
	_, ok := wholeCode(s)
	return ok
}

func hasCode(s string) bool {
	_, bracketed := bracketedCode(s, true)
	return bracketed || isCode(s)
}

// beginsWithCode reports whether a text begins with a number in brackets.
func beginsWithCode(s string) bool {
	end := strings.IndexAny(s, closeBrackets)
	if end < 0 {
		return false
	}
	_, n := utf8.DecodeRuneInString(s[end:])
	inside, ok := brackets(s[:end+n])
	return ok && isCode(inside)
}

// wholeCode reads a text that holds a code and nothing else: 5, "[5].", (87),
// [317] (317).
func wholeCode(s string) (code string, ok bool) {
	for rest := s; ; {
		rest = strings.TrimLeftFunc(rest, func(r rune) bool { return unicode.IsSpace(r) || ok && strings.ContainsRune(endMarks, r) })
		if rest == "" {
			return code, ok
		}
		field := rest
		if end := strings.IndexAny(rest, closeBrackets); end >= 0 && strings.IndexAny(rest, openBrackets) == 0 {
			_, n := utf8.DecodeRuneInString(rest[end:])
			field = rest[:end+n]
		} else if end := strings.IndexFunc(rest, func(r rune) bool { return unicode.IsSpace(r) || strings.ContainsRune(openBrackets, r) }); end > 0 {
			field = rest[:end]
		}
		rest = rest[len(field):]
		if inside, ok := brackets(field); ok {
			field = strings.TrimSpace(inside)
		}
		number, valid := decimal(strings.TrimRight(field, endMarks))
		if !valid || ok && number != code {
			return "", false
		}
		code, ok = number, true
	}
}

// endMarks may follow a code.
const endMarks = ".:,;!。．：，；！｡､、"

// The brackets around a code; the wide ones are those of Chinese and Japanese texts.
const (
	openBrackets  = "[(［（【〔"
	closeBrackets = "])］）】〕"
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

// bracketedCode returns the last number in brackets in a text. If the entry's name may
// still be in the text, one inside a sentence may be part of it: then only a number that
// begins or ends a sentence counts.
func bracketedCode(s string, nameCut bool) (code string, ok bool) {
	for i, open := range s {
		if !strings.ContainsRune(openBrackets, open) {
			continue
		}
		inside := strings.TrimLeftFunc(s[i+utf8.RuneLen(open):], unicode.IsSpace)
		after := strings.TrimLeft(inside, "0123456789")
		number, valid := decimal(inside[:len(inside)-len(after)])
		after = strings.TrimLeftFunc(after, unicode.IsSpace)
		end, n := utf8.DecodeRuneInString(after)
		if !valid || !isPair(open, end) {
			continue
		}
		next, _ := utf8.DecodeRuneInString(strings.TrimLeftFunc(after[n:], unicode.IsSpace))
		if nameCut || i == 0 || !isWordRune(next) {
			code, ok = number, true
		}
	}
	return code, ok
}

// decimal reads an unsigned 32-bit number and returns it without leading zeros.
func decimal(s string) (string, bool) {
	if s == "" || strings.Trim(s, "0123456789") != "" { // most texts, and an error of ParseUint takes memory
		return "", false
	}
	if _, err := strconv.ParseUint(s, 10, 32); err != nil {
		return "", false
	}
	if s = strings.TrimLeft(s, "0"); s == "" {
		return "0", true
	}
	return s, true
}
