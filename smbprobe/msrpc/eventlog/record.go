package eventlog

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"
	"unicode/utf16"

	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/smb"
)

// Limits of what a Record keeps. The rest is checked and dropped.
const (
	MaxStrings = 256  // insertion strings
	MaxChars   = 1024 // characters of each text
)

// Record is an event record (MS-EVEN 2.2.3, EVENTLOGRECORD). Its texts are valid
// UTF-8 and not cleaned otherwise; they come from whoever logged the event.
type Record struct {
	Number    uint32    // counts up from 1, and goes on where old records are overwritten
	Generated time.Time // UTC, by the clock of the program that reported it; whole seconds
	Written   time.Time // UTC, by the clock of the server's event log; whole seconds
	ID        uint32    // severity, facility and, in the low 16 bits, code
	Type      uint16    // 1 error, 2 warning, 4 information, 8 and 16 audit
	Category  uint16
	Source    string
	Computer  string
	Strings   []string // the insertion strings of the event's text

	// Err is nil for a sound record. Otherwise the record could not be decoded, and
	// Err, a smb.ErrProtocol, describes why: there are no Strings, Source and Computer
	// are empty if they could not be read, and the other fields are what the record
	// holds in their places, which may be wrong. ReadBackwards gives it the Number
	// that fits between its neighbours.
	Err error
	// NoHeader: Err is not nil, and not even the places of the fields are known. All of
	// them are zero.
	NoHeader bool
}

// Code returns the low 16 bits of the ID: what Event Viewer shows.
func (r Record) Code() uint16 { return uint16(r.ID) }

// MayBe reports whether a record is of this source and code, as far as it can be
// read: a record that could not be decoded and has no readable source may be of any.
func (r Record) MayBe(source string, code uint16) bool {
	return r.NoHeader || r.Code() == code && (strings.EqualFold(r.Source, source) || r.Err != nil && r.Source == "")
}

const (
	recordHeaderSize = 56
	minRecord        = recordHeaderSize + 4 // with the length at its end
	maxPadding       = 8                    // bytes between two parts of a record, exclusive
)

// signature is the second field of every record.
var signature = []byte("LfLe")

// ParseRecords parses whole records that stand back to back, as ElfrReadELW
// returns them (MS-EVEN 2.2.3). A record that cannot be decoded has Err set and does
// not affect the others; if its length is wrong, it ends where the next sound record
// begins. If there is none, and the end of b does not end a record either, the records
// may be cut off: the error is smb.ErrProtocol, and no record is returned.
func ParseRecords(b []byte) ([]Record, error) {
	raw, err := splitRecords(b, math.MaxInt)
	if err != nil {
		return nil, err
	}
	var records []Record
	for i := range raw {
		raw[i].decode()
		records = append(records, raw[i].Record)
	}
	return records, nil
}

// rawRecord is a record whose texts were checked, but not decoded: most records are of no
// interest.
type rawRecord struct {
	Record
	raw   []byte // nil: the texts are decoded
	fault error  // what is wrong with the frame
}

// decode decodes the texts.
func (r *rawRecord) decode() {
	if r.raw == nil {
		return
	}
	err, number := r.Err, r.Number
	r.Record = parseRecord(r.raw, r.fault, true)
	r.raw = nil
	if err != nil {
		r.Strings, r.Err, r.Number = nil, err, number
	}
}

// splitRecords is ParseRecords of the first so many records, without decoding texts. The
// records are parts of b.
func splitRecords(b []byte, most int) ([]rawRecord, error) {
	const usual = 150 // bytes of a record
	records := make([]rawRecord, 0, min(most, len(b)/usual+1))
	next := 0 // where a sound frame is, if that is behind at and was looked for: else each damaged record would search the rest
	for at := 0; at < len(b) && len(records) < most; {
		length, fault := frame(b[at:], func() int {
			if next <= at {
				next = at + nextFrame(b[at:])
			}
			return next - at
		})
		if length == 0 {
			return nil, fmt.Errorf("event record at byte %d of %d: %w", at, len(b), fault)
		}
		raw := b[at : at+length]
		record := rawRecord{parseRecord(raw, fault, false), raw, fault}
		if record.Err != nil {
			record.Err = fmt.Errorf("event record %d at byte %d of %d: %w", record.Number, at, len(b), record.Err)
		}
		records = append(records, record)
		at += length
	}
	return records, nil
}

// frame returns the length of the first record of b, and what is wrong with its
// signature or its two lengths. The length is 0 if the record's end cannot be found.
// nextFrame is the function of this name for b.
func frame(b []byte, nextFrame func() int) (length int, fault error) {
	if len(b) < minRecord {
		return 0, protocolError("%d bytes are too few", len(b))
	}
	n, sound := soundFrame(b)
	if sound && (n == len(b) || hasSignature(b[n:])) {
		return n, nil
	}
	next := nextFrame()
	if sound && n <= next { // else the first bytes of the next record look like the end of this one
		return n, nil
	}
	claimed := int64(binary.LittleEndian.Uint32(b))
	fault = protocolError("length %d in %d bytes, signature 0x%08X", claimed, len(b), binary.LittleEndian.Uint32(b[4:]))
	switch {
	case claimed >= minRecord && claimed <= int64(next) && (hasSignature(b[claimed:]) || int(claimed) == len(b)):
		return int(claimed), fault // two damaged records may follow on each other
	case next < len(b) || int(lengthAtEnd(b)) == len(b):
		return next, fault
	}
	return 0, fault
}

// soundFrame returns the length of a record that has its signature, and its length at
// both ends.
func soundFrame(b []byte) (length int, ok bool) {
	if len(b) < minRecord || !hasSignature(b) {
		return 0, false
	}
	n := int64(binary.LittleEndian.Uint32(b))
	if n < minRecord || n > int64(len(b)) || int64(lengthAtEnd(b[:n])) != n {
		return 0, false
	}
	return int(n), true
}

// framedTwice reports whether two of the three things that frame a record are right: its
// signature and its two lengths.
func framedTwice(b []byte) bool {
	if len(b) < minRecord {
		return false
	}
	atStart, atEnd := binary.LittleEndian.Uint32(b) == uint32(len(b)), lengthAtEnd(b) == uint32(len(b))
	if hasSignature(b) {
		return atStart || atEnd
	}
	return atStart && atEnd
}

// nextFrame returns where the next sound frame after the beginning of b begins, or
// len(b).
func nextFrame(b []byte) int {
	for at := 1; ; at++ {
		i := bytes.Index(b[min(at+4, len(b)):], signature)
		if i < 0 {
			return len(b)
		}
		if at += i; hasSoundFrame(b[at:]) {
			return at
		}
	}
}

func hasSoundFrame(b []byte) bool {
	_, ok := soundFrame(b)
	return ok
}

// hasSignature reports whether b begins like a record.
func hasSignature(b []byte) bool { return len(b) >= 8 && bytes.Equal(b[4:8], signature) }

func lengthAtEnd(record []byte) uint32 { return binary.LittleEndian.Uint32(record[len(record)-4:]) }

// parseRecord parses a record: header, source, computer, user SID, strings, data, with
// padding in between, and the length again. The parts have to follow on each other as
// Windows lays them out, and all lengths and offsets to agree. Windows sets the offset
// of a part without a length to any value. fault is what is wrong with the frame. Without
// texts the record has none, but is checked all the same.
func parseRecord(b []byte, fault error, texts bool) Record {
	if fault != nil && !framedTwice(b) {
		return Record{Err: fault, NoHeader: true}
	}
	u16 := func(at int) uint16 { return binary.LittleEndian.Uint16(b[at:]) }
	u32 := func(at int) uint32 { return binary.LittleEndian.Uint32(b[at:]) }
	r := Record{
		Number:    u32(8),
		Generated: time.Unix(int64(u32(12)), 0).UTC(),
		Written:   time.Unix(int64(u32(16)), 0).UTC(),
		ID:        u32(20),
		Type:      u16(24),
		Category:  u16(28),
	}
	count := int(u16(26))
	stringsAt := int64(u32(36))
	sidLength, sidAt := int64(u32(40)), int64(u32(44))
	dataLength, dataAt := int64(u32(48)), int64(u32(52))

	parts, end := b[:len(b)-4], recordHeaderSize
	source, computer := &r.Source, &r.Computer
	if !texts {
		source, computer = nil, nil
	}
	if !text(parts, &end, source) || !text(parts, &end, computer) {
		r.Err = protocolError("the source or the computer's name has no end")
		return r
	}
	if fault != nil {
		r.Err = fault
		return r
	}
	if sidLength > 0 && !follows(parts, &end, sidAt, sidLength) {
		r.Err = protocolError("user SID of %d bytes at %d, names end at %d of %d", sidLength, sidAt, end, len(parts))
		return r
	}
	if count > 0 {
		before := end
		if !follows(parts, &end, stringsAt, 0) || end != align4(before) && !isZero(parts[before:end]) {
			r.Err = protocolError("strings at %d, what is before them ends at %d of %d", stringsAt, before, len(parts))
			return r
		}
		if texts {
			r.Strings = make([]string, min(count, MaxStrings))
		}
		for i := range count {
			var out *string
			if i < len(r.Strings) {
				out = &r.Strings[i]
			}
			if !text(parts, &end, out) {
				r.Err = protocolError("string %d of %d has no end", i+1, count)
				return r
			}
		}
	}
	if dataLength > 0 && !follows(parts, &end, dataAt, dataLength) {
		r.Err = protocolError("data of %d bytes at %d, what is before it ends at %d of %d", dataLength, dataAt, end, len(parts))
	}
	return r
}

// follows reports whether a part of a record is inside of it and begins where
// another one ends, at *end, but for padding. It moves *end to the part's end.
func follows(b []byte, end *int, at, length int64) bool {
	if at < int64(*end) || at >= int64(*end+maxPadding) || at+length > int64(len(b)) {
		return false
	}
	*end = int(at + length)
	return true
}

func align4(n int) int { return (n + 3) &^ 3 }

// isZero reports whether padding is zero: a text that is cut off at its beginning
// would not be. What aligns the strings to four bytes may be anything.
func isZero(padding []byte) bool {
	return !slices.ContainsFunc(padding, func(c byte) bool { return c != 0 })
}

// text reads a UTF-16 text at *at up to its NUL, which must be there, and moves
// *at past it. It keeps MaxChars characters, none if out is nil. Invalid UTF-16 becomes
// U+FFFD.
func text(b []byte, at *int, out *string) bool {
	length := 0
	for ; ; length += 2 {
		rest := b[min(*at+length, len(b)):]
		if len(rest) < 2 {
			return false
		}
		if rest[0] == 0 && rest[1] == 0 {
			break
		}
	}
	if out != nil {
		*out = decode(b[*at : *at+length])
	}
	*at += length + 2
	return true
}

func decode(b []byte) string {
	unit := func(i int) rune { return rune(binary.LittleEndian.Uint16(b[i:])) }
	var s strings.Builder
	s.Grow(min(len(b)/2, MaxChars))
	for i, n := 0, 0; i < len(b) && n < MaxChars; i, n = i+2, n+1 {
		r := unit(i)
		if utf16.IsSurrogate(r) && i+2 < len(b) {
			if pair := utf16.DecodeRune(r, unit(i+2)); pair != '\uFFFD' {
				r, i = pair, i+2
			}
		}
		s.WriteRune(r) // a surrogate alone is written as U+FFFD
	}
	return s.String()
}

func protocolError(format string, args ...any) error {
	return fmt.Errorf("%w: %s", smb.ErrProtocol, fmt.Sprintf(format, args...))
}
