package config

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Closest returns the name that a misspelled word most likely stands for; empty if none is
// close. Case, "-" and "_" make no difference, and the beginning of a name is close to it.
func Closest(word string, names []string) string {
	const minPrefix = 3
	w := foldName(word)
	best, bestDistance := "", 1<<30
	for _, name := range names {
		n := foldName(name)
		d := editDistance(w, n)
		limit := 1 + min(len(w), len(n))/4
		if len(w) < minPrefix {
			limit = 0 // any word of one or two letters is close to any other
		}
		if len(w) >= minPrefix && strings.HasPrefix(n, w) {
			limit = len(n)
		}
		switch {
		case d > limit || d > bestDistance:
		case d == bestDistance && d > 0:
			best = "" // two that are equally close
		default:
			best, bestDistance = name, d
		}
	}
	return best
}

// foldName leaves out what does not count when names are compared. Long words are cut: they
// are close to nothing.
func foldName(s string) string {
	const longest = 64
	s = s[:min(len(s), longest)]
	return strings.NewReplacer("-", "", "_", "").Replace(strings.ToLower(s))
}

// editDistance counts the letters to insert, delete, replace, or swap with the next one
// (optimal string alignment).
func editDistance(a, b string) int {
	beforePrevious, previous, current := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range previous {
		previous[j] = j
	}
	for i := 1; i <= len(a); i++ {
		current[0] = i
		for j := 1; j <= len(b); j++ {
			replaced := previous[j-1]
			if a[i-1] != b[j-1] {
				replaced++
			}
			current[j] = min(replaced, previous[j]+1, current[j-1]+1)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				current[j] = min(current[j], beforePrevious[j-2]+1)
			}
		}
		beforePrevious, previous, current = previous, current, beforePrevious
	}
	return previous[len(b)]
}

// didYouMean is the end of an error about a word that is not one of names: the one that was
// meant if there is one close to it, else all of them.
func didYouMean(word string, names []string) string {
	if name := Closest(word, names); name != "" {
		return fmt.Sprintf("did you mean %s?", name)
	}
	return "there are " + listed(names)
}

// listed is a list of names for an error; the first ones of many.
func listed(names []string) string {
	const most = 10
	switch {
	case len(names) == 0:
		return "none"
	case len(names) > most:
		return strings.Join(names[:most], ", ") + ", ..."
	}
	return strings.Join(names, ", ")
}

// Quote quotes a value for a message: as it was written, so that a UNC path keeps its two
// backslashes, but for what a terminal must not get. A long one is cut.
func Quote(s string) string {
	const longest = 80 // characters
	var b strings.Builder
	b.WriteByte('"')
	n := 0
	for i, r := range s {
		if n++; n > longest {
			b.WriteString("...")
			break
		}
		_, size := utf8.DecodeRuneInString(s[i:])
		switch {
		case r == utf8.RuneError && size == 1:
			fmt.Fprintf(&b, `\x%02x`, s[i])
		case r == '\t':
			b.WriteString(`\t`)
		case r == '\n':
			b.WriteString(`\n`)
		case !unicode.IsPrint(r):
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			b.WriteRune(r)
		}
	}
	b.WriteByte('"')
	return b.String()
}
