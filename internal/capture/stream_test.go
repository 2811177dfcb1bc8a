package capture

import (
	"bytes"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// through sends b through a stream in chunks, and returns the pieces before the end and the
// rest at the end.
func through(client bool, b string, chunk int) (pieces []string, rest string) {
	s := stream{client: client}
	for len(b) > 0 {
		n := min(chunk, len(b))
		s.add([]byte(b[:n]), func(piece []byte) { pieces = append(pieces, string(piece)) })
		b = b[n:]
	}
	s.flush(func(piece []byte) { rest += string(piece) })
	return pieces, rest
}

func TestStream(t *testing.T) {
	const sessionRequest = "\x81\x00\x00\x04call"
	const keepAlive = "\x85\x00\x00\x00"
	none := "\x00\x00\x00\x00\x00\x00\x00\x00"
	login := frame(smb1(0x73, none, setup13(0xff, secret, secret, "")))
	blanked := frame(smb1(0x73, none, setup13(0xff, zeros(), zeros(), "")))
	signed := frame(smb1(0x2E, signature8, block("", "")))
	unsigned := frame(smb1(0x2E, none, block("", "")))
	tooLong := "\x00\x10\x00\x01" + strings.Repeat("S", maxFrame+1)
	tooLongBlanked := "\x00\x10\x00\x01" + pad(maxFrame+1)
	tests := map[string]struct {
		client bool
		in     string
		want   []string // in one chunk
		rest   string
	}{
		"frames":                            {true, sessionRequest + login + keepAlive + login, []string{sessionRequest, blanked, keepAlive, blanked}, ""},
		"frame without end, client":         {true, login + login[:60], []string{blanked}, login[:4] + pad(56)},
		"frame without end, server":         {false, signed + signed[:30], []string{unsigned}, unsigned[:4] + "\xffSMB" + pad(22)},
		"header without end":                {true, "\x00\x00", nil, "\x00\x00"},
		"no SMB, client":                    {true, "GET " + secret, []string{pad(4) + zeros()}, ""},
		"no SMB, server":                    {false, "HTTP/1.1 200 OK", []string{"HTTP/1.1 200 OK"}, ""},
		"no SMB, server, after SMB":         {false, signed + "HTTP " + secret, []string{unsigned, pad(5) + zeros()}, ""},
		"frame of no SMB, client":           {true, frame(secret) + login, []string{frame(zeros()), blanked}, ""},
		"frame of no SMB, server":           {false, frame("who are you") + signed, []string{frame("who are you"), unsigned}, ""},
		"frame of no SMB, server, then SMB": {false, signed + frame(secret), []string{unsigned, frame(zeros())}, ""},
		"service packet that is too long":   {true, "\x81\x00\x00\x45" + strings.Repeat("S", 0x45), []string{pad(4 + 0x45)}, ""},
		"longest service packet":            {true, "\x81\x00\x00\x44" + strings.Repeat("S", 0x44), []string{"\x81\x00\x00\x44" + strings.Repeat("S", 0x44)}, ""},
		"frame that is too long, client":    {true, tooLong + login, []string{tooLongBlanked[:4], tooLongBlanked[4:], blanked}, ""},
		"frame that is too long, server":    {false, tooLong + signed, []string{tooLongBlanked[:4], tooLongBlanked[4:], unsigned}, ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			pieces, rest := through(tt.client, tt.in, len(tt.in))
			if diff := cmp.Diff(append(tt.want, tt.rest), append(pieces, rest)); diff != "" {
				t.Errorf("pieces and rest (-want +got):\n%s", diff)
			}
			for _, chunk := range []int{1, 3, 1000} {
				pieces, rest := through(tt.client, tt.in, chunk)
				if strings.Join(pieces, "")+rest != strings.Join(tt.want, "")+tt.rest {
					t.Errorf("chunks of %d change the output", chunk)
				}
			}
		})
	}
}

// TestStreamLeavesItsInput: a stream changes only its own copy.
func TestStreamLeavesItsInput(t *testing.T) {
	in := []byte(frame(smb1(0x73, signature8, setup13(0xff, secret, secret, ""))))
	before := bytes.Clone(in)
	s := stream{client: true}
	s.add(in, func([]byte) {})
	if diff := cmp.Diff(before, in); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestStreamHoldsOneFrame: memory does not grow with the conversation.
func TestStreamHoldsOneFrame(t *testing.T) {
	s := stream{}
	message := []byte(frame(smb1(0x2E, signature8, block(pad(24), pad(60000)))))
	for range 100 {
		s.add(message[:1000], func([]byte) {})
		s.add(message[1000:], func([]byte) {})
	}
	if len(s.buffer) != 0 || cap(s.buffer) > 2*len(message) {
		t.Errorf("%d bytes buffered with room for %d, after frames of %d", len(s.buffer), cap(s.buffer), len(message))
	}
}

// FuzzStream: bytes only change to zeros, chunks do not matter, and the responses of logins are
// nowhere in the output, whatever comes before them.
func FuzzStream(f *testing.F) {
	login1 := smb1(0x73, signature8, setup13(0x75, secret, secret, "u\x00")+treeConnect(secret, "path"))
	login2 := smb2(1, 0, signature16, setupRequest(negTokenResp(authenticate(parts{lm: secret, nt: secret, key: secret, mic: secret}), secret)))
	answer := smb2(1, 0, signature16, setupAnswer(negTokenResp("", secret)))
	for _, message := range []string{login1, login2, answer, "\xfdSMB" + secret, "\xfcSMB", "none"} {
		f.Add([]byte(frame(message)), []byte(message), uint8(7))
	}
	f.Add([]byte("\x81\x00\x00\x02ab\x85\x00\x00\x00GET"), []byte{}, uint8(1))
	f.Add([]byte("\x00\xff\xff\xff"), []byte{}, uint8(0))
	f.Fuzz(func(t *testing.T, raw, message []byte, chunk uint8) {
		for _, client := range []bool{false, true} {
			checkStream(t, client, string(raw), int(chunk)+1)
		}
		if bytes.Contains(message, []byte(secret[:6])) || len(message) > 1<<16 {
			return // the marker must come from the logins alone
		}
		out := checkStream(t, true, frame(string(message))+frame(login1)+frame(login2), int(chunk)+1)
		for _, marker := range []string{secret[:6], secret[6:12], signature8, signature16} {
			if strings.Contains(out, marker) && !bytes.Contains(message, []byte(marker)) {
				t.Errorf("%q is in the output", marker)
			}
		}
	})
}

// checkStream checks what must hold for every stream, and returns its output.
func checkStream(t *testing.T, client bool, in string, chunk int) string {
	t.Helper()
	pieces, rest := through(client, in, chunk)
	out := strings.Join(pieces, "") + rest
	if len(out) != len(in) {
		t.Fatalf("%d bytes became %d", len(in), len(out))
	}
	for i := range in {
		if out[i] != in[i] && out[i] != 0 {
			t.Fatalf("byte %d: %02X became %02X", i, in[i], out[i])
		}
	}
	pieces, rest = through(client, in, len(in)+1)
	if whole := strings.Join(pieces, "") + rest; whole != out {
		t.Fatalf("chunks of %d bytes change the output", chunk)
	}
	return out
}
