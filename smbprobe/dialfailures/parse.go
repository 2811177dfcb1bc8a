package dialfailures

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/rasphone-exporter/rasphone_exporter/smbprobe"
)

// Parse finds the phone book entry and the error code in the insertion strings of event
// 4106 of source MSExchangeIMC. Their layout is not documented, and they come in the
// server's language, so both are found by their shape: the entry comes first, in quotes
// or not; the code is a string of its own, or in brackets. The code is an unsigned
// 32-bit number in decimal.
//
// A number in brackets may be part of an entry's name, such as "ISP (2)", so known names
// are removed first. ok reports whether a code was found. The entry is fit for display,
// and empty if it could not be found; without a code, only a known name is returned.
func Parse(insertions, names []string) (entry, code string, ok bool) {
	return newKnownNames(names).parse(insertions)
}

// parse is Parse for these names.
func (k knownNames) parse(insertions []string) (entry, code string, ok bool) {
	texts := make([]string, len(insertions))
	for i, text := range insertions {
		texts[i] = strings.TrimSpace(strings.ToValidUTF8(text, "\uFFFD"))
	}
	entry, known := k.cutName(texts)
	nameCut := known
	if !known {
		entry, nameCut = cutNameByShape(texts)
	}
	code, ok = k.findCode(texts, nameCut)
	if !ok && !known {
		entry = ""
	}
	return smbprobe.CleanText(entry), code, ok
}

// findCode returns the error code: a text that is a code and nothing else, one in brackets
// first; otherwise the last number in brackets. A text that is only a name gives no code,
// unless nothing else does. nameCut reports whether the entry's name was removed from the
// texts.
func (k knownNames) findCode(texts []string, nameCut bool) (code string, ok bool) {
	for _, inBrackets := range []bool{true, false} {
		for _, text := range texts {
			if code, ok = wholeCode(text); ok && !k.isName(text) && (!inBrackets || strings.ContainsAny(text, openBrackets)) {
				return code, true
			}
		}
	}
	for _, text := range slices.Backward(texts) {
		if code, ok = bracketedCode(text, nameCut); ok && !k.isName(text) {
			return code, true
		}
	}
	for _, text := range texts {
		if code, ok = wholeCode(text); ok {
			return code, true
		}
	}
	return "", false
}

// foldCase makes letters lower case where that does not change their length, so that
// offsets stay valid.
func foldCase(s string) string {
	return strings.Map(func(r rune) rune {
		// By way of upper case, because the Greek sigma has two lower-case forms.
		if folded := unicode.ToLower(unicode.ToUpper(r)); utf8.RuneLen(folded) == utf8.RuneLen(r) {
			return folded
		}
		return r
	}, s)
}
