package rpc

import (
	"encoding/binary"
	"unicode/utf16"
)

const (
	recordHeaderSize = 56         // MS-EVEN 2.2.3
	recordSignature  = 0x654C664C // "LfLe"
)

// encodeRecord lays a record out as Windows does (MS-EVEN 2.2.3, EVENTLOGRECORD):
// the two names, no SID, strings, data, and its length once more at the end. It
// is a multiple of 4 bytes long. Strings beyond 65,535 are left out.
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
	le.PutUint32(b[44:], stringsAt) // of the SID, which is empty
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

// MoveEmptyParts lets the offsets of the SID and the data of a record without either point
// behind its end. That is no damage: Windows writes such records.
func MoveEmptyParts(record []byte) {
	le := binary.LittleEndian
	for _, part := range []struct{ lengthAt, offsetAt int }{{40, 44}, {48, 52}} {
		if le.Uint32(record[part.lengthAt:]) == 0 {
			le.PutUint32(record[part.offsetAt:], uint32(len(record))+0x1000)
		}
	}
}

// utf16z returns a text in UTF-16 with a NUL at its end.
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
