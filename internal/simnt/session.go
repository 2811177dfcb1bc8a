package simnt

import (
	"crypto/hmac"
	"crypto/md5"
	"encoding/binary"

	"github.com/rasphone-exporter/rasphone_exporter/internal/simnt/rpc"
)

// Limits of a connection.
const (
	maxSessions = 32
	maxTrees    = 64
	maxOpens    = 256
	maxSearches = 16
)

// session is a login, identified by its UID.
type session struct {
	identity
}

func (s *session) access() rpc.Access {
	return rpc.Access{User: s.user, Administrator: s.administrator, Anonymous: s.anonymous}
}

// freeID returns the next identifier that is not in use. It is neither 0 nor 0xFFFF.
func freeID[T any](inUse map[uint16]T, last uint16) uint16 {
	for {
		last++
		if _, used := inUse[last]; !used && last != 0 && last != 0xFFFF {
			return last
		}
	}
}

// sessionSetup is SESSION_SETUP_ANDX in the form of NT LM 0.12 (MS-CIFS 2.2.4.53, 3.3.5.43), with
// the tree connect that may be chained to it.
func (c *conn) sessionSetup(r *request, w *writer) uint32 {
	if r.wordCount() != 13 {
		return statusInvalidSMB
	}
	next, ok := r.chained()
	buffer, lmSize, ntSize := int(r.u16(4)), int(r.u16(14)), int(r.u16(16))
	if !ok || buffer < minClientBuffer || lmSize+ntSize > len(r.bytes) {
		return statusInvalidSMB
	}
	if r.u16(8) == 0 && c.host.options.OS == WindowsNT4 {
		c.host.endOthers(c)
	}
	names := r.textsOf(lmSize+ntSize, c.unicode(r))
	who := credentials{lm: r.bytes[:lmSize], nt: r.bytes[lmSize : lmSize+ntSize]}
	who.user, who.domain = names.next(), names.next()
	status := c.login(r, who)
	c.host.counters.change(func(s *Statistics) {
		s.Logins++
		if status != statusOK {
			s.LoginsRefused++
		}
	})
	if status != statusOK {
		return status
	}
	if c.clientBuffer == 0 {
		c.clientBuffer, c.clientCapabilities = buffer, r.u32(22)
	}
	c.writeLogin(w, c.sessions[r.uid])
	if next == nil {
		return statusOK
	}
	w.chain(cmdTreeConnect)
	next.uid, next.session = r.uid, c.sessions[r.uid]
	at := len(w.b)
	if status = c.treeConnect(next, w); status != statusOK {
		w.b, w.partial = w.b[:at], true
		w.empty()
	}
	r.tid = next.tid
	return status
}

// writeLogin writes the answer to a login (MS-CIFS 2.2.4.53.2).
func (c *conn) writeLogin(w *writer, s *session) {
	const actionGuest, actionLM = 0x0001, 0x0002
	var action uint16
	if s.guest {
		action |= actionGuest
	}
	if s.lm {
		action |= actionLM
	}
	w.andX()
	w.u16(action)
	w.data()
	if c.host.options.OS == Windows2000 {
		w.text("Windows 5.0")
		w.text("Windows 2000 LAN Manager")
		w.text(c.host.options.Domain)
	} else {
		w.text("Windows NT 4.0")
		w.text("NT LAN Manager 4.0")
		w.text(c.host.options.Domain)
		if w.unicode {
			w.b = w.b[:len(w.b)-1] // the last string ends with one zero byte (MS-CIFS appendix A <105>)
		}
	}
	w.endAndX()
}

// login makes a session, and sets the request's UID. The first session of an account, not of
// a guest, decides on signing (MS-CIFS 3.3.5.43).
func (c *conn) login(r *request, who credentials) uint32 {
	id, status := c.host.authenticate(who, c.challenge)
	if status != statusOK {
		return status
	}
	if len(c.sessions) >= maxSessions {
		return statusTooManySessions
	}
	if !c.host.acquireLicence() {
		return statusRequestNotAccepted
	}
	c.lastUID = freeID(c.sessions, c.lastUID)
	c.sessions[c.lastUID] = &session{id}
	r.uid = c.lastUID
	mode := c.host.options.Signing
	wanted := mode == SigningRequired || mode == SigningEnabled && r.flags2&flags2Signed != 0
	if c.signer == nil && wanted && id.key != nil {
		const answer, next = 1, 2 // the login has number 0
		c.signer = &signer{key: id.key, response: append([]byte(nil), id.response...), next: next}
		r.sequence, r.signed = answer, true
	}
	return statusOK
}

// acquireLicence counts a session, and reports whether there is a licence for it.
func (h *Host) acquireLicence() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.options.Licences > 0 && h.sessions >= h.options.Licences {
		return false
	}
	h.sessions++
	h.counters.change(func(s *Statistics) { s.SessionsNow++ })
	return true
}

func (h *Host) releaseLicence() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.sessions--
	h.counters.change(func(s *Statistics) { s.SessionsNow-- })
}

// endOthers ends the other connections of the same client: to NT 4.0, VcNumber 0 means that
// the client was restarted (MS-CIFS appendix A <9>).
func (h *Host) endOthers(c *conn) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for other := range h.conns {
		if other != c && other.client == c.client {
			other.end()
		}
	}
}

// logoff is LOGOFF_ANDX (MS-CIFS 2.2.4.54): what the session has open is closed.
func (c *conn) logoff(r *request, w *writer) uint32 {
	if r.wordCount() != 2 {
		return statusInvalidSMB
	}
	c.endSession(r.uid)
	w.andX()
	w.data()
	w.endAndX()
	return statusOK
}

func (c *conn) endSession(uid uint16) {
	for tid, t := range c.trees {
		if t.uid == uid {
			c.endTree(tid)
		}
	}
	c.endOpens(func(o *open) bool { return o.uid == uid })
	delete(c.sessions, uid)
	c.host.releaseLicence()
}

// closeAll ends all sessions, at the end of the connection.
func (c *conn) closeAll() {
	for uid := range c.sessions {
		c.endSession(uid)
	}
}

// signer signs and verifies messages (MS-CIFS 3.1.4.1, 3.1.5.1).
type signer struct {
	key      []byte
	response []byte // of the client's login
	next     uint32 // sequence number of the next request
}

const signatureSize = 8

// signature computes the signature of a message with a sequence number.
func (s *signer) signature(message []byte, sequence uint32) []byte {
	var field [signatureSize]byte
	binary.LittleEndian.PutUint32(field[:], sequence)
	h := md5.New()
	h.Write(s.key)
	h.Write(s.response)
	h.Write(message[:signatureAt])
	h.Write(field[:])
	h.Write(message[signatureAt+signatureSize:])
	return h.Sum(nil)[:signatureSize]
}

func (s *signer) sign(message []byte, sequence uint32) {
	copy(message[signatureAt:], s.signature(message, sequence))
}

// verify assigns a sequence number to a request of a signed connection, and checks its
// signature. A request and its answer have a number each; a cancel has no answer.
func (c *conn) verify(r *request) uint32 {
	s := c.signer
	if s == nil {
		return statusOK
	}
	sequence := s.next
	s.next += 2
	if r.command == cmdNTCancel {
		s.next--
	}
	r.sequence, r.signed = sequence+1, true
	if !hmac.Equal(r.raw[signatureAt:signatureAt+signatureSize], s.signature(r.raw, sequence)) {
		return statusAccessDenied
	}
	return statusOK
}
