package capture

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestBlankToken(t *testing.T) {
	names := parts{domain: "C\x00O\x00", user: "r\x00", workstation: "W\x00"}
	full := func(s, version, mic string) string {
		p := names
		p.lm, p.nt, p.key, p.version, p.mic = s, s+s, s[:16], version, mic
		return authenticate(p)
	}
	const version = "\x06\x01\x00\x00\x00\x00\x00\x0f"
	field := func(length, at int) string { return u16(length) + u16(length) + u32(at) }
	overlapping := func(response int, payload string) string { // a response (0, 1) or the key (5) shares its bytes with the names
		fields := []string{field(0, 64), field(0, 64), field(len(secret), 64), field(len(secret), 64), field(len(secret), 64), field(0, 64)}
		fields[response] = field(len(secret), 64)
		return "NTLMSSP\x00" + u32(3) + strings.Join(fields, "") + u32(0) + payload
	}
	outside := func(payload string) string {
		return "NTLMSSP\x00" + u32(3) + field(0xFFFF, 64) + field(8, 1<<31) + field(0xFFFF, 0xFFFFFFFF) +
			field(0, 0) + field(8, 0) + field(0, 64) + u32(0) + payload
	}
	challenge := "NTLMSSP\x00" + u32(2) + "target" + "8 bytes!"
	tests := map[string]struct{ in, want string }{
		"nothing":                            {"", ""},
		"NTLM, bare":                         {full(secret, "", ""), full(zeros(), "", "")},
		"with a version, which goes as well": {full(secret, version, ""), full(zeros(), pad(8), "")},
		"with a MIC":                         {full(secret, version, secret[:16]), full(zeros(), pad(8), zeros()[:16])},
		"bytes that belong to no field":      {full(secret, "", "") + secret, full(zeros(), "", "") + zeros()},
		"LM response where the names are":    {overlapping(0, secret), overlapping(0, zeros())},
		"NT response where the names are":    {overlapping(1, secret), overlapping(1, zeros())},
		"session key where the names are":    {overlapping(5, secret), overlapping(5, zeros())},
		"fields outside of the message":      {outside(secret), outside(zeros())},
		"AUTHENTICATE cut short":             {"NTLMSSP\x00" + u32(3) + secret, pad(12) + zeros()},
		"NTLM of an unknown type":            {"NTLMSSP\x00" + u32(4) + secret, pad(12) + zeros()},
		"NEGOTIATE":                          {"NTLMSSP\x00" + u32(1) + "flags", "NTLMSSP\x00" + u32(1) + "flags"},
		"CHALLENGE":                          {challenge, challenge},
		"SPNEGO, first token":                {negTokenInit(full(secret, "", "")), negTokenInit(full(zeros(), "", ""))},
		"SPNEGO, unknown token":              {negTokenInit(secret), negTokenInit(zeros())},
		"SPNEGO with mechListMIC":            {negTokenResp(full(secret, "", ""), secret), negTokenResp(full(zeros(), "", ""), zeros())},
		"SPNEGO with an NTLM signature":      {negTokenResp("", "\x01\x00\x00\x00"+secret[:12]), negTokenResp("", "\x01\x00\x00\x00"+zeros()[:12])},
		"SPNEGO, challenge":                  {negTokenResp(challenge, ""), negTokenResp(challenge, "")},
		"SPNEGO, state":                      {negTokenResp("", ""), negTokenResp("", "")},
		"SPNEGO and something behind":        {negTokenResp(challenge, "") + "!", pad(len(negTokenResp(challenge, "")) + 1)},
		"SPNEGO, not an OCTET STRING":        {der(0xA1, der(0x30, der(0xA2, secret))), pad(len(secret) + 6)},
		"SPNEGO, MIC not an OCTET STRING":    {der(0xA1, der(0x30, der(0xA3, secret))), pad(len(secret) + 6)},
		"SPNEGO, unknown field":              {der(0xA1, der(0x30, der(0xA4, secret))), pad(len(secret) + 6)},
		"SPNEGO cut short":                   {negTokenResp(challenge, "")[:20], pad(20)},
		"SPNEGO of no mechanism":             {der(0x60, secret), pad(len(secret) + 2)},
		"no known kind":                      {secret, zeros()},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got := []byte(tt.in)
			blankToken(got)
			if diff := cmp.Diff([]byte(tt.want), got, cmp.Transformer("text", func(b []byte) string { return string(b) })); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			for n := range tt.in {
				blankToken([]byte(tt.in[:n]))
			}
		})
	}
}
