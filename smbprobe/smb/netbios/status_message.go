package netbios

import (
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
)

const (
	statusHeader   = 12     // bytes of a name service packet's header
	flagResponse   = 0x8000 // R of the header
	maskOpcode     = 0x7800
	maskRcode      = 0x000F
	typeNodeStatus = 0x0021 // NBSTAT
	classInternet  = 0x0001
	nameEntry      = 18 // bytes of a name in the table
)

// errMalformed is a datagram that is no node status answer.
var errMalformed = errors.New("no node status answer")

// wildcardName is the name that every node answers to: an asterisk and zero
// bytes, where other names have spaces.
func wildcardName() [EncodedNameSize]byte { return encodeBytes([16]byte{'*'}) }

// mastersName is the name that domain master browsers have in common, with
// suffix 0x01.
func mastersName() [EncodedNameSize]byte {
	return encodeBytes([16]byte([]byte("\x01\x02__MSBROWSE__\x02\x01")))
}

// statusRequest is NODE STATUS REQUEST (RFC 1002 4.2.17).
func statusRequest(id uint16, name [EncodedNameSize]byte) []byte {
	b := binary.BigEndian.AppendUint16(make([]byte, 0, statusHeader+EncodedNameSize+4), id)
	b = append(b, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0) // no flags, one question
	b = append(b, name[:]...)
	b = binary.BigEndian.AppendUint16(b, typeNodeStatus)
	return binary.BigEndian.AppendUint16(b, classInternet)
}

// parseStatus reads NODE STATUS RESPONSE (RFC 1002 4.2.18): the id of the query
// that it answers, and the names. What follows the names is of no interest.
func parseStatus(b []byte) (id uint16, names []Name, err error) {
	if len(b) < statusHeader {
		return 0, nil, fmt.Errorf("%w: %d bytes", errMalformed, len(b))
	}
	flags := binary.BigEndian.Uint16(b[2:])
	if flags&flagResponse == 0 || flags&(maskOpcode|maskRcode) != 0 {
		return 0, nil, fmt.Errorf("%w: flags 0x%04X", errMalformed, flags)
	}
	questions, answers := binary.BigEndian.Uint16(b[4:]), binary.BigEndian.Uint16(b[6:])
	if questions != 0 || answers == 0 {
		return 0, nil, fmt.Errorf("%w: %d questions, %d answers", errMalformed, questions, answers)
	}
	record, err := skipName(b[statusHeader:])
	if err != nil {
		return 0, nil, err
	}
	data, err := recordData(record)
	if err != nil {
		return 0, nil, err
	}
	names, err = parseNames(data)
	return binary.BigEndian.Uint16(b), names, err
}

// skipName returns what follows a name in second-level encoding (RFC 1002
// 4.1), which a pointer of two bytes may end.
func skipName(b []byte) ([]byte, error) {
	for len(b) > 0 {
		n := int(b[0])
		size := 1 + n
		if n >= 0xC0 {
			size = 2
		} else if n > 63 {
			return nil, fmt.Errorf("%w: label of %d bytes", errMalformed, n)
		}
		if size > len(b) {
			break
		}
		b = b[size:]
		if n == 0 || n >= 0xC0 {
			return b, nil
		}
	}
	return nil, fmt.Errorf("%w: name cut off", errMalformed)
}

// recordData returns the data of a node status record, whose name was skipped.
func recordData(b []byte) ([]byte, error) {
	const fixed = 10 // type 2, class 2, time to live 4, length 2
	if len(b) < fixed {
		return nil, fmt.Errorf("%w: record cut off", errMalformed)
	}
	kind, class := binary.BigEndian.Uint16(b), binary.BigEndian.Uint16(b[2:])
	if kind != typeNodeStatus || class != classInternet {
		return nil, fmt.Errorf("%w: record of type 0x%04X, class 0x%04X", errMalformed, kind, class)
	}
	length := int(binary.BigEndian.Uint16(b[8:]))
	b = b[fixed:]
	if length > len(b) {
		return nil, fmt.Errorf("%w: record of %d bytes with %d left", errMalformed, length, len(b))
	}
	return b[:length], nil
}

// parseNames reads the table: a count, then 18 bytes for each name.
func parseNames(b []byte) ([]Name, error) {
	if len(b) == 0 || len(b)-1 < int(b[0])*nameEntry {
		return nil, fmt.Errorf("%w: name table cut off at %d bytes", errMalformed, len(b))
	}
	names := make([]Name, 0, b[0])
	for entry := range int(b[0]) {
		e := b[1+entry*nameEntry:]
		flags := binary.BigEndian.Uint16(e[16:])
		names = append(names, Name{
			Name:          strings.TrimRight(string(e[:maxName]), " \x00"),
			Suffix:        e[maxName],
			Group:         flags&flagGroup != 0,
			Deregistering: flags&flagDeregistering != 0,
			Conflict:      flags&flagConflict != 0,
			Active:        flags&flagActive != 0,
		})
	}
	return names, nil
}
