package rpc

import (
	"encoding/binary"
	"sync"
	"time"
	"unicode/utf16"
)

// Sizes in bytes of the parts of a log file besides its records, and the steps of its growth.
const (
	logHeaderSize = 48
	logEndSize    = 40
	logGrowth     = 64 << 10
)

// seekLimitNT4 is the size in bytes of a log's file from which Windows NT 4.0 cannot seek
// (Q177199).
const seekLimitNT4 = 2 << 20

const (
	defaultMaxSize   = 512 << 10
	defaultRetention = 7 * 24 * 3600
	neverOverwrite   = 0xFFFFFFFF
)

// Event is an event that a program reports to a log.
type Event struct {
	At             time.Time // by the server's clock; fractions of a second are dropped
	ID             uint32    // with severity and facility
	Type, Category uint16    // Type: 1 error, 2 warning, 4 information, 8 and 16 audit
	Source         string
	Computer       string
	Strings        []string // 65,535 at most
	Data           []byte
}

// EventLog is a circular log of records. Its records take no more than its
// maximum size, 512 KiB at first. It is safe for concurrent use.
type EventLog struct {
	now      func() time.Time
	registry *Registry
	key      string // path in the registry

	seekLimit int64 // size of the file in bytes from which reads cannot seek; 0: they always can

	mu        sync.Mutex
	maxSize   uint32
	retention uint32
	records   []record // the oldest first, numbered without gaps
	next      uint32   // number of the next record
	used      int64    // bytes of all records
	highest   int64    // largest value of used since the log was cleared
	cleared   int      // number of clears
	dropped   int
	tried     int // attempts of clients to clear the log
}

type record struct {
	at    time.Time
	bytes []byte // EVENTLOGRECORD
}

func newEventLog(o Options, registry *Registry, key string) *EventLog {
	l := &EventLog{now: o.Now, registry: registry, key: key, next: 1}
	if o.Major < 5 {
		l.seekLimit = seekLimitNT4
	}
	l.SetLimits(defaultMaxSize, defaultRetention)
	return l
}

// SetLimits sets the largest size of the file in bytes, and the age in seconds from which a
// record of a full log is overwritten; 0: any age, 0xFFFFFFFF: never. Both are written to the
// registry. Existing records stay until the next one is added.
func (l *EventLog) SetLimits(maxSize, retention uint32) {
	l.mu.Lock()
	l.maxSize, l.retention = maxSize, retention
	l.mu.Unlock()
	l.registry.SetNumber(l.key, "MaxSize", maxSize)
	l.registry.SetNumber(l.key, "Retention", retention)
}

// Add writes a record. If the log is full, it overwrites the oldest ones, or, if they are not
// old enough for that, drops the new one and counts it.
func (l *EventLog) Add(e Event) { l.AddChanged(e, nil) }

// AddChanged is Add with a function that changes the bytes of the record (MS-EVEN 2.2.3,
// EVENTLOGRECORD): DamageStrings, or MoveEmptyParts. It must leave the length as it is; nil
// changes nothing.
func (l *EventLog) AddChanged(e Event, change func(record []byte)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	b := encodeRecord(l.next, e)
	if change != nil {
		change(b)
	}
	room := int64(l.maxSize) - logHeaderSize - logEndSize - int64(len(b))
	if !l.makeRoom(room) {
		l.dropped++
		return
	}
	l.records = append(l.records, record{e.At, b})
	l.used += int64(len(b))
	l.highest = max(l.highest, l.used)
	l.next++
}

// makeRoom overwrites records until the others have at most room bytes, and reports whether
// that was possible. If not, none is overwritten.
func (l *EventLog) makeRoom(room int64) bool {
	used, n := l.used, 0
	for ; used > room; n++ {
		if n == len(l.records) || !l.mayOverwrite(l.records[n]) {
			return false
		}
		used -= int64(len(l.records[n].bytes))
	}
	clear(l.records[:n])
	l.records, l.used = l.records[n:], used
	return true
}

func (l *EventLog) mayOverwrite(r record) bool {
	switch l.retention {
	case 0:
		return true
	case neverOverwrite:
		return false
	}
	return l.now().Sub(r.at) >= time.Duration(l.retention)*time.Second
}

// Clear empties the log. Record numbers start again at 1.
func (l *EventLog) Clear() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.records, l.used, l.highest, l.next = nil, 0, 0, 1
	l.cleared++
}

// Size returns the size of the log's file in bytes: it grows by 64 KiB, and does not
// shrink until the log is cleared.
func (l *EventLog) Size() int64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.size()
}

func (l *EventLog) size() int64 {
	held := logHeaderSize + logEndSize + l.highest
	return max(held, min((held+logGrowth-1)/logGrowth*logGrowth, int64(l.maxSize)))
}

// Count returns the number of records.
func (l *EventLog) Count() uint32 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return uint32(len(l.records))
}

// Oldest returns the number of the oldest record; 0 if there is none.
func (l *EventLog) Oldest() uint32 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.oldest()
}

func (l *EventLog) oldest() uint32 {
	if len(l.records) == 0 {
		return 0
	}
	return l.next - uint32(len(l.records))
}

// Dropped returns the number of events that were dropped because the log was full.
func (l *EventLog) Dropped() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.dropped
}

// ClearsTried returns the number of attempts of clients to clear the log, which are all refused.
func (l *EventLog) ClearsTried() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.tried
}

func (l *EventLog) clearTried() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.tried++
}

const (
	recordHeaderSize = 56         // MS-EVEN 2.2.3
	recordSignature  = 0x654C664C // "LfLe"
)

// encodeRecord returns a record with the layout of Windows (MS-EVEN 2.2.3, EVENTLOGRECORD): two
// names, no SID, strings, data, and the length again at the end. Its length is a multiple of
// 4 bytes. Strings after the first 65,535 are dropped.
func encodeRecord(number uint32, e Event) []byte {
	texts := e.Strings[:min(len(e.Strings), 0xFFFF)]
	b := make([]byte, recordHeaderSize)
	b = append(b, utf16z(e.Source)...)
	b = append(b, utf16z(e.Computer)...)
	b = pad4(b)
	stringsAt := uint32(len(b))
	for _, text := range texts {
		b = append(b, utf16z(text)...)
	}
	dataAt := uint32(len(b))
	b = append(b, e.Data...)
	b = append(b, make([]byte, 4-len(b)%4)...) // one to four bytes, as in files of Windows
	length := uint32(len(b)) + 4
	seconds := uint32(e.At.Unix())

	le := binary.LittleEndian
	le.PutUint32(b[0:], length)
	le.PutUint32(b[4:], recordSignature)
	le.PutUint32(b[8:], number)
	le.PutUint32(b[12:], seconds) // generated
	le.PutUint32(b[16:], seconds) // written
	le.PutUint32(b[20:], e.ID)
	le.PutUint16(b[24:], e.Type)
	le.PutUint16(b[26:], uint16(len(texts)))
	le.PutUint16(b[28:], e.Category)
	le.PutUint32(b[36:], stringsAt)
	le.PutUint32(b[44:], stringsAt) // the offset of the SID, which is empty
	le.PutUint32(b[48:], uint32(len(e.Data)))
	le.PutUint32(b[52:], dataAt)
	return le.AppendUint32(b, length)
}

// DamageStrings makes the strings of a record undecodable: they start behind its end. Its
// length, and so the place of the next record, stays as it is.
func DamageStrings(record []byte) {
	le := binary.LittleEndian
	le.PutUint16(record[26:], max(1, le.Uint16(record[26:]))) // NumStrings
	le.PutUint32(record[36:], uint32(len(record))+0x1000)     // StringOffset
}

// MoveEmptyParts makes the offsets of an empty SID and of empty data point behind the record's
// end. The record is still valid: Windows writes such ones.
func MoveEmptyParts(record []byte) {
	le := binary.LittleEndian
	for _, part := range []struct{ lengthAt, offsetAt int }{{40, 44}, {48, 52}} {
		if le.Uint32(record[part.lengthAt:]) == 0 {
			le.PutUint32(record[part.offsetAt:], uint32(len(record))+0x1000)
		}
	}
}

// utf16z returns a text in UTF-16LE with a NUL.
func utf16z(s string) []byte {
	var b []byte
	for _, unit := range utf16.Encode([]rune(s)) {
		b = binary.LittleEndian.AppendUint16(b, unit)
	}
	return append(b, 0, 0)
}

// pad4 appends zeros up to a multiple of 4 bytes.
func pad4(b []byte) []byte {
	return append(b, make([]byte, -len(b)&3)...)
}
