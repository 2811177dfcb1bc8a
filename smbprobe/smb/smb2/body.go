package smb2

import (
	"encoding/binary"
	"unicode/utf16"

	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/smb"
)

// bodyRule describes the body of an answer that succeeded.
type bodyRule struct {
	structureSize uint16
	fixed         int // bytes of the fixed part
	// buffer returns offset (from the SMB2 header) and length of the variable
	// part; nil if there is none that go-smb2 looks at.
	buffer func(body []byte) (offset, length uint32)
	align  uint32 // what the offset must be a multiple of; 0: any
}

// bodyRules holds every command that we send ([MS-SMB2] 2.2.4 to 2.2.38).
var bodyRules = map[uint16]bodyRule{
	cmdNegotiate: {65, 64, func(b []byte) (uint32, uint32) {
		return uint32(binary.LittleEndian.Uint16(b[56:58])), uint32(binary.LittleEndian.Uint16(b[58:60]))
	}, 0},
	cmdSessionSetup: {9, 8, func(b []byte) (uint32, uint32) {
		return uint32(binary.LittleEndian.Uint16(b[4:6])), uint32(binary.LittleEndian.Uint16(b[6:8]))
	}, 0},
	cmdLogoff:         {4, 4, nil, 0},
	cmdTreeConnect:    {16, 16, nil, 0},
	cmdTreeDisconnect: {4, 4, nil, 0},
	cmdCreate: {89, 88, func(b []byte) (uint32, uint32) {
		return binary.LittleEndian.Uint32(b[80:84]), binary.LittleEndian.Uint32(b[84:88])
	}, 8},
	cmdClose: {60, 60, nil, 0},
	cmdRead: {17, 16, func(b []byte) (uint32, uint32) {
		return uint32(b[2]), binary.LittleEndian.Uint32(b[4:8])
	}, 0},
	cmdWrite: {17, 16, nil, 0},
	cmdQueryInfo: {9, 8, func(b []byte) (uint32, uint32) {
		return uint32(binary.LittleEndian.Uint16(b[2:4])), binary.LittleEndian.Uint32(b[4:8])
	}, 0},
}

// isRefusal reports whether go-smb2 takes an answer for an ERROR Response
// ([MS-SMB2] 2.2.2).
func isRefusal(h header) bool {
	switch h.status() {
	case smb.StatusOK:
		return false
	case smb.StatusMoreProcessingRequired:
		return h.command() != cmdSessionSetup
	case smb.StatusBufferOverflow:
		return h.command() != cmdRead
	}
	return true
}

// checkBody checks the body of an answer that is not a refusal: go-smb2 may then
// decode it for this command.
func checkBody(h header) error {
	command, body := h.command(), h.body()
	rule, ok := bodyRules[command]
	if !ok {
		return violation("an answer to command 0x%02X, which was not sent", command)
	}
	if h.status() == smb.StatusBufferOverflow {
		// go-smb2 drops the body; the caller learns that the data did not fit.
		return nil
	}
	if len(body) < rule.fixed {
		return violation("an answer to command 0x%02X with a body of %d bytes, at least %d are due", command, len(body), rule.fixed)
	}
	if size := binary.LittleEndian.Uint16(body[0:2]); size != rule.structureSize {
		return violation("StructureSize %d in an answer to command 0x%02X", size, command)
	}
	if rule.buffer != nil {
		return checkBuffer(command, body, rule)
	}
	return nil
}

// checkBuffer checks where the variable part of a body lies. Offset 0 with
// length 0 means that there is none.
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

// wellFormedError reports whether the body of a refusal is an ERROR Response
// ([MS-SMB2] 2.2.2) whose error contexts (2.2.2.1) go-smb2 can walk.
func wellFormedError(body []byte) bool {
	if len(body) < 8 || binary.LittleEndian.Uint16(body[0:2]) != 9 {
		return false
	}
	data := body[8:]
	length := binary.LittleEndian.Uint32(body[4:8])
	if uint64(length) > uint64(len(data)) {
		return false
	}
	data = data[:length]
	for range body[2] { // ErrorContextCount
		if len(data) < 8 {
			return false
		}
		size := 8 + (uint64(binary.LittleEndian.Uint32(data[0:4]))+7)&^7
		if size > uint64(len(data)) {
			return false
		}
		data = data[size:]
	}
	return true
}

// statusStoppedOnSymlink refuses a CREATE and names what the symbolic link on
// the way leads to; go-smb2 then opens that.
const statusStoppedOnSymlink smb.Status = 0x8000002D

// wellFormedLink reports whether the body of a refusal that is well formed holds
// a Symbolic Link Error Response ([MS-SMB2] 2.2.2.2.1) that fits the CREATE of
// this path. SMB 3.1.1 wraps it in an error context.
func wellFormedLink(body []byte, path string) bool {
	data := body[8 : 8+binary.LittleEndian.Uint32(body[4:8])]
	if body[2] != 0 {
		data = data[8 : 8+binary.LittleEndian.Uint32(data[0:4])]
	}
	if len(data) < 28 || binary.LittleEndian.Uint32(data[4:8]) != 0x4C4D5953 || binary.LittleEndian.Uint32(data[8:12]) != 0xA000000C {
		return false
	}
	length := uint64(binary.LittleEndian.Uint32(data[0:4]))    // SymLinkLength, of what follows it
	reparse := uint64(binary.LittleEndian.Uint16(data[12:14])) // ReparseDataLength
	unparsed := int(binary.LittleEndian.Uint16(data[14:16]))   // bytes at the end of path
	for _, name := range [][]byte{data[16:20], data[20:24]} {  // SubstituteName, PrintName
		offset, size := uint64(binary.LittleEndian.Uint16(name[0:2])), uint64(binary.LittleEndian.Uint16(name[2:4]))
		if offset%2 != 0 || 12+offset+size > reparse {
			return false
		}
	}
	return 4+length <= uint64(len(data)) && 12+reparse <= length && unparsed/2 <= len(utf16.Encode([]rune(path)))
}

// refusal returns an answer to the same request as h that refuses it with this
// status and has no error data. It stands alone, and its signature is void.
func refusal(h header, status smb.Status) header {
	r := make(header, headerSize, headerSize+9)
	copy(r, h)
	binary.LittleEndian.PutUint32(r[8:12], uint32(status))
	binary.LittleEndian.PutUint32(r[20:24], 0) // NextCommand
	return append(r, 9, 0, 0, 0, 0, 0, 0, 0, 0)
}
