package phonebook

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"

	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/smb"
)

// show makes bytes of the phone book fit for a label, a page or a terminal, as
// smb.CleanText does, and masks secrets in them. Every text that leaves the package in
// an Entry, a Finding or a Dialed goes through it.
func (b *Book) show(raw string) string {
	raw = maskSecrets(head(raw))
	if len(raw) <= smb.MaxText && isPrintableASCII(raw) {
		return raw
	}
	text := b.decode(raw)
	if isClean(text) {
		return text
	}
	return smb.CleanText(text)
}

// showLine is show for a whole line. In a line that is not of the form key=value, the
// name of a secret masks all that follows it: the "=" may be what was damaged. A value
// whose key is lost may be a secret.
func (b *Book) showLine(line Line) string {
	raw := head(line.Raw)
	if line.Kind == KindMalformed {
		if i := strings.IndexByte(raw, '='); i >= 0 && maskSecrets(raw) == raw {
			raw = raw[:i+1] + mask
		} else if _, end := findSecretWord(raw); i < 0 && end > 0 {
			raw = raw[:end] + mask
		}
	}
	return b.show(raw)
}

// maySpillSecret reports whether a line break may have put a part of a secret on the lines
// that follow.
func (l *Line) maySpillSecret() bool {
	switch l.Kind {
	case KindPair:
		return isSecret(l.Key)
	case KindMalformed:
		_, end := findSecretWord(head(l.Raw))
		return end > 0
	}
	return false
}

// spillsOver reports whether a line without a key that comes after line may be the rest of
// a secret. inSecret reports the same of line itself.
func spillsOver(inSecret bool, line *Line) bool {
	return line.maySpillSecret() || inSecret && (line.Kind == KindBlank || line.Kind == KindMalformed)
}

// mask stands for the value of a secret.
const mask = "***"

// secretWords are what the names of keys with secrets contain, in lower case. Of two
// that begin at the same place the longer comes first. They are meant to match too much
// rather than too little: a masked value costs nothing.
var secretWords = []string{
	"password", "passphrase", "passcode", "passwd", "pass", "pwd", "kennwort",
	"presharedkey", "preshared", "sharedkey", "sharedsecret", "secret", "psk",
	"privatekey", "key", "credential", "token", "cookie", "hash",
	"customauthdata", "authdata", "authcode", "accesscode",
}

// secretEnds are what the names of other keys with secrets end with, in lower case.
var secretEnds = []string{"pin", "puk", "pw", "otp"}

// isSecret reports whether a key has a secret for its value, such as ApnInfoPassword,
// PreSharedKey or SharedSecret.
func isSecret(key string) bool {
	if _, end := findSecretWord(key); end > 0 {
		return true
	}
	for _, end := range secretEnds {
		if n := len(key) - len(end); n >= 0 && equalASCII(key[n:], end) {
			return true
		}
	}
	return false
}

// findSecretWord returns the place of the first of secretWords in a text, whatever the
// case of its letters; end is 0 if there is none.
func findSecretWord(text string) (start, end int) {
	for start = range len(text) {
		for _, word := range secretWords {
			if len(text)-start >= len(word) && equalASCII(text[start:start+len(word)], word) {
				return start, start + len(word)
			}
		}
	}
	return 0, 0
}

// maskSecrets replaces what follows the first "=" that has the name of a secret before
// it. It looks at every "=": a line may have lost its line end, or may stand inside the
// brackets of a damaged header.
func maskSecrets(text string) string {
	start := 0
	for {
		i := strings.IndexByte(text[start:], '=')
		if i < 0 {
			return text
		}
		i += start
		if isSecret(trim(text[start:i])) {
			return text[:i+1] + mask
		}
		start = i + 1
	}
}

// decode turns bytes of the phone book into UTF-8: unchanged if they are valid,
// otherwise from the code page.
func (b *Book) decode(raw string) string {
	if utf8.ValidString(raw) {
		return raw
	}
	if page, ok := b.codePage.(*charmap.Charmap); ok {
		return decodeSingleBytes(raw, page)
	}
	text, err := b.codePage.NewDecoder().String(raw)
	if err != nil {
		// Only decoders of stateful encodings fail. The bytes go on unchanged; what is
		// not UTF-8 is shown as U+FFFD.
		return raw
	}
	return text
}

// decodeSingleBytes does what the decoder of a page does, in one allocation: a phone book
// may have a name on each of a million lines.
func decodeSingleBytes(raw string, page singleByte) string {
	var text strings.Builder
	text.Grow(2 * len(raw))
	for i := range len(raw) {
		text.WriteRune(page.DecodeByte(raw[i]))
	}
	return text.String()
}

// length is the number of characters in bytes of the phone book, the fewest if it depends
// on the code page.
func (b *Book) length(raw string) int {
	if _, ok := b.codePage.(*charmap.Charmap); !ok || utf8.ValidString(raw) {
		return utf8.RuneCountInString(b.decode(raw))
	}
	fewest := len(raw)
	readings(raw, func(_ *doubleBytePage, length int) { fewest = min(fewest, length) })
	return fewest
}

// isClean reports whether smb.CleanText would leave a text unchanged.
func isClean(text string) bool {
	n := 0
	for _, r := range text {
		if n++; n > smb.MaxText || r == utf8.RuneError || !unicode.IsPrint(r) {
			return false
		}
	}
	return true
}

// head returns as much of a text as can be shown, so that a line of megabytes is
// not decoded whole. It does not split a UTF-8 character.
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

// equalASCII reports whether a text equals a lower-case word of the same length, whatever
// the case of its letters.
func equalASCII(text, lower string) bool {
	for i := range len(lower) {
		if b := text[i]; b != lower[i] && (b < 'A' || b > 'Z' || b+'a'-'A' != lower[i]) {
			return false
		}
	}
	return true
}

// asciiLower lowers A to Z in UTF-8 and changes nothing else.
func asciiLower(s string) string {
	return strings.Map(func(r rune) rune {
		if 'A' <= r && r <= 'Z' {
			return r + 'a' - 'A'
		}
		return r
	}, s)
}
