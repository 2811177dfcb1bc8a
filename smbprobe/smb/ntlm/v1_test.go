package ntlm

import (
	"encoding/hex"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rasphone-exporter/rasphone_exporter/internal/secret"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/smb"
)

// The values that all vectors of MS-NLMP 4.2.1 share.
func vectorCredentials() smb.Credentials {
	return smb.Credentials{Username: "User", Domain: "Domain", Password: secret.New("Password")}
}

func vectorChallenge() Challenge {
	return Challenge{
		Nonce:  [8]byte{0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef},
		Domain: "Domain",
		Server: "Server",
	}
}

func wantHex(t *testing.T, what string, got []byte, want string) {
	t.Helper()
	if diff := cmp.Diff(want, hex.EncodeToString(got)); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

// MS-NLMP 4.2.2.
func TestV1Vectors(t *testing.T) {
	const response = "67c43011f30298a2ad35ece64f16331c44bdbed927841f94"
	got := V1(vectorCredentials(), vectorChallenge())
	wantHex(t, "Unicode", got.Unicode, response)
	wantHex(t, "OEM is the NT response, not the LM response", got.OEM, response)
	wantHex(t, "session key", got.SessionKey[:], "d87262b0cde4b1cb7499becccdf10784")
	wantHex(t, "MACResponse", got.MACResponse, response)

	hash := ntHash("Password")
	wantHex(t, "NTOWFv1", hash[:], "a4f49c406510bdcab6824ee7c30fd852")
}

// MS-NLMP 4.2.2.1.1 and 4.2.2.2.2: the LM hash and response are never sent, but
// they check DES and DESL against a second vector.
func TestLMVectors(t *testing.T) {
	var hash [16]byte
	password := [14]byte([]byte("PASSWORD\x00\x00\x00\x00\x00\x00"))
	desEncrypt(hash[:8], [7]byte(password[:7]), [8]byte([]byte("KGS!@#$%")))
	desEncrypt(hash[8:], [7]byte(password[7:]), [8]byte([]byte("KGS!@#$%")))
	wantHex(t, "LMOWFv1", hash[:], "e52cac67419a9a224a3b108f3fa6cb6d")

	response := desl(hash, vectorChallenge().Nonce)
	wantHex(t, "LM response", response[:], "98def7b87f88aa5dafe2df779688a172def11c7d5ccdef13")
}

// The expected values come from impacket.
func TestV1Passwords(t *testing.T) {
	tests := map[string]struct{ password, hash, response string }{
		"empty": {
			"", "31d6cfe0d16ae931b73c59d7e0c089c0",
			"3a2eb2b1b13b01b8491ab00c070dd7e1da0b98040b02c03f",
		},
		"outside of the BMP": {
			"pa\U0001F511ss", "74edb6aa0a88c3e0a23d7ef34f9313f7",
			"219449bc8f28b1e87c11f3ad565bc61709a213725dc0b58e",
		},
		"longer than 14": {
			"A long pass phrase of more than 14 characters", "b4b9e190c184913b01c47033d77ef5da",
			"d2afb7e3649f981f42be7f6bb7c1433b281fcf70d57e23cb",
		},
		"outside of ASCII": {
			"Grüße", "2816114083c3d8e78cfa2bdb9cde7ae6",
			"f5f8c9ee9335deabd4a482d85a1159a202fc1b1250a94207",
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			hash := ntHash(tt.password)
			wantHex(t, "NTOWFv1", hash[:], tt.hash)
			creds := smb.Credentials{Username: "User", Password: secret.New(tt.password)}
			wantHex(t, "response", V1(creds, vectorChallenge()).Unicode, tt.response)
		})
	}
}
