package smb2

import (
	"bytes"
	"crypto/aes"
	"crypto/sha512"
	"encoding/hex"
	"testing"
)

// TestCMAC has the vectors of RFC 4493 section 4.
func TestCMAC(t *testing.T) {
	block, err := aes.NewCipher(fromHex(t, "2b7e151628aed2a6abf7158809cf4f3c"))
	if err != nil {
		t.Fatal(err)
	}
	message := fromHex(t, "6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51"+
		"30c81c46a35ce411e5fbc1191a0a52eff69f2445df4f9b17ad2b417be66c3710")
	for length, want := range map[int]string{
		0:  "bb1d6929e95937287fa37d129b756746",
		16: "070a16b46b4d4144f79bdd9dd04a287c",
		40: "dfa66747de9ae63030ca32611497c827",
		64: "51f0bebf7e3b9d92fc49741779363cfe",
	} {
		if got := cmac(block, message[:length]); hex.EncodeToString(got[:]) != want {
			t.Errorf("%d bytes: %x, want %s", length, got, want)
		}
	}
}

func TestSigner(t *testing.T) {
	for _, dialect := range []uint16{dialect202, dialect210, dialect300, dialect302, dialect311} {
		s, err := newSigner(dialect, [16]byte{1}, [sha512.Size]byte{2})
		if err != nil {
			t.Fatal(err)
		}
		packet := header(answerTo(cmdLogoff, 0, sized(4, 4)))
		s.sign(packet)
		if !s.verify(packet) {
			t.Errorf("%s: a signature that does not verify", dialectNames[dialect])
		}
		for bit := range 8 * len(packet) {
			changed := header(bytes.Clone(packet))
			changed[bit/8] ^= 1 << (bit % 8)
			if s.verify(changed) {
				t.Errorf("%s: bit %d is not covered by the signature", dialectNames[dialect], bit)
			}
		}
	}
}
