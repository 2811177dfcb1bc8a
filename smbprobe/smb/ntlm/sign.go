package ntlm

import (
	"crypto/md5"
	"encoding/binary"
)

// The signature's place in a message (MS-CIFS 2.2.3.1).
const (
	signatureStart = 14
	signatureEnd   = 22
)

// Sign computes the signature of an SMB1 message (MS-CIFS 3.1.4.1): the first 8
// bytes of MD5 over the session key, the response that the login sent, and the
// message with the sequence number in the signature's place. The message starts
// at 0xFF 'SMB' and ends with its last byte, a chain's last block included; it
// is not changed, and what stands in its signature field does not matter. The
// first signed session setup request has sequence 0, its answer 1.
//
// A message that is cut off is signed as far as it goes. MD5 over key and
// message is no HMAC, but nothing better exists in SMB1; only a response that
// was not itself weak (see V1) makes the signature worth something.
//
// To check a server's signature, compare in constant time (crypto/hmac.Equal).
func Sign(key, response, message []byte, sequence uint32) [8]byte {
	head := message[:min(signatureStart, len(message))]
	tail := message[min(signatureEnd, len(message)):]

	var place [signatureEnd - signatureStart]byte
	binary.LittleEndian.PutUint32(place[:], sequence)

	h := md5.New()
	for _, part := range [][]byte{key, response, head, place[:], tail} {
		_, _ = h.Write(part) // a hash never fails to write
	}
	return [8]byte(h.Sum(nil))
}
