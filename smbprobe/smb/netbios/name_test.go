package netbios

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestEncodeName(t *testing.T) {
	tests := map[string]struct {
		name   string
		suffix byte
		want   string // without the length and the scope
	}{
		"any server, as Windows sends it": {"*SMBSERVER", 0x20, "CKFDENECFDEFFCFGEFFCCACACACACACA"},
		"calling name of a capture":       {"HAXOR-76BF4B1CE", 0x00, "EIEBFIEPFCCNDHDGECEGDEECDBEDEFAA"},
		"RFC 1001 14.1":                   {"FRED", 0x20, "EGFCEFEECACACACACACACACACACACACA"},
		"lower case":                      {"fred", 0x20, "EGFCEFEECACACACACACACACACACACACA"},
		"one character":                   {"Z", 0x1F, "FKCACACACACACACACACACACACACACABP"},
		"bytes of a code page":            {"M\x9aLLER", 0x20, "ENJKEMEMEFFCCACACACACACACACACACA"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := EncodeName(tt.name, tt.suffix)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff("\x20"+tt.want+"\x00", string(got[:])); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestEncodeNameRefuses(t *testing.T) {
	for _, name := range []string{"", strings.Repeat("A", 16)} {
		if got, err := EncodeName(name, 0x20); err == nil {
			t.Errorf("EncodeName(%q) = %q, want an error", name, got)
		}
	}
}

func TestCandidateNames(t *testing.T) {
	tests := map[string]struct {
		configured, host string
		address          bool
		want             []string
	}{
		"name":                      {"", "exch01.corp.example", false, []string{"EXCH01", "*SMBSERVER"}},
		"address":                   {"", "10.1.2.3", true, []string{"*SMBSERVER"}},
		"configured":                {"mail", "exch01", false, []string{"MAIL", "EXCH01", "*SMBSERVER"}},
		"configured and address":    {"mail", "10.1.2.3", true, []string{"MAIL", "*SMBSERVER"}},
		"configured as the host":    {"Exch01", "exch01.corp.example", false, []string{"EXCH01", "*SMBSERVER"}},
		"configured as any server":  {"*smbserver", "10.1.2.3", true, []string{"*SMBSERVER"}},
		"15 characters":             {"", "exchange-server.corp", false, []string{"EXCHANGE-SERVER", "*SMBSERVER"}},
		"16 characters are no name": {"", "exchange-server1.corp", false, []string{"*SMBSERVER"}},
		"not ASCII":                 {"", "büro.example", false, []string{"*SMBSERVER"}},
		"a space":                   {"", "mail server", false, []string{"*SMBSERVER"}},
		"no first label":            {"", ".example", false, []string{"*SMBSERVER"}},
		"nothing":                   {"", "", false, []string{"*SMBSERVER"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, CandidateNames(tt.configured, tt.host, tt.address)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestCallingName(t *testing.T) {
	tests := map[string]string{
		"monitor1.example.org":    "MONITOR1",
		"":                        "RASPHONE",
		".example":                "RASPHONE",
		"___":                     "RASPHONE",
		"büro_7":                  "BRO7",
		"a-very-long-host-name-x": "A-VERY-LONG-HOS",
	}
	for hostname, want := range tests {
		got := CallingName(hostname)
		if got != want {
			t.Errorf("CallingName(%q) = %q, want %q", hostname, got, want)
		}
		if _, err := EncodeName(got, SuffixWorkstation); err != nil {
			t.Errorf("CallingName(%q): %v", hostname, err)
		}
	}
}
