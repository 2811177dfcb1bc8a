package phonebook

import (
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

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

// The value of a key with a secret is in no finding, whatever is wrong with its line.
func TestSecretsAreMasked(t *testing.T) {
	const secret = "hunter2"
	long := strings.Repeat("x", 1100)
	tests := []struct{ name, line, want string }{
		{"too long", "ApnInfoPassword=" + secret + long, "ApnInfoPassword=***"},
		{"a damaged header", "[Support]APNINFOPASSWORD = " + secret, "[Support]APNINFOPASSWORD =***"},
		{"a header that swallowed the line", "[ApnInfoPassword=" + secret, "[ApnInfoPassword=***"},
		{"a pre-shared key", "PreSharedKey=" + secret + long, "PreSharedKey=***"},
		{"a shared secret", "SharedSecret = " + secret + long, "SharedSecret =***"},
		{"a line end before the equals sign", "Password\n=" + secret, "***"},
		{"a lost key", "=" + secret, "=***"},
		{"a line end in the value", "Password=\n" + secret, "***"},
		{"line ends after the key", "SharedSecret\n\n" + secret + "\n" + secret, "***"},
		{"a lost line end", "Port=COM1PreSharedKey=" + secret + long, "Port=COM1PreSharedKey=***"},
		{"a lost equals sign", "PreSharedKey " + secret, "PreSharedKey***"},
		{"another sign for it", "SharedSecret:" + secret, "SharedSecret***"},
		{"a key without a name before it", "=Passphrase=" + secret, "=Passphrase=***"},
		{"a name in brackets in it", "UserPsk=" + secret + "[" + secret + "]", "UserPsk=***"},
		{"a device type", "DEVICE=SharedSecret=" + secret, "DEVICE=SharedSecret=***"},
		{"a bad name", "[SharedSecret=" + secret + "*]", "[SharedSecret=***"},
		{"a PIN", "SimPin=" + secret + long, "SimPin=***"},
		{"a password in German", "Kennwort=" + secret + long, "Kennwort=***"},
		{"a password in short", "DialPW=" + secret + long, "DialPW=***"},
		{"data of an authentication method", "CustomAuthData = " + secret + long, "CustomAuthData =***"},
		{"an access code", "AccessCode=" + secret + long, "AccessCode=***"},
		{"a PUK", "SIM_PUK=" + secret + long, "SIM_PUK=***"},
		{"a hash", "NtHash=" + secret + long, "NtHash=***"},
		{"two settings in one line", "Comment=xPreSharedKey=" + secret + long, "Comment=xPreSharedKey=***"},
		{"a secret and a setting in one line", "PreSharedKey=" + secret + "Port=COM1" + long, "PreSharedKey=***"},
		{"in a value", "PhoneNumber=1;password=" + secret + long, "PhoneNumber=1;password=***"},
		{"in mixed case, with blanks", "\t pre_Shared_KEY \t=\t" + secret + long, "\uFFFD pre_Shared_KEY \uFFFD=***"},
		{"a token", "Auth-Token=" + secret + long, "Auth-Token=***"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			b := Parse([]byte(crlf("[A]\nMEDIA=x\nPort=x\nDEVICE=x\n" + test.line + "\n")))
			r := Check(b, Options{})
			if !slices.ContainsFunc(r.Findings, func(f Finding) bool { return f.Text == test.want }) {
				t.Errorf("no finding shows the line as %q\n%s", test.want, tellAll(r))
			}
			if text := tellAll(r) + shownOf(b); strings.Contains(text, secret) {
				t.Errorf("the secret is shown:\n%s", text)
			}
		})
	}
}

// What holds no secret is shown.
func TestOtherValuesAreNotMasked(t *testing.T) {
	for _, line := range []string{"[Keystone]", "Port=COM1", "Device=Keypad", "PhoneNumber=555", "[Password]", "[a=b]"} {
		if got := Parse(nil).showLine(classify(line)); got != line {
			t.Errorf("%q is shown as %q", line, got)
		}
	}
}

func TestAllLines(t *testing.T) {
	b := Parse([]byte("Early=1\n\r\n[A]\rMEDIA=serial\r\nDevice=x=y\r\nDEVICE = modem \r\njunk\r\n[B]Key=1\r\nPort="))
	want := []Line{
		{Number: 1, Raw: "Early=1", Kind: KindPair, Key: "Early", Value: "1", End: EndLF},
		{Number: 2, End: EndCRLF},
		{Number: 3, Raw: "[A]", Kind: KindHeader, Name: "A", Group: GroupEntry, End: EndCR},
		{Number: 4, Raw: "MEDIA=serial", Kind: KindPair, Key: "MEDIA", Value: "serial", Group: GroupMedia, End: EndCRLF},
		{Number: 5, Raw: "Device=x=y", Kind: KindPair, Key: "Device", Value: "x=y", Group: GroupMedia, End: EndCRLF},
		{Number: 6, Raw: "DEVICE = modem ", Kind: KindPair, Key: "DEVICE", Value: "modem", Group: GroupDevice, End: EndCRLF},
		{Number: 7, Raw: "junk", Kind: KindMalformed, Group: GroupDevice, End: EndCRLF},
		{Number: 8, Raw: "[B]Key=1", Kind: KindBadHeader, Name: "B", Group: GroupEntry, End: EndCRLF},
		{Number: 9, Raw: "Port=", Kind: KindPair, Key: "Port", Group: GroupEntry},
	}
	got := slices.Collect(b.AllLines())
	if diff := cmp.Diff(want, got, cmpopts.IgnoreUnexported(Line{})); diff != "" {
		t.Errorf("lines (-want +got):\n%s", diff)
	}
	if b.Lines != 9 {
		t.Errorf("%d lines, want 9", b.Lines)
	}
	if a, _ := first(b.Entries()); a.Line != 3 || a.LastLine != 7 {
		t.Errorf("entry A has lines %d to %d, want 3 to 7", a.Line, a.LastLine)
	}
}

// Nothing of a file is lost: its lines, put together again, are the file.
func TestAllLinesKeepEverything(t *testing.T) {
	ends := map[LineEnd]string{EndCRLF: "\r\n", EndLF: "\n", EndCR: "\r"}
	for name, data := range readBooks(t, "books") {
		var b strings.Builder
		for line := range Parse(data).AllLines() {
			b.WriteString(line.Raw + ends[line.End])
		}
		if diff := cmp.Diff(string(data), b.String()); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}
