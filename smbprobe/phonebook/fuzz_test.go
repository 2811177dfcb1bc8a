package phonebook

import (
	"bytes"
	"slices"
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
	f.Add([]byte("[\x8f\xa8\xa6]\nMEDIA=\nDEVICE=\n"), "Προ", false)
	f.Add([]byte("[A]\nMEDIA=serial\nPort=COM1\nDEVICE=modem\nPhoneNumber=1[B]\nEncoding=1\n"), "B", true)
	f.Add([]byte("[A]\nMEDIA=serial\nDevice=Modem [B]\n"), "B 宽 ü", true)
	for _, shape := range hostileBooks() {
		f.Add(fill(shape, 1<<10), "A", false)
	}
	f.Fuzz(func(t *testing.T, data []byte, dialed string, nt4 bool) {
		options := Options{DialedEntries: []string{dialed, "Provider"}, NT4: nt4}
		var b *Book
		limit := uint64(4*len(data) + 1<<10)
		if got := allocated(limit, func() { b = Parse(data) }); got > limit {
			t.Errorf("parsing %d bytes took %d bytes of memory", len(data), got)
		}
		r := Check(b, options)

		if diff := cmp.Diff(r, Check(Parse(data), options)); diff != "" {
			t.Errorf("a second check of the same file differs:\n%s", diff)
		}
		n := 0
		for e := range b.Entries() {
			n++
			if e.Line < 1 || e.LastLine < e.Line || e.LastLine > b.Lines {
				t.Errorf("entry %q has lines %d to %d of %d", e.Name, e.Line, e.LastLine, b.Lines)
			}
			checkShown(t, e.Name)
			for m := range e.Media() {
				checkShown(t, m.Type, m.Port, m.DeviceName)
				for d := range m.Devices() {
					checkShown(t, d.Type)
				}
			}
		}
		found := make(map[CheckID]int)
		for _, finding := range r.Findings {
			found[finding.Check]++
			if finding.Line < 0 || finding.Line > b.Lines {
				t.Errorf("%s is at line %d of %d", finding.Check, finding.Line, b.Lines)
			}
			checkShown(t, finding.Entry, finding.Text)
			if text := finding.String(); !utf8.ValidString(text) || strings.Contains(text, "\n") {
				t.Errorf("not one line: %q", text)
			}
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
		if n != b.EntryCount {
			t.Errorf("%d entries, EntryCount %d", n, b.EntryCount)
		}
		for _, d := range r.Dialed {
			if d.Undecided && (d.Missing || d.Usable || d.Entry != "") {
				t.Errorf("not undecided: %+v", d)
			}
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

// The value of a key with a secret is shown nowhere, wherever the key stands in a file.
func FuzzSecrets(f *testing.F) {
	keys := []string{"PreSharedKey", "SharedSecret", "ApnInfoPassword", "password", "UserPSK", "Passphrase", "Pwd"}
	f.Add([]byte("[A]\r\nMEDIA=serial\r\nPort=\r\nDEVICE=\r\n"), uint16(27), uint8(0))
	f.Add([]byte("[A]\r\nMEDIA="), uint16(100), uint8(1))
	f.Add([]byte("[]\r\n"), uint16(1), uint8(2))
	f.Add([]byte("[A]\nX=1\nX=]\nEncoding=1\nEncoding=1"), uint16(8), uint8(3))
	f.Add([]byte("[A\n"+strings.Repeat("x", 2000)), uint16(1000), uint8(4))
	f.Fuzz(func(t *testing.T, data []byte, at uint16, key uint8) {
		const secret = "5ecret5"
		if bytes.Contains(data, []byte(secret)) {
			return
		}
		i := min(int(at), len(data))
		line := keys[int(key)%len(keys)] + "=" + secret
		book := Parse(slices.Concat(data[:i], []byte(line), data[i:]))
		r := Check(book, Options{DialedEntries: []string{"Provider", "A"}, NT4: true})
		if text := tellAll(r) + shownOf(book); strings.Contains(text, secret) {
			t.Errorf("the secret is shown:\n%s", text)
		}
	})
}
