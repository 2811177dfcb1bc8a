package smb1

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"strings"
	"time"

	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/smb"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/smb/ntlm"
)

// Dialect is the name of the one dialect of this client.
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

// SMB2Answer is the error of a negotiate that the server answered in SMB2, which
// takes a new connection.
type SMB2Answer struct {
	Revision uint16 // 0x0202, or 0x02FF: to be negotiated
}

func (e *SMB2Answer) Error() string {
	return fmt.Sprintf("the server answers in SMB2 (dialect revision 0x%04X)", e.Revision)
}

// parseSMB2Answer reads the one field of an SMB2 NEGOTIATE answer that matters
// here (MS-SMB2 2.2.4): the rest is negotiated again on the new connection.
func parseSMB2Answer(frame []byte) (*SMB2Answer, bool) {
	const size = 64 + 6
	if len(frame) < size || string(frame[:4]) != "\xfeSMB" {
		return nil, false
	}
	return &SMB2Answer{Revision: binary.LittleEndian.Uint16(frame[68:])}, true
}

// negotiated is the negotiate answer (MS-CIFS 2.2.4.52.2).
type negotiated struct {
	securityMode  byte
	maxMpx        int
	maxBufferSize int
	sessionKey    uint32
	capabilities  uint32
	time          time.Time // zero if not sent
	challenge     [8]byte
	domain        string
	serverName    string // Windows 2000 and later
}

// negotiateRequest offers NT LM 0.12, and optionally the two SMB2 names
// (MS-SMB2 3.2.4.2.2.1), which a server that does not know them skips.
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

// fileTime converts a FILETIME, 100 ns since 1601 (MS-DTYP 2.3.3). 0 and times after
// the year 9999 are the zero time.
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

const (
	// maxBufferSize is the largest message that we accept, apart from large reads:
	// Samba's figure, which NT 4.0 and 2000 accept.
	maxBufferSize = 65535
	// minBufferSize is the smallest buffer that a server may have (NT: 512).
	minBufferSize = 512
	// maxInFlight bounds our requests in flight if the server offers more: Windows NT 4.0
	// offers 50, to clients of which each has a program or two.
	maxInFlight = 8
	// maxWithLate bounds them with those that are late.
	maxWithLate = 2 * maxInFlight

	// vcNumber is never 0: a server drops the other connections of our host
	// then (MS-CIFS appendix A <9>).
	vcNumber = 1

	actionGuest = 0x0001 // logged in as guest
	actionLM    = 0x0002 // the response in the OEM field was the one accepted
)

// loginRequest is session setup chained with the tree connect of share
// (MS-CIFS 2.2.4.53.1, 2.2.4.55.1).
func loginRequest(n negotiated, response ntlm.Response, user, domain, path string, signed bool) *builder {
	h := requestHeader(n)
	h.command = cmdSessionSetup
	if signed {
		h.flags2 |= flags2Signed
	}
	w := newBuilder(h)
	w.startBlock()
	next := w.andX(cmdTreeConnect)
	w.u16(maxBufferSize)
	w.u16(uint16(inFlightWithLate(n)))
	w.u16(vcNumber)
	w.u32(n.sessionKey)
	w.u16(uint16(len(response.OEM)))
	w.u16(uint16(len(response.Unicode)))
	w.u32(0)
	// Unicode and NT SMBs go together (MS-CIFS appendix A <97>).
	w.u32(n.capabilities&capUnicode | capLargeFiles | capNTSMBs | capStatus32 | capLargeReadX)
	w.startBytes()
	w.raw(response.OEM)
	w.raw(response.Unicode)
	w.text(user)
	w.text(domain)
	w.text("Unix")
	w.text("rasphone_exporter")
	w.endBlock()
	w.chainHere(next)
	treeConnectBlock(w, path)
	return w
}

// treeConnectRequest is a tree connect alone.
func treeConnectRequest(h header, path string) *builder {
	h.command = cmdTreeConnect
	w := newBuilder(h)
	treeConnectBlock(w, path)
	return w
}

func treeConnectBlock(w *builder, path string) {
	w.startBlock()
	w.andX(cmdNone)
	w.u16(0) // Flags
	w.u16(1) // PasswordLength
	w.startBytes()
	w.u8(0)
	w.text(path)
	w.ascii("?????")
	w.endBlock()
}

// loginAnswer is the answer to session setup and tree connect.
type loginAnswer struct {
	guest       bool
	lm          bool // see actionLM
	os          string
	lanManager  string
	domain      string
	chained     bool   // the answer holds the tree connect's part
	treeRefused bool   // the status of the message is the tree connect's
	service     string // see serviceOf
}

// parseLogin reads the answer to loginRequest, also one with an error status: its
// first block shows which of the two requests failed.
func parseLogin(m *message) (loginAnswer, error) {
	b, err := m.first(3, 0)
	switch {
	case err != nil:
		return loginAnswer{}, err
	case len(b.words) == 0 && m.status.IsError():
		return loginAnswer{}, nil
	case len(b.words) == 0:
		return loginAnswer{}, fmt.Errorf("%w: a login without a refusal, in an answer without words", smb.ErrProtocol)
	}
	action := b.u16(4)
	a := loginAnswer{guest: action&actionGuest != 0, lm: action&actionLM != 0}
	names := textReader{bytes: b.bytes, offset: b.offset, unicode: m.flags2&flags2Unicode != 0}
	a.os, a.lanManager, a.domain = names.next(), names.next(), names.next()
	next, at := b.andX()
	if next != cmdTreeConnect {
		return a, nil
	}
	tree, err := m.block(at)
	if err != nil {
		return a, err
	}
	a.chained = true
	a.treeRefused = len(tree.words) == 0
	a.service = serviceOf(tree)
	return a, nil
}

// serviceOf returns the kind of share that the answer to a tree connect names, which is OEM text
// (MS-CIFS 2.2.4.55.2): "A:" is a disk, "IPC" pipes, "LPT1:" a printer, "COMM" a modem.
func serviceOf(tree block) string {
	name, _, _ := bytes.Cut(tree.bytes, []byte{0})
	return strings.ToUpper(string(name))
}

// noDisk reports whether a share is a printer's or a modem's. Samba 2 says of each ADMIN$ that it
// is "IPC".
func noDisk(service string) bool { return service == "COMM" || strings.HasPrefix(service, "LPT") }

// requestHeader is the header of every request after the negotiate.
func requestHeader(n negotiated) header {
	h := header{flags: flagCaseless | flagCanonical, flags2: flags2LongNames | flags2NTStatus}
	if n.capabilities&capUnicode != 0 {
		h.flags2 |= flags2Unicode
	}
	return h
}

// inFlight returns how many requests may be in flight.
func inFlight(n negotiated) int { return min(max(n.maxMpx, 1), maxInFlight) }

// inFlightWithLate returns how many may be with those that are late.
func inFlightWithLate(n negotiated) int { return min(max(n.maxMpx, 1), maxWithLate) }
