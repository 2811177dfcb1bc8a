package faultproxy

import (
	"bufio"
	"encoding/binary"
	"io"
	"math/rand/v2"
	"net"
	"slices"
	"time"
)

// headerSize is the size of the transport's header (RFC 1002 4.3.1, [MS-SMB] 2.1).
const headerSize = 4

// typeKeepAlive is the type of a NetBIOS keep-alive (RFC 1002 4.3.7).
const typeKeepAlive = 0x85

// statusPending marks an interim answer ([MS-SMB2] 2.2.1.1).
const statusPending = 0x00000103

// readMessage reads a message with its header. It has 16 MiB at most: its length is a
// number of 24 bits.
func readMessage(r io.Reader) ([]byte, error) {
	header := make([]byte, headerSize)
	if _, err := io.ReadFull(r, header); err != nil {
		return nil, err
	}
	message := slices.Grow(header, lengthOf(header))[:headerSize+lengthOf(header)]
	if _, err := io.ReadFull(r, message[headerSize:]); err != nil {
		return nil, err
	}
	return message, nil
}

// comesWithin reports whether a byte arrives within the time. It stays in the buffer, and the next
// read returns an error of the connection.
func comesWithin(conn net.Conn, r *bufio.Reader, patience time.Duration) (bool, error) {
	if err := conn.SetReadDeadline(time.Now().Add(patience)); err != nil {
		return false, err
	}
	_, err := r.Peek(1)
	return err == nil, conn.SetReadDeadline(time.Time{})
}

func lengthOf(message []byte) int { return int(binary.BigEndian.Uint32(message) & 0xFFFFFF) }

// withLength returns a message with this length in its header, whatever the length of its body.
func withLength(message []byte, length int) []byte {
	changed := slices.Clone(message)
	changed[1], changed[2], changed[3] = byte(length>>16), byte(length>>8), byte(length)
	return changed
}

// incidental reports whether it depends on the server's load that a message is sent.
func incidental(message []byte) bool {
	if message[0] == typeKeepAlive {
		return true
	}
	p, body := protocolOf(message)
	return p == smb2 && body[smb2Flags]&flagResponse != 0 && binary.LittleEndian.Uint32(body[smb2Status:]) == statusPending
}

type protocol int

const (
	notSMB protocol = iota
	smb1
	smb2
)

// Sizes of the header, and where its fields are ([MS-CIFS] 2.2.3.1, [MS-SMB2] 2.2.1).
const (
	smb1HeaderSize = 32
	smb1Command    = 4
	smb1Status     = 5
	smb1Flags      = 9
	smb1Signature  = 14
	smb1TID        = 24
	smb1UID        = 28
	smb1MID        = 30
	smb1Reply      = 0x80 // in smb1Flags

	smb2HeaderSize   = 64
	smb2Status       = 8
	smb2Command      = 12
	smb2Flags        = 16
	smb2NextCommand  = 20
	smb2MessageID    = 24
	smb2TreeID       = 36
	smb2SessionID    = 40
	smb2Signature    = 48
	smb2SignatureLen = 16
	flagResponse     = 0x01 // in smb2Flags
)

// protocolOf returns what a message is, and its body. Of an SMB message the header is whole.
func protocolOf(message []byte) (protocol, []byte) {
	body := message[headerSize:]
	switch {
	case message[0] != 0:
		return notSMB, body
	case len(body) >= smb1HeaderSize && string(body[:4]) == "\xffSMB":
		return smb1, body
	case len(body) >= smb2HeaderSize && string(body[:4]) == "\xfeSMB":
		return smb2, body
	}
	return notSMB, body
}

func (p protocol) headerSize() int {
	if p == smb1 {
		return smb1HeaderSize
	}
	return smb2HeaderSize
}

// field is a number in an SMB message, of 1, 2, 4, 8 or 16 bytes, little-endian.
type field struct {
	at    int // from the start of the SMB header
	width int
}

func (f field) in(body []byte) []byte { return body[f.at : f.at+f.width] }

// number returns a field of at most four bytes.
func (f field) number(body []byte) uint32 {
	var b [4]byte
	copy(b[:], f.in(body))
	return binary.LittleEndian.Uint32(b[:])
}

// set writes as much of a number as the field holds, which has four bytes at most.
func (f field) set(body []byte, n uint32) {
	b := binary.LittleEndian.AppendUint32(nil, n)
	copy(f.in(body), b[:f.width])
}

// headerField returns the field that a kind changes; ok is false for kinds that change none, and
// for WrongFID if the message is not a successful answer to an open.
func headerField(k Kind, p protocol, body []byte) (field, bool) {
	fields := map[Kind]field{
		WrongMID: {smb1MID, 2}, WrongTID: {smb1TID, 2}, WrongUID: {smb1UID, 2}, WrongSignature: {smb1Signature, 8},
		WrongCommand: {smb1Command, 1}, WrongStatus: {smb1Status, 4},
	}
	if p == smb2 {
		fields = map[Kind]field{
			WrongMID: {smb2MessageID, 8}, WrongTID: {smb2TreeID, 4}, WrongUID: {smb2SessionID, 8},
			WrongSignature: {smb2Signature, smb2SignatureLen}, WrongCommand: {smb2Command, 2}, WrongStatus: {smb2Status, 4},
		}
	}
	if k == WrongFID {
		return openedFID(p, body)
	}
	f, ok := fields[k]
	return f, ok
}

// openedFID finds the FID in the answer to an open ([MS-CIFS] 2.2.4.64.2, [MS-SMB2] 2.2.14).
func openedFID(p protocol, body []byte) (field, bool) {
	const ntCreate, ntCreateFID, ntCreateWords, create, createFID = 0xA2, 38, 34, 5, smb2HeaderSize + 64
	switch {
	case p == smb1 && body[smb1Command] == ntCreate && body[smb1Flags]&smb1Reply != 0 &&
		len(body) >= ntCreateFID+2 && body[smb1HeaderSize] >= ntCreateWords:
		return field{ntCreateFID, 2}, true
	case p == smb2 && field{smb2Command, 2}.number(body) == create && body[smb2Flags]&flagResponse != 0 &&
		field{smb2Status, 4}.number(body) == 0 && len(body) >= createFID+16:
		return field{createFID, 16}, true
	}
	return field{}, false
}

// scramble gives a field another value, the next one or any.
func scramble(b []byte, random *rand.Rand) {
	if random.IntN(2) == 0 {
		b[0]++
		return
	}
	b[0] ^= byte(1 + random.IntN(255))
	for i := range b[1:] {
		b[1+i] ^= byte(random.Uint32())
	}
}
