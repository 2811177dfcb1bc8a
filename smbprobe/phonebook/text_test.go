package phonebook

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/smb"
)

func TestShow(t *testing.T) {
	b := Parse(nil)
	tests := []struct{ name, raw, want string }{
		{"ASCII", "Provider 1", "Provider 1"},
		{"UTF-8", "B\u00fcro", "B\u00fcro"},
		{"Windows-1252", "B\xfcro", "B\u00fcro"},
		{"a control character", "a\x1b[2Jb", "a\uFFFD[2Jb"},
		{"a writing direction", "a\u202eb", "a\uFFFDb"},
		{"long", strings.Repeat("a", 300), strings.Repeat("a", smb.MaxText)},
		{"long, of characters of four bytes", strings.Repeat("\U0001F4DE", 2000), strings.Repeat("\U0001F4DE", smb.MaxText)},
		{"long, cut inside a character", "a" + strings.Repeat("\U0001F4DE", 2000), "a" + strings.Repeat("\U0001F4DE", smb.MaxText-1)},
		{"long, of bytes that begin no character", strings.Repeat("\x80", 3000), strings.Repeat("\u20ac", smb.MaxText)},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got := b.show(test.raw)
			if got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
			if !utf8.ValidString(got) {
				t.Errorf("%q is not UTF-8", got)
			}
		})
	}
}

// A password in a line does not get into a finding, however the line came there.
func TestPasswordsAreMasked(t *testing.T) {
	const secret = "hunter2"
	tests := []struct{ name, line, want string }{
		{"a line that is too long", "ApnInfoPassword=" + secret + strings.Repeat("x", 1100), "ApnInfoPassword=***"},
		{"a header that is damaged", "[Support]APNINFOPASSWORD = " + secret, "[Support]APNINFOPASSWORD =***"},
		{"a header that swallowed the line", "[ApnInfoPassword=" + secret, "[ApnInfoPassword=***"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			r := checkText("[A]\nMEDIA=x\nPort=x\nDEVICE=x\n"+test.line+"\n", Options{})
			if len(r.Findings) == 0 || r.Findings[0].Text != test.want {
				t.Errorf("the first finding does not show the line as %q", test.want)
			}
			if text := tellAll(r); strings.Contains(text, secret) {
				t.Errorf("the password is in the report:\n%s", text)
			}
		})
	}
}
