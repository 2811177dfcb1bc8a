package phonebook

import (
	"iter"
	"strings"
)

// Line is a line of the book.
type Line struct {
	Number int    // from 1
	Raw    string // the bytes as they stand, without the line end
	Kind   LineKind
	Key    string // of a KindPair, without spaces around it
	Value  string // of a KindPair, without spaces around it
	Name   string // of a KindHeader or KindBadHeader: the bytes of the name
	Group  Group  // where the line stands; a line that opens a group stands in it
	End    LineEnd

	offset int // of Raw in the text that was scanned
}

// LineKind says what a line is.
type LineKind int

// The kinds of lines.
const (
	KindBlank LineKind = iota
	KindHeader
	KindBadHeader // begins with "[" and does not end with "]"
	KindPair      // key=value; the value may be empty
	KindMalformed // none of these
)

// Group says which part of an entry a line belongs to.
type Group int

// The groups, from the outside in.
const (
	GroupNone   Group = iota // before the first section
	GroupEntry               // the entry's own keys, NETCOMPONENTS included
	GroupMedia               // after MEDIA
	GroupDevice              // after DEVICE
)

// LineEnd is what a line ends with.
type LineEnd int

// The line ends.
const (
	EndNone LineEnd = iota // the file ends here
	EndCRLF
	EndLF
	EndCR
)

// The keys that the grammar knows. Their case counts.
const (
	keyMedia       = "MEDIA"
	keyDevice      = "DEVICE"
	keyPort        = "Port"
	keyDeviceName  = "Device"
	keyPhoneNumber = "PhoneNumber"
)

// scan splits a text into lines, the first of which has the given number, and
// says of each what it is and where it stands.
func scan(text string, number int) iter.Seq[Line] {
	return func(yield func(Line) bool) {
		group := GroupNone
		for at := 0; at < len(text); number++ {
			raw, end, size := cutLine(text[at:])
			line := classify(raw)
			group = follow(group, line)
			line.Number, line.End, line.Group, line.offset = number, end, group, at
			if !yield(line) {
				return
			}
			at += size
		}
	}
}

// cutLine returns the first line of a text that is not empty, what it ends
// with, and its size with the line end. A CR that no LF follows ends a line too.
func cutLine(text string) (raw string, end LineEnd, size int) {
	i := strings.IndexAny(text, "\r\n")
	switch {
	case i < 0:
		return text, EndNone, len(text)
	case text[i] == '\n':
		return text[:i], EndLF, i + 1
	case i+1 < len(text) && text[i+1] == '\n':
		return text[:i], EndCRLF, i + 2
	}
	return text[:i], EndCR, i + 1
}

// classify says what a line is. Spaces and tabs around a line, a key or a value
// are put up with: nobody documents that a dial-up client minds them.
func classify(raw string) Line {
	line := Line{Raw: raw}
	text := trim(raw)
	if text == "" {
		return line
	}
	if name, ok := strings.CutPrefix(text, "["); ok {
		line.Kind = KindHeader
		line.Name, ok = strings.CutSuffix(name, "]")
		if !ok {
			line.Kind = KindBadHeader
			line.Name, _, _ = strings.Cut(name, "]")
		}
		return line
	}
	key, value, ok := strings.Cut(text, "=")
	if key = trim(key); !ok || key == "" {
		line.Kind = KindMalformed
		return line
	}
	line.Kind, line.Key, line.Value = KindPair, key, trim(value)
	return line
}

func trim(s string) string { return strings.Trim(s, " \t") }

// follow returns the group that a line stands in, given that of the line before.
func follow(group Group, line Line) Group {
	switch {
	case line.Kind == KindHeader, line.Kind == KindBadHeader:
		return GroupEntry
	case group == GroupNone:
		return GroupNone
	case line.Key == keyMedia:
		return GroupMedia
	case line.Key == keyDevice:
		return GroupDevice
	}
	return group
}
