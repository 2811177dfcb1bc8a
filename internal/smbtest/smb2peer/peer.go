// Package smb2peer has a scripted SMB2 server that works on any net.Conn, so that tests
// whose clock stands still can have one. It has its own codec and accepts every password.
// Only tests may import it.
package smb2peer

import (
	"encoding/binary"
	"io"
	"net"
	"unicode/utf16"
)

const (
	headerSize = 64 // [MS-SMB2] 2.2.1
	maxFrame   = 1 << 17

	session = 0x5A5A // the SessionId of every connection

	dialect302      = 0x0302 // SMB 3.0.2
	dialectWildcard = 0x02FF // the answer to an SMB1 negotiate: negotiate again, in SMB2

	cmdNegotiate    = 0x00
	cmdSessionSetup = 0x01
	cmdLogoff       = 0x02

	statusOK             = 0
	statusMoreProcessing = 0xC0000016
	statusBadNetworkName = 0xC00000CC
)

// Serve answers the requests on a connection until that ends: it logs in whoever asks, in
// dialect 3.0.2 and without signing, and has no share. An SMB1 negotiate that offers SMB2 is
// answered in SMB2 ([MS-SMB2] 3.3.5.3.1).
func Serve(conn net.Conn, domain string) {
	serve(conn, domain, func([]byte) bool { return true })
}

// ServeUntilChallenge is Serve for a server that hangs after its answer to NEGOTIATE: it
// reads on, and never sends a challenge.
func ServeUntilChallenge(conn net.Conn, domain string) {
	serve(conn, domain, func(request []byte) bool {
		return binary.LittleEndian.Uint16(request[12:]) == cmdNegotiate
	})
}

func serve(conn net.Conn, domain string, answers func(request []byte) bool) {
	defer conn.Close()
	for {
		request, err := readFrame(conn)
		if err == nil && len(request) > 4 && string(request[:4]) == "\xffSMB" {
			request = make([]byte, headerSize) // as a NEGOTIATE with MessageId 0
			copy(request, "\xffSMB")
		}
		if err != nil || len(request) < headerSize {
			return
		}
		if !answers(request) {
			continue
		}
		if _, err := conn.Write(Frame(answer(request, domain))); err != nil {
			return
		}
	}
}

// IsResponse reports whether a message, without its transport header, is the SESSION_SETUP
// with the response to a challenge.
func IsResponse(message []byte) bool {
	return len(message) >= headerSize && string(message[:4]) == "\xfeSMB" &&
		binary.LittleEndian.Uint16(message[12:]) == cmdSessionSetup && binary.LittleEndian.Uint64(message[40:]) != 0
}

// Refuse returns an answer with a status and no more, in place of another answer.
func Refuse(answer []byte, status uint32) []byte {
	m := append(append([]byte(nil), answer[:headerSize]...), 9, 0, 0, 0, 0, 0, 0, 0, 0)
	binary.LittleEndian.PutUint32(m[8:], status)
	return m
}

// Frame puts the transport header in front of a message ([MS-SMB2] 2.1).
func Frame(message []byte) []byte {
	return append(binary.BigEndian.AppendUint32(nil, uint32(len(message))), message...)
}

func readFrame(r io.Reader) ([]byte, error) {
	var head [4]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return nil, err
	}
	size := binary.BigEndian.Uint32(head[:])
	if size > maxFrame {
		return nil, io.ErrShortBuffer
	}
	message := make([]byte, size)
	_, err := io.ReadFull(r, message)
	return message, err
}

func answer(request []byte, domain string) []byte {
	switch binary.LittleEndian.Uint16(request[12:]) {
	case cmdNegotiate:
		dialect := uint16(dialect302)
		if request[0] == 0xFF {
			dialect = dialectWildcard
		}
		return packet(request, 0, statusOK, negotiateBody(dialect))
	case cmdSessionSetup:
		if !IsResponse(request) {
			return packet(request, session, statusMoreProcessing, setupBody(spnegoChallenge(domain)))
		}
		return packet(request, session, statusOK, setupBody(nil))
	case cmdLogoff:
		return packet(request, session, statusOK, []byte{4, 0, 0, 0})
	}
	return Refuse(packet(request, session, statusOK, nil), statusBadNetworkName)
}

func packet(request []byte, sessionID uint64, status uint32, body []byte) []byte {
	h := make([]byte, headerSize, headerSize+len(body))
	copy(h, "\xfeSMB")
	binary.LittleEndian.PutUint16(h[4:], headerSize)
	binary.LittleEndian.PutUint32(h[8:], status)
	copy(h[12:14], request[12:14])
	binary.LittleEndian.PutUint16(h[14:], 64) // credits
	h[16] = 1                                 // a response
	copy(h[24:32], request[24:32])            // MessageId
	copy(h[36:40], request[36:40])            // TreeId
	binary.LittleEndian.PutUint64(h[40:], sessionID)
	return append(h, body...)
}

// negotiateBody is [MS-SMB2] 2.2.4.
func negotiateBody(dialect uint16) []byte {
	const filetime2020 = 132223104000000000
	b := make([]byte, 64)
	binary.LittleEndian.PutUint16(b[0:], 65)
	b[2] = 1 // signing enabled
	binary.LittleEndian.PutUint16(b[4:], dialect)
	for _, at := range []int{28, 32, 36} { // MaxTransactSize, MaxReadSize, MaxWriteSize
		binary.LittleEndian.PutUint32(b[at:], 1<<16)
	}
	binary.LittleEndian.PutUint64(b[40:], filetime2020)
	binary.LittleEndian.PutUint16(b[56:], headerSize+64)
	return b
}

// setupBody is [MS-SMB2] 2.2.6.
func setupBody(token []byte) []byte {
	b := make([]byte, 8, 8+len(token))
	b[0] = 9
	binary.LittleEndian.PutUint16(b[4:], headerSize+8)
	binary.LittleEndian.PutUint16(b[6:], uint16(len(token)))
	return append(b, token...)
}

// spnegoChallenge is a NegTokenResp (RFC 4178 4.2.2) that accepts NTLM
// (1.3.6.1.4.1.311.2.2.10) and has a challenge.
func spnegoChallenge(domain string) []byte {
	oid := []byte{0x06, 0x0A, 0x2B, 0x06, 0x01, 0x04, 0x01, 0x82, 0x37, 0x02, 0x02, 0x0A}
	return der(0xA1, der(0x30,
		der(0xA0, []byte{0x0A, 1, 1}),
		der(0xA1, oid),
		der(0xA2, der(0x04, ntlmChallenge(domain))),
	))
}

// der encodes a value of up to 255 bytes (X.690 8.1).
func der(tag byte, parts ...[]byte) []byte {
	var content []byte
	for _, part := range parts {
		content = append(content, part...)
	}
	if len(content) < 0x80 {
		return append([]byte{tag, byte(len(content))}, content...)
	}
	return append([]byte{tag, 0x81, byte(len(content))}, content...)
}

// ntlmChallenge is a CHALLENGE_MESSAGE ([MS-NLMP] 2.2.1.2) of a member of a domain.
func ntlmChallenge(domain string) []byte {
	const fixed = 56
	name := encode("EXCH01")
	info := append(avPair(2, encode(domain)), avPair(1, name)...)
	info = append(info, avPair(0, nil)...)
	m := make([]byte, fixed)
	copy(m, "NTLMSSP\x00\x02")
	binary.LittleEndian.PutUint16(m[12:], uint16(len(name)))
	binary.LittleEndian.PutUint16(m[14:], uint16(len(name)))
	binary.LittleEndian.PutUint32(m[16:], fixed)
	binary.LittleEndian.PutUint32(m[20:], 0xE28A8215)
	copy(m[24:], "8 bytes.")
	binary.LittleEndian.PutUint16(m[40:], uint16(len(info)))
	binary.LittleEndian.PutUint16(m[42:], uint16(len(info)))
	binary.LittleEndian.PutUint32(m[44:], uint32(fixed+len(name)))
	copy(m[48:], []byte{6, 1, 0xB1, 0x1D, 0, 0, 0, 15}) // Windows 6.1 build 7601
	return append(append(m, name...), info...)
}

func avPair(id uint16, value []byte) []byte {
	b := binary.LittleEndian.AppendUint16(nil, id)
	return append(binary.LittleEndian.AppendUint16(b, uint16(len(value))), value...)
}

func encode(text string) []byte {
	var b []byte
	for _, unit := range utf16.Encode([]rune(text)) {
		b = binary.LittleEndian.AppendUint16(b, unit)
	}
	return b
}
