// Package phonebook reads the RAS phone book (rasphone.pbk) and reports what is
// wrong with it. It does no I/O.
//
// The format is that of MS-RRASM 2.2.2: a text of sections, one for each entry, in
// which the order of the lines matters. MEDIA opens a group, DEVICE opens a group
// inside it, keys repeat, and their case counts: Device= is an attribute of a MEDIA
// group, DEVICE= opens a DEVICE group. A reader of INI files loses all of that.
//
// # Blanks
//
// Spaces and tabs have no meaning at the start and end of a line, around a key, around
// its "=" and around its value. MS-RRASM allows none there, Windows' profile functions
// skip them, and what RAS does is not documented: a phone book that has them is read, and
// no finding is made of it. Blanks inside the brackets of a header belong to the entry's
// name; when a dialed entry is looked up they are ignored at both ends, as case is. The
// parser and all checks share this rule, because all of them read [Line].
//
// # Memory
//
// A [Book] keeps a copy of the file and nothing for each line, so that a damaged or
// hostile file costs little more than its own size. Entries and groups are parsed when
// they are iterated over.
package phonebook

import (
	"iter"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
)

// Limits on an entry. Lengths are in characters.
const (
	MaxName        = 256 // RAS_MaxEntryName of ras.h
	MaxDialedName  = 20  // what the Internet Mail Service dials (Q188272, Q156063)
	MaxPhoneNumber = 128 // RAS_MaxPhoneNumber of ras.h
	MaxDeviceType  = 16  // RAS_MaxDeviceType of ras.h
	MaxDeviceName  = 128 // RAS_MaxDeviceName of ras.h
)

// MaxEntries is the number of entries at which parsing stops. No real phone book comes
// near it; one that goes beyond it is damaged (CheckTooManyEntries).
const MaxEntries = 10_000

// Marks at the start of a file, and the one that DOS programs put at its end.
const (
	utf8Mark    = "\xef\xbb\xbf"
	utf16LEMark = "\xff\xfe"
	utf16BEMark = "\xfe\xff"
	dosEnd      = "\x1a"
)

// Book is a parsed phone book. It never changes, and may be used by several goroutines.
type Book struct {
	EntryCount int     // at most MaxEntries
	Lines      int     // lines in the file, including a last one without a line end; fewer if parsing stopped at MaxEntries
	Charset    Charset // of the whole file

	data     string            // the file
	text     string            // data without a mark at its start and Ctrl-Z at its end
	codePage encoding.Encoding // of texts that are not UTF-8
	cutAt    int               // the line at which parsing stopped; 0: it did not
}

// Charset is what can be told about the encoding of a file. A file of 8-bit text does
// not name its code page.
type Charset string

// The character sets that can be told apart.
const (
	CharsetASCII Charset = "ascii"
	CharsetUTF8  Charset = "utf-8"
	Charset8Bit  Charset = "8-bit" // a code page that the file does not name
)

// Entry is one section of the phone book: a connection that can be dialled.
type Entry struct {
	Name     string // for display: valid UTF-8, at most smb.MaxText characters, secrets masked
	RawName  string // the bytes of the name in the file, not masked
	Line     int    // of the header, from 1
	LastLine int    // the last line of the section

	book      *Book
	index     int  // among the entries of the file, from 0
	malformed bool // the header is not of the form [name]
	place     span
}

// Media is a MEDIA group (MS-RRASM 2.2.2.2): a link that is dialled. An entry with
// several is a multilink connection. Texts are for display, like Entry.Name.
type Media struct {
	Type       string // "serial", "rastapi"
	Port       string // "COM1", "VPN2-0"
	HasPort    bool   // there is a Port= line, even if its value is empty
	DeviceName string // the value of Device=
	Line       int    // of the MEDIA line

	book  *Book
	place span
}

// Device is a DEVICE group (MS-RRASM 2.2.2.2). Serial media have up to four: a switch,
// a modem, a PAD, a switch; other media have one.
type Device struct {
	Type      string // for display: "modem", "isdn", "vpn", "PPPoE"
	HasNumber bool   // at least one PhoneNumber= line has a value
	Line      int    // of the DEVICE line

	start int // of the DEVICE line in Book.text
}

// Parse reads a phone book. It does not fail: whatever is wrong with the bytes
// is left for Check to find. Texts that are not UTF-8 are shown as Windows-1252,
// see ParseCodePage.
func Parse(data []byte) *Book { return ParseCodePage(data, charmap.Windows1252) }

// ParseCodePage is Parse for a phone book whose code page is known, such as
// charmap.CodePage850 or simplifiedchinese.GBK. Texts that are valid UTF-8 are still
// taken for UTF-8, because newer systems write it into phone books of any code page.
func ParseCodePage(data []byte, codePage encoding.Encoding) *Book {
	b := &Book{data: string(data), codePage: codePage}
	b.text = cutDOSEnd(strings.TrimPrefix(b.data, utf8Mark))
	b.Charset = charsetOf(b.text)
	for line := range b.AllLines() {
		b.Lines = line.Number
		if !line.opensEntry() {
			continue
		}
		if b.EntryCount == MaxEntries {
			b.cutAt = line.Number
			break
		}
		b.EntryCount++
	}
	return b
}

// cutDOSEnd removes the mark at the end of a text, and blank lines after it.
func cutDOSEnd(text string) string {
	end := len(strings.TrimRight(text, dosEnd+" \t\r\n"))
	if mark := strings.Index(text[end:], dosEnd); mark >= 0 {
		return text[:end+mark]
	}
	return text
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

// Entries yields the entries in the order of the file, at most MaxEntries.
func (b *Book) Entries() iter.Seq[Entry] {
	return func(yield func(Entry) bool) {
		var e Entry
		n := 0
		for line := range b.AllLines() {
			if line.opensEntry() {
				if n > 0 && !yield(e) || n == MaxEntries {
					return
				}
				e = b.entry(line, n)
				n++
			}
			e.LastLine, e.place.end = line.Number, line.offset+len(line.Raw)
		}
		if n > 0 {
			yield(e)
		}
	}
}

// entry returns the entry that a line opens, as far as that line describes it.
func (b *Book) entry(header Line, index int) Entry {
	return Entry{
		Name: b.show(header.Name), RawName: header.Name, Line: header.Number,
		book: b, index: index, malformed: header.Kind == KindBadHeader,
		place: span{header.offset, header.offset + len(header.Raw), header.Number},
	}
}

// Media yields the MEDIA groups of the entry.
func (e Entry) Media() iter.Seq[Media] {
	return func(yield func(Media) bool) {
		var m Media
		open := false
		for line := range e.lines() {
			if line.Key == keyMedia {
				if open && !yield(m) {
					return
				}
				open = true
				m = Media{Type: e.book.show(line.Value), Line: line.Number, book: e.book, place: span{start: line.offset, line: line.Number}}
			}
			m.place.end = line.offset + len(line.Raw)
			switch {
			case line.Key == keyPort && !m.HasPort:
				// Also after DEVICE: that is an oddity, and does not mean that there is none.
				m.HasPort, m.Port = true, e.book.show(line.Value)
			case line.Key == keyDeviceName && m.DeviceName == "":
				m.DeviceName = e.book.show(line.Value)
			}
		}
		if open {
			yield(m)
		}
	}
}

// Orphans yields the DEVICE groups that come before the first MEDIA.
func (e Entry) Orphans() iter.Seq[Device] {
	return e.book.devices(func(yield func(Line) bool) {
		for line := range e.lines() {
			if line.Key == keyMedia || !yield(line) {
				return
			}
		}
	})
}

// HasSwitch reports whether the entry runs a script or opens a terminal window before or
// after it dials: it has a DEVICE=switch.
func (e Entry) HasSwitch() bool {
	for line := range e.lines() {
		if line.Key == keyDevice && strings.EqualFold(line.Value, deviceSwitch) {
			return true
		}
	}
	return false
}

// Devices yields the DEVICE groups of the MEDIA group.
func (m Media) Devices() iter.Seq[Device] { return m.book.devices(m.lines()) }

func (b *Book) devices(lines iter.Seq[Line]) iter.Seq[Device] {
	return func(yield func(Device) bool) {
		var d Device
		open := false
		for line := range lines {
			switch line.Key {
			case keyDevice:
				if open && !yield(d) {
					return
				}
				open = true
				d = Device{Type: b.show(line.Value), Line: line.Number, start: line.offset}
			case keyPhoneNumber:
				d.HasNumber = d.HasNumber || line.Value != ""
			}
		}
		if open {
			yield(d)
		}
	}
}

// AllLines yields every line of the file, blank and malformed ones too. Secrets in them
// are not masked.
func (b *Book) AllLines() iter.Seq[Line] { return scan(b.text, span{0, len(b.text), 1}) }

func (e Entry) lines() iter.Seq[Line] { return scan(e.book.text, e.place) }
func (m Media) lines() iter.Seq[Line] { return scan(m.book.text, m.place) }

// header returns the first line of the entry.
func (e Entry) header() Line { return e.book.lineAt(e.Line, e.place.start) }

// lineAt returns the line that begins at an offset of Book.text: its number, as
// given, and its bytes.
func (b *Book) lineAt(number, offset int) Line {
	raw, _, _ := cutLine(b.text[offset:])
	return Line{Number: number, Raw: raw}
}
