package phonebook

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/smb"
)

func FuzzParse(f *testing.F) {
	for _, folder := range []string{"checks", "books"} {
		for _, data := range readBooks(f, folder) {
			f.Add(data, "Provider", true)
		}
	}
	f.Add([]byte(many), "Büro", false)
	f.Fuzz(func(t *testing.T, data []byte, dialed string, nt4 bool) {
		options := Options{DialedEntries: []string{dialed, "Provider"}, NT4: nt4}
		b := Parse(data)
		r := Check(b, options)

		if diff := cmp.Diff(r, Check(Parse(data), options)); diff != "" {
			t.Errorf("the same book was judged otherwise a second time:\n%s", diff)
		}
		for _, e := range b.Entries {
			if e.Line < 1 || e.LastLine < e.Line || e.LastLine > b.Lines {
				t.Errorf("entry %q has lines %d to %d of %d", e.Name, e.Line, e.LastLine, b.Lines)
			}
			checkShown(t, e.Name)
			for _, m := range e.Media {
				checkShown(t, m.Type, m.Port, m.DeviceName)
			}
		}
		found := make(map[CheckID]int)
		for _, finding := range r.Findings {
			found[finding.Check]++
			if finding.Line < 0 || finding.Line > b.Lines {
				t.Errorf("%s is at line %d of %d", finding.Check, finding.Line, b.Lines)
			}
			checkShown(t, finding.Entry, finding.Text)
			if !utf8.ValidString(finding.Detail) {
				t.Errorf("%s: detail %q is not UTF-8", finding.Check, finding.Detail)
			}
		}
		for _, count := range r.Counts {
			if n := found[count.Check]; n != min(count.N, MaxFindings) {
				t.Errorf("%s: %d findings, %d counted", count.Check, n, count.N)
			}
			delete(found, count.Check)
		}
		if len(found) > 0 {
			t.Errorf("not counted: %v", found)
		}
		for _, d := range r.Dialed {
			if d.Usable && (d.Missing || d.TooLong || d.Entry == "" && strings.TrimSpace(d.Name) != "") {
				t.Errorf("cannot be usable: %+v", d)
			}
		}
	})
}

func checkShown(t *testing.T, texts ...string) {
	t.Helper()
	for _, text := range texts {
		// "=***" may come on top.
		if n := utf8.RuneCountInString(text); !utf8.ValidString(text) || n > smb.MaxText+4 || strings.ContainsAny(text, "\x00\r\n\x1b") {
			t.Errorf("not fit to be shown: %q", text)
		}
	}
}
