package smb1

import (
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/smb/ntlm"
)

const (
	// maxBufferSize is the largest message that we take, apart from large reads:
	// Samba's figure, which NT 4.0 and 2000 accept.
	maxBufferSize = 65535
	// minBufferSize is the least that a server's buffer may be (NT: 512).
	minBufferSize = 512
	// maxInFlight bounds our requests in flight, whatever the server offers.
	maxInFlight = 50

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
	w.u16(uint16(inFlight(n)))
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

// loginAnswer is what the answer to session setup and tree connect said.
type loginAnswer struct {
	guest       bool
	lm          bool // see actionLM
	os          string
	lanManager  string
	domain      string
	chained     bool // the answer holds the tree connect's part
	treeRefused bool // the status of the message is the tree connect's
}

// parseLogin reads the answer to loginRequest. Called also where the status is an
// error: the first block tells whose.
func parseLogin(m *message) (loginAnswer, error) {
	b, err := m.first(3, 0)
	if err != nil || len(b.words) == 0 {
		return loginAnswer{}, err
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
	return a, nil
}

// requestHeader is the header of every request behind the negotiate.
func requestHeader(n negotiated) header {
	h := header{flags: flagCaseless | flagCanonical, flags2: flags2LongNames | flags2NTStatus}
	if n.capabilities&capUnicode != 0 {
		h.flags2 |= flags2Unicode
	}
	return h
}

// inFlight returns how many requests may be in flight.
func inFlight(n negotiated) int { return min(max(n.maxMpx, 1), maxInFlight) }
