package ntlm

import (
	"encoding/hex"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/rasphone-exporter/rasphone_exporter/internal/secret"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/smb"
)

func vectorNonce() [8]byte { return [8]byte{0xaa, 0xaa, 0xaa, 0xaa, 0xaa, 0xaa, 0xaa, 0xaa} }

// MS-NLMP 4.2.4.
func TestV2Vectors(t *testing.T) {
	const response = "68cd0ab851e51c96aabc927bebef6a1c" + // NTProofStr
		"0101000000000000" + "0000000000000000" + "aaaaaaaaaaaaaaaa" + "00000000" +
		"02000c0044006f006d00610069006e00" + // Domain
		"01000c00530065007200760065007200" + // Server
		"00000000" + "00000000"

	got := V2(vectorCredentials(), vectorChallenge(), vectorNonce())
	wantHex(t, "LMv2", got.OEM, "86c35097ac9cec102554764a57cccc19aaaaaaaaaaaaaaaa")
	wantHex(t, "NTLMv2", got.Unicode, response)
	wantHex(t, "session key", got.SessionKey[:], "8de40ccadbc14a82f15cb0ad0de95ca3")
	wantHex(t, "MACResponse", got.MACResponse, response)

	hash := ntHashV2(vectorCredentials())
	wantHex(t, "NTOWFv2", hash[:], "0c868a403bfd7a93a3001ef22ef02e3f")
}

// The expected values come from Python's hmac over impacket's NT hash.
func TestV2OtherTexts(t *testing.T) {
	creds := smb.Credentials{Username: "müller", Domain: "CORP", Password: secret.New("pa\U0001F511ss")}
	ch := vectorChallenge()
	ch.Domain, ch.Server = "", "EXCH01"
	ch.ServerTime = time.Date(2000, 1, 2, 3, 4, 5, 678_900_000, time.UTC)

	got := V2(creds, ch, vectorNonce())
	wantHex(t, "LMv2", got.OEM, "98bab16641185d05719c119d5458e33caaaaaaaaaaaaaaaa")
	wantHex(t, "NTLMv2", got.Unicode, "50d07f8504da2ca30bc28a22d4e13094"+
		"010100000000000008d89307ce54bf01aaaaaaaaaaaaaaaa00000000"+
		"01000c004500580043004800300031000000000000000000")
	wantHex(t, "session key", got.SessionKey[:], "527f5093dc53da05e3e83a2df6dc7bbd")
}

// What does not go into the hash, and what does.
func TestV2HashesNames(t *testing.T) {
	with := func(user, domain string) string {
		creds := smb.Credentials{Username: user, Domain: domain, Password: secret.New("Password")}
		hash := ntHashV2(creds)
		return hex.EncodeToString(hash[:])
	}
	if with("user", "CORP") != with("USER", "CORP") {
		t.Error("the case of the user name makes a difference")
	}
	if with("user", "corp") == with("user", "CORP") {
		t.Error("the case of the domain makes none, but it is hashed as it is sent")
	}
	if with("user", "") == with("user", "CORP") {
		t.Error("the domain makes no difference")
	}
}

func TestClientBlobAVPairs(t *testing.T) {
	const end = "00000000" + "00000000"
	tests := map[string]struct {
		domain, server string
		want           string
	}{
		"none":            {"", "", end},
		"domain alone":    {"AB", "", "0200040041004200" + end},
		"server alone":    {"", "AB", "0100040041004200" + end},
		"longest":         {strings.Repeat("A", 15), "", "02001e00" + strings.Repeat("4100", 15) + end},
		"too long":        {strings.Repeat("A", 16), "B", "010002004200" + end},
		"pair of 2 units": {strings.Repeat("A", 14) + "\U0001F511", "", end},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			blob := clientBlob(Challenge{Domain: tt.domain, Server: tt.server}, vectorNonce())
			wantHex(t, "AV pairs", blob[28:], tt.want)
		})
	}
}

func TestFiletime(t *testing.T) {
	tests := map[string]struct {
		time time.Time
		want uint64
	}{
		"zero time":       {time.Time{}, 0},
		"before 1601":     {time.Date(1600, 12, 31, 23, 59, 59, 0, time.UTC), 0},
		"start":           {time.Date(1601, 1, 1, 0, 0, 0, 0, time.UTC), 0},
		"1970":            {time.Unix(0, 0), 116444736000000000},
		"another zone":    {time.Date(2000, 1, 2, 5, 4, 5, 678_900_000, time.FixedZone("", 7200)), 125912558456789000},
		"rounded down":    {time.Unix(0, 199), 116444736000000001},
		"after year 9999": {time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC), 2650467744000000000},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, filetime(tt.time)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}
