package smb2

import (
	"encoding/binary"
	"fmt"

	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/smb"
)

// Sizes in bytes.
const (
	headerSize = 64 // SMB2 packet header, [MS-SMB2] 2.2.1

	// chunkSize is the most that one request asks for; it costs one credit.
	chunkSize = 64 << 10
	// maxFrame is the longest frame that is taken: a chunk and ample room for
	// headers and for the tokens of a login.
	maxFrame = 2 * chunkSize
)

// Commands that we send, [MS-SMB2] 2.2.1.2.
const (
	cmdNegotiate      uint16 = 0x00
	cmdSessionSetup   uint16 = 0x01
	cmdLogoff         uint16 = 0x02
	cmdTreeConnect    uint16 = 0x03
	cmdTreeDisconnect uint16 = 0x04
	cmdCreate         uint16 = 0x05
	cmdClose          uint16 = 0x06
	cmdRead           uint16 = 0x08
	cmdWrite          uint16 = 0x09
	cmdQueryInfo      uint16 = 0x10
	cmdOplockBreak    uint16 = 0x12
)

// Flags of the header, [MS-SMB2] 2.2.1.
const (
	flagResponse uint32 = 0x01
	flagAsync    uint32 = 0x02
	flagSigned   uint32 = 0x08
)

// unsolicited is the MessageId of what a server sends without being asked: the
// break of an oplock or a lease.
const unsolicited uint64 = 0xFFFFFFFFFFFFFFFF

// header is a packet with a whole SMB2 header, in its sync or async form.
type header []byte

func (h header) nextCommand() uint32 { return binary.LittleEndian.Uint32(h[20:24]) }
func (h header) status() smb.Status  { return smb.Status(binary.LittleEndian.Uint32(h[8:12])) }
func (h header) command() uint16     { return binary.LittleEndian.Uint16(h[12:14]) }
func (h header) flags() uint32       { return binary.LittleEndian.Uint32(h[16:20]) }
func (h header) messageID() uint64   { return binary.LittleEndian.Uint64(h[24:32]) }
func (h header) asyncID() uint64     { return binary.LittleEndian.Uint64(h[32:40]) }
func (h header) treeID() uint32      { return binary.LittleEndian.Uint32(h[36:40]) }
func (h header) sessionID() uint64   { return binary.LittleEndian.Uint64(h[40:48]) }
func (h header) body() []byte        { return h[headerSize:] }

// frameKind is what a frame starts with.
type frameKind int

const (
	kindUnknown    frameKind = iota
	kindSMB1                 // [MS-CIFS] 2.2.3.1
	kindPlain                // [MS-SMB2] 2.2.1
	kindEncrypted            // [MS-SMB2] 2.2.41
	kindCompressed           // [MS-SMB2] 2.2.42
)

func kindOf(frame []byte) frameKind {
	if len(frame) < 4 || string(frame[1:4]) != "SMB" {
		return kindUnknown
	}
	switch frame[0] {
	case 0xFF:
		return kindSMB1
	case 0xFE:
		return kindPlain
	case 0xFD:
		return kindEncrypted
	case 0xFC:
		return kindCompressed
	}
	return kindUnknown
}

// checkKind reports what is wrong with a frame that does not start with an SMB2
// header. Encrypted frames are refused whatever is inside: go-smb2 decrypts them
// in its own goroutine and trusts the content, so that a NextCommand behind the
// end would end the process.
func checkKind(frame []byte, loggedIn bool) error {
	switch kindOf(frame) {
	case kindPlain:
		return nil
	case kindEncrypted:
		if loggedIn {
			return fmt.Errorf("%w: it sent an encrypted frame", smb.ErrEncryptionRequired)
		}
		return violation("an encrypted frame before the login")
	case kindCompressed:
		return violation("a compressed frame, and compression was not negotiated")
	case kindSMB1:
		return violation("an SMB1 frame on an SMB2 connection")
	}
	return violation("a frame of %d bytes without an SMB2 header", len(frame))
}

// splitChain returns the packets of a frame, each with a whole header. A server
// may chain answers to requests that were sent one by one ([MS-SMB2] 3.2.5.1.9).
// The packets share the frame's memory.
func splitChain(frame []byte) ([]header, error) {
	var chain []header
	for {
		if len(frame) < headerSize {
			return nil, violation("%d bytes have no room for the SMB2 header", len(frame))
		}
		h := header(frame)
		if kindOf(h) != kindPlain || binary.LittleEndian.Uint16(h[4:6]) != headerSize {
			return nil, violation("a chain of packets, one of them without an SMB2 header")
		}
		next := h.nextCommand()
		if next == 0 {
			return append(chain, h), nil
		}
		if next < headerSize || next%8 != 0 || uint64(next) > uint64(len(frame)) {
			return nil, violation("NextCommand %d in a packet of %d bytes", next, len(frame))
		}
		chain = append(chain, h[:next])
		frame = frame[next:]
	}
}

// checkHeader checks that a packet is an answer.
func checkHeader(h header) error {
	switch {
	case h.flags()&flagResponse == 0:
		return violation("a request, and an answer was expected")
	case h.status() == smb.StatusPending && h.flags()&flagAsync == 0:
		return violation("an interim answer without an AsyncId")
	}
	return nil
}

func violation(format string, args ...any) error {
	return fmt.Errorf("%w: %s", smb.ErrProtocol, fmt.Sprintf(format, args...))
}
