package capture

import (
	"bytes"
	"encoding/binary"
	"slices"

	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"
)

// blankToken blanks the secrets in the security blob of a session setup, NTLM with or
// without SPNEGO. Any other blob is blanked as a whole.
func blankToken(b []byte) {
	if !blankNTLM(b) && !blankSPNEGO(b) {
		clear(b)
	}
}

// blankSPNEGO blanks the secrets in a NegTokenInit or NegTokenResp (RFC 4178 4.2). It
// returns false if b is neither; then b may be blanked in part.
func blankSPNEGO(b []byte) bool {
	const (
		initialToken = asn1.Tag(0x60) // RFC 2743 3.1: [APPLICATION 0]
		mechListMIC  = 3
	)
	field := func(n asn1.Tag) asn1.Tag { return n.Constructed().ContextSpecific() }
	outer := cryptobyte.String(b)
	var choice, sequence cryptobyte.String
	if outer.PeekASN1Tag(initialToken) {
		var inner cryptobyte.String
		if !outer.ReadASN1(&inner, initialToken) || !inner.SkipASN1(asn1.OBJECT_IDENTIFIER) ||
			!inner.ReadASN1(&choice, field(0)) || !inner.Empty() {
			return false
		}
	} else if !outer.ReadASN1(&choice, field(1)) {
		return false
	}
	if !outer.Empty() || !choice.ReadASN1(&sequence, asn1.SEQUENCE) || !choice.Empty() {
		return false
	}
	for !sequence.Empty() {
		var element, octets cryptobyte.String
		var tag asn1.Tag
		if !sequence.ReadAnyASN1(&element, &tag) {
			return false
		}
		switch tag {
		case field(0), field(1): // mechanisms, flags, state
		case field(2): // mechToken, responseToken
			if !element.ReadASN1(&octets, asn1.OCTET_STRING) || !element.Empty() {
				return false
			}
			if !blankNTLM(octets) {
				clear(octets)
			}
		case field(mechListMIC):
			if !element.ReadASN1(&octets, asn1.OCTET_STRING) || !element.Empty() {
				return false
			}
			blankMIC(octets)
		default:
			return false
		}
	}
	return true
}

// blankMIC blanks a mechListMIC but for the version of an NTLM signature (MS-NLMP 2.2.2.9),
// by which Wireshark recognizes it.
func blankMIC(b []byte) {
	clear(bytes.TrimPrefix(b, []byte{1, 0, 0, 0}))
}

// NTLM messages (MS-NLMP 2.2.1).
const (
	ntlmSignature = "NTLMSSP\x00"

	ntlmNegotiate    = 1
	ntlmChallenge    = 2
	ntlmAuthenticate = 3
)

// blankNTLM blanks the secrets in an NTLM message. It returns false, and leaves b as it is,
// if b is not an NTLM message.
func blankNTLM(b []byte) bool {
	const typeAt, typeEnd = 8, 12
	if len(b) < typeEnd || !bytes.HasPrefix(b, []byte(ntlmSignature)) {
		return false
	}
	switch binary.LittleEndian.Uint32(b[typeAt:]) {
	case ntlmNegotiate, ntlmChallenge: // without secrets
		return true
	case ntlmAuthenticate:
		blankAuthenticate(b)
		return true
	}
	return false
}

// blankAuthenticate blanks an AUTHENTICATE_MESSAGE (MS-NLMP 2.2.1.3), all but its fixed
// part and the three names. Where a response and a name overlap, the bytes are blanked.
func blankAuthenticate(b []byte) {
	const (
		lmResponse, ntResponse, domain, user, workstation, sessionKey = 12, 20, 28, 36, 44, 52 // offsets
		fixed                                                         = 64                     // size up to the version
	)
	if len(b) < fixed {
		clear(b)
		return
	}
	original := slices.Clone(b)
	clear(b[fixed:])
	for _, at := range []int{domain, user, workstation} {
		begin, end := ntlmField(original, at)
		copy(b[begin:end], original[begin:end])
	}
	for _, at := range []int{lmResponse, ntResponse, sessionKey} {
		begin, end := ntlmField(original, at)
		clear(b[begin:end])
	}
}

// ntlmField returns where the payload of a field is, as far as it is inside the message and
// after the fixed part.
func ntlmField(b []byte, at int) (begin, end int) {
	const fixed = 64
	length := uint64(binary.LittleEndian.Uint16(b[at:]))
	offset := uint64(binary.LittleEndian.Uint32(b[at+4:]))
	size := uint64(len(b))
	return int(min(max(offset, fixed), size)), int(min(max(offset+length, fixed), size))
}
