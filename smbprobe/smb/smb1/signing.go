package smb1

import (
	"bytes"
	"crypto/subtle"

	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/smb/ntlm"
)

// signer holds what signatures are made from (MS-CIFS 3.1.4.1): the session key and
// the response of the login that started signing, and the sequence number of
// the next request. A request and its answer take two numbers.
type signer struct {
	key      []byte
	response []byte
	next     uint32
}

// sign writes the signature into a request and returns the sequence number of its answer.
func (s *signer) sign(m []byte) (answer uint32) {
	seq := s.next
	s.next += 2
	m[10] |= flags2Signed
	mac := ntlm.Sign(s.key, s.response, m, seq)
	copy(m[signatureAt:], mac[:])
	return seq + 1
}

// verify reports whether an answer carries the right signature.
func (s *signer) verify(m []byte, seq uint32) bool {
	mac := ntlm.Sign(s.key, s.response, m, seq)
	return subtle.ConstantTimeCompare(mac[:], m[signatureAt:signatureAt+8]) == 1
}

// samePlaceholder reports whether an answer carries the text that Samba writes where a
// signature would be, when it does not sign.
func samePlaceholder(m []byte) bool {
	return bytes.Equal(m[signatureAt:signatureAt+8], []byte("BSRSPYL "))
}
