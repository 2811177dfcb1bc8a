package capture

import "encoding/binary"

const (
	// frameHeader is the size of the header before each message (RFC 1002 4.3.1, or direct
	// TCP, MS-SMB2 2.1).
	frameHeader = 4
	// maxFrame is the longest message that is buffered until it is complete.
	maxFrame = 1 << 20
	// maxService is the longest body of a packet of the NetBIOS session service: two
	// encoded names in a session request.
	maxService = 68
)

// Types of frames (RFC 1002 4.3.1).
const (
	typeMessage      = 0x00
	typeSessionFirst = 0x81 // session request
	typeSessionLast  = 0x85 // keep-alive
)

// stream blanks the secrets in one direction of a connection, frame by frame. It buffers at
// most one frame and the bytes that arrived with its end.
type stream struct {
	client bool // the direction from the client

	buffer   []byte
	skip     int  // bytes of a frame over maxFrame that have not arrived yet
	unframed bool // the bytes are not a sequence of frames
	smb      bool // there was an SMB message
}

// add adds the next bytes, and passes what they complete to emit, which must not keep it.
// After flush, the pieces together are as long as everything that was added. It does not
// change b.
func (s *stream) add(b []byte, emit func(piece []byte)) {
	s.buffer = append(s.buffer, b...)
	rest := s.buffer
	for len(rest) > 0 {
		n := s.complete(rest)
		if n == 0 {
			break
		}
		emit(rest[:n])
		rest = rest[n:]
	}
	s.buffer = s.buffer[:copy(s.buffer, rest)]
}

// flush passes the beginning of an incomplete frame to emit.
func (s *stream) flush(emit func(piece []byte)) {
	if len(s.buffer) == 0 {
		return
	}
	body := s.buffer[min(len(s.buffer), frameHeader):]
	if s.client {
		clear(body)
	} else {
		s.blank(body)
	}
	emit(s.buffer)
	s.buffer = nil
}

// complete blanks the first piece of b and returns its length; 0 if it is incomplete.
func (s *stream) complete(b []byte) int {
	switch {
	case s.skip > 0:
		n := min(s.skip, len(b))
		s.skip -= n
		clear(b[:n])
		return n
	case s.unframed || !isFrame(b):
		s.unframed = true
		if s.mayHoldSecrets() {
			clear(b)
		}
		return len(b)
	case len(b) < frameHeader:
		return 0
	}
	length := frameLength(b)
	switch {
	case length > maxFrame:
		s.skip = length
		return frameHeader
	case len(b) < frameHeader+length:
		return 0
	case b[0] == typeMessage:
		s.blank(b[frameHeader : frameHeader+length])
	}
	return frameHeader + length
}

// blank blanks the secrets in a message.
func (s *stream) blank(message []byte) {
	if blankMessage(message, s.client) {
		s.smb = true
	} else if s.mayHoldSecrets() {
		clear(message)
	}
}

// mayHoldSecrets reports whether bytes that are not understood may hold secrets: those of
// the client, and those of a server that has sent SMB.
func (s *stream) mayHoldSecrets() bool { return s.client || s.smb }

// isFrame reports whether b, one byte or more, may be the beginning of a frame.
func isFrame(b []byte) bool {
	if b[0] == typeMessage {
		return true
	}
	service := typeSessionFirst <= b[0] && b[0] <= typeSessionLast
	return service && (len(b) < frameHeader || frameLength(b) <= maxService)
}

// frameLength returns the length in a frame's header, which does not count itself.
func frameLength(b []byte) int { return int(binary.BigEndian.Uint32(b) & 0xFFFFFF) }
