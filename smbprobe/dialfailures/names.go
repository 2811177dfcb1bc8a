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
	k := knownNames{folded: make(map[string]string, len(names)), sorted: make([]knownName, 0, len(names))}
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
		f := k.find(text)
		if i == 0 && len(texts) > 1 && f.isPartOfName(text) {
			return "", false
		}
		if f.place < best.place {
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

// isPartOfName reports whether a text is a longer name than the one found in it, such as
// "ISP (3)" if only "ISP" is known: then the number in brackets is not a code.
func (f found) isPartOfName(text string) bool {
	return f.place == atWordBoundaries && utf8.RuneCountInString(text) <= maxNameLength &&
		hasCode(text[:f.at]+" "+text[f.at+len(f.folded):])
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
