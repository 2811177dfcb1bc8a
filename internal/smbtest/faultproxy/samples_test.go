package faultproxy

import (
	"encoding/binary"
	"encoding/hex"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// framed puts the header of the transport before a body.
func framed(body []byte) []byte {
	return append(binary.BigEndian.AppendUint32(nil, uint32(len(body))), body...)
}

// bytesOf reads hexadecimal digits.
func bytesOf(t testing.TB, digits string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.ReplaceAll(digits, " ", ""))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// smb1Message is an SMB1 message of MID 0x1122, UID 0x3344, TID 0x5566 with a signature.
func smb1Message(t testing.TB, command string, reply bool, blocks string) []byte {
	t.Helper()
	flags := map[bool]string{false: "18", true: "98"}[reply]
	return framed(bytesOf(t, "ff534d42"+command+"00000000"+flags+"01c0 0000 a1a2a3a4a5a6a7a8 0000 6655 0100 4433 2211"+blocks))
}

// smb2Message is an SMB2 message of MessageId 0x1122, TreeId 0x5566, SessionId 0x3344.
func smb2Message(t testing.TB, command byte, response bool, status uint32, body []byte) []byte {
	t.Helper()
	m := make([]byte, 64, 64+len(body))
	copy(m, "\xfeSMB\x40")
	binary.LittleEndian.PutUint32(m[8:], status)
	m[12] = command
	if response {
		m[16] = 1
	}
	binary.LittleEndian.PutUint64(m[24:], 0x1122)
	binary.LittleEndian.PutUint32(m[36:], 0x5566)
	binary.LittleEndian.PutUint64(m[40:], 0x3344)
	copy(m[48:], "0123456789abcdef")
	return framed(append(m, body...))
}

// Words and bytes of SMB1 messages.
const (
	closed = "00 0000"
	opened = "22 ff000000 00 0840" + "01000000" + "0000000000000000000000000000000000000000000000000000000000000000" + "20000000" + "0000000000000000" + "0002000000000000" + "0000 0000 00" + "0000"
)

// linked is the answer to a session setup and the tree connect chained to it.
const linked = "03 75 00 2900 0000 0000" + "03 ff 00 0000 0100 0500 495043 0000"

// samples are messages of every sort that a proxy sees.
func samples(t testing.TB) map[string][]byte {
	t.Helper()
	filled := func(n int) []byte { return slices.Repeat([]byte{0x55}, n) }
	errorBody := append(bytesOf(t, "0900 0000 00000000"), 0)
	return map[string][]byte{
		"session response": {0x82, 0, 0, 0},
		"session refusal":  {0x83, 0, 0, 1, 0x82},
		"encrypted":        framed(append([]byte("\xfdSMB"), filled(100)...)),
		"a few bytes":      framed([]byte("\xffSM")),
		"SMB1 close":       smb1Message(t, "04", true, closed),
		"SMB1 open":        smb1Message(t, "a2", true, opened),
		"SMB1 login":       smb1Message(t, "73", true, linked),
		"SMB1 bare header": smb1Message(t, "04", true, ""),
		"SMB2 negotiate":   smb2Message(t, 0, true, 0, filled(64)),
		"SMB2 login":       smb2Message(t, 1, true, 0xC0000016, append(bytesOf(t, "0900 0000 4800 1000"), filled(16)...)),
		"SMB2 open":        smb2Message(t, 5, true, 0, filled(89)),
		"SMB2 read":        smb2Message(t, 8, true, 0, append(bytesOf(t, "1100 50 00 20000000 00000000 00000000"), filled(32)...)),
		"SMB2 refusal":     smb2Message(t, 5, true, 0xC0000034, errorBody),
	}
}

func seeded(seed uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, 0)) }
