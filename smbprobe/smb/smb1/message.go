package smb1

import (
	"encoding/binary"
	"fmt"

	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/smb"
)

// Commands (MS-CIFS 2.2.2.1).
const (
	cmdClose          = 0x04
	cmdLockingAndX    = 0x24
	cmdTransaction    = 0x25
	cmdReadAndX       = 0x2E
	cmdTreeDisconnect = 0x71
	cmdNegotiate      = 0x72
	cmdSessionSetup   = 0x73
	cmdLogoff         = 0x74
	cmdTreeConnect    = 0x75
	cmdNTCreate       = 0xA2
	cmdNone           = 0xFF // ends a chain
)

// Flags and Flags2 (MS-CIFS 2.2.3.1).
const (
	flagCaseless  = 0x08
	flagCanonical = 0x10
	flagReply     = 0x80

	flags2LongNames        = 0x0001
	flags2Signed           = 0x0004
	flags2ExtendedSecurity = 0x0800
	flags2NTStatus         = 0x4000
	flags2Unicode          = 0x8000
)

const (
	headerSize  = 32
	minMessage  = headerSize + 3 // WordCount 0 and ByteCount 0
	oplockMID   = 0xFFFF         // the MID of messages that the server sends unasked
	signatureAt = 14             // offset of SecuritySignature
)

// header is the 32-byte SMB header (MS-CIFS 2.2.3.1).
type header struct {
	command byte
	status  smb.Status
	flags   byte
	flags2  uint16
	tid     uint16
	uid     uint16
	mid     uint16
}

// append writes the header with the status and the signature zero.
func (h header) append(b []byte) []byte {
	const processID = 0x2B0C // any value; one for all requests
	b = append(b, 0xFF, 'S', 'M', 'B', h.command, 0, 0, 0, 0, h.flags)
	b = binary.LittleEndian.AppendUint16(b, h.flags2)
	b = append(b, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0) // PIDHigh, SecuritySignature, Reserved
	b = binary.LittleEndian.AppendUint16(b, h.tid)
	b = binary.LittleEndian.AppendUint16(b, processID)
	b = binary.LittleEndian.AppendUint16(b, h.uid)
	return binary.LittleEndian.AppendUint16(b, h.mid)
}

// parseHeader reads the header of a message. A DOS status becomes an NT status: the
// flag in the answer decides, not the one in the request.
func parseHeader(b []byte) (header, error) {
	if len(b) < 4 || string(b[:4]) != "\xffSMB" {
		return header{}, smb.ErrNotSMB
	}
	if len(b) < minMessage {
		return header{}, fmt.Errorf("%w: a message of %d bytes", smb.ErrProtocol, len(b))
	}
	h := header{
		command: b[4],
		flags:   b[9],
		flags2:  binary.LittleEndian.Uint16(b[10:]),
		tid:     binary.LittleEndian.Uint16(b[24:]),
		uid:     binary.LittleEndian.Uint16(b[28:]),
		mid:     binary.LittleEndian.Uint16(b[30:]),
	}
	if h.flags2&flags2NTStatus != 0 {
		h.status = smb.Status(binary.LittleEndian.Uint32(b[5:]))
	} else {
		h.status = smb.StatusFromDOS(b[5], binary.LittleEndian.Uint16(b[7:]))
	}
	return h, nil
}

// commandName returns the name of a command as the specification has it.
func commandName(command byte) string {
	if name := commandNames[command]; name != "" {
		return name
	}
	return fmt.Sprintf("command 0x%02X", command)
}

var commandNames = map[byte]string{
	cmdClose:          "CLOSE",
	cmdTransaction:    "TRANSACTION",
	cmdReadAndX:       "READ_ANDX",
	cmdTreeDisconnect: "TREE_DISCONNECT",
	cmdNegotiate:      "NEGOTIATE",
	cmdSessionSetup:   "SESSION_SETUP_ANDX",
	cmdLogoff:         "LOGOFF_ANDX",
	cmdTreeConnect:    "TREE_CONNECT_ANDX",
	cmdNTCreate:       "NT_CREATE_ANDX",
}

// message is an answer: the header, and the message from its first byte on.
type message struct {
	header
	raw []byte
}

// block is one command's part of a message. offset is where it starts.
type block struct {
	words  []byte
	bytes  []byte
	offset int // of bytes, from the header's start
}

// block reads the block at an offset from the header's start. A ByteCount of more
// bytes than there are is an error. Excess bytes after them are not: NT sends such.
func (m *message) block(at int) (block, error) {
	if at < headerSize || at >= len(m.raw) {
		return block{}, fmt.Errorf("%w: block at offset %d of %d", smb.ErrProtocol, at, len(m.raw))
	}
	rest := m.raw[at+1:]
	n := 2 * int(m.raw[at])
	if len(rest) < n+2 {
		return block{}, fmt.Errorf("%w: %d words in %d bytes", smb.ErrProtocol, n/2, len(rest))
	}
	words, rest := rest[:n], rest[n:]
	count := int(binary.LittleEndian.Uint16(rest))
	rest = rest[2:]
	if len(rest) < count {
		return block{}, fmt.Errorf("%w: ByteCount %d with %d bytes left", smb.ErrProtocol, count, len(rest))
	}
	return block{words: words, bytes: rest[:count], offset: at + 1 + n + 2}, nil
}

// first reads the first block, which must have one of these numbers of words.
func (m *message) first(words ...int) (block, error) {
	b, err := m.block(headerSize)
	if err != nil {
		return b, err
	}
	for _, n := range words {
		if len(b.words) == 2*n {
			return b, nil
		}
	}
	return b, fmt.Errorf("%w: WordCount %d, expected %d", smb.ErrProtocol, len(b.words)/2, words)
}

// andX returns the command that follows in the chain and where its block is.
func (b block) andX() (command byte, at int) {
	return b.words[0], int(binary.LittleEndian.Uint16(b.words[2:]))
}

func (b block) u16(at int) uint16 { return binary.LittleEndian.Uint16(b.words[at:]) }
func (b block) u32(at int) uint32 { return binary.LittleEndian.Uint32(b.words[at:]) }
func (b block) u64(at int) uint64 { return binary.LittleEndian.Uint64(b.words[at:]) }

// data returns count bytes of the message at an offset from the header's start,
// which must lie in the block's bytes.
func (m *message) data(b block, at, count int) ([]byte, error) {
	if count == 0 {
		return nil, nil
	}
	if at < b.offset || at+count > b.offset+len(b.bytes) {
		return nil, fmt.Errorf("%w: data at %d+%d outside of the bytes at %d+%d", smb.ErrProtocol, at, count, b.offset, len(b.bytes))
	}
	return m.raw[at : at+count], nil
}
