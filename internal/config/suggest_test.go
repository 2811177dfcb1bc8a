package config

import (
	"strings"
	"testing"
	"testing/quick"
)

func TestClosest(t *testing.T) {
	commands := []string{"serve", "probe", "lint", "version", "demo", "healthcheck"}
	keys := []string{"username", "domain", "password_file", "password_env", "password", "ntlm"}
	for _, tt := range []struct {
		word  string
		names []string
		want  string
	}{
		{"porbe", commands, "probe"},
		{"PROBE", commands, "probe"},
		{"health", commands, "healthcheck"},
		{"helthcheck", commands, "healthcheck"},
		{"dance", commands, ""},
		{"", commands, ""},
		{"v", commands, ""},
		{"user", keys, "username"},
		{"pass", keys, "password"},
		{"passwordFile", keys, "password_file"},
		{"password-env", keys, "password_env"},
		{"pasword", keys, "password"},
		{"smb3", []string{"auto", "smb1", "smb2"}, ""}, // two are equally close
		{"SMB1", []string{"auto", "smb1", "smb2"}, "smb1"},
		{"a", []string{"a"}, "a"},
		{"b", []string{"a"}, ""},
		{"a", nil, ""},
	} {
		if got := Closest(tt.word, tt.names); got != tt.want {
			t.Errorf("%q among %q: %q, want %q", tt.word, tt.names, got, tt.want)
		}
	}
}

func TestEditDistance(t *testing.T) {
	for _, tt := range []struct {
		a, b string
		want int
	}{
		{"", "", 0}, {"a", "", 1}, {"", "ab", 2}, {"abc", "abc", 0}, {"abc", "abd", 1}, {"abc", "acb", 1}, {"abc", "cab", 2}, {"kitten", "sitting", 3},
	} {
		if got := editDistance(tt.a, tt.b); got != tt.want {
			t.Errorf("%q to %q: %d, want %d", tt.a, tt.b, got, tt.want)
		}
	}
}

func TestQuote(t *testing.T) {
	for s, want := range map[string]string{
		``:                        `""`,
		`\\exch01`:                `"\\exch01"`,
		`say "x"`:                 `"say "x""`,
		"a\tb\nc\x1b[31m\xff\x00": `"a\tb\nc\u001b[31m\xff\u0000"`,
		"münchen":                 `"münchen"`,
		strings.Repeat("ä", 81):   `"` + strings.Repeat("ä", 80) + `..."`,
	} {
		if got := Quote(s); got != want {
			t.Errorf("%q: %s, want %s", s, got, want)
		}
	}
	oneLine := func(s string) bool { return !strings.ContainsAny(Quote(s), "\n\r\x1b\x00") }
	if err := quick.Check(oneLine, nil); err != nil {
		t.Error(err)
	}
}
