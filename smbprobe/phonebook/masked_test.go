package phonebook

import (
	"bytes"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestMaskedText(t *testing.T) {
	for _, tt := range []struct {
		name, file string
		maxBytes   int
		want       string
		truncated  bool
	}{
		{"empty", "", 100, "", false},
		{"lines and blank lines", "[ISP]\r\nMEDIA=serial\r\n\r\nDEVICE=modem\r\n", 100, "[ISP]\nMEDIA=serial\n\nDEVICE=modem", false},
		{"no last line end", "[ISP]\r\nPort=COM1", 100, "[ISP]\nPort=COM1", false},
		{"secrets", "[ISP]\r\nApnInfoPassword=hunter2\r\nPhoneNumber=555\r\n", 100, "[ISP]\nApnInfoPassword=***\nPhoneNumber=555", false},
		{"a secret that a line break spilled", "[ISP]\r\nPassword=hun\r\nter2\r\n\r\nter3\r\nPort=COM1\r\nplain\r\n", 100, "[ISP]\nPassword=***\n***\n\n***\nPort=COM1\nplain", false},
		{"control characters", "[IS\x1b[31mP]\r\n", 100, "[IS�[31mP]", false},
		{"Windows-1252", "Description=M\xfcnchen\r\n", 100, "Description=München", false},
		{"as long as may be", "abc\r\nde\r\n", 7, "abc\nde", false},
		{"a byte too long", "abc\r\nde\r\nf", 7, "abc\nde", true},
		{"not one line fits", "abcdef", 5, "", true},
	} {
		got, truncated := Parse([]byte(tt.file)).MaskedText(tt.maxBytes)
		if got != tt.want || truncated != tt.truncated {
			t.Errorf("%s: %q, truncated %t; want %q, %t", tt.name, got, truncated, tt.want, tt.truncated)
		}
	}
}

// FuzzMaskedText: whatever the file, the text is short enough, fit for display, and without the
// value of a password.
func FuzzMaskedText(f *testing.F) {
	for _, seed := range []string{"[ISP]\r\n", "\x00\x00\n[", "[a]\rPresharedKey\r=x\nx", "\xff\xfe[\x00", strings.Repeat("\n", 2000), "key=\n\n"} {
		f.Add([]byte(seed), []byte(seed))
	}
	f.Fuzz(func(t *testing.T, before, after []byte) {
		const most, secret = 1000, "hunter2hunter2"
		file := slices.Concat(before, []byte("\r\nPassword="+secret+"\r\n"), after)
		if bytes.Contains(before, []byte(secret)) || bytes.Contains(after, []byte(secret)) {
			return
		}
		book := Parse(file)
		text, truncated := book.MaskedText(most)
		if len(text) > most || !utf8.ValidString(text) || strings.ContainsAny(text, "\x00\x1b\r") || strings.Contains(text, secret) {
			t.Errorf("%d bytes: %q", len(text), text)
		}
		if lines := strings.Count(text, "\n") + 1; !truncated && lines < book.Lines && book.EntryCount < MaxEntries {
			t.Errorf("%d lines of %d, and not truncated", lines, book.Lines)
		}
	})
}
