package smb2

import (
	"encoding/binary"
	"io"
	"net"
	"testing"

	"github.com/rasphone-exporter/rasphone_exporter/internal/secret"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/smb"
)

// answerFunc returns what a peer sends in answer to a request, byte for byte,
// transport headers included. ok false ends the connection afterwards.
type answerFunc func(request header) (raw []byte, ok bool)

// startPeer returns our end of a connection to a server that answers so. The end
// of the test waits for it.
func startPeer(t testing.TB, answer answerFunc) net.Conn {
	t.Helper()
	ours, theirs := net.Pipe()
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer theirs.Close()
		for {
			request, err := readTestFrame(theirs)
			if err != nil {
				return
			}
			raw, ok := answer(request)
			if _, err := theirs.Write(raw); err != nil || !ok {
				return
			}
		}
	}()
	t.Cleanup(func() {
		ours.Close()
		<-done
	})
	return ours
}

// readTestFrame reads a frame and returns it without its transport header.
func readTestFrame(r io.Reader) ([]byte, error) {
	var head [transportHeader]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return nil, err
	}
	frame := make([]byte, binary.BigEndian.Uint32(head[:]))
	_, err := io.ReadFull(r, frame)
	return frame, err
}

// framed puts the transport header before a frame.
func framed(frame []byte) []byte {
	return append(binary.BigEndian.AppendUint32(nil, uint32(len(frame))), frame...)
}

func testCreds() smb.Credentials {
	return smb.Credentials{Username: "rasphone", Domain: "TESTDOM", Password: secret.New("not-a-real-password")}
}

const testSession, testTree = 0x8D1BEFA, 7

// packet makes an answer to a request: its header, and a body.
func packet(request header, status smb.Status, body []byte) []byte {
	h := make([]byte, headerSize, headerSize+len(body))
	copy(h, "\xFESMB")
	binary.LittleEndian.PutUint16(h[4:], headerSize)
	binary.LittleEndian.PutUint16(h[6:], 1)
	binary.LittleEndian.PutUint32(h[8:], uint32(status))
	binary.LittleEndian.PutUint16(h[12:], request.command())
	binary.LittleEndian.PutUint16(h[14:], 64) // credits
	binary.LittleEndian.PutUint32(h[16:], flagResponse)
	binary.LittleEndian.PutUint64(h[24:], request.messageID())
	binary.LittleEndian.PutUint32(h[36:], request.treeID())
	if request.command() != cmdNegotiate {
		binary.LittleEndian.PutUint64(h[40:], testSession)
	}
	return append(h, body...)
}

func negotiateBody(dialect uint16) []byte {
	b := make([]byte, 64)
	binary.LittleEndian.PutUint16(b[0:], 65)
	binary.LittleEndian.PutUint16(b[2:], 1) // signing enabled
	binary.LittleEndian.PutUint16(b[4:], dialect)
	binary.LittleEndian.PutUint32(b[24:], 0x44) // large MTU, encryption
	for _, at := range []int{28, 32, 36} {
		binary.LittleEndian.PutUint32(b[at:], 1<<20)
	}
	binary.LittleEndian.PutUint64(b[40:], filetimeEpoch+10_000_000)
	binary.LittleEndian.PutUint16(b[56:], 128)
	return b
}

func setupBody(flags uint16, token []byte) []byte {
	b := make([]byte, 8, 8+len(token))
	binary.LittleEndian.PutUint16(b[0:], 9)
	binary.LittleEndian.PutUint16(b[2:], flags)
	binary.LittleEndian.PutUint16(b[4:], headerSize+8)
	binary.LittleEndian.PutUint16(b[6:], uint16(len(token)))
	return append(b, token...)
}

func treeBody() []byte {
	b := make([]byte, 16)
	binary.LittleEndian.PutUint16(b[0:], 16)
	b[2] = 1
	return b
}

// encryptedFrame is a frame with a TRANSFORM_HEADER ([MS-SMB2] 2.2.41) and room
// for a packet.
func encryptedFrame() []byte {
	frame := make([]byte, 52+headerSize)
	copy(frame, "\xFDSMB")
	binary.LittleEndian.PutUint32(frame[36:], headerSize)
	frame[42] = 1
	binary.LittleEndian.PutUint64(frame[44:], testSession)
	return frame
}

func errorBody() []byte { return []byte{9, 0, 0, 0, 0, 0, 0, 0, 0} }

// honestAnswer is what a server says that takes any password and has one share.
// It never signs.
func honestAnswer(request header) []byte {
	switch request.command() {
	case cmdNegotiate:
		return packet(request, smb.StatusOK, negotiateBody(dialect302))
	case cmdSessionSetup:
		if request.sessionID() == 0 {
			return packet(request, smb.StatusMoreProcessingRequired, setupBody(0, spnegoChallenge()))
		}
		return packet(request, smb.StatusOK, setupBody(0, nil))
	case cmdTreeConnect:
		answer := packet(request, smb.StatusOK, treeBody())
		binary.LittleEndian.PutUint32(answer[36:], testTree)
		return answer
	case cmdLogoff:
		return packet(request, smb.StatusOK, []byte{4, 0, 0, 0})
	}
	return packet(request, smb.StatusNotSupported, errorBody())
}

// spnegoChallenge is a NegTokenResp (RFC 4178 4.2.2) with a CHALLENGE_MESSAGE.
func spnegoChallenge() []byte {
	return der(0xA1, der(0x30,
		der(0xA0, []byte{0x0A, 1, 1}),
		der(0xA1, ntlmOID()),
		der(0xA2, der(0x04, ntlmChallenge())),
	))
}

// ntlmOID is the mechanism 1.3.6.1.4.1.311.2.2.10 ([MS-NLMP] 1.9), encoded.
func ntlmOID() []byte {
	return []byte{0x06, 0x0A, 0x2B, 0x06, 0x01, 0x04, 0x01, 0x82, 0x37, 0x02, 0x02, 0x0A}
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

// ntlmChallenge is a CHALLENGE_MESSAGE of Windows 6.1 build 7601 ([MS-NLMP]
// 2.2.1.2), EXCH01 in the domain CORP.
func ntlmChallenge() []byte {
	name := encodeName("EXCH01")
	info := avPair(avNbDomainName, encodeName("CORP"))
	info = append(info, avPair(avNbComputerName, name)...)
	info = append(info, avPair(avEnd, nil)...)

	m := make([]byte, challengeVersions)
	copy(m, "NTLMSSP\x00\x02")
	binary.LittleEndian.PutUint16(m[12:], uint16(len(name)))
	binary.LittleEndian.PutUint16(m[14:], uint16(len(name)))
	binary.LittleEndian.PutUint32(m[16:], challengeVersions)
	binary.LittleEndian.PutUint32(m[20:], 0xE28A8215)
	copy(m[24:], "8 bytes.")
	binary.LittleEndian.PutUint16(m[40:], uint16(len(info)))
	binary.LittleEndian.PutUint16(m[42:], uint16(len(info)))
	binary.LittleEndian.PutUint32(m[44:], uint32(challengeVersions+len(name)))
	copy(m[48:], []byte{6, 1, 0xB1, 0x1D, 0, 0, 0, 15})
	return append(append(m, name...), info...)
}

func avPair(id uint16, value []byte) []byte {
	b := binary.LittleEndian.AppendUint16(nil, id)
	return append(binary.LittleEndian.AppendUint16(b, uint16(len(value))), value...)
}
