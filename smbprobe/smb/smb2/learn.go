package smb2

import (
	"encoding/binary"
	"fmt"
	"time"

	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/smb"
)

// opened is how the server answered a CREATE; the zero value is unknown.
type opened struct {
	ok     bool // it was opened
	status smb.Status
	info   smb.FileInfo // if ok
}

// fileAllInformation is the least size of what go-smb2 requests with QUERY_INFO,
// in bytes, [MS-FSCC] 2.4.2.
const fileAllInformation = 100

// Flags of a session and of a share, [MS-SMB2] 2.2.6 and 2.2.10.
const (
	sessionGuest   uint16 = 0x1
	sessionNull    uint16 = 0x2
	sessionEncrypt uint16 = 0x4
	shareEncrypt   uint32 = 0x8000
)

// learnRefusal keeps the status of a refusal and returns the one that go-smb2 is
// to see.
func (c *conversation) learnRefusal(h header, r request) smb.Status {
	status := h.status()
	switch r.command {
	case cmdSessionSetup:
		c.loginStatus = status
	case cmdCreate:
		c.opened[r.name] = opened{status: status}
		if status == statusStoppedOnSymlink && !(wellFormedError(h.body()) && wellFormedLink(h.body(), r.name)) {
			return statusBrokenLink
		}
	}
	return status
}

// learn keeps what the callers of this package will want to know of an answer
// whose body was checked.
func (c *conversation) learn(h header, r request, seenAt time.Time) (news bool, err error) {
	body := h.body()
	switch r.command {
	case cmdNegotiate:
		if c.negotiated, err = parseNegotiate(body); err != nil {
			return false, err
		}
		c.preauth = extendPreauth(c.preauth, c.detach(h))
		c.info.Dialect = dialectNames[c.negotiated.dialect]
		c.info.Time = c.negotiated.systemTime
		c.info.TimeSeenAt = r.sentAt.Add(seenAt.Sub(r.sentAt) / 2)
		return true, nil
	case cmdSessionSetup:
		return c.learnLogin(h, r)
	case cmdCreate:
		c.opened[r.name] = opened{ok: true, info: createInfo(body)}
	case cmdRead, cmdQueryInfo:
		if h.status() == smb.StatusBufferOverflow {
			break
		}
		got := binary.LittleEndian.Uint32(body[4:8])
		if got > r.length {
			return false, violation("%d bytes, and %d were requested", got, r.length)
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
// has no keys: go-smb2 would panic at the first signed answer in it.
func (c *conversation) learnLogin(h header, r request) (news bool, err error) {
	body := h.body()
	flags := binary.LittleEndian.Uint16(body[2:4])
	if flags&(sessionGuest|sessionNull) != 0 {
		return false, fmt.Errorf("%w: session flags 0x%04X", smb.ErrGuest, flags)
	}
	if h.status() == smb.StatusMoreProcessingRequired {
		offset, length := int(binary.LittleEndian.Uint16(body[4:6])), int(binary.LittleEndian.Uint16(body[6:8]))
		if length == 0 {
			return false, violation("a login that goes on without a challenge")
		}
		if err := c.checkChallenge(h); err != nil {
			return false, err
		}
		c.preauth = extendPreauth(c.preauth, c.detach(h))
		challenge, err := parseChallenge(h[offset : offset+length])
		c.info.OS, c.info.NetBIOSName, c.info.Domain = challenge.os, challenge.netbiosName, challenge.domain
		return true, err
	}
	signed := h.flags()&flagSigned != 0
	switch {
	case r.sessionID == 0:
		return false, violation("a login that succeeded before the response to the challenge was sent")
	case signed && !c.signer.verify(h): // go-smb2 does not verify this one
		return false, fmt.Errorf("%w: the signature of the accepted login does not verify", smb.ErrSigning)
	case flags&sessionEncrypt != 0:
		return false, fmt.Errorf("%w: for all of the session", smb.ErrEncryptionRequired)
	}
	c.established = true
	c.info.Signed = signed
	return false, nil
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
