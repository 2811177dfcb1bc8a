package rpctest

import (
	"bytes"
	"context"
	_ "embed" // for vectors
	"encoding/binary"
	"encoding/hex"
	"errors"
	"slices"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/google/go-cmp/cmp"

	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/msrpc/ndr"
)

// vectors are recorded binds and calls, see Vector.
//
//go:embed vectors.txt
var vectors string

// Call is a request that the server has received.
type Call struct {
	Opnum uint16
	Stub  []byte
}

// Script is a pipe whose server accepts the bind and answers each call with the next stub, in one
// fragment.
type Script struct {
	Stubs [][]byte
	Bind  []byte // received
	Calls []Call // received
}

// Transact implements smb.Pipe.
func (s *Script) Transact(_ context.Context, message []byte, limit int) ([]byte, error) {
	if isBind(message) {
		s.Bind = bytes.Clone(message)
		return bindAck(), nil
	}
	if len(s.Calls) == len(s.Stubs) {
		return nil, errors.New("a call that the script does not have")
	}
	stub := s.Stubs[len(s.Calls)]
	s.Calls = append(s.Calls, Call{binary.LittleEndian.Uint16(message[22:]), bytes.Clone(message[24:])})
	answer := appendAnswer(nil, message, stub)
	if len(answer) > limit {
		return nil, errors.New("an answer of the script does not fit a fragment")
	}
	return answer, nil
}

func isBind(message []byte) bool { return message[2] == 11 }

func bindAck() []byte {
	ack := []byte{5, 0, 12, 3, 0x10, 0, 0, 0, 56, 0, 0, 0, 1, 0, 0, 0, 0xb8, 0x10, 0xb8, 0x10, 1, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0}
	return append(ack, 0x04, 0x5d, 0x88, 0x8a, 0xeb, 0x1c, 0xc9, 0x11, 0x9f, 0xe8, 0x08, 0x00, 0x2b, 0x10, 0x48, 0x60, 2, 0, 0, 0)
}

// appendAnswer appends the answer to a call, in one fragment.
func appendAnswer(b, call, stub []byte) []byte {
	b = append(b, 5, 0, 2, 3, 0x10, 0, 0, 0)
	b = binary.LittleEndian.AppendUint16(b, uint16(24+len(stub)))
	b = append(b, 0, 0)
	b = append(b, call[12:16]...)
	b = binary.LittleEndian.AppendUint32(b, uint32(len(stub)))
	return append(append(b, 0, 0, 0, 0), stub...)
}

// Repeated is a pipe for benchmarks: its server accepts the bind, and answers the calls with
// these stubs in turn, again and again. It takes no memory for a call.
type Repeated struct {
	Script
	next   int
	answer []byte
}

// Transact implements smb.Pipe.
func (r *Repeated) Transact(ctx context.Context, message []byte, limit int) ([]byte, error) {
	if isBind(message) {
		return r.Script.Transact(ctx, message, limit)
	}
	r.answer = appendAnswer(r.answer[:0], message, r.Stubs[r.next])
	r.next = (r.next + 1) % len(r.Stubs)
	return r.answer, nil
}

// Read implements smb.Pipe.
func (s *Script) Read(context.Context, int) ([]byte, error) {
	return nil, errors.New("a read, where every answer is one message")
}

// Close implements smb.Pipe.
func (s *Script) Close(context.Context) error { return nil }

// Stub builds an answer: numbers little-endian, texts in UTF-16. The test adds the padding.
func Stub(parts ...any) []byte {
	var b []byte
	for _, part := range parts {
		switch v := part.(type) {
		case int:
			b = binary.LittleEndian.AppendUint32(b, uint32(v))
		case uint16:
			b = binary.LittleEndian.AppendUint16(b, v)
		case string:
			for _, unit := range utf16.Encode([]rune(v)) {
				b = binary.LittleEndian.AppendUint16(b, unit)
			}
		case []byte:
			b = append(b, v...)
		}
	}
	return b
}

// Handle is the handle of the recorded requests.
func Handle() ndr.Handle {
	return ndr.Handle{0, 0, 0, 0, 0xa1, 0xa2, 0xa3, 0xa4, 0xb1, 0xb2, 0xc1, 0xc2, 0xd1, 0xd2, 0xd3, 0xd4, 0xd5, 0xd6, 0xd7, 0xd8}
}

// HandleAnswer returns the answer to a call that opens an object.
func HandleAnswer(code int) []byte {
	h := Handle()
	return Stub(h[:], code)
}

// Vector returns the last field of the recorded line that starts with these words.
func Vector(t testing.TB, words ...string) []byte {
	t.Helper()
	for line := range strings.Lines(vectors) {
		fields := strings.Fields(line)
		if len(fields) > len(words) && slices.Equal(fields[:len(words)], words) {
			b, err := hex.DecodeString(fields[len(fields)-1])
			if err != nil {
				t.Fatal(err)
			}
			return b
		}
	}
	t.Fatalf("no recorded %v", words)
	return nil
}

// CheckBind checks that a bind equals the recorded one, apart from its call_id.
func CheckBind(t *testing.T, uuid string, got []byte) {
	t.Helper()
	want := Vector(t, "BIND", uuid)
	copy(want[12:16], []byte{1, 0, 0, 0})
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("bind (-recorded +sent):\n%s", diff)
	}
}

// CheckCut checks that an answer is refused if it is truncated anywhere, or longer.
func CheckCut(t *testing.T, name string, answer []byte, sound func(stub []byte) bool) {
	t.Helper()
	if !sound(answer) {
		t.Errorf("%s: the whole answer is not taken", name)
	}
	for n := range answer {
		if sound(answer[:n]) {
			t.Errorf("%s cut after %d of %d bytes, and nothing noticed", name, n, len(answer))
		}
	}
	if sound(append(bytes.Clone(answer), 0, 0, 0, 0)) {
		t.Errorf("%s with four bytes too many, and nothing noticed", name)
	}
}
