package phonebook

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/japanese"
	"golang.org/x/text/encoding/korean"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/traditionalchinese"

	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/smb"
)

// show makes bytes of the book fit for a label, a page or a terminal, as
// smb.CleanText does.
func (b *Book) show(raw string) string {
	if len(raw) <= smb.MaxText && isPrintableASCII(raw) {
		return raw
	}
	text := b.decode(head(raw))
	if isClean(text) {
		return text
	}
	return smb.CleanText(text)
}

// showLine is show for a whole line, or a name that may be one whose bracket is
// missing, without a password that stands in it: newer books have keys such as
// ApnInfoPassword.
func (b *Book) showLine(raw string) string {
	text := b.show(raw)
	if !strings.Contains(text, "=") {
		return text
	}
	i := strings.Index(asciiLower(text), "password")
	if i < 0 {
		return text
	}
	key, _, found := strings.Cut(text[i:], "=")
	if !found {
		return text
	}
	return text[:i] + key + "=***"
}

// decode turns bytes of the book into UTF-8: as they are where they are valid,
// else from the book's code page.
func (b *Book) decode(raw string) string {
	if utf8.ValidString(raw) {
		return raw
	}
	if page, ok := b.codePage.(*charmap.Charmap); ok {
		return decodeSingleBytes(raw, page)
	}
	text, err := b.codePage.NewDecoder().String(raw)
	if err != nil {
		// Only decoders of stateful encodings fail. The bytes go on as they
		// are; what is not UTF-8 shows as U+FFFD.
		return raw
	}
	return text
}

// decodeSingleBytes does what a decoder of the page does, in one allocation: a
// book may have a name on each of a million lines.
func decodeSingleBytes(raw string, page *charmap.Charmap) string {
	var text strings.Builder
	text.Grow(2 * len(raw))
	for i := range len(raw) {
		text.WriteRune(page.DecodeByte(raw[i]))
	}
	return text.String()
}

// isClean reports whether smb.CleanText would leave a text as it is.
func isClean(text string) bool {
	n := 0
	for _, r := range text {
		if n++; n > smb.MaxText || r == utf8.RuneError || !unicode.IsPrint(r) {
			return false
		}
	}
	return true
}

// head returns as much of a text as can show, so that a line of megabytes is
// not decoded whole. It does not cut a UTF-8 character in two.
func head(raw string) string {
	n := smb.MaxText * utf8.UTFMax
	if len(raw) <= n {
		return raw
	}
	for i := range utf8.UTFMax {
		if utf8.RuneStart(raw[n-i]) {
			return raw[:n-i]
		}
	}
	return raw[:n]
}

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

func isPrintableASCII(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' || s[i] > '~' {
			return false
		}
	}
	return true
}

// asciiLower lowers A to Z in UTF-8 and leaves all else, its length included.
func asciiLower(s string) string {
	return strings.Map(func(r rune) rune {
		if 'A' <= r && r <= 'Z' {
			return r + 'a' - 'A'
		}
		return r
	}, s)
}

// nameKey is equal for names that collide. RAS compares names without regard to
// case; here that is done for A to Z alone, and only where the bytes are UTF-8:
// in a double-byte code page the second byte of a character can be a letter, and
// two different names must not be called a duplicate.
func nameKey(raw string) string {
	if !utf8.ValidString(raw) {
		return raw
	}
	return asciiLower(raw)
}

// spellings returns the bytes that a name may have in a book: UTF-8, and each
// code page of Windows NT that can write it. Which of the ANSI and OEM pages
// NT 4.0 uses is documented nowhere, and a name must not be called missing
// because it was written in the other.
func spellings(name string) []string {
	all := []string{name}
	if isASCII(name) {
		return all
	}
	for _, e := range []encoding.Encoding{
		charmap.Windows1250, charmap.Windows1251, charmap.Windows1252, charmap.Windows1253,
		charmap.Windows1254, charmap.Windows1255, charmap.Windows1256, charmap.Windows1257,
		charmap.Windows1258, charmap.Windows874,
		charmap.CodePage437, charmap.CodePage850, charmap.CodePage852, charmap.CodePage855,
		charmap.CodePage858, charmap.CodePage860, charmap.CodePage862, charmap.CodePage863,
		charmap.CodePage865, charmap.CodePage866,
		japanese.ShiftJIS, simplifiedchinese.GBK, korean.EUCKR, traditionalchinese.Big5,
	} {
		// An error says that the page lacks one of the characters.
		if raw, err := e.NewEncoder().String(name); err == nil {
			all = append(all, raw)
		}
	}
	return all
}
