package ntlm

import (
	"crypto/des"

	//lint:ignore SA1019 NTLM is made of MD4
	"golang.org/x/crypto/md4"

	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/smb"
)

// V1 computes the NTLMv1 response (MS-NLMP 3.3.1), 24 bytes in both fields: the
// NT response stands where the LM response would, which is never computed.
//
// It is open to: recovering the NT hash by trying 2^56 DES keys, whatever the
// password, in hours; relaying; and a server that chooses its challenge, since
// the client puts nothing of its own in, so that tables made beforehand apply.
// It is for Windows NT 4.0 before SP4 alone.
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
		panic("ntlm: DES with a key of 8 bytes: " + err.Error()) // only where the build forbids DES
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
