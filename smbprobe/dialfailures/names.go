package dialfailures

import (
	"cmp"
	"iter"
	"slices"
	"sort"
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxNameLength is how many characters the name of an entry may have that the Internet
// Mail Service can dial. A longer text may be a sentence that contains the name.
const maxNameLength = 20

// knownNames are the names of entries that are known.
type knownNames struct {
	sorted []knownName       // by their folded form
	folded map[string]string // the name for each folded form
}

type knownName struct {
	name, folded string
	order        int  // among the names as given
	parent       int  // index of the longest name that this one begins with; -1: none
	distinctive  bool // it has a number in brackets or quotes, so that it is not an ordinary word
}

func newKnownNames(names []string) knownNames {
	k := knownNames{folded: make(map[string]string, len(names))}
	for _, name := range names {
		name = strings.TrimSpace(strings.ToValidUTF8(name, "\uFFFD"))
		folded := foldCase(name)
		if _, twice := k.folded[folded]; twice || name == "" {
			continue
		}
		k.folded[folded] = name
		k.sorted = append(k.sorted, knownName{name, folded, len(k.sorted), -1, hasCode(name) || strings.ContainsFunc(name, isQuote)})
	}
	slices.SortFunc(k.sorted, func(a, b knownName) int { return strings.Compare(a.folded, b.folded) })
	for i := 1; i < len(k.sorted); i++ {
		parent := i - 1
		for parent >= 0 && !strings.HasPrefix(k.sorted[i].folded, k.sorted[parent].folded) {
			parent = k.sorted[parent].parent
		}
		k.sorted[i].parent = parent
	}
	return k
}

// whole returns the known name that a text consists of, in quotes or not.
func (k knownNames) whole(text string) (name string, ok bool) {
	if name, ok = k.folded[foldCase(text)]; !ok {
		name, ok = k.folded[foldCase(unquote(text))]
	}
	return name, ok
}

// isName reports whether a text is a known name and nothing else.
func (k knownNames) isName(text string) bool {
	_, ok := k.folded[foldCase(text)]
	return ok
}

// prefixes yields the names that a folded text begins with, the longest first. The last
// name that does not come after the text in order begins with all of them.
func (k knownNames) prefixes(text string) iter.Seq[knownName] {
	return func(yield func(knownName) bool) {
		after := sort.Search(len(k.sorted), func(i int) bool { return k.sorted[i].folded > text })
		for i := after - 1; i >= 0; i = k.sorted[i].parent {
			if name := k.sorted[i]; strings.HasPrefix(text, name.folded) && !yield(name) {
				return
			}
		}
	}
}

// place is where in a text a name is, the surest first.
type place int

const (
	betweenQuotes place = iota
	atWordBoundaries
	insideBrackets // alone in them, so that it may be a code
	nowhere
)

// found is a known name in a text.
type found struct {
	knownName
	place place
	at    int
}

// cutName finds one of the names in the texts, removes one occurrence, and returns it. A
// name that is a whole text or in quotes counts before one inside a sentence, and a longer
// name before a shorter one, then one that was given earlier.
func (k knownNames) cutName(texts []string) (name string, ok bool) {
	for i, text := range texts {
		if name, ok = k.whole(text); ok && (i == 0 || !isCode(text)) {
			texts[i] = ""
			return name, true
		}
	}
	best, in := found{place: nowhere}, 0
	for i, text := range texts {
		if f := k.find(text); f.place < best.place {
			best, in = f, i
		}
	}
	if best.place == nowhere {
		return "", false
	}
	text := texts[in]
	texts[in] = text[:best.at] + text[best.at+len(best.folded):]
	return best.name, true
}

// find finds the name that a text most probably has.
//
// If a part of the text is in quotes, that is the name, rather than a word that is a name
// as well. The content of the last pair of brackets is not a name: it may be the code.
func (k knownNames) find(text string) found {
	best := found{place: nowhere}
	_, _, hasQuotes := quoted(text)
	folded := foldCase(text)
	lastOpen := strings.LastIndexAny(folded, openBrackets)
	for at := range folded {
		if lastOpen >= 0 && at > lastOpen && !strings.ContainsAny(folded[lastOpen:at], closeBrackets) || joins(lastRune(folded[:at]), firstRune(folded[at:])) {
			continue
		}
		for name := range k.prefixes(folded[at:]) {
			f := found{name, placeOf(folded[:at], name.folded, folded[at+len(name.folded):]), at}
			if f.place == nowhere || f.place > betweenQuotes && hasQuotes && !name.distinctive {
				continue
			}
			if cmp.Or(cmp.Compare(f.place, best.place), cmp.Compare(len(best.folded), len(f.folded)), cmp.Compare(f.order, best.order)) < 0 {
				best = f
			}
			break // the others here are shorter
		}
	}
	return best
}

// placeOf returns how a name is placed between the rest of a text.
func placeOf(before, name, after string) place {
	// French has blanks inside of quotes.
	if isQuote(lastRune(strings.TrimRightFunc(before, unicode.IsSpace))) && isQuote(firstRune(strings.TrimLeftFunc(after, unicode.IsSpace))) {
		return betweenQuotes
	}
	left, right := lastRune(before), firstRune(after)
	switch {
	case joins(left, firstRune(name)) || joins(lastRune(name), right):
		return nowhere
	case isPair(left, right):
		return insideBrackets
	}
	return atWordBoundaries
}

func firstRune(s string) rune {
	r, _ := utf8.DecodeRuneInString(s)
	return r
}

func lastRune(s string) rune {
	r, _ := utf8.DecodeLastRuneInString(s)
	return r
}

// joins reports whether two adjacent characters belong to one word. In scripts without
// blanks between words, and in Korean, where endings follow a name, no two do.
func joins(a, b rune) bool {
	return isWordRune(a) && isWordRune(b) && !unicode.In(a, unspaced...) && !unicode.In(b, unspaced...)
}

// unspaced are the scripts in which a name may follow on another word without a blank.
var unspaced = []*unicode.RangeTable{unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Hangul, unicode.Thai}

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
	switch {
	case len(texts) == 1 && (isCode(text) || beginsWithCode(text)):
		return "", false
	case utf8.RuneCountInString(text) <= maxNameLength, len(texts) > 1 && !isSentence(text):
		if len(texts) > 1 && isCode(text) && !slices.ContainsFunc(texts[1:], hasCode) {
			return "", false // the code, and a text for it
		}
		texts[0] = ""
		return text, true
	}
	if name, rest, ok := quoted(text); ok {
		texts[0] = rest
		return name, true
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

// isSentence reports whether a text is more than a name: it ends like a sentence, or has
// more than one, or a part in quotes. A name may have a full stop in it, as in "Ltd. (2)",
// but then it does not end with one.
func isSentence(text string) bool {
	if _, _, hasQuotes := quoted(text); hasQuotes {
		return true
	}
	last, _ := utf8.DecodeLastRuneInString(text)
	return strings.ContainsRune(".!?。．！？｡।", last)
}

// quotePairs are the quotes of the languages that Exchange and Windows NT came in.
var quotePairs = [][2]rune{
	{'"', '"'}, {'\'', '\''}, {'`', '\''}, {'“', '”'}, {'‘', '’'}, {'”', '”'}, {'’', '’'},
	{'„', '“'}, {'„', '”'}, {'„', '"'}, {'‚', '‘'}, {'‚', '’'}, {'«', '»'}, {'»', '«'}, {'‹', '›'}, {'›', '‹'},
	{'「', '」'}, {'『', '』'}, {'｢', '｣'}, {'《', '》'}, {'〈', '〉'}, {'〝', '〟'}, {'＂', '＂'}, {'＇', '＇'},
}

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
