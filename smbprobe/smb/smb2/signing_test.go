package smb2

import (
	"bytes"
	"crypto/aes"
	"crypto/sha512"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"slices"
	"testing"

	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/smb"
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

// TestUnverifiedRefusal has a refusal whose signature does not verify: its status
// is not to be believed, however its body looks.
func TestUnverifiedRefusal(t *testing.T) {
	for _, dialect := range []uint16{dialect202, dialect311} {
		for name, body := range map[string][]byte{"well formed": errorBody(), "malformed": nil} {
			p := &keyedPeer{dialect: dialect}
			nc := startPeer(t, func(request header) ([]byte, bool) {
				answer := p.sign(p.answer(t, request))
				if request.command() == cmdTreeConnect {
					answer = p.sign(packet(request, smb.StatusBadNetworkName, body))
					answer[48] ^= 1
				}
				return framed(answer), true
			})
			err := loginAndConnect(t, nc, Options{RequireSigning: true})
			if !errors.Is(err, smb.ErrSigning) || smb.StatusOf(err) != smb.StatusOK {
				t.Errorf("%s, %s: %v, want %v", dialectNames[dialect], name, err, smb.ErrSigning)
			}
		}
	}
}

// TestUnverifiedLogin accepts the login with a signature that does not verify.
func TestUnverifiedLogin(t *testing.T) {
	p := &keyedPeer{dialect: dialect311}
	nc := startPeer(t, func(request header) ([]byte, bool) {
		answer := p.sign(p.answer(t, request))
		if p.signer != nil {
			answer[48] ^= 1
		}
		return framed(answer), true
	})
	if _, err := login(testContext(t), nc, testCreds(), Options{}); !errors.Is(err, smb.ErrSigning) {
		t.Errorf("Login: %v, want %v", err, smb.ErrSigning)
	}
}

// TestSignedChain answers under signatures with interim answers, signed by a
// server that need not do so, and in chains with packets for other sessions.
func TestSignedChain(t *testing.T) {
	for _, dialect := range []uint16{dialect210, dialect302, dialect311} {
		p := &keyedPeer{dialect: dialect}
		nc := startPeer(t, func(request header) ([]byte, bool) {
			answer := p.answer(t, request)
			if p.signer == nil || request.command() == cmdSessionSetup {
				return framed(p.sign(answer)), true
			}
			interim := header(packet(request, smb.StatusPending, append(errorBody(), make([]byte, 7)...)))
			interim[16] |= byte(flagAsync | flagSigned)
			binary.LittleEndian.PutUint64(interim[32:], 0x1122334455667788)
			binary.LittleEndian.PutUint32(interim[20:], uint32(len(interim)))
			notice := bytes.Clone(interim[:headerSize])
			binary.LittleEndian.PutUint64(notice[24:], unsolicited)
			binary.LittleEndian.PutUint64(notice[40:], 0)
			binary.LittleEndian.PutUint32(notice[20:], headerSize)
			if onTree(request.command()) {
				answer[16] |= byte(flagAsync)
				copy(answer[32:40], interim[32:40])
			} else {
				interim = nil
			}
			return framed(slices.Concat(notice, interim, p.sign(answer))), true
		})
		s := mustLogin(t, nc, testCreds(), Options{RequireSigning: true})
		if data, err := readFileThenPipe(t, s); err != nil || data != "hello, hello" {
			t.Errorf("%s: %q, %v", dialectNames[dialect], data, err)
		}
	}
}
