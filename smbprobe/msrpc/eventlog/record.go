package eventlog

import (
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
}

// Code returns the low 16 bits of the ID: what Event Viewer shows.
func (r Record) Code() uint16 { return uint16(r.ID) }

// MayBe reports whether a record is of this source and code, as far as it can be
// read: a record that could not be decoded and has no readable source may be of any.
func (r Record) MayBe(source string, code uint16) bool {
	return r.Code() == code && (strings.EqualFold(r.Source, source) || r.Err != nil && r.Source == "")
}

const (
	recordHeaderSize = 56
	recordSignature  = 0x654C664C // "LfLe"
	maxPadding       = 8          // bytes between two parts of a record, exclusive
)

// ParseRecords parses whole records that stand back to back, as ElfrReadELW
// returns them (MS-EVEN 2.2.3). A record that cannot be decoded has Err set and does
// not affect the others. If length and signature of one do not tell where the next
// begins, the error is smb.ErrProtocol, and no record is returned.
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
	raw []byte // nil: the texts are decoded
}

// decode decodes the texts.
func (r *rawRecord) decode() {
	if r.raw == nil {
		return
	}
	err, number := r.Err, r.Number
	r.Record = parseRecord(r.raw, true)
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
	for at := 0; at < len(b) && len(records) < most; {
		length, err := recordLength(b[at:])
		if err != nil {
			return nil, fmt.Errorf("event record at byte %d of %d: %w", at, len(b), err)
		}
		raw := b[at : at+length]
		record := rawRecord{parseRecord(raw, false), raw}
		if record.Err != nil {
			record.Err = fmt.Errorf("event record %d at byte %d of %d: %w", record.Number, at, len(b), record.Err)
		}
		records = append(records, record)
		at += length
	}
	return records, nil
}

// recordLength returns the length of the first record of b. What follows that length
// must be the end of b or another record, unless the record ends with its length too.
func recordLength(b []byte) (int, error) {
	if len(b) < recordHeaderSize+4 {
		return 0, protocolError("%d bytes are too few", len(b))
	}
	length := binary.LittleEndian.Uint32(b)
	if length < recordHeaderSize+4 || length%4 != 0 || int64(length) > int64(len(b)) {
		return 0, protocolError("length %d in %d bytes", length, len(b))
	}
	if signature := binary.LittleEndian.Uint32(b[4:]); signature != recordSignature {
		return 0, protocolError("signature 0x%08X", signature)
	}
	next := b[length:]
	if lengthAtEnd(b[:length]) != length && len(next) > 0 &&
		(len(next) < 8 || binary.LittleEndian.Uint32(next[4:]) != recordSignature) {
		return 0, protocolError("length %d at its start and %d at its end", length, lengthAtEnd(b[:length]))
	}
	return int(length), nil
}

func lengthAtEnd(record []byte) uint32 { return binary.LittleEndian.Uint32(record[len(record)-4:]) }

// parseRecord parses a record: header, source, computer, user SID, strings, data, with
// padding in between, and the length again. The parts have to follow on each other as
// Windows lays them out, and all lengths and offsets to agree. Windows sets the offset
// of a part without a length to any value. Without texts the record has none, but is checked
// all the same.
func parseRecord(b []byte, texts bool) Record {
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
	if lengthAtEnd(b) != uint32(len(b)) {
		r.Err = protocolError("length %d at its start and %d at its end", len(b), lengthAtEnd(b))
		return r
	}
	if sidLength > 0 && !follows(parts, &end, sidAt, sidLength) {
		r.Err = protocolError("user SID of %d bytes at %d, names end at %d of %d", sidLength, sidAt, end, len(parts))
		return r
	}
	if count > 0 {
		before := end
		if !follows(parts, &end, stringsAt, 0) || !isZero(parts[before:end]) {
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

// isZero reports whether padding is zero: a text that is cut off at its beginning
// would not be.
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
