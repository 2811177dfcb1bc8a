package ntlm

import (
	"crypto/des"
	"crypto/hmac"
	"crypto/md5"
	"encoding/binary"
	"slices"
	"time"

	//lint:ignore SA1019 NTLM is made of MD4
	"golang.org/x/crypto/md4"

	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/smb"
)

// V1 computes the NTLMv1 response (MS-NLMP 3.3.1), 24 bytes in both fields: the
// NT response takes the place of the LM response, which is never computed.
//
// It is open to: recovering the NT hash of any password by trying 2^56 DES keys, in
// hours; relaying; and precomputed tables for a challenge that a rogue server
// chooses, because the client adds nothing of its own.
// It is for Windows NT 4.0 before SP4 only.
func V1(creds smb.Credentials, ch Challenge) Response {
	hash := ntHash(creds.Password.Reveal())
	response := desl(hash, ch.Nonce)
	return Response{
		OEM:         response[:],
		Unicode:     response[:],
		SessionKey:  md4Sum(hash[:]),
		MACResponse: response[:],
	}
}

// ntHash is NTOWFv1 (MS-NLMP 3.3.1).
func ntHash(password string) [16]byte { return md4Sum(utf16LE(password)) }

func md4Sum(b []byte) (sum [16]byte) {
	h := md4.New()
	_, _ = h.Write(b) // a hash never fails to write
	h.Sum(sum[:0])
	return sum
}

// desl is DESL (MS-NLMP 6): the hash, padded to 21 bytes, gives three DES keys,
// each of which encrypts the challenge.
func desl(hash [16]byte, challenge [8]byte) (response [24]byte) {
	var keys [21]byte
	copy(keys[:], hash[:])
	for i := range 3 {
		desEncrypt(response[8*i:], [7]byte(keys[7*i:]), challenge)
	}
	return response
}

// desEncrypt encrypts one block with a key of 56 bits.
func desEncrypt(dst []byte, key [7]byte, block [8]byte) {
	spread := spreadKey(key)
	cipher, err := des.NewCipher(spread[:])
	if err != nil {
		panic("ntlm: DES with a key of 8 bytes: " + err.Error()) // only if the build forbids DES
	}
	cipher.Encrypt(dst, block[:])
}

// spreadKey spreads 56 bits over 8 bytes, 7 bits each. The lowest bit of each
// byte is parity, which DES ignores.
func spreadKey(k [7]byte) [8]byte {
	return [8]byte{
		k[0],
		k[0]<<7 | k[1]>>1,
		k[1]<<6 | k[2]>>2,
		k[2]<<5 | k[3]>>3,
		k[3]<<4 | k[4]>>4,
		k[4]<<3 | k[5]>>5,
		k[5]<<2 | k[6]>>6,
		k[6] << 1,
	}
}

// Identifiers of AV pairs (MS-NLMP 2.2.2.1).
const (
	avEnd            = 0
	avNbComputerName = 1
	avNbDomainName   = 2
)

// maxNetBIOSName is the length of a NetBIOS name without its suffix, in UTF-16
// units.
const maxNetBIOSName = 15

// V2 computes the NTLMv2 and LMv2 responses (MS-NLMP 3.3.2): the LMv2 response,
// 24 bytes, in the OEM field, the NTLMv2 response in the Unicode field. The
// clientNonce must be fresh random bytes for each login. The domain of creds is
// hashed as it stands there, so it must be spelled as the login sends it, and
// the server expects its NetBIOS name in upper case; the user name is hashed in
// upper case, however it is sent.
//
// It is open to: trying passwords offline, at the speed of HMAC-MD5; and
// relaying, if the server does not require signing.
func V2(creds smb.Credentials, ch Challenge, clientNonce [8]byte) Response {
	key := ntHashV2(creds)
	blob := clientBlob(ch, clientNonce)
	proof := hmacMD5(key, ch.Nonce[:], blob)
	response := append(proof[:], blob...)

	lm := hmacMD5(key, ch.Nonce[:], clientNonce[:])
	return Response{
		OEM:         append(lm[:], clientNonce[:]...),
		Unicode:     response,
		SessionKey:  hmacMD5(key, proof[:]),
		MACResponse: response,
	}
}

// ntHashV2 is NTOWFv2 (MS-NLMP 3.3.2).
func ntHashV2(creds smb.Credentials) [16]byte {
	hash := ntHash(creds.Password.Reveal())
	return hmacMD5(hash, utf16LE(upper(creds.Username)+creds.Domain))
}

// clientBlob is NTLMv2_CLIENT_CHALLENGE (MS-NLMP 2.2.2.7), with the four zero
// bytes that follow it in the response.
func clientBlob(ch Challenge, clientNonce [8]byte) []byte {
	b := []byte{1, 1, 0, 0, 0, 0, 0, 0}
	b = binary.LittleEndian.AppendUint64(b, filetime(ch.ServerTime))
	b = append(b, clientNonce[:]...)
	b = append(b, 0, 0, 0, 0)
	b = appendAVName(b, avNbDomainName, ch.Domain)
	b = appendAVName(b, avNbComputerName, ch.Server)
	b = appendAVPair(b, avEnd, nil)
	return append(b, 0, 0, 0, 0)
}

func appendAVName(b []byte, id uint16, name string) []byte {
	value := utf16LE(name)
	if len(value) == 0 || len(value) > 2*maxNetBIOSName {
		return b
	}
	return appendAVPair(b, id, value)
}

func appendAVPair(b []byte, id uint16, value []byte) []byte {
	b = binary.LittleEndian.AppendUint16(b, id)
	b = binary.LittleEndian.AppendUint16(b, uint16(len(value)))
	return append(b, value...)
}

func hmacMD5(key [16]byte, parts ...[]byte) (sum [16]byte) {
	h := hmac.New(md5.New, key[:])
	_, _ = h.Write(slices.Concat(parts...)) // a hash never fails to write
	h.Sum(sum[:0])
	return sum
}

// epochDelta is the time from 1601, the start of FILETIME, to 1970, in seconds.
const epochDelta = 11_644_473_600

// filetime counts 100 ns from the start of 1601, UTC (MS-DTYP 2.3.3). A time
// before that is 0.
func filetime(t time.Time) uint64 {
	seconds := t.Unix() + epochDelta
	if seconds < 0 {
		return 0
	}
	return uint64(seconds)*10_000_000 + uint64(t.Nanosecond()/100)
}
