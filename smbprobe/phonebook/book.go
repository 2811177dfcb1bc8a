// Package phonebook reads the RAS phone book (rasphone.pbk) and says what is
// wrong with it. Bytes go in, findings come out; nothing here does I/O.
//
// The format is that of MS-RRASM 2.2.2: a text of sections, one for each entry,
// in which the order of the lines carries meaning. MEDIA opens a group, DEVICE
// opens a group inside it, keys repeat, and their case counts: Device= is an
// attribute of a MEDIA group and DEVICE= opens a DEVICE group. A reader of INI
// files loses all of that.
package phonebook

import (
	"iter"

	"golang.org/x/text/encoding"
)

// Limits on an entry. Lengths are in characters.
const (
	MaxName        = 256 // RAS_MaxEntryName of ras.h
	MaxDialedName  = 20  // what the Internet Mail Service dials (Q188272, Q156063)
	MaxPhoneNumber = 128 // RAS_MaxPhoneNumber of ras.h
)

// MaxGroups is how many entries, MEDIA and DEVICE groups a book keeps, counted
// together. The least entry that a dial-up client can use has three groups in
// about 50 bytes, so a real book of 4 MiB stays below it. What follows in a
// larger one is not parsed, and a finding says so.
const MaxGroups = 300_000

// Book is a parsed phone book. It does not change once it was parsed, and may
// be used by several goroutines.
type Book struct {
	Entries []Entry // in the order of the file
	Lines   int     // lines in the file, a last one without a line end included
	Charset Charset // what the bytes of the whole file are

	data     string            // the file
	text     string            // data without a mark at its start and Ctrl-Z at its end
	codePage encoding.Encoding // for texts that are not UTF-8
	cutAt    int               // the line at which parsing stopped for MaxGroups; 0: it did not
}

// Charset says what the bytes of a book are. A file of 8-bit text does not say
// which code page it was written in.
type Charset string

// The character sets that can be told apart.
const (
	CharsetASCII Charset = "ascii"
	CharsetUTF8  Charset = "utf-8"
	Charset8Bit  Charset = "8-bit" // a code page that the file does not name
)

// Entry is one section of the book: a connection that can be dialled.
type Entry struct {
	Name     string // for display: valid UTF-8, at most smb.MaxText characters
	RawName  string // the bytes of the name as they stand in the file
	Line     int    // of the section's header, from 1
	LastLine int    // the last line that belongs to it
	Media    []Media
	Orphans  []Device // DEVICE groups that stand before the first MEDIA

	malformed  bool // the header line is not of the form [name]
	start, end int  // the section's place in Book.text, header included
}

// Media is a MEDIA group (MS-RRASM 2.2.2.2): a link that is dialled. An entry
// with several is a multilink connection. Texts are for display, as Entry.Name is.
type Media struct {
	Type       string // "serial", "rastapi"
	Port       string // "COM1", "VPN2-0"
	HasPort    bool   // a Port= line is there, be its value empty
	DeviceName string // the value of Device=
	Line       int    // of the MEDIA line
	Devices    []Device

	offset int // of the MEDIA line in Book.text
}

// Device is a DEVICE group (MS-RRASM 2.2.2.2). Serial media have up to four:
// a switch, a modem, a PAD, a switch; other media have one.
type Device struct {
	Type      string // for display: "modem", "isdn", "vpn", "PPPoE"
	HasNumber bool   // at least one PhoneNumber= line has a value
	Line      int    // of the DEVICE line

	offset int // of the DEVICE line in Book.text
}

// AllLines yields every line of the book as it stands, blank and malformed
// ones too.
func (b *Book) AllLines() iter.Seq[Line] { return scan(b.text, 1) }

// lineAt returns the line that begins at an offset of Book.text: its number, as
// given, and its bytes.
func (b *Book) lineAt(number, offset int) Line {
	raw, _, _ := cutLine(b.text[offset:])
	return Line{Number: number, Raw: raw}
}

// linesOf yields the lines of an entry, its header first.
func (b *Book) linesOf(e *Entry) iter.Seq[Line] { return scan(b.text[e.start:e.end], e.Line) }
