package smb2

import (
	"encoding/binary"
	"time"
)

// Dialects, [MS-SMB2] 2.2.4. The wildcard 0x02FF is not among them: it answers
// the SMB1 form of the negotiation, which is not sent here.
const (
	dialect202 uint16 = 0x0202
	dialect210 uint16 = 0x0210
	dialect300 uint16 = 0x0300
	dialect302 uint16 = 0x0302
	dialect311 uint16 = 0x0311
)

// minTransfer is the least that a server may let us read or write at once, in
// bytes. Real ones take 65,536; with 0 go-smb2 would ask indefinitely.
const minTransfer = 4 << 10

// maxNegotiateContexts bounds the work that an answer can cause: go-smb2 hashes
// it once for each context.
const maxNegotiateContexts = 16

// Negotiate contexts, [MS-SMB2] 2.2.4.1 and 2.2.4.2.
const (
	contextPreauth    uint16 = 1
	contextEncryption uint16 = 2
)

// negotiated is what a NEGOTIATE answer settles ([MS-SMB2] 2.2.4).
type negotiated struct {
	dialect        uint16
	signingNeeded  bool      // the server's own condition
	cipher         bool      // the connection can encrypt
	maxRead        uint32    // bytes
	systemTime     time.Time // the server's clock, UTC; zero where it sent none
	preauthOffered bool
}

func dialectName(dialect uint16) string {
	switch dialect {
	case dialect202:
		return "SMB 2.0.2"
	case dialect210:
		return "SMB 2.1"
	case dialect300:
		return "SMB 3.0"
	case dialect302:
		return "SMB 3.0.2"
	case dialect311:
		return "SMB 3.1.1"
	}
	return ""
}

// parseNegotiate reads the body of a NEGOTIATE answer of at least 64 bytes.
func parseNegotiate(body []byte) (negotiated, error) {
	n := negotiated{
		signingNeeded: binary.LittleEndian.Uint16(body[2:4])&0x02 != 0,
		dialect:       binary.LittleEndian.Uint16(body[4:6]),
		maxRead:       binary.LittleEndian.Uint32(body[32:36]),
		systemTime:    fromFiletime(binary.LittleEndian.Uint64(body[40:48])),
	}
	if dialectName(n.dialect) == "" {
		return n, violation("dialect 0x%04X, which was not offered", n.dialect)
	}
	for _, at := range []int{28, 32, 36} { // MaxTransactSize, MaxReadSize, MaxWriteSize
		if size := binary.LittleEndian.Uint32(body[at : at+4]); size < minTransfer {
			return n, violation("the server takes no more than %d bytes at once", size)
		}
	}
	switch n.dialect {
	case dialect300, dialect302:
		n.cipher = true // AES-128-CCM, [MS-SMB2] 3.1.4.3
	case dialect311:
		if err := n.parseContexts(body); err != nil {
			return n, err
		}
		if !n.preauthOffered {
			return n, violation("SMB 3.1.1 without the negotiate context for preauthentication integrity")
		}
	}
	return n, nil
}

// parseContexts walks the negotiate contexts of SMB 3.1.1 ([MS-SMB2] 2.2.4.1).
func (n *negotiated) parseContexts(body []byte) error {
	count, offset := binary.LittleEndian.Uint16(body[6:8]), binary.LittleEndian.Uint32(body[60:64])
	if count > maxNegotiateContexts {
		return violation("%d negotiate contexts", count)
	}
	if offset < headerSize+64 || offset%8 != 0 || uint64(offset) > uint64(headerSize+len(body)) {
		return violation("negotiate contexts at offset %d of a body of %d bytes", offset, len(body))
	}
	list := body[offset-headerSize:]
	for range count {
		if len(list) < 8 {
			return violation("a negotiate context cut short")
		}
		size := 8 + int(binary.LittleEndian.Uint16(list[2:4]))
		if size > len(list) {
			return violation("a negotiate context of %d bytes leaves the frame", size)
		}
		switch binary.LittleEndian.Uint16(list[0:2]) {
		case contextPreauth:
			n.preauthOffered = true
		case contextEncryption:
			n.cipher = true
		}
		list = list[min((size+7)&^7, len(list)):]
	}
	return nil
}

// filetimeEpoch is 1970-01-01 as a FILETIME ([MS-DTYP] 2.3.3): units of 100 ns
// since 1601-01-01.
const filetimeEpoch = 116444736000000000

// fromFiletime converts a FILETIME; 0 and what lies before 1970 or beyond the
// signed range become the zero time, which means unknown.
func fromFiletime(ft uint64) time.Time {
	if ft < filetimeEpoch || ft > 1<<63-1 {
		return time.Time{}
	}
	ft -= filetimeEpoch
	return time.Unix(int64(ft/1e7), int64(ft%1e7)*100).UTC()
}
