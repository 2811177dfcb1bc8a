package phonebook

import "strings"

// MaskedText returns the lines of the file for a person, joined with "\n": each as in
// Finding.Text, secrets masked. It stops before the line that would make the text longer than
// maxBytes; truncated reports whether it did.
func (b *Book) MaskedText(maxBytes int) (text string, truncated bool) {
	var all strings.Builder
	inSecret := false
	for line := range b.AllLines() {
		shown := mask
		if !inSecret || line.Kind != KindMalformed {
			shown = b.showLine(line)
		}
		if all.Len()+len(shown)+1 > maxBytes {
			return all.String(), true
		}
		if line.Number > 1 {
			all.WriteByte('\n')
		}
		all.WriteString(shown)
		inSecret = spillsOver(inSecret, &line)
	}
	return all.String(), false
}
