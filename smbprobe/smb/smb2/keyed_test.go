package smb2

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/sha512"
	"encoding/binary"
	"errors"
	"net"
	"os"
	"os/exec"
	"testing"

	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/smb"
)

// keyedPeer answers like fileAnswer and knows the password, so that it can sign
// and encrypt.
type keyedPeer struct {
	dialect      uint16
	sessionFlags uint16

	preauth [sha512.Size]byte
	key     [16]byte // the session key; signer is not nil: it is known
	signer  *signer
}

// answer returns the answer to a request, not signed yet.
func (p *keyedPeer) answer(t testing.TB, request header) header {
	t.Helper()
	var answer header
	switch {
	case request.command() == cmdNegotiate:
		body := negotiateBody(p.dialect)
		if p.dialect == dialect311 {
			body = append(body311(2, contextPreauth, 6), 0, 0) // aligned
			body = append(body, 2, 0, 4, 0, 0, 0, 0, 0, 1, 0, 2, 0, 0, 0, 0, 0)
		}
		p.preauth = extendPreauth(p.preauth, request)
		answer = packet(request, smb.StatusOK, body)
		p.preauth = extendPreauth(p.preauth, answer)
	case request.command() == cmdSessionSetup && request.sessionID() == 0:
		p.preauth = extendPreauth(p.preauth, request)
		answer = fileAnswer(request)
		p.preauth = extendPreauth(p.preauth, answer)
	case request.command() == cmdSessionSetup:
		p.preauth = extendPreauth(p.preauth, request)
		var err error
		if p.key, err = sessionKey(testCreds(), request); err != nil {
			t.Errorf("the session key: %v", err)
		}
		if p.signer, err = newSigner(p.dialect, p.key, p.preauth); err != nil {
			t.Errorf("the signing key: %v", err)
		}
		answer = packet(request, smb.StatusOK, setupBody(p.sessionFlags, nil))
	default:
		answer = fileAnswer(request)
	}
	return answer
}

// sign signs an answer once the key is known.
func (p *keyedPeer) sign(answer header) header {
	if p.signer != nil {
		p.signer.sign(answer)
	}
	return answer
}

// encrypt encrypts a packet with AES-128-GCM for SMB 3.1.1 ([MS-SMB2] 3.1.4.3).
func (p *keyedPeer) encrypt(t testing.TB, packet header) []byte {
	t.Helper()
	block, err := aes.NewCipher(deriveKey(p.key[:], "SMBS2CCipherKey\x00", p.preauth[:]))
	if err != nil {
		t.Fatal(err)
	}
	gcm, err := cipher.NewGCM(block)
	if err != nil {
		t.Fatal(err)
	}
	frame := encryptedFrame()[:52]
	binary.LittleEndian.PutUint32(frame[36:], uint32(len(packet)))
	sealed := gcm.Seal(nil, frame[20:32], packet, frame[20:52])
	copy(frame[4:20], sealed[len(packet):])
	return append(frame, sealed[:len(packet)]...)
}

// childVariable is set in the child process of TestProcessSurvives.
const childVariable = "SMB2_TEST_CHILD"

// TestProcessSurvives has a server that knows the password and sends an encrypted
// packet whose NextCommand lies behind its end. go-smb2 would panic on it in its
// own goroutine, so the sessions run in a child process.
func TestProcessSurvives(t *testing.T) {
	if os.Getenv(childVariable) == "" {
		child := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^"+t.Name()+"$", "-test.count=1")
		child.Env = append(os.Environ(), childVariable+"=1")
		if output, err := child.CombinedOutput(); err != nil {
			t.Errorf("the process with the sessions: %v\n%s", err, output)
		}
		return
	}
	for _, flags := range []uint16{0, sessionEncrypt} {
		other := mustLogin(t, startPeer(t, func(request header) ([]byte, bool) {
			return framed(fileAnswer(request)), true
		}), testCreds(), Options{})

		p := &keyedPeer{dialect: dialect311, sessionFlags: flags}
		nc := startPeer(t, func(request header) ([]byte, bool) {
			if p.signer == nil {
				return framed(p.sign(p.answer(t, request))), true
			}
			answer := header(packet(request, smb.StatusOK, treeBody()))
			binary.LittleEndian.PutUint32(answer[20:], 0x00FFFFF8) // NextCommand
			return framed(p.encrypt(t, answer)), true
		})
		if err := loginAndConnect(t, nc, Options{}); !errors.Is(err, smb.ErrEncryptionRequired) {
			t.Errorf("session flags 0x%X: %v, want %v", flags, err, smb.ErrEncryptionRequired)
		}

		if data, err := readFileThenPipe(t, other); err != nil || data != "hello, hello" {
			t.Errorf("session flags 0x%X: the other session: %q, %v", flags, data, err)
		}
	}
}

// startKeyedPeer starts a peer whose answers edit may change before they are
// signed. It signs if signing is wanted.
func startKeyedPeer(t testing.TB, dialect uint16, signing bool, edit func(request, answer header) header) net.Conn {
	t.Helper()
	p := &keyedPeer{dialect: dialect}
	return startPeer(t, func(request header) ([]byte, bool) {
		answer := edit(request, p.answer(t, request))
		if signing {
			answer = p.sign(answer)
		}
		return framed(answer), true
	})
}

// TestMalformedRefusal refuses one request with a body that is not an ERROR
// Response: the status arrives, and the connection stays.
func TestMalformedRefusal(t *testing.T) {
	bodies := map[string][]byte{
		"none":            nil,
		"one byte":        {9},
		"seven bytes":     sized(9, 7),
		"StructureSize":   sized(8, 9),
		"of a success":    sized(89, 88),
		"data leave":      with(errorBody(), func(b []byte) { b[4] = 2 }),
		"length wraps":    with(errorBody(), func(b []byte) { binary.LittleEndian.PutUint32(b[4:], 0xFFFFFFFF) }),
		"context cut":     with(sized(9, 12), func(b []byte) { b[2], b[4] = 1, 4 }),
		"context leaves":  with(sized(9, 24), func(b []byte) { b[2], b[4], b[8] = 1, 16, 9 }),
		"context wraps":   with(sized(9, 24), func(b []byte) { b[2], b[4] = 1, 16; binary.LittleEndian.PutUint32(b[8:], 0xFFFFFFFF) }),
		"contexts of air": with(errorBody(), func(b []byte) { b[2] = 255 }),
	}
	statuses := []smb.Status{smb.StatusPipeNotAvailable, smb.StatusAccessDenied, smb.StatusBufferOverflow, smb.StatusMoreProcessingRequired}
	for _, dialect := range []uint16{dialect202, dialect302, dialect311} {
		for _, signing := range []bool{false, true} {
			for name, body := range bodies {
				for _, status := range statuses {
					nc := startKeyedPeer(t, dialect, signing, func(request, answer header) header {
						if _, r, _ := parseRequest(request); r.name == "refused" {
							return packet(request, status, body)
						}
						return answer
					})
					s := mustLogin(t, nc, testCreds(), Options{RequireSigning: signing})
					_, err := mustConnect(t, s, "IPC$").OpenPipe(testContext(t), "refused")
					if smb.StatusOf(err) != status {
						t.Errorf("%s, signing %t, %s: OpenPipe: %v, want %s", dialectNames[dialect], signing, name, err, status)
					}
					if data, err := readFileThenPipe(t, s); err != nil || data != "hello, hello" {
						t.Errorf("%s, signing %t, %s: after it: %q, %v", dialectNames[dialect], signing, name, data, err)
					}
				}
			}
		}
	}
}

// TestMalformedRefusalOfLogin refuses the negotiation, the login, or the tree
// connect with an empty body.
func TestMalformedRefusalOfLogin(t *testing.T) {
	for command, status := range map[uint16]smb.Status{
		cmdNegotiate:    smb.StatusNotSupported,
		cmdSessionSetup: smb.StatusLogonFailure,
		cmdTreeConnect:  smb.StatusBadNetworkName,
	} {
		nc := startKeyedPeer(t, dialect302, false, func(request, answer header) header {
			if request.command() == command {
				return packet(request, status, nil)
			}
			return answer
		})
		if err := loginAndConnect(t, nc, Options{}); smb.StatusOf(err) != status {
			t.Errorf("command 0x%02X: %v, want %s", command, err, status)
		}
	}
}
