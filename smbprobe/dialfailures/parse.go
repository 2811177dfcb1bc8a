package dialfailures

import (
	"slices"
	"strings"
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

// maxNameLength is how many characters the name of an entry may have that the Internet
// Mail Service can dial. A longer text may be a sentence that contains the name.
const maxNameLength = 20

// cutNameByShape finds what looks like a name, removes it from the texts, and returns it.
// found is false if it is not clear where a sentence has the name.
func cutNameByShape(texts []string) (name string, found bool) {
	if len(texts) == 0 {
		return "", false
	}
	text := texts[0]
	if name := unquote(text); name != text {
		texts[0] = ""
		return name, true
	}
	short := utf8.RuneCountInString(text) <= maxNameLength
	if len(texts) > 1 && (short || !isSentence(text)) {
		if isCode(text) && !slices.ContainsFunc(texts[1:], hasCode) {
			return "", false // the code, and a text for it
		}
		texts[0] = ""
		return text, true
	}
	if start, end, ok := quoted(text); ok && !short {
		name := strings.TrimSpace(trimRunes(text[start:end]))
		texts[0] = text[:start] + " " + text[end:]
		return name, true
	}
	if len(texts) == 1 && (isCode(text) || beginsWithCode(text)) {
		return "", false
	}
	if short {
		texts[0] = ""
		return text, true
	}
	// The wording of the English message without quotes.
	if _, after, ok := strings.Cut(text, "connection "); ok {
		if name, rest, ok := strings.Cut(after, " could not be made"); ok {
			texts[0] = rest
			return name, true
		}
	}
	return "", false
}

// isSentence reports whether a text is more than a name: it ends like a sentence, or is long.
// A name may have a full stop in it, as in "Ltd. (2)", but does not end with one.
func isSentence(text string) bool {
	const longName = 64
	return utf8.RuneCountInString(text) > longName || strings.ContainsRune(".!?。．！？｡।", lastRune(text))
}
