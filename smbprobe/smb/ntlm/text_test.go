package ntlm

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestUTF16LE(t *testing.T) {
	tests := map[string]struct{ text, want string }{
		"empty":              {"", ""},
		"ASCII":              {"Ab", "41006200"},
		"BMP":                {"ü€", "fc00ac20"},
		"surrogates":         {"\U0001F511", "3dd811dd"},
		"not UTF-8":          {"a\xff", "6100fdff"},
		"a zero byte inside": {"a\x00b", "610000006200"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) { wantHex(t, "UTF-16LE", utf16LE(tt.text), tt.want) })
	}
}

func TestUpper(t *testing.T) {
	tests := map[string]string{
		"":           "",
		"svc-Probe1": "SVC-PROBE1",
		"müller":     "MÜLLER",
		"ÿ":          "Ÿ",
		"straße":     "STRAßE",
		"жук":        "ЖУК",
		"µıſ":        "µıſ",
		"\U00010428": "\U00010428",
	}
	for in, want := range tests {
		if diff := cmp.Diff(want, upper(in)); diff != "" {
			t.Errorf("upper(%q) (-want +got):\n%s", in, diff)
		}
	}
}
