package dialfailures

import (
	"strconv"
	"testing"
	"unicode/utf8"
)

func TestDialFailure(t *testing.T) {
	const begin, end = "The dial-up connection ", " could not be made. The error reported was "
	for _, test := range []struct {
		strings     []string
		entry, code string
		ok          bool
	}{
		{[]string{"ISP", "5", "Access denied"}, "ISP", "5", true},
		{[]string{"ISP", "[5].", "Access denied"}, "ISP", "5", true},
		{[]string{`"ISP"`, "(87)"}, "ISP", "87", true},
		{[]string{"'My ISP'", "[317] (317)"}, "My ISP", "317", true},
		{[]string{"ISP", "4264763456"}, "ISP", "4264763456", true},
		{[]string{"ISP", "The error reported was [676]. Busy."}, "ISP", "676", true},
		{[]string{"ISP (new)", "COM1", "005"}, "ISP (new)", "5", true},
		{[]string{"Joe's ISP", "5"}, "Joe's ISP", "5", true},
		{[]string{"676", "5"}, "676", "5", true},
		{[]string{begin + `"Mail [7] ISP"` + end + "[5]. Access denied."}, "Mail [7] ISP", "5", true},
		{[]string{begin + `'ISP'` + end + "(87)."}, "ISP", "87", true},
		{[]string{begin + `ISP` + end + "[317] (317)."}, "ISP", "317", true},
		{[]string{begin + `"ISP" could not be made.`, "5"}, "ISP", "5", true},
		{[]string{"[5]."}, "", "5", true},
		{[]string{"a\x00b\u202e", "5"}, "a\uFFFDb\uFFFD", "5", true},
		{[]string{"", "5"}, "", "5", true},
		{nil, "", "", false},
		{[]string{"ISP"}, "", "", false},
		{[]string{"ISP", "Access denied"}, "", "", false},
		{[]string{"ISP", "4294967296"}, "", "", false},
		{[]string{"ISP", "-5"}, "", "", false},
		{[]string{"ISP", "[5"}, "", "", false},
		{[]string{"ISP", "[5)"}, "", "", false},
		{[]string{"ISP", "[317] (318)"}, "ISP", "317", true},
		{[]string{`"`, "'", "[", "(", "[]", "()"}, "", "", false},
	} {
		entry, code, ok := DialFailure(test.strings)
		if entry != test.entry || code != test.code || ok != test.ok {
			t.Errorf("%q: %q, %q, %v; want %q, %q, %v", test.strings, entry, code, ok, test.entry, test.code, test.ok)
		}
	}
}

func FuzzDialFailure(f *testing.F) {
	f.Add("ISP", "5")
	f.Add(`The dial-up connection "X" could not be made.`, "[317] (317)")
	f.Add(`The dial-up connection 'X' could not be made. [5`, "(")
	f.Fuzz(func(t *testing.T, first, second string) {
		for _, insertions := range [][]string{{first}, {first, second}} {
			entry, code, ok := DialFailure(insertions)
			if !ok && (entry != "" || code != "") {
				t.Fatalf("%q: not ok, and %q, %q", insertions, entry, code)
			}
			if n, err := strconv.ParseUint(code, 10, 32); ok && (err != nil || strconv.FormatUint(n, 10) != code) {
				t.Fatalf("%q: code %q", insertions, code)
			}
			if !utf8.ValidString(entry) || utf8.RuneCountInString(entry) > 256 {
				t.Fatalf("%q: entry %q", insertions, entry)
			}
		}
	})
}
