package phonebook

import (
	"iter"
	"strings"
)

// Line is a line of the file.
type Line struct {
	Number int    // from 1
	Raw    string // the bytes as they stand, without the line end
	Kind   LineKind
	Key    string // of a KindPair, without spaces around it
	Value  string // of a KindPair, without spaces around it
	Name   string // of a KindHeader or KindBadHeader: the bytes of the name
	Group  Group  // where the line stands; a line that opens a group stands in it
	End    LineEnd

	offset int // of Raw in Book.text
}

// LineKind is the form of a line.
type LineKind int

// The kinds of lines.
const (
	KindBlank LineKind = iota
	KindHeader
	KindBadHeader // begins with "[" and is not [name]
	KindPair      // key=value; the value may be empty
	KindMalformed // none of these
)

// Group is the part of an entry that a line belongs to.
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

// The types of DEVICE groups that dial nothing. Type= in them names a script or a PAD.
const (
	deviceSwitch = "switch"
	devicePAD    = "pad"
)

// span is a run of lines in Book.text.
type span struct {
	start, end int // offsets
	line       int // number of the first line
}

// scan splits part of a text into lines. In a part that does not begin with a header,
// Line.Group is not set.
func scan(text string, part span) iter.Seq[Line] {
	return func(yield func(Line) bool) {
		group := GroupNone
		number := part.line
		for at := part.start; at < part.end; number++ {
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

// cutLine returns the first line of a text that is not empty, its line end, and its size
// including the line end. A CR without LF ends a line too.
func cutLine(text string) (raw string, end LineEnd, size int) {
	i := 0
	for i < len(text) && text[i] != '\n' && text[i] != '\r' {
		i++
	}
	switch {
	case i == len(text):
		return text, EndNone, i
	case text[i] == '\n':
		return text[:i], EndLF, i + 1
	case i+1 < len(text) && text[i+1] == '\n':
		return text[:i], EndCRLF, i + 2
	}
	return text[:i], EndCR, i + 1
}

// classify parses a line by itself. It is the one place that decides what blanks mean,
// see the package comment.
func classify(raw string) Line {
	line := Line{Raw: raw}
	text := trim(raw)
	if text == "" {
		return line
	}
	if name, ok := strings.CutPrefix(text, "["); ok {
		line.Kind = KindHeader
		line.Name, ok = strings.CutSuffix(name, "]")
		if !ok || strings.Contains(line.Name, "][") && inAllReadings(line.Name, hasTwoHeaders) {
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

// trim removes blanks at both ends.
func trim(s string) string {
	for s != "" && isBlank(s[0]) {
		s = s[1:]
	}
	for s != "" && isBlank(s[len(s)-1]) {
		s = s[:len(s)-1]
	}
	return s
}

func isBlank(b byte) bool { return b == ' ' || b == '\t' }

// opensEntry reports whether the line is the header of an entry, damaged or not.
func (l *Line) opensEntry() bool { return l.Kind == KindHeader || l.Kind == KindBadHeader }

// follow returns the group of a line, given that of the line before it.
func follow(group Group, line Line) Group {
	switch {
	case line.opensEntry():
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
