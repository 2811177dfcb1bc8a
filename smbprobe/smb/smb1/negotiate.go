package smb1

import (
	"encoding/binary"
	"fmt"
	"time"

	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/smb"
)

// Dialect is the name of the one dialect spoken here.
const Dialect = "NT LM 0.12"

// Capabilities (MS-CIFS 2.2.4.52.2).
const (
	capUnicode    = 0x00000004
	capLargeFiles = 0x00000008
	capNTSMBs     = 0x00000010
	capStatus32   = 0x00000040
	capLargeReadX = 0x00004000

	capExtendedSecurity = 0x80000000
)

// Security mode of a negotiate answer.
const (
	modeEncryptPasswords = 0x02
	modeSigningEnabled   = 0x04
	modeSigningRequired  = 0x08
)

// SMB2Answer is the error of a negotiate that the server answered in SMB2: it
// wants a new connection in that dialect.
type SMB2Answer struct {
	Revision uint16 // 0x0202, or 0x02FF: to be negotiated
}

func (e *SMB2Answer) Error() string {
	return fmt.Sprintf("the server answers in SMB2 (dialect revision 0x%04X)", e.Revision)
}

// parseSMB2Answer reads the one field of an SMB2 NEGOTIATE answer that matters
// here (MS-SMB2 2.2.4): all else is negotiated again on the new connection.
func parseSMB2Answer(frame []byte) (*SMB2Answer, bool) {
	const size = 64 + 6
	if len(frame) < size || string(frame[:4]) != "\xfeSMB" {
		return nil, false
	}
	return &SMB2Answer{Revision: binary.LittleEndian.Uint16(frame[68:])}, true
}

// negotiated is what the server said in its negotiate answer (MS-CIFS 2.2.4.52.2).
type negotiated struct {
	securityMode  byte
	maxMpx        int
	maxBufferSize int
	sessionKey    uint32
	capabilities  uint32
	time          time.Time // zero where not sent
	challenge     [8]byte
	domain        string
	serverName    string // Windows 2000 and later
}

// negotiateRequest offers NT LM 0.12, and the two SMB2 names where wanted
// (MS-SMB2 3.2.4.2.2.1): a server that does not know them skips them.
func negotiateRequest(offerSMB2 bool) *builder {
	w := newBuilder(header{command: cmdNegotiate, flags: flagCaseless | flagCanonical, flags2: flags2LongNames | flags2NTStatus})
	w.startBlock()
	w.startBytes()
	names := []string{Dialect}
	if offerSMB2 {
		names = append(names, "SMB 2.002", "SMB 2.???")
	}
	for _, name := range names {
		w.u8(2)
		w.ascii(name)
	}
	w.endBlock()
	return w
}

// parseNegotiate reads the answer.
func parseNegotiate(m *message) (negotiated, error) {
	b, err := m.first(17, 1, 13)
	if err != nil {
		return negotiated{}, err
	}
	if index := b.u16(0); index != 0 {
		return negotiated{}, fmt.Errorf("%w: %s (dialect index 0x%04X)", smb.ErrNotOffered, Dialect, index)
	}
	if len(b.words) != 2*17 {
		return negotiated{}, fmt.Errorf("%w: WordCount %d for %s", smb.ErrProtocol, len(b.words)/2, Dialect)
	}
	n := negotiated{
		securityMode:  b.words[2],
		maxMpx:        int(b.u16(3)),
		maxBufferSize: int(b.u32(7)),
		sessionKey:    b.u32(15),
		capabilities:  b.u32(19),
		time:          fileTime(b.u64(23)),
	}
	switch length := int(b.words[33]); {
	case length == 0 && (n.capabilities&capExtendedSecurity != 0 || m.flags2&flags2ExtendedSecurity != 0):
		// A security blob stands in the place of the challenge (MS-SMB 2.2.4.5.2.1).
		return n, fmt.Errorf("%w: the server insists on extended security, which this client does not speak", smb.ErrNotOffered)
	case n.securityMode&modeEncryptPasswords == 0 || length == 0:
		return n, fmt.Errorf("%w: the server takes passwords in plain text only, and this client sends none", smb.ErrNotOffered)
	case length != len(n.challenge) || len(b.bytes) < length:
		return n, fmt.Errorf("%w: a challenge of %d bytes in %d", smb.ErrProtocol, length, len(b.bytes))
	case n.capabilities&capNTSMBs == 0:
		return n, fmt.Errorf("%w: the server offers no NT SMBs (capabilities 0x%08X)", smb.ErrNotOffered, n.capabilities)
	case n.maxBufferSize < minBufferSize:
		return n, fmt.Errorf("%w: MaxBufferSize %d", smb.ErrProtocol, n.maxBufferSize)
	}
	copy(n.challenge[:], b.bytes)
	// The names are Unicode whenever the server can, and not aligned
	// (MS-CIFS appendix A <89>).
	names := textReader{bytes: b.bytes[8:], unicode: n.capabilities&capUnicode != 0}
	if names.unicode {
		n.domain, n.serverName = names.nextUnaligned(), names.nextUnaligned()
	} else {
		n.domain, n.serverName = names.nextOEM(), names.nextOEM()
	}
	return n, nil
}

// fileTime turns a FILETIME, 100 ns since 1601 (MS-DTYP 2.3.3), into a time; 0 and
// times that do not fit are the zero time.
func fileTime(t uint64) time.Time {
	const (
		perSecond = 10_000_000
		to1970    = 11_644_473_600 // seconds
		year9999  = 265_046_774_400 * perSecond
	)
	if t == 0 || t > year9999 {
		return time.Time{}
	}
	return time.Unix(int64(t/perSecond)-to1970, int64(t%perSecond)*100).UTC()
}
