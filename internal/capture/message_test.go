package capture

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

const (
	signature8  = "SIGNED-1"
	signature16 = "SIGNED-AS-SMB2-1"
)

// checkBlanked blanks a message, and every shorter one, which must not panic.
func checkBlanked(t *testing.T, client bool, in, want string) {
	t.Helper()
	got := []byte(in)
	if !blankMessage(got, client) {
		t.Error("not recognized as SMB")
	}
	if diff := cmp.Diff([]byte(want), got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	for n := range in {
		blankMessage([]byte(in[:n]), client)
	}
}

func TestBlankSMB1Request(t *testing.T) {
	const signed, unsigned = signature8, "\x00\x00\x00\x00\x00\x00\x00\x00"
	names := "r\x00a\x00s\x00\x00\x00"
	path := "\\\\EXCH01\\ADMIN$\x00?????\x00"
	ten := func(password string) string {
		return block("\xff\x00"+u16(0)+u16(4356)+u16(50)+u16(1)+u32(0)+u16(len(password))+u32(0), password+names)
	}
	token := func(s string) string { return authenticate(parts{nt: s, user: "u\x00"}) }
	open := block("\xff\x00"+u16(0)+pad(44), secret)
	tests := map[string]struct{ in, want string }{
		"both responses": {
			smb1(0x73, signed, setup13(0xff, secret, secret, names)),
			smb1(0x73, unsigned, setup13(0xff, zeros(), zeros(), names)),
		},
		"in a chain": {
			smb1(0x73, signed, setup13(0x75, secret, secret, names)+treeConnect(secret, path)),
			smb1(0x73, unsigned, setup13(0x75, zeros(), zeros(), names)+treeConnect(zeros(), path)),
		},
		"tree connect": {
			smb1(0x75, signed, treeConnect(secret, path)),
			smb1(0x75, unsigned, treeConnect(zeros(), path)),
		},
		"before NT LM 0.12": {
			smb1(0x73, signed, ten(secret)),
			smb1(0x73, unsigned, ten(zeros())),
		},
		"extended security": {
			smb1(0x73, signed, setup12(token(secret), names)),
			smb1(0x73, unsigned, setup12(token(zeros()), names)),
		},
		"extended security of no known kind": {
			smb1(0x73, signed, setup12(secret, names)),
			smb1(0x73, unsigned, setup12(zeros(), names)),
		},
		"session setup of no known form": {
			smb1(0x73, signed, block("\xff\x00"+u16(0)+pad(18), secret)),
			smb1(0x73, unsigned, block("\xff\x00"+u16(0)+pad(18), zeros())),
		},
		"tree connect of no known form": {
			smb1(0x75, signed, block("\xff\x00"+u16(0)+pad(2), secret)),
			smb1(0x75, unsigned, block("\xff\x00"+u16(0)+pad(2), zeros())),
		},
		"ByteCount that is too small": {
			smb1(0x75, signed, "\x04\xff\x00"+u16(0)+u16(0)+u16(len(secret))+u16(0)+secret),
			smb1(0x75, unsigned, "\x04\xff\x00"+u16(0)+u16(0)+u16(len(secret))+u16(0)+zeros()),
		},
		"password longer than the message": {
			smb1(0x75, signed, "\x04\xff\x00"+u16(0)+u16(0)+u16(500)+u16(0)+secret),
			smb1(0x75, unsigned, "\x04\xff\x00"+u16(0)+u16(0)+u16(500)+u16(0)+zeros()),
		},
		"more words than the message has": {
			smb1(0x73, signed, "\x0d"+secret),
			smb1(0x73, unsigned, "\x00"+zeros()),
		},
		"chain that leads back": {
			smb1(0xA2, signed, block("\x73\x00"+u16(32)+pad(44), secret)),
			smb1(0xA2, unsigned, block("\x73\x00"+u16(32)+pad(44), zeros())),
		},
		"chain that leads out": {
			smb1(0xA2, signed, block("\x73\x00"+u16(5000)+pad(44), secret)),
			smb1(0xA2, unsigned, block("\x73\x00"+u16(5000)+pad(44), zeros())),
		},
		"no words to chain with": {
			smb1(0xA2, signed, block("", secret)),
			smb1(0xA2, unsigned, block("", zeros())),
		},
		"another request": {
			smb1(0xA2, signed, open),
			smb1(0xA2, unsigned, open),
		},
		"a request that does not chain": {
			smb1(0x25, signed, block(pad(32), secret)),
			smb1(0x25, unsigned, block(pad(32), secret)),
		},
		"header cut short": {"\xffSMB\x73 SECRET", "\xffSMB" + pad(8)},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) { checkBlanked(t, true, tt.in, tt.want) })
	}
}

func TestBlankSMB1Answer(t *testing.T) {
	const signed, unsigned = signature8, "\x00\x00\x00\x00\x00\x00\x00\x00"
	plain := block("\x75\x00"+u16(100)+u16(0), "W\x00i\x00n\x00\x00\x00")
	extended := func(blob string) string {
		return block("\xff\x00"+u16(0)+u16(0)+u16(len(blob)), blob+"Windows 5.0\x00")
	}
	challenge := negTokenResp("NTLMSSP\x00"+u32(2)+"challenge", "")
	tests := map[string]struct{ in, want string }{
		"session setup":     {smb1(0x73, signed, plain), smb1(0x73, unsigned, plain)},
		"refused":           {smb1(0x73, signed, block("", "")), smb1(0x73, unsigned, block("", ""))},
		"challenge":         {smb1(0x73, signed, extended(challenge)), smb1(0x73, unsigned, extended(challenge))},
		"mechListMIC":       {smb1(0x73, signed, extended(negTokenResp("", secret))), smb1(0x73, unsigned, extended(negTokenResp("", zeros())))},
		"cut short":         {smb1(0x73, signed, "\x04"+secret[:4]), smb1(0x73, unsigned, pad(5))},
		"read":              {smb1(0x2E, signed, block(pad(24), secret)), smb1(0x2E, unsigned, block(pad(24), secret))},
		"Samba signs not":   {smb1(0x2E, "BSRSPYL ", block("", "")), smb1(0x2E, unsigned, block("", ""))},
		"header cut short":  {"\xffSMB\x2E signature", "\xffSMB" + pad(11)},
		"nothing but an ID": {"\xffSMB", "\xffSMB"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) { checkBlanked(t, false, tt.in, tt.want) })
	}
}

func TestBlankSMB2(t *testing.T) {
	const signed, unsigned = signature16, "\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"
	token := func(s string) string {
		return negTokenResp(authenticate(parts{lm: s, nt: s, domain: "CORP", user: "ras", key: s, version: pad(8), mic: secret[:16]}), s)
	}
	blanked := negTokenResp(authenticate(parts{lm: zeros(), nt: zeros(), domain: "CORP", user: "ras", key: zeros(), version: pad(8), mic: zeros()[:16]}), zeros())
	read := u16(17) + secret
	first := smb2(1, 64+24+len(token(secret)), signed, setupRequest(token(secret)))
	firstBlanked := smb2(1, 64+24+len(token(secret)), unsigned, setupRequest(blanked))
	answer := "NTLMSSP\x00" + u32(2) + "challenge"
	tests := map[string]struct {
		client   bool
		in, want string
	}{
		"session setup": {true, smb2(1, 0, signed, setupRequest(token(secret))), smb2(1, 0, unsigned, setupRequest(blanked))},
		"negotiate of NTLM": {true, smb2(1, 0, signed, setupRequest(negTokenInit("NTLMSSP\x00"+u32(1)+"flags"))),
			smb2(1, 0, unsigned, setupRequest(negTokenInit("NTLMSSP\x00"+u32(1)+"flags")))},
		"compounded":   {true, first + first + smb2(8, 0, signed, read), firstBlanked + firstBlanked + smb2(8, 0, unsigned, read)},
		"unknown blob": {true, smb2(1, 0, signed, setupRequest(secret)), smb2(1, 0, unsigned, setupRequest(zeros()))},
		"bytes round the blob": {true,
			smb2(1, 0, signed, u16(25)+"\x00\x01"+u32(1)+u32(0)+u16(64+24+len(secret))+u16(len(secret))+pad(8)+secret+secret+secret),
			smb2(1, 0, unsigned, u16(25)+"\x00\x01"+u32(1)+u32(0)+u16(64+24+len(secret))+u16(len(secret))+pad(8)+zeros()+zeros()+zeros())},
		"blob of no length": {true,
			smb2(1, 0, signed, u16(25)+"\x00\x01"+u32(1)+u32(0)+u16(88)+u16(0)+pad(8)+secret),
			smb2(1, 0, unsigned, u16(25)+"\x00\x01"+u32(1)+u32(0)+u16(88)+u16(0)+pad(8)+zeros())},
		"blob outside of the message": {true,
			smb2(1, 0, signed, u16(25)+"\x00\x01"+u32(1)+u32(0)+u16(88)+u16(500)+pad(8)+secret),
			smb2(1, 0, unsigned, pad(24)+zeros())},
		"blob inside of the fixed part": {true,
			smb2(1, 0, signed, u16(25)+"\x00\x01"+u32(1)+u32(0)+u16(80)+u16(8)+pad(8)+secret),
			smb2(1, 0, unsigned, pad(24)+zeros())},
		"body cut short":      {true, smb2(1, 0, signed, secret[:10]), smb2(1, 0, unsigned, pad(10))},
		"compound to nowhere": {true, smb2(5, 5000, signed, secret), smb2(5, 5000, unsigned, zeros())},
		"compound to itself":  {true, smb2(5, 8, signed, secret), smb2(5, 8, unsigned, zeros())},
		"compound of no SMB2": {true, smb2(5, 64, signed, "none"+secret+secret+secret), smb2(5, 64, unsigned, "none"+zeros()+zeros()+zeros())},
		"header cut short":    {true, "\xfeSMB" + secret, "\xfeSMB" + zeros()},

		"challenge":   {false, smb2(1, 0, signed, setupAnswer(negTokenResp(answer, ""))), smb2(1, 0, unsigned, setupAnswer(negTokenResp(answer, "")))},
		"accepted":    {false, smb2(1, 0, signed, setupAnswer(negTokenResp("", secret))), smb2(1, 0, unsigned, setupAnswer(negTokenResp("", zeros())))},
		"refused":     {false, smb2(1, 0, signed, u16(9)+u16(0)+u32(0)+"\x00"), smb2(1, 0, unsigned, u16(9)+u16(0)+u32(0)+"\x00")},
		"read answer": {false, smb2(8, 0, signed, read), smb2(8, 0, unsigned, read)},
		"encrypted":   {false, "\xfdSMB" + signed + pad(32) + secret, "\xfdSMB" + unsigned + pad(32) + zeros()},
		"encrypted, nonce, length and session": {true, "\xfdSMB" + signed + "nonce-nonce-nonce-length-session" + secret,
			"\xfdSMB" + unsigned + "nonce-nonce-nonce-length-session" + zeros()},
		"encrypted, cut short": {false, "\xfdSMB" + signed[:5], "\xfdSMB" + pad(5)},
		"compressed":           {false, "\xfcSMB" + secret, "\xfcSMB" + zeros()},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) { checkBlanked(t, tt.client, tt.in, tt.want) })
	}
}

func TestOtherDataIsLeftToTheCaller(t *testing.T) {
	for _, in := range []string{"", "\xff", "\xffSM", "HTTP/1.1", "\xf0SMB" + secret} {
		got := []byte(in)
		if blankMessage(got, true) || string(got) != in {
			t.Errorf("%q: recognized as SMB, or changed to %q", in, got)
		}
	}
}
