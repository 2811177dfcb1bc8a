package smb2

import (
	"crypto/sha512"
	"encoding/binary"
	"fmt"
	"time"
	"unicode/utf16"

	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/smb"
)

// conversation matches answers with requests and keeps what the guard learns
// from both. It belongs to guard.mu.
type conversation struct {
	creds          smb.Credentials
	requireSigning bool // by us
	rounds         *smb.Rounds

	pending map[uint64]request // by MessageId

	negotiated  negotiated
	preauth     [sha512.Size]byte
	signer      *signer // nil until the response to the challenge is sent
	info        smb.ServerInfo
	loginStatus smb.Status // of a refused SESSION_SETUP
	established bool       // the login succeeded

	opened map[string]opened // by the path as sent, until taken
}

// request is what is kept of a request until its final answer.
type request struct {
	command   uint16
	sessionID uint64
	treeID    uint32
	asyncID   uint64 // of the interim answer; 0: there was none
	name      string // CREATE: the path as sent
	length    uint32 // READ, WRITE, QUERY_INFO: bytes requested or sent
	round     int64  // see smb.Rounds
	sentAt    time.Time
}

// Statuses that the guard gives to go-smb2 in place of the server's answer, so
// that one call fails and the connection stays. The bits at the top mark errors
// that are not Microsoft's ([MS-ERREF] 2.3).
const (
	statusEncryptedShare smb.Status = 0xE0000001
	statusBrokenLink     smb.Status = 0xE0000002
)

// guardStatuses maps the guard's own statuses to what they stand for.
var guardStatuses = map[smb.Status]error{
	statusEncryptedShare: fmt.Errorf("%w: for this share", smb.ErrEncryptionRequired),
	statusBrokenLink:     violation("a symbolic link whose description does not fit"),
}

// parseRequest reads one of go-smb2's own requests, which it never chains. ok is
// false for a frame that is too short to be one.
func parseRequest(frame []byte) (id uint64, r request, ok bool) {
	if kindOf(frame) != kindPlain || len(frame) < headerSize {
		return 0, request{}, false
	}
	h := header(frame)
	r = request{command: h.command(), sessionID: h.sessionID(), treeID: h.treeID()}
	body := h.body()
	switch {
	case r.command == cmdCreate && len(body) >= 56: // [MS-SMB2] 2.2.13
		offset, length := int(binary.LittleEndian.Uint16(body[44:46])), int(binary.LittleEndian.Uint16(body[46:48]))
		if offset+length <= len(h) {
			r.name = decodeName(h[offset : offset+length])
		}
	case (r.command == cmdRead || r.command == cmdWrite || r.command == cmdQueryInfo) && len(body) >= 8:
		r.length = binary.LittleEndian.Uint32(body[4:8]) // [MS-SMB2] 2.2.19, 2.2.21, 2.2.37
	}
	return h.messageID(), r, true
}

func decodeName(b []byte) string {
	units := make([]uint16, len(b)/2)
	for i := range units {
		units[i] = binary.LittleEndian.Uint16(b[2*i:])
	}
	return string(utf16.Decode(units))
}

func encodeName(s string) []byte {
	var b []byte
	for _, unit := range utf16.Encode([]rune(s)) {
		b = binary.LittleEndian.AppendUint16(b, unit)
	}
	return b
}

// sent notes a request that is about to be written.
func (c *conversation) sent(frame []byte, now time.Time) error {
	id, r, ok := parseRequest(frame)
	if !ok {
		return fmt.Errorf("go-smb2 is about to send a frame of %d bytes that is not an SMB2 request", len(frame))
	}
	switch r.command {
	case cmdNegotiate:
		c.preauth = extendPreauth(c.preauth, frame)
	case cmdSessionSetup:
		c.preauth = extendPreauth(c.preauth, frame)
		if r.sessionID == 0 {
			break
		}
		key, err := sessionKey(c.creds, frame)
		if err != nil {
			return err
		}
		if c.signer, err = newSigner(c.negotiated.dialect, key, c.preauth); err != nil {
			return err
		}
	}
	r.round, r.sentAt = c.rounds.Sent(), now
	c.pending[id] = r
	return nil
}

// answer matches one packet with its request, checks it, and learns from it. It
// returns the packet that go-smb2 is to see, which may be none; news reports
// whether the server has described itself.
func (c *conversation) answer(h header, seenAt time.Time) (packet header, news bool, err error) {
	if h.messageID() == unsolicited {
		return nil, false, nil // the break of an oplock, and none is requested
	}
	if err := checkHeader(h); err != nil {
		return nil, false, err
	}
	id := h.messageID()
	r, ok := c.pending[id]
	switch {
	case !ok:
		return nil, false, violation("an answer with MessageId %d, which no request waits for", id)
	case h.command() != r.command:
		return nil, false, violation("an answer to command 0x%02X, and 0x%02X was sent", h.command(), r.command)
	case r.sessionID != 0 && h.sessionID() != r.sessionID:
		return nil, false, violation("an answer for another session")
	}
	if h.status() == smb.StatusPending {
		r.asyncID = h.asyncID()
		c.pending[id] = r
		return c.interim(h), false, nil
	}
	refused := isRefusal(h)
	if !refused { // garbage is a broken answer first, and then an unsigned one
		if err := checkBody(h); err != nil {
			return nil, false, err
		}
	}
	if err := c.checkSignature(h); err != nil {
		return nil, false, err
	}
	switch {
	case r.asyncID != 0 && h.asyncID() != r.asyncID:
		return nil, false, violation("an answer with another AsyncId than the interim answer before it")
	case r.asyncID == 0 && onTree(r.command) && h.treeID() != r.treeID:
		return nil, false, violation("an answer for another tree")
	case guardStatuses[h.status()] != nil:
		return nil, false, violation("%s, which no server sends", h.status())
	}
	delete(c.pending, id)
	c.rounds.Answered(r.round)

	if refused {
		status := c.learnRefusal(h, r)
		if status == h.status() && wellFormedError(h.body()) {
			return c.detach(h), false, nil
		}
		return c.refuse(h, status), false, nil
	}
	news, err = c.learn(h, r, seenAt)
	switch {
	case err != nil:
		return nil, news, err
	case r.command == cmdTreeConnect && binary.LittleEndian.Uint32(h.body()[4:8])&shareEncrypt != 0:
		return c.refuse(h, statusEncryptedShare), false, nil
	}
	return c.detach(h), news, nil
}

func onTree(command uint16) bool {
	switch command {
	case cmdNegotiate, cmdSessionSetup, cmdLogoff, cmdTreeConnect:
		return false
	}
	return true
}

// checkSignature verifies the signature of a final answer ([MS-SMB2] 3.2.5.1.3).
// The login's own answers are checked by learnLogin.
func (c *conversation) checkSignature(h header) error {
	switch {
	case !c.established:
		return nil
	case h.flags()&flagSigned != 0:
		if !c.signer.verify(h) {
			return fmt.Errorf("%w: the signature of an answer to command 0x%02X does not verify", smb.ErrSigning, h.command())
		}
	case c.requireSigning || c.negotiated.signingNeeded:
		return fmt.Errorf("%w: an answer without a signature (%s)", smb.ErrSigning, h.status())
	}
	return nil
}

// interim returns an interim answer ([MS-SMB2] 3.3.4.2) as go-smb2 can take it.
// Servers need not sign it, and clients must not verify it (3.2.5.1.3), which
// go-smb2 does not know: it would fail the request. It needs the interim answer
// all the same, for the credits and for the AsyncId of the final one. An interim
// answer is not authentic in any case: a forged one can make the final answer
// fail, and no more.
func (c *conversation) interim(h header) header {
	h = c.detach(h)
	if c.established {
		c.signer.sign(h)
	}
	return h
}

// detach takes a packet out of its chain.
func (c *conversation) detach(h header) header {
	if h.nextCommand() != 0 {
		binary.LittleEndian.PutUint32(h[20:24], 0)
		c.renewSignature(h)
	}
	return h
}

// refuse returns a refusal in place of an answer.
func (c *conversation) refuse(h header, status smb.Status) header {
	r := refusal(h, status)
	c.renewSignature(r)
	return r
}

// renewSignature signs a packet that was changed, if it was signed before, which
// was verified then.
func (c *conversation) renewSignature(h header) {
	if c.established && h.flags()&flagSigned != 0 {
		c.signer.sign(h)
	}
}
