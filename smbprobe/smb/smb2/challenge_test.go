package smb2

import (
	"encoding/binary"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestParseChallenge(t *testing.T) {
	long := append(avPair(avNbComputerName, encodeUTF16(strings.Repeat("x", 1000))), avPair(avEnd, nil)...)
	withInfo := func(info []byte) []byte {
		m := ntlmChallenge()[:challengeVersions]
		binary.LittleEndian.PutUint16(m[40:], uint16(len(info)))
		binary.LittleEndian.PutUint32(m[44:], challengeVersions)
		return append(m, info...)
	}
	exch01 := challenge{os: "Windows 6.1 build 7601", netbiosName: "EXCH01", domain: "CORP"}
	tests := []struct {
		name  string
		token []byte
		want  challenge
	}{
		{"in SPNEGO", spnegoChallenge(), exch01},
		{"bare", ntlmChallenge(), exch01},
		{"nothing", nil, challenge{}},
		{"no challenge", []byte("NTLMSSP\x00\x01\x00\x00\x00"), challenge{}},
		{"cut", ntlmChallenge()[:47], challenge{}},
		{"no version there", ntlmChallenge()[:52], challenge{}},
		{"no version said", with(ntlmChallenge(), func(b []byte) { b[23] &^= 2 }), challenge{netbiosName: "EXCH01", domain: "CORP"}},
		{"version without a build", with(ntlmChallenge(), func(b []byte) { b[50], b[51] = 0, 0 }), challenge{os: "Windows 6.1", netbiosName: "EXCH01", domain: "CORP"}},
		{"version 0.0", with(ntlmChallenge(), func(b []byte) { b[48], b[49] = 0, 0 }), challenge{netbiosName: "EXCH01", domain: "CORP"}},
		{"target info leaves", with(ntlmChallenge(), func(b []byte) { b[44]++ }), challenge{os: "Windows 6.1 build 7601"}},
		{"target info far off", with(ntlmChallenge(), func(b []byte) { binary.LittleEndian.PutUint32(b[44:], 0xFFFFFFFF) }), challenge{os: "Windows 6.1 build 7601"}},
		{"long name", withInfo(long), challenge{os: "Windows 6.1 build 7601", netbiosName: strings.Repeat("x", 256)}},
		{"name cut", withInfo(avPair(avNbComputerName, encodeUTF16("EXCH01"))[:8]), challenge{os: "Windows 6.1 build 7601"}},
		{"control characters", withInfo(avPair(avNbDomainName, encodeUTF16("A\nB"))), challenge{os: "Windows 6.1 build 7601", domain: "A\uFFFDB"}},
	}
	for _, tt := range tests {
		if diff := cmp.Diff(tt.want, parseChallenge(tt.token), cmp.AllowUnexported(challenge{})); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.name, diff)
		}
	}
}
