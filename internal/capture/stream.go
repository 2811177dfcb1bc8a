package capture

import "encoding/binary"

const (
	// frameHeader is the length of the header before each message: RFC 1002 4.3.1, or
	// the direct TCP transport of [MS-SMB2] 2.1.
	frameHeader = 4
	// maxFrame is the longest message that is held until it is whole.
	maxFrame = 1 << 20
	// maxService is the longest body of a packet of the NetBIOS session service: two
	// encoded names in a session request.
	maxService = 68
)

// Types of frames, RFC 1002 4.3.1.
const (
	typeMessage      = 0x00
	typeSessionFirst = 0x81 // session request
	typeSessionLast  = 0x85 // keep-alive
)

// stream takes one direction of a connection, and gives it out in pieces with the
// secrets blanked: whole frames where it can. It holds no more than one frame and
// what came with its end.
type stream struct {
	client bool // what we send

	held []byte
	skip int  // bytes of a frame that is too long, still to come
	lost bool // it is no sequence of frames
	smb  bool // an SMB message was among it
}

// add takes the next bytes, and gives emit what they complete. A piece is emit's only
// until it returns. All pieces together are as long as all that was added, once
// flush was called. b stays as it is.
func (s *stream) add(b []byte, emit func(piece []byte)) {
	s.held = append(s.held, b...)
	rest := s.held
	for len(rest) > 0 {
		n := s.complete(rest)
		if n == 0 {
			break
		}
		emit(rest[:n])
		rest = rest[n:]
	}
	s.held = s.held[:copy(s.held, rest)]
}

// flush gives emit what is held of a frame that did not come to its end.
func (s *stream) flush(emit func(piece []byte)) {
	if len(s.held) == 0 {
		return
	}
	body := s.held[min(len(s.held), frameHeader):]
	if s.client {
		clear(body)
	} else {
		s.blank(body)
	}
	emit(s.held)
	s.held = nil
}

// complete blanks the first piece of b and returns its length, 0 where it is not
// whole yet.
func (s *stream) complete(b []byte) int {
	switch {
	case s.skip > 0:
		n := min(s.skip, len(b))
		s.skip -= n
		clear(b[:n])
		return n
	case s.lost || !isFrame(b):
		s.lost = true
		if s.secretive() {
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

// blank blanks the secrets of a message.
func (s *stream) blank(message []byte) {
	if blankMessage(message, s.client) {
		s.smb = true
	} else if s.secretive() {
		clear(message)
	}
}

// secretive reports whether what is not understood might hold something secret: what we
// send, and what is said by a server that speaks SMB.
func (s *stream) secretive() bool { return s.client || s.smb }

// isFrame reports whether b, one byte or more, can be the beginning of a frame.
func isFrame(b []byte) bool {
	if b[0] == typeMessage {
		return true
	}
	service := typeSessionFirst <= b[0] && b[0] <= typeSessionLast
	return service && (len(b) < frameHeader || frameLength(b) <= maxService)
}

// frameLength returns the length of a frame without its header.
func frameLength(b []byte) int { return int(binary.BigEndian.Uint32(b) & 0xFFFFFF) }
