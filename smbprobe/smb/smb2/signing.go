package smb2

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/md5"
	"crypto/rc4"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/subtle"
	"encoding/binary"
	"errors"
	"slices"
	"strings"

	//lint:ignore SA1019 NTLM is made of MD4
	"golang.org/x/crypto/md4"

	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/smb"
)

// signer signs packets and verifies signatures ([MS-SMB2] 3.1.4.1) with the key
// of one session. It is not safe for concurrent use.
type signer struct {
	key   []byte
	block cipher.Block // AES-128-CMAC (SMB 3); nil: HMAC-SHA256 (SMB 2)
}

// newSigner derives the signing key from the session key ([MS-SMB2] 3.3.5.5.3).
// preauth is the hash of the negotiation and the login up to the last request,
// and matters in SMB 3.1.1 alone.
func newSigner(dialect uint16, sessionKey [16]byte, preauth [sha512.Size]byte) (*signer, error) {
	key := sessionKey[:]
	switch dialect {
	case dialect202, dialect210:
		return &signer{key: key}, nil
	case dialect300, dialect302:
		key = deriveKey(key, "SMB2AESCMAC\x00", []byte("SmbSign\x00"))
	case dialect311:
		key = deriveKey(key, "SMBSigningKey\x00", preauth[:])
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return &signer{key: key, block: block}, nil
}

func (s *signer) sum(packet header) [16]byte {
	message := bytes.Clone(packet)
	clear(message[48:64]) // Signature
	if s.block != nil {
		return cmac(s.block, message)
	}
	mac := hmac.New(sha256.New, s.key)
	_, _ = mac.Write(message) // a hash never fails to write
	return [16]byte(mac.Sum(nil))
}

// sign marks a packet as signed and signs it.
func (s *signer) sign(packet header) {
	packet[16] |= byte(flagSigned)
	sum := s.sum(packet)
	copy(packet[48:64], sum[:])
}

func (s *signer) verify(packet header) bool {
	sum := s.sum(packet)
	return hmac.Equal(sum[:], packet[48:64])
}

// sessionKey returns ExportedSessionKey ([MS-NLMP] 3.1.5.1.2) for the
// AUTHENTICATE_MESSAGE ([MS-NLMP] 2.2.1.3) in a SESSION_SETUP request of ours.
// go-smb2 has made the message from the same credentials and keeps the key to
// itself.
func sessionKey(creds smb.Credentials, setup header) (key [16]byte, err error) {
	errNone := errors.New("the login that is about to be sent has no NTLMv2 response to compute the session key from")
	at := bytes.Index(setup, []byte("NTLMSSP\x00\x03\x00\x00\x00"))
	if at < 0 || len(setup)-at < 64 {
		return key, errNone
	}
	message := setup[at:]
	response, ok1 := payload(message, 20)
	domain, ok2 := payload(message, 28)
	random, ok3 := payload(message, 52) // EncryptedRandomSessionKey
	if !ok1 || !ok2 || !ok3 || len(response) < 16 {
		return key, errNone
	}

	hash := md4.New()
	_, _ = hash.Write(encodeName(creds.Password.Reveal()))
	user := encodeName(strings.ToUpper(creds.Username))
	ntowf := hmacMD5(hash.Sum(nil), slices.Concat(user, domain)) // [MS-NLMP] 3.3.2
	base := hmacMD5(ntowf[:], response[:16])

	const keyExchange = 0x40000000 // NTLMSSP_NEGOTIATE_KEY_EXCH
	if binary.LittleEndian.Uint32(message[60:64])&keyExchange == 0 {
		return base, nil
	}
	if len(random) != len(key) {
		return key, errNone
	}
	stream, err := rc4.NewCipher(base[:])
	if err != nil {
		return key, err
	}
	stream.XORKeyStream(key[:], random)
	return key, nil
}

// payload returns what a length and an offset at this place of an NTLM message
// refer to ([MS-NLMP] 2.2.1); ok is false if that lies outside the message.
func payload(message []byte, at int) (b []byte, ok bool) {
	length := uint64(binary.LittleEndian.Uint16(message[at:]))
	offset := uint64(binary.LittleEndian.Uint32(message[at+4:]))
	if offset+length > uint64(len(message)) {
		return nil, false
	}
	return message[offset : offset+length], true
}

func hmacMD5(key, message []byte) [16]byte {
	mac := hmac.New(md5.New, key)
	_, _ = mac.Write(message)
	return [16]byte(mac.Sum(nil))
}

// deriveKey is the key derivation of [MS-SMB2] 3.1.4.2: SP 800-108, HMAC-SHA256
// in counter mode, for 128 bits.
func deriveKey(key []byte, label string, context []byte) []byte {
	mac := hmac.New(sha256.New, key)
	_, _ = mac.Write(slices.Concat([]byte{0, 0, 0, 1}, []byte(label), []byte{0}, context, []byte{0, 0, 0, 128}))
	return mac.Sum(nil)[:16]
}

// extendPreauth adds a packet to the preauthentication integrity hash ([MS-SMB2]
// 3.1.5.2).
func extendPreauth(hash [sha512.Size]byte, packet []byte) [sha512.Size]byte {
	return sha512.Sum512(append(hash[:], packet...))
}

// cmac is AES-CMAC (RFC 4493).
func cmac(block cipher.Block, message []byte) (sum [16]byte) {
	var key [16]byte
	block.Encrypt(key[:], key[:])
	key = double(key)
	for len(message) > len(sum) {
		subtle.XORBytes(sum[:], sum[:], message[:len(sum)])
		block.Encrypt(sum[:], sum[:])
		message = message[len(sum):]
	}
	if len(message) < len(sum) {
		sum[len(message)] ^= 0x80
		key = double(key)
	}
	subtle.XORBytes(sum[:], sum[:], message)
	subtle.XORBytes(sum[:], sum[:], key[:])
	block.Encrypt(sum[:], sum[:])
	return sum
}

// double multiplies by x in the field of RFC 4493 section 2.3, in constant time.
func double(b [16]byte) (product [16]byte) {
	for i := range 15 {
		product[i] = b[i]<<1 | b[i+1]>>7
	}
	product[15] = b[15]<<1 ^ 0x87*(b[0]>>7)
	return product
}
