package smb2

import (
	"encoding/binary"
	"fmt"
	"time"

	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/smb"
)

// conversation is what the guard has learnt from the frames that passed. It
// belongs to guard.mu.
type conversation struct {
	pending   map[uint64]request // by MessageId
	encrypted bool               // a request of ours went out encrypted
	cryptedAt int64              // the round of the last one

	negotiated  negotiated
	info        smb.ServerInfo
	loginStatus smb.Status // that SESSION_SETUP was refused with
	established bool       // the login succeeded
	sessionID   uint64

	opened map[string]opened // by the path as sent, until taken
}

// opened is how the server answered a CREATE; the zero value is not known.
type opened struct {
	ok     bool // it was opened
	status smb.Status
	info   smb.FileInfo // where ok
}

// fileAllInformation is the least size of what go-smb2 asks QUERY_INFO for, in
// bytes, [MS-FSCC] 2.4.2.
const fileAllInformation = 100

// Session flags, [MS-SMB2] 2.2.6.
const (
	sessionGuest uint16 = 0x1
	sessionNull  uint16 = 0x2
)

// sent notes a request that is about to be written.
func (g *guard) sent(frame []byte, now time.Time) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if kindOf(frame) == kindEncrypted {
		g.talk.encrypted = true
		g.talk.cryptedAt = g.rounds.Sent()
		return
	}
	if id, r, ok := parseRequest(frame); ok {
		r.round, r.sentAt = g.rounds.Sent(), now
		g.talk.pending[id] = r
	}
}

// answer checks that a frame which passed checkFrame answers requests of ours,
// learns from it, and returns what go-smb2 is to see.
func (g *guard) answer(frame []byte, seenAt time.Time) ([]byte, error) {
	if kindOf(frame) == kindEncrypted {
		return frame, g.answerEncrypted(frame)
	}
	chain, err := splitChain(frame)
	if err != nil {
		return nil, err
	}
	var tell *smb.ServerInfo
	g.mu.Lock()
	for _, h := range chain {
		var news bool
		if news, err = g.talk.answerPacket(h, seenAt, g); err != nil {
			break
		}
		if news {
			info := g.talk.info
			tell = &info
		}
	}
	established, sessionID := g.talk.established, g.talk.sessionID
	g.mu.Unlock()

	if tell != nil && g.onNegotiate != nil {
		g.onNegotiate(*tell)
	}
	if err != nil {
		return nil, err
	}
	return presentable(frame, chain, established, sessionID), nil
}

// answerEncrypted admits an encrypted frame only after an encrypted request of
// ours: before that go-smb2 would take its ciphertext for a header. Which
// request it answers cannot be seen. It counts for the last one sent, which is
// exact with one request in flight, and one too many at most for each overlap.
func (g *guard) answerEncrypted(frame []byte) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	switch {
	case !g.talk.encrypted || !g.talk.negotiated.cipher:
		return violation("an encrypted frame, and nothing was sent encrypted")
	case binary.LittleEndian.Uint16(frame[42:44]) != 1 || binary.LittleEndian.Uint64(frame[44:52]) != g.talk.sessionID:
		return violation("an encrypted frame that is not for this session")
	}
	g.rounds.Answered(g.talk.cryptedAt)
	return nil
}

// answerPacket matches one packet with its request. news says that the server
// has told something of itself.
func (c *conversation) answerPacket(h header, seenAt time.Time, g *guard) (news bool, err error) {
	id := h.messageID()
	if id == unsolicited {
		return false, nil
	}
	r, ok := c.pending[id]
	switch {
	case !ok:
		return false, violation("an answer with MessageId %d, which no request waits for", id)
	case h.command() != r.command:
		return false, violation("an answer to command 0x%02X where 0x%02X was sent", h.command(), r.command)
	case r.sessionID != 0 && h.sessionID() != r.sessionID:
		return false, violation("an answer for another session")
	}
	if h.status() == smb.StatusPending {
		r.asyncID = h.asyncID()
		c.pending[id] = r
		return false, nil
	}
	if err := c.checkFinal(h, r, g.signing); err != nil {
		return false, err
	}
	delete(c.pending, id)
	g.rounds.Answered(r.round)
	return c.learn(h, r, seenAt)
}

// checkFinal checks what go-smb2 would refuse in a way that tells nothing.
func (c *conversation) checkFinal(h header, r request, signing bool) error {
	switch {
	case r.asyncID != 0 && h.asyncID() != r.asyncID:
		return violation("an answer with another AsyncId than the interim answer before it")
	case r.asyncID == 0 && onTree(r.command) && h.treeID() != r.treeID:
		return violation("an answer for another tree")
	case c.established && (signing || c.negotiated.signingNeeded) && h.flags()&flagSigned == 0:
		return fmt.Errorf("%w: an answer without a signature (%s)", smb.ErrSigning, h.status())
	}
	return nil
}

func onTree(command uint16) bool {
	switch command {
	case cmdNegotiate, cmdSessionSetup, cmdLogoff, cmdTreeConnect:
		return false
	}
	return true
}

// learn keeps what our callers will ask for.
func (c *conversation) learn(h header, r request, seenAt time.Time) (news bool, err error) {
	status, body := h.status(), h.body()
	switch r.command {
	case cmdSessionSetup:
		return c.learnLogin(h, r)
	case cmdCreate:
		o := opened{status: status}
		if status == smb.StatusOK {
			o.ok, o.info = true, createInfo(body)
		}
		c.opened[r.name] = o
		if status == statusStoppedOnSymlink {
			return false, checkSymlink(body, r.name)
		}
	}
	if status != smb.StatusOK {
		return false, nil
	}

	switch r.command {
	case cmdNegotiate:
		if c.negotiated, err = parseNegotiate(body); err != nil {
			return false, err
		}
		c.info.Dialect = dialectName(c.negotiated.dialect)
		c.info.Time = c.negotiated.systemTime
		c.info.TimeSeenAt = r.sentAt.Add(seenAt.Sub(r.sentAt) / 2)
		return true, nil
	case cmdRead, cmdQueryInfo:
		got := binary.LittleEndian.Uint32(body[4:8])
		if got > r.length {
			return false, violation("%d bytes where %d were asked for", got, r.length)
		}
		if r.command == cmdQueryInfo && got < fileAllInformation {
			return false, violation("%d bytes of information on a file", got)
		}
	case cmdWrite:
		if got := binary.LittleEndian.Uint32(body[4:8]); got != r.length {
			return false, violation("%d bytes written of %d", got, r.length)
		}
	}
	return false, nil
}

// learnLogin reads a SESSION_SETUP answer ([MS-SMB2] 2.2.6). A guest's session
// has no keys: go-smb2 would fall over the first signed answer in it.
func (c *conversation) learnLogin(h header, r request) (news bool, err error) {
	status, body := h.status(), h.body()
	if status != smb.StatusOK && status != smb.StatusMoreProcessingRequired {
		c.loginStatus = status
		return false, nil
	}
	if flags := binary.LittleEndian.Uint16(body[2:4]); flags&(sessionGuest|sessionNull) != 0 {
		return false, fmt.Errorf("%w: session flags 0x%04X", smb.ErrGuest, flags)
	}
	if status == smb.StatusMoreProcessingRequired {
		offset, length := int(binary.LittleEndian.Uint16(body[4:6])), int(binary.LittleEndian.Uint16(body[6:8]))
		if length == 0 {
			return false, violation("a login that goes on without a challenge")
		}
		challenge := parseChallenge(h[offset : offset+length])
		c.info.OS, c.info.NetBIOSName, c.info.Domain = challenge.os, challenge.netbiosName, challenge.domain
		return true, nil
	}
	if r.sessionID == 0 {
		return false, violation("a login that succeeded before the password was shown")
	}
	c.established, c.sessionID = true, h.sessionID()
	c.info.Signed = h.flags()&flagSigned != 0
	return true, nil
}

// createInfo reads a CREATE answer of at least 88 bytes ([MS-SMB2] 2.2.14).
func createInfo(body []byte) smb.FileInfo {
	const attributeDirectory = 0x10 // [MS-FSCC] 2.6
	return smb.FileInfo{
		Modified:  fromFiletime(binary.LittleEndian.Uint64(body[24:32])),
		Size:      int64(binary.LittleEndian.Uint64(body[48:56])),
		Directory: binary.LittleEndian.Uint32(body[56:60])&attributeDirectory != 0,
	}
}

// takeOpened returns how the server answered the CREATE of this path, once. The
// guard does not know it of an encrypted answer, and of a path with symbolic
// links it knows the answer that named the first one.
func (g *guard) takeOpened(path string) opened {
	g.mu.Lock()
	defer g.mu.Unlock()
	o := g.talk.opened[path]
	delete(g.talk.opened, path)
	return o
}

// server returns what the server has told of itself up to now.
func (g *guard) server() smb.ServerInfo {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.talk.info
}
