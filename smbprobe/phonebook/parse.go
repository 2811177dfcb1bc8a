package phonebook

import (
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
)

// Marks at the start of a file, and the one that DOS programs put at its end.
const (
	utf8Mark    = "\xef\xbb\xbf"
	utf16LEMark = "\xff\xfe"
	utf16BEMark = "\xfe\xff"
	dosEnd      = "\x1a"
)

// Parse reads a phone book. It does not fail: whatever is wrong with the bytes
// is left for Check to find. Texts that are not UTF-8 are shown as Windows-1252,
// see ParseCodePage.
func Parse(data []byte) *Book { return ParseCodePage(data, charmap.Windows1252) }

// ParseCodePage is Parse for a book whose code page is known, such as
// charmap.CodePage850 or simplifiedchinese.GBK. Texts that are valid UTF-8 are
// taken for UTF-8 all the same, since newer systems write it into books of any
// code page.
func ParseCodePage(data []byte, codePage encoding.Encoding) *Book {
	b := &Book{data: string(data), codePage: codePage}
	b.text = strings.TrimRight(strings.TrimPrefix(b.data, utf8Mark), dosEnd)
	b.Charset = charsetOf(b.text)
	groups := 0
	for line := range b.AllLines() {
		b.Lines = line.Number
		if b.cutAt != 0 {
			continue // only count
		}
		if opensGroup(line) {
			if groups++; groups > MaxGroups {
				b.cutAt = line.Number
				continue
			}
		}
		b.take(line)
	}
	return b
}

// opensGroup reports whether a line opens an entry, a MEDIA or a DEVICE group.
func opensGroup(line Line) bool {
	switch line.Kind {
	case KindHeader, KindBadHeader:
		return true
	case KindPair:
		return line.Group != GroupNone && (line.Key == keyMedia || line.Key == keyDevice)
	}
	return false
}

// take puts the next line where it belongs.
func (b *Book) take(line Line) {
	if line.Kind == KindHeader || line.Kind == KindBadHeader {
		b.Entries = append(b.Entries, Entry{
			Name:      b.showLine(line.Name),
			RawName:   line.Name,
			Line:      line.Number,
			malformed: line.Kind == KindBadHeader,
			start:     line.offset,
		})
	}
	if len(b.Entries) == 0 {
		return
	}
	e := &b.Entries[len(b.Entries)-1]
	e.LastLine, e.end = line.Number, line.offset+len(line.Raw)
	if line.Kind == KindPair {
		e.take(b, line)
	}
}

// take puts a key and its value into the group that is open.
func (e *Entry) take(b *Book, line Line) {
	var media *Media
	devices := &e.Orphans
	if len(e.Media) > 0 {
		media = &e.Media[len(e.Media)-1]
		devices = &media.Devices
	}
	switch line.Key {
	case keyMedia:
		e.Media = append(e.Media, Media{Type: b.show(line.Value), Line: line.Number, offset: line.offset})
	case keyDevice:
		*devices = append(*devices, Device{Type: b.show(line.Value), Line: line.Number, offset: line.offset})
	case keyPort:
		// Also where it stands behind DEVICE: that is an oddity, and no
		// reason to say that there is none.
		if media != nil && !media.HasPort {
			media.HasPort, media.Port = true, b.show(line.Value)
		}
	case keyDeviceName:
		if media != nil && media.DeviceName == "" {
			media.DeviceName = b.show(line.Value)
		}
	case keyPhoneNumber:
		if n := len(*devices); n > 0 && line.Value != "" {
			(*devices)[n-1].HasNumber = true
		}
	}
}

func charsetOf(text string) Charset {
	switch {
	case isASCII(text):
		return CharsetASCII
	case utf8.ValidString(text):
		return CharsetUTF8
	}
	return Charset8Bit
}
