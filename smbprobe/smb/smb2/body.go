package smb2

import (
	"encoding/binary"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/smb"
)

// bodyRule says what the fixed part of an answer's body looks like.
type bodyRule struct {
	structureSize uint16
	fixed         int // bytes
	// buffer returns offset (from the SMB2 header) and length of the variable
	// part; nil where there is none that go-smb2 looks at.
	buffer func(body []byte) (offset, length uint32)
	align  uint32 // what the offset must be a multiple of, 0: any
}

// ruleFor returns the rule of an answer that succeeded ([MS-SMB2] 2.2.4 to
// 2.2.38); ok is false for commands that we never send.
func ruleFor(command uint16) (rule bodyRule, ok bool) {
	switch command {
	case cmdNegotiate:
		return bodyRule{65, 64, func(b []byte) (uint32, uint32) {
			return uint32(binary.LittleEndian.Uint16(b[56:58])), uint32(binary.LittleEndian.Uint16(b[58:60]))
		}, 0}, true
	case cmdSessionSetup:
		return bodyRule{9, 8, func(b []byte) (uint32, uint32) {
			return uint32(binary.LittleEndian.Uint16(b[4:6])), uint32(binary.LittleEndian.Uint16(b[6:8]))
		}, 0}, true
	case cmdLogoff, cmdTreeDisconnect:
		return bodyRule{4, 4, nil, 0}, true
	case cmdTreeConnect:
		return bodyRule{16, 16, nil, 0}, true
	case cmdCreate:
		return bodyRule{89, 88, func(b []byte) (uint32, uint32) {
			return binary.LittleEndian.Uint32(b[80:84]), binary.LittleEndian.Uint32(b[84:88])
		}, 8}, true
	case cmdClose:
		return bodyRule{60, 60, nil, 0}, true
	case cmdRead:
		return bodyRule{17, 16, func(b []byte) (uint32, uint32) {
			return uint32(b[2]), binary.LittleEndian.Uint32(b[4:8])
		}, 0}, true
	case cmdWrite:
		return bodyRule{17, 16, nil, 0}, true
	case cmdQueryInfo:
		return bodyRule{9, 8, func(b []byte) (uint32, uint32) {
			return uint32(binary.LittleEndian.Uint16(b[2:4])), binary.LittleEndian.Uint32(b[4:8])
		}, 0}, true
	}
	return bodyRule{}, false
}

// checkBody checks the body that go-smb2 will decode for this command and
// status.
func checkBody(h header) error {
	command, body := h.command(), h.body()
	rule, ok := ruleFor(command)
	if !ok {
		return violation("an answer to command 0x%02X, which was not sent", command)
	}
	switch status := h.status(); {
	case status == smb.StatusOK:
	case status == smb.StatusMoreProcessingRequired && command == cmdSessionSetup:
	case status == smb.StatusBufferOverflow && command == cmdRead:
		// go-smb2 drops the body; the caller learns that the data did not fit.
		return nil
	default:
		return checkErrorBody(command, body)
	}

	if len(body) < rule.fixed {
		return violation("an answer to command 0x%02X with a body of %d bytes, at least %d are due", command, len(body), rule.fixed)
	}
	if size := binary.LittleEndian.Uint16(body[0:2]); size != rule.structureSize {
		return violation("StructureSize %d in an answer to command 0x%02X", size, command)
	}
	if rule.buffer != nil {
		if err := checkBuffer(command, body, rule); err != nil {
			return err
		}
	}
	if command == cmdNegotiate {
		_, err := parseNegotiate(body)
		return err
	}
	return nil
}

// checkBuffer checks where the variable part of a body lies. Offset 0 with
// length 0 is how a server says that there is none.
func checkBuffer(command uint16, body []byte, rule bodyRule) error {
	offset, length := rule.buffer(body)
	first, end := uint64(headerSize+rule.fixed), uint64(headerSize+len(body))
	switch {
	case uint64(offset)+uint64(length) > end:
		return violation("an answer to command 0x%02X whose buffer (offset %d, %d bytes) leaves the frame", command, offset, length)
	case length > 0 && uint64(offset) < first:
		return violation("an answer to command 0x%02X whose buffer starts inside the header, at %d", command, offset)
	case rule.align != 0 && offset%rule.align != 0:
		return violation("an answer to command 0x%02X whose buffer starts at %d, not a multiple of %d", command, offset, rule.align)
	}
	return nil
}

// checkErrorBody checks an ERROR Response ([MS-SMB2] 2.2.2) and the error
// contexts in it (2.2.2.1).
func checkErrorBody(command uint16, body []byte) error {
	if len(body) < 8 {
		return violation("an error answer to command 0x%02X with a body of %d bytes", command, len(body))
	}
	if size := binary.LittleEndian.Uint16(body[0:2]); size != 9 {
		return violation("StructureSize %d in an error answer to command 0x%02X", size, command)
	}
	data := body[8:]
	length := binary.LittleEndian.Uint32(body[4:8])
	if uint64(length) > uint64(len(data)) {
		return violation("an error answer to command 0x%02X whose data (%d bytes) leave the frame", command, length)
	}
	data = data[:length]
	for range body[2] { // ErrorContextCount
		if len(data) < 8 {
			return violation("an error answer to command 0x%02X with an error context cut short", command)
		}
		size := 8 + (uint64(binary.LittleEndian.Uint32(data[0:4]))+7)&^7
		if size > uint64(len(data)) {
			return violation("an error answer to command 0x%02X with an error context that leaves it", command)
		}
		data = data[size:]
	}
	return nil
}
