package simnt

import (
	"bytes"
	"crypto/rand"
)

const dialect = "NT LM 0.12"

// Capabilities (MS-CIFS 2.2.4.52.2). Those of NT 4.0 are not known for certain.
const (
	capUnicode         = 0x00000004
	capStatus32        = 0x00000040
	capLargeReadX      = 0x00004000
	capabilitiesNT4    = 0x000043FD
	capabilitiesWin2K  = 0x0000E3FD
	modeUser           = 0x01
	modeEncrypt        = 0x02
	modeSigning        = 0x04
	modeSigningMust    = 0x08
	noDialect          = 0xFFFF
	maxRawSize         = 65536
	minClientBuffer    = 500
	largestRead        = 61440 // with CAP_LARGE_READX (MS-CIFS appendix A <92>)
	dialectBufferStart = 0x02
)

func (h *Host) capabilities() uint32 {
	o, c := h.options, uint32(capabilitiesNT4)
	if o.OS == Windows2000 {
		c = capabilitiesWin2K
	}
	if o.OEM {
		c &^= capUnicode
	}
	if o.DOSErrors {
		c &^= capStatus32
	}
	if o.SmallReads {
		c &^= capLargeReadX
	}
	return c
}

func (h *Host) securityMode() byte {
	mode := byte(modeUser | modeEncrypt)
	switch h.options.Signing {
	case SigningEnabled:
		mode |= modeSigning
	case SigningRequired:
		mode |= modeSigning | modeSigningMust
	}
	return mode
}

// dialectIndex finds NT LM 0.12 among the dialects that a client offers (MS-CIFS 2.2.4.52.1).
func dialectIndex(list []byte) (index uint16, ok bool) {
	index = noDialect
	for i := uint16(0); len(list) > 0; i++ {
		name, rest, found := bytes.Cut(list[1:], []byte{0})
		if list[0] != dialectBufferStart || !found {
			return 0, false
		}
		if string(name) == dialect {
			index = i
		}
		list = rest
	}
	return index, true
}

// negotiate is NEGOTIATE (MS-CIFS 2.2.4.52, 3.3.5.42), which a connection allows once.
func (c *conn) negotiate(r *request, w *writer) uint32 {
	index, ok := dialectIndex(r.bytes)
	if c.negotiated || !ok || r.wordCount() != 0 {
		return statusInvalidSMB
	}
	w.words()
	w.u16(index)
	if index == noDialect {
		w.data()
		w.end()
		return statusOK
	}
	c.negotiated = true
	_, _ = rand.Read(c.challenge[:]) // never fails
	o := &c.host.options
	w.u8(c.host.securityMode())
	w.u16(o.MaxMpxCount)
	w.u16(1) // MaxNumberVcs
	w.u32(uint32(o.MaxBufferSize))
	w.u32(maxRawSize)
	w.u32(0) // SessionKey
	w.u32(c.host.capabilities())
	w.u64(toFiletime(c.host.now()))
	w.u16(0) // time zone: UTC
	w.u8(byte(len(c.challenge)))
	w.data()
	w.bytes(c.challenge[:])
	// The names are in Unicode if the server has it, and not aligned (MS-CIFS appendix A <89>).
	names := writer{unicode: !o.OEM}
	end := names.encode("\x00")
	w.bytes(append(names.encode(o.Domain), end...))
	if o.OS == Windows2000 {
		w.bytes(append(names.encode(o.Name), end...))
	}
	w.end()
	return statusOK
}

// echo is ECHO (MS-CIFS 2.2.4.39): as many answers as requested, up to a limit.
func (c *conn) echo(r *request, w *writer) uint32 {
	const most = 16
	if r.wordCount() != 1 {
		return statusInvalidSMB
	}
	count := min(r.u16(0), most)
	if count == 0 {
		c.inFlight.Add(-1)
		return statusLater
	}
	for i := range count {
		w.b = w.b[:headerSize]
		w.words()
		w.u16(i + 1)
		w.data()
		w.bytes(r.bytes)
		w.end()
		if i+1 < count {
			c.message(r, w, statusOK)
		}
	}
	return statusOK
}
