package ntlm

import (
	"bytes"
	"encoding/hex"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func unhex(t *testing.T, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// The expected value comes from Python's hashlib: MD5 over key, response,
// message[:14], 04 03 02 01 00 00 00 00 and message[22:].
func TestSign(t *testing.T) {
	key := unhex(t, "000102030405060708090a0b0c0d0e0f")
	response := unhex(t, "404142434445464748494a4b4c4d4e4f5051525354555657")
	message := unhex(t, "ff534d42720000000000000000005349474e41545552000102030405060708090a0b0c")
	before := bytes.Clone(message)

	const want = "4badd07fa39114e9"
	got := Sign(key, response, message, 0x01020304)
	wantHex(t, "signature", got[:], want)
	if diff := cmp.Diff(before, message); diff != "" {
		t.Errorf("the message was changed (-before +after):\n%s", diff)
	}

	copy(message[14:22], "whatever")
	got = Sign(key, response, message, 0x01020304)
	wantHex(t, "signature over another old signature", got[:], want)
}

// Every input makes a difference, the message in each byte but the signature's.
func TestSignCoversAll(t *testing.T) {
	key, response, message := make([]byte, 16), make([]byte, 24), make([]byte, 40)
	base := Sign(key, response, message, 7)
	if Sign(key, response, message, 8) == base {
		t.Error("the sequence number makes no difference")
	}
	key[15]++
	if Sign(key, response, message, 7) == base {
		t.Error("the key makes no difference")
	}
	key[15]--
	response[23]++
	if Sign(key, response, message, 7) == base {
		t.Error("the response makes no difference")
	}
	response[23]--
	for i := range message {
		message[i]++
		same := Sign(key, response, message, 7) == base
		if inSignature := i >= 14 && i < 22; same != inSignature {
			t.Errorf("byte %d changed: same signature %t, want %t", i, same, inSignature)
		}
		message[i]--
	}
}

// A message that is cut off anywhere has a signature of its own, and none of
// them is all zeros, as an unsigned message's is.
func TestSignTruncated(t *testing.T) {
	seen := map[[8]byte]int{{}: -1}
	for n := range 40 {
		got := Sign(nil, nil, make([]byte, n), 1)
		if n > 14 && n <= 22 { // only the signature's own bytes differ
			continue
		}
		if other, ok := seen[got]; ok {
			t.Errorf("%d and %d bytes have the signature %x", other, n, got)
		}
		seen[got] = n
	}
}
