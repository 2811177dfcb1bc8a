package simnt

import (
	"encoding/hex"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestVectors holds the computations against MS-NLMP 4.2.2 and 4.2.4.
func TestVectors(t *testing.T) {
	t.Parallel()
	challenge := [8]byte{0x01, 0x23, 0x45, 0x67, 0x89, 0xAB, 0xCD, 0xEF}
	nonce := []byte(strings.Repeat("\xaa", 8))
	nt := ntHash("Password")
	lm, ok := lmHash("Password")
	if !ok {
		t.Fatal("Password has no LM hash")
	}
	v2 := v2Hash(nt, "User", "Domain")
	lmv2 := append(hmacMD5(v2, challenge[:], nonce), nonce...)
	blob := "\x01\x01\x00\x00\x00\x00\x00\x00" + strings.Repeat("\x00", 8) + string(nonce) + "\x00\x00\x00\x00" +
		"\x02\x00\x0c\x00" + string(utf16le("Domain")) + "\x01\x00\x0c\x00" + string(utf16le("Server")) + "\x00\x00\x00\x00" + "\x00\x00\x00\x00"
	proof := hmacMD5(v2, challenge[:], []byte(blob))
	key, ok := checkV2(v2, challenge, append(proof, blob...))
	if !ok {
		t.Error("a right NTLMv2 response is refused")
	}
	if _, ok := checkV2(v2, challenge, lmv2); !ok {
		t.Error("a right LMv2 response is refused")
	}
	got := map[string]string{
		"LM hash": hex.EncodeToString(lm[:]), "NT hash": hex.EncodeToString(nt[:]),
		"NTLMv1": hex.EncodeToString(desl(nt, challenge)), "LMv1": hex.EncodeToString(desl(lm, challenge)),
		"v1 key": hex.EncodeToString(v1SessionKey(nt)), "v2 hash": hex.EncodeToString(v2),
		"LMv2": hex.EncodeToString(lmv2), "proof": hex.EncodeToString(proof), "v2 key": hex.EncodeToString(key),
	}
	want := map[string]string{
		"LM hash": "e52cac67419a9a224a3b108f3fa6cb6d", "NT hash": "a4f49c406510bdcab6824ee7c30fd852",
		"NTLMv1": "67c43011f30298a2ad35ece64f16331c44bdbed927841f94", "LMv1": "98def7b87f88aa5dafe2df779688a172def11c7d5ccdef13",
		"v1 key": "d87262b0cde4b1cb7499becccdf10784", "v2 hash": "0c868a403bfd7a93a3001ef22ef02e3f",
		"LMv2": "86c35097ac9cec102554764a57cccc19aaaaaaaaaaaaaaaa", "proof": "68cd0ab851e51c96aabc927bebef6a1c",
		"v2 key": "8de40ccadbc14a82f15cb0ad0de95ca3",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if _, ok := lmHash("fifteen letters"); ok {
		t.Error("a password of 15 characters has an LM hash")
	}
}
