package smb2

import (
	"encoding/binary"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/smb"
)

func TestParseChallenge(t *testing.T) {
	long := append(avPair(avNbComputerName, encodeName(strings.Repeat("x", 1000))), avPair(avEnd, nil)...)
	withInfo := func(info []byte) []byte {
		m := ntlmChallenge()[:challengeVersions]
		binary.LittleEndian.PutUint16(m[40:], uint16(len(info)))
		binary.LittleEndian.PutUint32(m[44:], challengeVersions)
		binary.LittleEndian.PutUint16(m[12:], 0) // no target name
		return append(m, info...)
	}
	exch01 := challenge{os: "Windows 6.1 build 7601", netbiosName: "EXCH01", domain: "CORP"}
	os := "Windows 6.1 build 7601"
	end := avPair(avEnd, nil)
	tests := []struct {
		name  string
		token []byte
		want  challenge
		err   error
	}{
		{"in SPNEGO", spnegoChallenge(), exch01, nil},
		{"bare", ntlmChallenge(), exch01, nil},
		{"nothing", nil, challenge{}, nil},
		{"no challenge", []byte("NTLMSSP\x00\x01\x00\x00\x00"), challenge{}, nil},
		{"cut", ntlmChallenge()[:47], challenge{}, smb.ErrProtocol},
		{"cut before the version", ntlmChallenge()[:52], challenge{}, smb.ErrProtocol},
		{"version not announced", with(ntlmChallenge(), func(b []byte) { b[23] &^= 2 }), challenge{netbiosName: "EXCH01", domain: "CORP"}, nil},
		{"version without a build", with(ntlmChallenge(), func(b []byte) { b[50], b[51] = 0, 0 }), challenge{os: "Windows 6.1", netbiosName: "EXCH01", domain: "CORP"}, nil},
		{"version 0.0", with(ntlmChallenge(), func(b []byte) { b[48], b[49] = 0, 0 }), challenge{netbiosName: "EXCH01", domain: "CORP"}, nil},
		{"no target requested", with(ntlmChallenge(), func(b []byte) { b[20] &^= 0x04 }), challenge{os: os}, smb.ErrNotOffered},
		{"no target information granted", with(ntlmChallenge(), func(b []byte) { b[22] &^= 0x80 }), challenge{os: os}, smb.ErrNotOffered},
		{"target name leaves", with(ntlmChallenge(), func(b []byte) { b[13] = 1 }), challenge{os: os}, smb.ErrProtocol},
		{"target name wraps", with(ntlmChallenge(), func(b []byte) { binary.LittleEndian.PutUint32(b[16:], 0xFFFFFFF8) }), challenge{os: os}, smb.ErrProtocol},
		{"target info leaves", with(ntlmChallenge(), func(b []byte) { b[44]++ }), challenge{os: os}, smb.ErrProtocol},
		{"target info wraps", with(ntlmChallenge(), func(b []byte) { binary.LittleEndian.PutUint32(b[44:], 0xFFFFFFF8) }), challenge{os: os}, smb.ErrProtocol},
		{"long name", withInfo(long), challenge{os: os, netbiosName: strings.Repeat("x", 256)}, nil},
		{"name cut", withInfo(avPair(avNbComputerName, encodeName("EXCH01"))[:8]), challenge{os: os}, smb.ErrProtocol},
		{"no end", withInfo(avPair(avNbDomainName, encodeName("CORP"))), challenge{os: os, domain: "CORP"}, smb.ErrProtocol},
		{"short flags", withInfo(append(avPair(avFlags, []byte{2, 0}), end...)), challenge{os: os}, smb.ErrProtocol},
		{"short flags behind the end", withInfo(append(end, append(avPair(avFlags, []byte{2, 0}), end...)...)), challenge{os: os}, smb.ErrProtocol},
		{"control characters", withInfo(append(avPair(avNbDomainName, encodeName("A\nB")), end...)), challenge{os: os, domain: "A\uFFFDB"}, nil},
	}
	for _, tt := range tests {
		got, err := parseChallenge(tt.token)
		if diff := cmp.Diff(tt.want, got, cmp.AllowUnexported(challenge{})); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.name, diff)
		}
		if !errors.Is(err, tt.err) {
			t.Errorf("%s: %v, want %v", tt.name, err, tt.err)
		}
	}
}

func TestFromFiletime(t *testing.T) {
	for ft, want := range map[uint64]string{
		0:                        "0001-01-01T00:00:00Z",
		filetimeEpoch - 1:        "0001-01-01T00:00:00Z",
		filetimeEpoch:            "1970-01-01T00:00:00Z",
		125000000000000000:       "1997-02-09T22:13:20Z",
		125000000000000001:       "1997-02-09T22:13:20.0000001Z",
		0x7FFFFFFFFFFFFFFF:       "30828-09-14T02:48:05.4775807Z",
		0x8000000000000000:       "0001-01-01T00:00:00Z",
		0xFFFFFFFFFFFFFFFF:       "0001-01-01T00:00:00Z",
		filetimeEpoch + 10000000: "1970-01-01T00:00:01Z",
	} {
		if got := fromFiletime(ft).Format("2006-01-02T15:04:05.9999999Z07:00"); got != want {
			t.Errorf("FILETIME %d is %s, want %s", ft, got, want)
		}
	}
}
