package netbios

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"

	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/smb"
)

const keepAlive = "\x85\x00\x00\x00"

func TestReadFrame(t *testing.T) {
	long := strings.Repeat("x", 0x10001)
	tests := map[string]struct {
		stream string
		limit  int
		want   string
		err    error
	}{
		"message":                    {"\x00\x00\x00\x03abc", 10, "abc", nil},
		"as long as the limit":       {"\x00\x00\x00\x03abc", 3, "abc", nil},
		"longer than the limit":      {"\x00\x00\x00\x04abcd", 3, "", smb.ErrProtocol},
		"empty":                      {"\x00\x00\x00\x00", 10, "", nil},
		"17th bit of the length":     {"\x00\x01\x00\x01" + long, 0x1FFFF, long, nil},
		"24 bits of length":          {"\x00\xFF\xFF\xFF", 0x1FFFF, "", smb.ErrProtocol},
		"after keep-alives":          {keepAlive + keepAlive + "\x00\x00\x00\x01a", 10, "a", nil},
		"keep-alive with a length":   {"\x85\x00\x00\x01a\x00\x00\x00\x00", 10, "", smb.ErrProtocol},
		"keep-alives, the most":      {strings.Repeat(keepAlive, 1000) + "\x00\x00\x00\x01a", 10, "a", nil},
		"keep-alives, too many":      {strings.Repeat(keepAlive, 1001) + "\x00\x00\x00\x01a", 10, "", smb.ErrProtocol},
		"negative session response":  {"\x83\x00\x00\x01\x82", 10, "", smb.ErrProtocol},
		"text":                       {"HTTP/1.1 400", 10, "", smb.ErrProtocol},
		"end":                        {"", 10, "", io.EOF},
		"end after a keep-alive":     {keepAlive, 10, "", io.EOF},
		"end inside of the header":   {"\x00\x00", 10, "", io.ErrUnexpectedEOF},
		"end after the header":       {"\x00\x00\x00\x03", 10, "", io.ErrUnexpectedEOF},
		"end inside of the message":  {"\x00\x00\x00\x03ab", 10, "", io.ErrUnexpectedEOF},
		"end inside of a keep-alive": {"\x85\x00", 10, "", io.ErrUnexpectedEOF},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := ReadFrame(iotest.OneByteReader(strings.NewReader(tt.stream)), nil, tt.limit)
			if !errors.Is(err, tt.err) {
				t.Fatalf("error %v, want %v", err, tt.err)
			}
			if diff := cmp.Diff(tt.want, string(got)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// A frame is read to its last byte and no further, into the buffer given.
func TestReadFrameInSequence(t *testing.T) {
	r := strings.NewReader("\x00\x00\x00\x02ab\x00\x00\x00\x01c")
	buf := make([]byte, 0, 2)
	var got []string
	for range 2 {
		payload, err := ReadFrame(r, buf, 10)
		if err != nil {
			t.Fatal(err)
		}
		if &payload[0] != &buf[:1][0] {
			t.Error("the buffer was large enough, but not used")
		}
		got = append(got, string(payload))
	}
	if diff := cmp.Diff([]string{"ab", "c"}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestReadFrameKeepsErrors(t *testing.T) {
	broken := errors.New("broken")
	for _, stream := range []string{"", "\x00\x00", "\x00\x00\x00\x02a"} {
		_, err := ReadFrame(io.MultiReader(strings.NewReader(stream), iotest.ErrReader(broken)), nil, 10)
		if !errors.Is(err, broken) {
			t.Errorf("after %q: error %v, want %v", stream, err, broken)
		}
	}
}

func TestAppendHeader(t *testing.T) {
	for _, n := range []int{0, 1, 0x1234, 0x1FFFF, 0xFFFFFF} {
		b := AppendHeader([]byte("before"), n)
		header, found := bytes.CutPrefix(b, []byte("before"))
		if !found || len(header) != HeaderSize {
			t.Fatalf("AppendHeader(%d) = %x", n, b)
		}
		want := packetHeader{kind: typeMessage, length: n}
		if got := parseHeader([HeaderSize]byte(header)); got != want {
			t.Errorf("AppendHeader(%d) is read as %+v", n, got)
		}
	}
}

// What ReadFrame takes, AppendHeader writes, and the limit holds.
func FuzzReadFrame(f *testing.F) {
	f.Add([]byte("\x00\x00\x00\x03abc"))
	f.Add([]byte(keepAlive + "\x00\x00\x00\x00"))
	f.Add([]byte("\x00\xFF\xFF\xFFabc"))
	f.Add([]byte("\x83\x00\x00\x01\x82"))
	f.Fuzz(func(t *testing.T, stream []byte) {
		const limit = 64
		r := bytes.NewReader(stream)
		payload, err := ReadFrame(r, nil, limit)
		if err != nil {
			if !errors.Is(err, smb.ErrProtocol) && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
				t.Fatalf("unexpected kind of error: %v", err)
			}
			return
		}
		frame := append(AppendHeader(nil, len(payload)), payload...)
		read := stream[:len(stream)-r.Len()]
		if len(payload) > limit || !bytes.HasSuffix(read, frame) {
			t.Fatalf("%d bytes read as %x, payload %x", len(read), read, payload)
		}
	})
}
