package smb2

import (
	"encoding/binary"
	"time"
	"unicode/utf16"
)

// request is what the guard keeps of a request of ours until its final answer.
type request struct {
	command   uint16
	sessionID uint64
	treeID    uint32
	asyncID   uint64 // of the interim answer; 0: there was none
	name      string // CREATE: the path as sent
	length    uint32 // READ, WRITE, QUERY_INFO: bytes asked for or sent
	round     int64  // see smb.Rounds
	sentAt    time.Time
}

// parseRequest reads one of go-smb2's own requests, which it never chains. A
// frame that is too short to be one yields ok false.
func parseRequest(frame []byte) (id uint64, r request, ok bool) {
	if kindOf(frame) != kindPlain || len(frame) < headerSize {
		return 0, request{}, false
	}
	h := header(frame)
	r = request{command: h.command(), sessionID: h.sessionID(), treeID: h.treeID()}
	body := h.body()
	switch {
	case r.command == cmdCreate && len(body) >= 56: // [MS-SMB2] 2.2.13
		offset, length := int(binary.LittleEndian.Uint16(body[44:46])), int(binary.LittleEndian.Uint16(body[46:48]))
		if offset+length <= len(h) {
			r.name = decodeName(h[offset : offset+length])
		}
	case (r.command == cmdRead || r.command == cmdWrite || r.command == cmdQueryInfo) && len(body) >= 8:
		r.length = binary.LittleEndian.Uint32(body[4:8]) // [MS-SMB2] 2.2.19, 2.2.21, 2.2.37
	}
	return h.messageID(), r, true
}

func decodeName(b []byte) string {
	units := make([]uint16, len(b)/2)
	for i := range units {
		units[i] = binary.LittleEndian.Uint16(b[2*i:])
	}
	return string(utf16.Decode(units))
}
