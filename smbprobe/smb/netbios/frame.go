// Package netbios implements what SMB over TCP port 139 needs of NetBIOS (RFC 1001,
// RFC 1002): the session request before the first SMB message, the frames around
// messages, and the node status query for a server's name.
// Frames on port 445 are the same but for a length of 24 bits (MS-SMB 2.1).
package netbios

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
	"slices"

	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/smb"
)

// HeaderSize is the length of the header of every message on the connection
// (RFC 1002 4.3.1).
const HeaderSize = 4

// Types of session packets (RFC 1002 4.3.1).
const (
	typeMessage          = 0x00
	typeRequest          = 0x81
	typePositiveResponse = 0x82
	typeNegativeResponse = 0x83
	typeRetargetResponse = 0x84
	typeKeepAlive        = 0x85
)

// maxKeepAlives is the number of keep-alives in a row that are skipped. A server
// sends one a minute at most.
const maxKeepAlives = 1000

// packetHeader is the header of a session packet.
type packetHeader struct {
	kind   byte
	length int // at most 2^24-1
}

func parseHeader(b [HeaderSize]byte) packetHeader {
	return packetHeader{kind: b[0], length: int(binary.BigEndian.Uint32(b[:]) & 0xFFFFFF)}
}

// AppendHeader appends the header of a session message of n bytes. It fits
// both transports for n up to 2^17-1, direct TCP up to 2^24-1 (RFC 1002 4.3.6,
// MS-SMB 2.1); the caller keeps to that.
func AppendHeader(b []byte, n int) []byte {
	return append(b, typeMessage, byte(n>>16), byte(n>>8), byte(n))
}

// ReadFrame reads the next session message and returns it without its header.
// The payload is read into buf if buf has the capacity, else into new memory of
// at most limit bytes, and may be empty. Keep-alives are skipped, at most 1000 in
// a row.
//
// Errors: smb.ErrProtocol for a longer message or a packet of another type;
// io.EOF if the stream ended between two packets, io.ErrUnexpectedEOF if
// it ended inside one; else what r returned.
func ReadFrame(r io.Reader, buf []byte, limit int) (payload []byte, err error) {
	var h packetHeader
	if buffered, ok := r.(*bufio.Reader); ok {
		h, err = readBuffered(buffered)
	} else {
		h, err = readPastKeepAlives(r)
	}
	if err != nil {
		return nil, err
	}
	if h.kind != typeMessage {
		return nil, fmt.Errorf("%w: session packet of type 0x%02X, expected a message", smb.ErrProtocol, h.kind)
	}
	if h.length > limit {
		return nil, fmt.Errorf("%w: message of %d bytes, the limit is %d", smb.ErrProtocol, h.length, limit)
	}
	payload = slices.Grow(buf[:0], h.length)[:h.length]
	if err := readInside(r, payload); err != nil {
		return nil, err
	}
	return payload, nil
}

// readPastKeepAlives reads the header of the next packet that is not a keep-alive.
// Its errors are those of ReadFrame.
func readPastKeepAlives(r io.Reader) (packetHeader, error) {
	for range maxKeepAlives + 1 {
		var b [HeaderSize]byte
		if _, err := io.ReadFull(r, b[:]); err != nil {
			return packetHeader{}, err
		}
		h := parseHeader(b)
		if h.kind != typeKeepAlive {
			return h, nil
		}
		if h.length != 0 {
			return packetHeader{}, errKeepAlive(h)
		}
	}
	return packetHeader{}, errTooManyKeepAlives
}

// readBuffered is readPastKeepAlives of a reader that needs no memory of its own.
func readBuffered(r *bufio.Reader) (packetHeader, error) {
	for range maxKeepAlives + 1 {
		b, err := r.Peek(HeaderSize)
		if err != nil {
			if err == io.EOF && len(b) > 0 {
				err = io.ErrUnexpectedEOF
			}
			return packetHeader{}, err
		}
		h := parseHeader([HeaderSize]byte(b))
		_, _ = r.Discard(HeaderSize) // was peeked at
		if h.kind != typeKeepAlive {
			return h, nil
		}
		if h.length != 0 {
			return packetHeader{}, errKeepAlive(h)
		}
	}
	return packetHeader{}, errTooManyKeepAlives
}

// SkipKeepAlives drops the keep-alives that are at the beginning of what r has buffered,
// and returns the number of bytes that remain.
func SkipKeepAlives(r *bufio.Reader) int {
	for r.Buffered() >= HeaderSize {
		b, _ := r.Peek(HeaderSize) // is buffered
		if h := parseHeader([HeaderSize]byte(b)); h.kind != typeKeepAlive || h.length != 0 {
			break
		}
		_, _ = r.Discard(HeaderSize)
	}
	return r.Buffered()
}

var errTooManyKeepAlives = fmt.Errorf("%w: more than %d keep-alives in a row", smb.ErrProtocol, maxKeepAlives)

func errKeepAlive(h packetHeader) error {
	return fmt.Errorf("%w: keep-alive of %d bytes", smb.ErrProtocol, h.length)
}

// readInside fills b with the rest of a packet. The end of the stream is unexpected
// there.
func readInside(r io.Reader, b []byte) error {
	_, err := io.ReadFull(r, b)
	if err == io.EOF && len(b) > 0 {
		return io.ErrUnexpectedEOF
	}
	return err
}
