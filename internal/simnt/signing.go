package simnt

import (
	"crypto/hmac"
	"crypto/md5"
	"encoding/binary"
)

// signer signs and verifies messages (MS-CIFS 3.1.4.1, 3.1.5.1).
type signer struct {
	key      []byte
	response []byte // that the client logged in with
	next     uint32 // sequence number of the next request
}

const signatureSize = 8

// signature computes the signature of a message under a sequence number.
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

// verify gives a request of a signed connection its sequence number, and checks its
// signature. A request takes two numbers, itself and its answer, and a cancel, which has none,
// takes one.
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
