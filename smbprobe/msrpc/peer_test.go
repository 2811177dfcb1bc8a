package msrpc

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/smb"
)

// script is a pipe whose answers are known beforehand, a message after another.
type script struct {
	answers [][]byte
	sent    [][]byte
}

var errScriptEnded = errors.New("the script has ended")

func (s *script) Transact(ctx context.Context, message []byte, limit int) ([]byte, error) {
	s.sent = append(s.sent, bytes.Clone(message))
	return s.Read(ctx, limit)
}

func (s *script) Read(_ context.Context, limit int) ([]byte, error) {
	if len(s.answers) == 0 {
		return nil, &smb.Error{Op: "read", Err: errScriptEnded}
	}
	answer := s.answers[0]
	s.answers = s.answers[1:]
	if len(answer) > limit {
		return nil, smb.Protocolf("read", "%d bytes, limit %d", len(answer), limit)
	}
	return answer, nil
}

func (s *script) Close(context.Context) error { return nil }

func eventlogInterface() Interface {
	return Interface{Name: "eventlog", UUID: [16]byte{
		0xdc, 0x3f, 0x27, 0x82, 0x2a, 0xe3, 0xc3, 0x18, 0x3f, 0x78, 0x82, 0x79, 0x29, 0xdc, 0x23, 0xea,
	}}
}

// bindAck is the answer to a bind as Windows gives it.
func bindAck(t testing.TB) []byte {
	return fromHex(t, "05000c0310000000"+"4400000001000000"+"b810b81041530000"+
		"0d00"+"5c504950455c6e747376637300"+"00"+
		"0100000000000000"+"045d888aeb1cc9119fe808002b104860"+"02000000")
}

// both are the flags of a whole answer.
const both = flagFirst | flagLast

// pdu builds an answer whose header's rest is alloc_hint, context, cancel count.
func pdu(kind, flags uint8, callID, hint uint32, stub []byte) []byte {
	b := header(nil, kind, responseHeaderSize+len(stub), callID)
	b[3] = flags
	b = binary.LittleEndian.AppendUint32(b, hint)
	b = append(b, 0, 0, 0, 0)
	return append(b, stub...)
}

func fromHex(t testing.TB, text string) []byte {
	t.Helper()
	b, err := hex.DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// captured returns the DCE/RPC messages of a packet capture, in their order; each
// is in one packet.
func captured(t testing.TB, path string) [][]byte {
	t.Helper()
	file, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var messages [][]byte
	for at := 0; at+headerSize <= len(file); at++ {
		b := file[at:]
		length := int(binary.LittleEndian.Uint16(b[8:]))
		if b[0] == 5 && b[1] == 0 && bytes.Equal(b[3:8], []byte{b[3] | both, 0x10, 0, 0, 0}) && length >= headerSize && length <= len(b) {
			messages = append(messages, b[:length])
			at += length - 1
		}
	}
	if len(messages) == 0 {
		t.Fatalf("%s holds no DCE/RPC", path)
	}
	return messages
}

// vectors returns the lines of the recorded requests that begin with a word, and
// the bytes at their end.
func vectors(t testing.TB, word string) map[string][]byte {
	t.Helper()
	file, err := os.ReadFile("testdata/vectors.txt")
	if err != nil {
		t.Fatal(err)
	}
	found := make(map[string][]byte)
	for line := range strings.Lines(string(file)) {
		fields := strings.Fields(line)
		if len(fields) > 2 && fields[0] == word {
			found[fields[1]] = fromHex(t, fields[len(fields)-1])
		}
	}
	if len(found) == 0 {
		t.Fatalf("no recorded %s", word)
	}
	return found
}
