package peer

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"time"
	"unicode/utf16"
)

// Types of a session packet (RFC 1002 4.3.1).
const (
	packetMessage   = 0x00
	packetRequest   = 0x81
	packetPositive  = 0x82
	packetNegative  = 0x83
	packetRetarget  = 0x84
	packetKeepAlive = 0x85
)

// maxFrame is the longest frame in bytes that a peer accepts.
const maxFrame = 1 << 17

var errMalformed = errors.New("malformed request")

func malformed(format string, args ...any) error {
	return fmt.Errorf("%w: %s", errMalformed, fmt.Sprintf(format, args...))
}

func frame(kind byte, payload []byte) []byte {
	return append(binary.BigEndian.AppendUint32(nil, uint32(kind)<<24|uint32(len(payload))), payload...)
}

func readFrame(r io.Reader) (kind byte, payload []byte, err error) {
	var head [4]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return 0, nil, err
	}
	length := binary.BigEndian.Uint32(head[:]) & 0xFFFFFF
	if length > maxFrame {
		return 0, nil, malformed("a frame of %d bytes", length)
	}
	payload = make([]byte, length)
	_, err = io.ReadFull(r, payload)
	return head[0], payload, err
}

// Commands (MS-CIFS 2.2.2.1).
const (
	cmdClose          = 0x04
	cmdEcho           = 0x2B
	cmdReadAndX       = 0x2E
	cmdTreeDisconnect = 0x71
	cmdNegotiate      = 0x72
	cmdSessionSetup   = 0x73
	cmdLogoff         = 0x74
	cmdTreeConnect    = 0x75
	cmdNTCreate       = 0xA2
	cmdNone           = 0xFF
)

func stepOf(command byte) Step {
	switch command {
	case cmdClose:
		return StepClose
	case cmdEcho:
		return StepEcho
	case cmdReadAndX:
		return StepRead
	case cmdTreeDisconnect:
		return StepTreeDisconnect
	case cmdNegotiate:
		return StepNegotiate
	case cmdSessionSetup:
		return StepSessionSetup
	case cmdLogoff:
		return StepLogoff
	case cmdTreeConnect:
		return StepTreeConnect
	case cmdNTCreate:
		return StepOpen
	}
	return Step(fmt.Sprintf("command 0x%02X", command))
}

func isAndX(command byte) bool {
	switch command {
	case cmdReadAndX, cmdSessionSetup, cmdLogoff, cmdTreeConnect, cmdNTCreate:
		return true
	}
	return false
}

// headerSize is the size of the SMB header (MS-CIFS 2.2.3.1).
const headerSize = 32

const (
	flags2NTStatus = 0x4000
	flags2Unicode  = 0x8000
)

// request is a decoded SMB message.
type request struct {
	raw    []byte
	flags2 uint16
	uid    uint16
	blocks []block
}

// block is one command of a chain. The words of an AndX command are without
// their first four bytes; at is where data begins in the message.
type block struct {
	command byte
	words   []byte
	data    []byte
	at      int
}

func parseRequest(b []byte) (request, error) {
	if len(b) < headerSize+3 || string(b[:4]) != "\xFFSMB" {
		return request{}, malformed("no SMB message")
	}
	le := binary.LittleEndian
	r := request{
		raw: b, flags2: le.Uint16(b[10:]), uid: le.Uint16(b[28:]),
	}
	command, at := b[4], headerSize
	for command != cmdNone {
		if at >= len(b) {
			return r, malformed("%s begins behind the message", stepOf(command))
		}
		words := at + 1
		count := words + 2*int(b[at])
		if count+2 > len(b) {
			return r, malformed("the words of %s end behind the message", stepOf(command))
		}
		data := count + 2
		end := data + int(le.Uint16(b[count:]))
		if end > len(b) {
			return r, malformed("the bytes of %s end behind the message", stepOf(command))
		}
		next, nextAt := byte(cmdNone), 0
		if isAndX(command) {
			if count-words < 4 {
				return r, malformed("%s has no AndX words", stepOf(command))
			}
			next, nextAt = b[words], int(le.Uint16(b[words+2:]))
			words += 4
			if next != cmdNone && nextAt < end {
				return r, malformed("%s is chained backwards", stepOf(next))
			}
		}
		r.blocks = append(r.blocks, block{command: command, words: b[words:count], data: b[data:end], at: data})
		command, at = next, nextAt
	}
	return r, nil
}

// texts reads strings from the data of a block.
type texts struct {
	block
	unicode bool
	off     int
}

// bytes returns the next n bytes.
func (s *texts) bytes(n int) ([]byte, error) {
	if n > len(s.data)-s.off {
		return nil, malformed("%s: %d bytes of its data are missing", stepOf(s.command), n-(len(s.data)-s.off))
	}
	b := s.data[s.off : s.off+n]
	s.off += n
	return b, nil
}

// oem returns the next 8-bit string, which has a terminator.
func (s *texts) oem() (string, error) {
	for i, c := range s.data[s.off:] {
		if c == 0 {
			text := string(s.data[s.off : s.off+i])
			s.off += i + 1
			return text, nil
		}
	}
	return "", malformed("%s: a string has no end", stepOf(s.command))
}

// align skips to the next even offset from the header, where Unicode strings start.
func (s *texts) align() {
	if s.unicode && (s.at+s.off)%2 == 1 {
		s.off++
	}
}

// next returns the next string in the session's encoding.
func (s *texts) next() (string, error) {
	if !s.unicode {
		return s.oem()
	}
	s.align()
	var units []uint16
	for i := s.off; i+1 < len(s.data); i += 2 {
		unit := binary.LittleEndian.Uint16(s.data[i:])
		if unit == 0 {
			s.off = i + 2
			return string(utf16.Decode(units)), nil
		}
		units = append(units, unit)
	}
	return "", malformed("%s: a string has no end", stepOf(s.command))
}

// fileTime is a FILETIME; the zero time is 0, which is unknown.
func fileTime(t time.Time) uint64 {
	if t.IsZero() {
		return 0
	}
	const secondsTo1970 = 11644473600
	return uint64(t.Unix()+secondsTo1970)*10_000_000 + uint64(t.Nanosecond()/100)
}
