package smb

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// MaxText is how many characters of a text from a server are kept.
const MaxText = 256

// CleanText makes a text that came from a server fit for a label, a page or a
// terminal: valid UTF-8, control and formatting characters replaced by U+FFFD, at
// most MaxText characters.
func CleanText(s string) string {
	var b strings.Builder
	n := 0
	for _, r := range s {
		if n == MaxText {
			break
		}
		n++
		if !unicode.IsPrint(r) {
			r = utf8.RuneError
		}
		b.WriteRune(r)
	}
	return b.String()
}
