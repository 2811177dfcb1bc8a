// Package ntlm computes the responses of a login without extended security, as
// SESSION_SETUP_ANDX carries them (MS-CIFS 2.2.4.53.1, MS-NLMP 3.3), and the
// signature of SMB1 messages (MS-CIFS 3.1.4.1). It does no I/O and
// reads neither a clock nor random numbers.
//
// An eavesdropper can try passwords on a response without the server. See V1 and V2
// for what each is open to.
package ntlm

import (
	"crypto/md5"
	"encoding/binary"
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf16"

	"github.com/rasphone-exporter/rasphone_exporter/internal/secret"
)

// Challenge holds the parts of a negotiate answer that the responses depend on.
type Challenge struct {
	Nonce [8]byte // the challenge of the negotiate answer (MS-CIFS 2.2.4.52.2)

	// ServerTime is the server's clock at the time of the login: the clock of
	// the negotiate answer and the time since. Only V2 sends it;
	// a server refuses one that is more than 30 minutes off. The zero time is
	// sent as 0.
	ServerTime time.Time

	// Domain and Server are the NetBIOS names of the server's domain and of the
	// server itself, for the AV pairs of V2. One that is empty, or longer than
	// the 15 characters of a NetBIOS name, is left out: a wrong name is worse
	// than none, because a domain controller may compare.
	Domain, Server string
}

// Response is what a login sends, and what signs the messages after it. Given time,
// passwords can be recovered from it, so every way of printing one yields a mask. A
// struct that is printed must not have it in an unexported field.
type Response struct {
	OEM     []byte // field OEMPassword of SESSION_SETUP_ANDX
	Unicode []byte // field UnicodePassword

	SessionKey  [16]byte // key of Sign
	MACResponse []byte   // response of Sign
}

// Format implements fmt.Formatter for every verb.
func (r Response) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(secret.Masked)) }

// MarshalText implements encoding.TextMarshaler, which encoding/json and
// log/slog use.
func (r Response) MarshalText() ([]byte, error) { return []byte(secret.Masked), nil }

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
// message is not an HMAC, but SMB1 has nothing better; with a weak response (see V1)
// the signature is weak too.
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

// utf16LE encodes a text without a terminator. A character outside of the BMP
// takes a pair of surrogates; a byte that is not UTF-8 becomes U+FFFD.
func utf16LE(s string) []byte {
	b := make([]byte, 0, 2*len(s))
	for _, unit := range utf16.Encode([]rune(s)) {
		b = binary.LittleEndian.AppendUint16(b, unit)
	}
	return b
}

// upper is UpperCase of MS-NLMP 6, as the table of Windows has it: one
// UTF-16 unit becomes one, so nothing outside of the BMP changes, and three
// letters stay whose upper case belongs to another alphabet or loses a dot.
func upper(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r > 0xFFFF, r == 'µ', r == 'ı', r == 'ſ':
			return r
		}
		return unicode.ToUpper(r)
	}, s)
}
