package simnt

import (
	"bytes"
	"crypto/des"
	"crypto/hmac"
	"crypto/md5"
	"encoding/binary"
	"strings"
	"unicode/utf16"

	//lint:ignore SA1019 NTLM is made of MD4
	"golang.org/x/crypto/md4"
)

const (
	responseSize = 24 // of LM, LMv2 and NTLMv1
	proofSize    = 16 // NTProofStr
)

// utf16le encodes a text in UTF-16LE.
func utf16le(s string) []byte {
	var b []byte
	for _, u := range utf16.Encode([]rune(s)) {
		b = binary.LittleEndian.AppendUint16(b, u)
	}
	return b
}

// ntHash is NTOWFv1 (MS-NLMP 3.3.1).
func ntHash(password string) (hash [16]byte) {
	h := md4.New()
	h.Write(utf16le(password))
	copy(hash[:], h.Sum(nil))
	return hash
}

// lmHash is LMOWFv1 (MS-NLMP 3.3.1). A password of more than 14 characters, or with
// characters that are not in Latin-1, has none.
func lmHash(password string) (hash [16]byte, ok bool) {
	const longest = 14
	oem, ok := latin1(strings.ToUpper(password))
	if !ok || len(oem) > longest {
		return hash, false
	}
	key := make([]byte, longest)
	copy(key, oem)
	magic := []byte("KGS!@#$%")
	desBlock(hash[:8], key[:7], magic)
	desBlock(hash[8:], key[7:], magic)
	return hash, true
}

// desBlock encrypts one block of 8 bytes with a key of 7.
func desBlock(dst, key7, block []byte) {
	var key [8]byte
	for i := range key {
		// Seven bits of the key each, the parity bit below them.
		bit := uint(i * 7)
		window := uint16(key7[bit/8]) << 8
		if bit/8+1 < 7 {
			window |= uint16(key7[bit/8+1])
		}
		key[i] = byte(window>>(9-bit%8)) << 1
	}
	c, err := des.NewCipher(key[:])
	if err != nil {
		panic(err) // eight bytes are always a key
	}
	c.Encrypt(dst, block)
}

// desl is DESL (MS-NLMP 6): the response of LM and NTLMv1 to a challenge.
func desl(hash [16]byte, challenge [8]byte) []byte {
	key := make([]byte, 21)
	copy(key, hash[:])
	response := make([]byte, responseSize)
	for i := range 3 {
		desBlock(response[8*i:], key[7*i:7*i+7], challenge[:])
	}
	return response
}

// same reports whether secrets are equal.
func same(a, b []byte) bool { return hmac.Equal(a, b) }

func hmacMD5(key []byte, data ...[]byte) []byte {
	h := hmac.New(md5.New, key)
	for _, d := range data {
		h.Write(d)
	}
	return h.Sum(nil)
}

// v2Hash is NTOWFv2 (MS-NLMP 3.3.2), over the names as the client sent them.
func v2Hash(nt [16]byte, user, domain string) []byte {
	return hmacMD5(nt[:], utf16le(strings.ToUpper(user)+domain))
}

// checkV2 checks an NTLMv2 or LMv2 response, which is an HMAC over the challenge and
// what follows it in the response, and returns the session key.
func checkV2(hash []byte, challenge [8]byte, response []byte) (key []byte, ok bool) {
	if len(response) < proofSize {
		return nil, false
	}
	proof, rest := response[:proofSize], response[proofSize:]
	if !hmac.Equal(proof, hmacMD5(hash, challenge[:], rest)) {
		return nil, false
	}
	return hmacMD5(hash, proof), true
}

// v1SessionKey is the session key of NTLMv1: MD4 over the NT hash.
func v1SessionKey(nt [16]byte) []byte {
	h := md4.New()
	h.Write(nt[:])
	return h.Sum(nil)
}

// lmSessionKey is the session key of LM: half of the hash, and zeros.
func lmSessionKey(lm [16]byte) []byte {
	return append(bytes.Clone(lm[:8]), make([]byte, 8)...)
}

// v2Time returns the time stamp of an NTLMv2 response, a FILETIME (MS-NLMP 2.2.2.7): after two
// bytes of version and six reserved ones.
func v2Time(response []byte) (filetime uint64, ok bool) {
	const at, blobSize = proofSize + 8, 28
	if len(response) < proofSize+blobSize || response[proofSize] != 1 || response[proofSize+1] != 1 {
		return 0, false
	}
	return binary.LittleEndian.Uint64(response[at:]), true
}
