package report

import (
	"strings"
	"testing"
	"unicode"

	"github.com/google/go-cmp/cmp"
)

func TestWrap(t *testing.T) {
	for name, test := range map[string]struct {
		text string
		want []string
	}{
		"empty":            {"", []string{""}},
		"fits":             {"ten wide..", []string{"ten wide.."}},
		"at a blank":       {"one two three", []string{"one two", "three"}},
		"blanks kept":      {`"a  b" c d`, []string{`"a  b" c d`}},
		"long word":        {"abcdefghijklm no", []string{"abcdefghij", "klm no"}},
		"after a word":     {"a bcdefghijklm", []string{"a", "bcdefghijk", "lm"}},
		"wide":             {"電電電電電電", []string{"電電電電電", "電"}},
		"combining":        {strings.Repeat("e\u0301", 10), []string{strings.Repeat("e\u0301", 10)}},
		"line end and tab": {"a:\nb\nc\td", []string{"a: b; c d"}},
		"a path is whole":  {`in HKLM\SYSTEM\CurrentControlSet\Lsa now`, []string{"in", `HKLM\SYSTEM\CurrentControlSet\Lsa`, "now"}},
		"not a path":       {`a\` + strings.Repeat("x", 41), []string{`a\xxxxxxxx`, "xxxxxxxxxx", "xxxxxxxxxx", "xxxxxxxxxx", "xxx"}},
		"control":          {"a\x1b[31m", []string{"a\uFFFD[31m"}},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(test.want, wrap(test.text, 10)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// FuzzWrap: no text but a path makes a line too wide, and none loses a character that is not a blank.
func FuzzWrap(f *testing.F) {
	for _, seed := range []string{"", "one two three", "電電電", strings.Repeat("x", 40), " a  b ", `C:\WINNT\System32`, "\xff\x00", "\u0301"} {
		f.Add(seed, 10)
	}
	f.Fuzz(func(t *testing.T, text string, room int) {
		room = 2 + (room&0xFF)%80
		lines := wrap(text, room)
		for _, l := range lines {
			if textWidth(l) > room && !isPath(l) {
				t.Errorf("%d columns in %d: %q", textWidth(l), room, l)
			}
		}
		visible := func(s string) string {
			return strings.Map(func(r rune) rune {
				if unicode.IsSpace(r) {
					return -1
				}
				return r
			}, s)
		}
		if got, want := visible(strings.Join(lines, "")), visible(oneLine(text)); got != want {
			t.Errorf("%q became %q", want, got)
		}
	})
}
